#!/usr/bin/env bash
# The Debian package: built, judged by lintian, installed, used, taken back, purged, and nothing is left.
. "$(dirname "$0")/lib.sh"

expect_exit 0 'make deb; lintian has neither error nor warning' lab run-in-package "$release" env DEB_BUILD_OPTIONS=nocheck make deb
expect_text 'its version is the program'\''s' "$("$scratch/mailsetup" --version 2>/dev/null || tests/lab/lab run-in-build "$release" "build/$release/mailsetup" --version)" \
	sh -c 'echo "mailsetup $(dpkg-deb -f build/deb/mailsetup_*.deb Version)"'
expect_match 'it asks for its libraries' 'libarchive13.*libcurl4.*libopendkim11.*libsqlite3-0' dpkg-deb -f build/deb/mailsetup_*_*.deb Depends

boot
lab manifest "$host" "$scratch/before"
lab copy "$host" "$(ls build/deb/mailsetup_*.deb)" /root/mailsetup.deb
expect_exit 0 'apt-get install ./mailsetup.deb' on apt-get install -qq -y --no-install-recommends /root/mailsetup.deb
on rm /root/mailsetup.deb
expect_match 'its manual can be found' '/usr/share/man/man8/mailsetup\.8' on dpkg -L mailsetup
expect_text 'the daily verdict is there, and off' disabled on sh -c 'systemctl is-enabled mailsetup-verify.timer || true'
lab copy "$host" debian/tests/smoke /tmp/smoke
expect_exit 0 'its own test: smoke' on /tmp/smoke
expect_exit 0 'a server is made with it' on mailsetup install --domain exemple.fr --no-verify
expect_exit 0 'the timer can be switched on' on systemctl enable --now mailsetup-verify.timer
expect_exit 0 'the daily verdict' on systemctl start mailsetup-verify.service
on sh -c 'cp -p /etc/postfix/main.cf /root/ && postconf -e disable_vrfy_command=no && sleep 2 && postfix reload' >/dev/null 2>&1
expect_exit 1 'fails where something is wrong' on systemctl start mailsetup-verify.service
expect_match 'and the journal says what, and what to do' 'VRFY is answered with' on journalctl -b -o cat -u mailsetup-verify.service
on systemctl disable --now mailsetup-verify.timer
on sh -c 'cat /root/main.cf >/etc/postfix/main.cf && rm /root/main.cf; systemctl reset-failed mailsetup-verify.service'
expect_exit 0 'taken back' on mailsetup rollback --yes
expect_exit 0 'purged after a rollback' on apt-get purge -qq -y mailsetup
lab manifest "$host" "$scratch/after"
check 'nothing is left' same_machine "$scratch/before" "$scratch/after"

finish
