#!/usr/bin/env bash
# A server lives through the upgrades of its Debian, from 11 to 12 and on to 13. Mail that comes meanwhile is delivered, none is lost.
RELEASE=bullseye
. "$(dirname "$0")/lib.sh"

jean=jean@exemple.fr
secret=secret-de-jean

kept() { # what no upgrade may change
	sql 'SELECT * FROM postfix_utilisateurs; SELECT * FROM postfix_domaines; SELECT * FROM postfix_alias_virtuels'
	on sh -c 'sha256sum /etc/dkimkeys/clefs/exemple.fr/mail.private /etc/postfix/tls/courriel.key /etc/postfix/tls/courriel.pem'
}
subjects() { # WORD
	imap "$jean" "$secret" INBOX -X "SEARCH HEADER Subject \"$1-\"" | tr -d '\r' | sed -n 's/^\* SEARCH//p' | wc -w
}
arrived() { # WORD NUMBER
	[[ $(subjects "$1") == "$2" ]]
}

# As INSTALL says; after an upgrade on top of what was built before.
build_there() { # WHEN
	check "$1: mailsetup is built on the server itself" on sh -ec 'cd /root/mailsetup && make deps && make && make install'
	expect_match "$1: with the libraries of its release" "libssl[.]so[.]$2" on ldd /usr/local/sbin/mailsetup
}

upgrade() { # RELEASE WHAT-BREAKS STATUS-OF-APT
	local word=$1 sender taken
	expect_exit 0 "$1: check-upgrade finds nothing in the way" on mailsetup check-upgrade "$1"
	expect_match "$1: and says what will break" "$2" cat "$scratch/last"
	expect_match "$1: and what install will change" '^  file /etc/postfix/main.cf: to be changed' cat "$scratch/last"
	expect_exit 0 "$1: apt-get update" to_release "$1"
	: >"$scratch/running"
	outside /usr/bin/python3 tests/host/upgrade.py "$jean" "$word" "$scratch/running" >"$scratch/taken" 2>"$scratch/refused" &
	sender=$!
	# 100 where a daemon does not start with the settings of before: its package is left half configured.
	expect_exit "$3" "$1: apt-get full-upgrade" full_upgrade
	sleep 4
	rm "$scratch/running"
	wait "$sender" || true
	taken=$(<"$scratch/taken")
	check "$1: ($taken messages came meanwhile; $(grep -c . "$scratch/refused" || true) times the server did not answer)" test "$taken" -ge 5

	release=$1
	names_of_release
	build_there "$1" 3
	expect_exit 0 "$1: plan" on mailsetup plan
	expect_match "$1: shows what the new release wants" '^mail\.exemple\.fr, .*: [0-9]+ changes in [0-9]+ steps' cat "$scratch/last"
	expect_match "$1: the spam filter's package and unit among it" "^  (packages|enabled|running) $spamd" cat "$scratch/last"
	expect_exit 0 "$1: install applies it" on mailsetup install
	expect_text "$1: dpkg has nothing to complain of" '' on dpkg --audit
	expect_exit 0 "$1: apt-get autoremove" on apt-get -qy autoremove
	expect_exit 0 "$1: what waited in the queue is asked for" on mailsetup queue flush
	check "$1: all messages that the server had taken are delivered, $taken" within 60 arrived "$word" "$taken"
	kept >"$scratch/kept.after"
	expect_same "$1: accounts, keys and certificate are as they were" "$scratch/kept" "$scratch/kept.after"
	on mailsetup verify --json >"$scratch/verify" 2>&1 || true
	expect_text "$1: no check has failed" '' verdict "$scratch/verify" failed
	expect_text "$1: none is unknown" '' verdict "$scratch/verify" unknown
	expect_exit 0 "$1: a second install" on mailsetup install --no-verify
	expect_match "$1: nothing had to be changed" '^Nothing had to be changed\.$' cat "$scratch/last"
}

installed_host
tar --exclude=./build --exclude=./.git -cf - . | on sh -c 'mkdir /root/mailsetup && tar -xf - -C /root/mailsetup'
build_there bullseye 1[.]1
add_mailbox "$jean" "$secret"
publish_key exemple.fr
expect_match 'mail comes in before' '250 .*(queued|saved)' swaks_out --tls --to "$jean" --header 'Subject: avant-1'
check 'and is read' read_mail "$jean" "$secret" INBOX avant-1
kept >"$scratch/kept"

expect_exit 3 'not two releases at once' on mailsetup check-upgrade 13
expect_match 'but one after the other' 'from 11 to 12 first' cat "$scratch/last"
expect_exit 2 'nor back' on mailsetup check-upgrade 11
upgrade bookworm 'spamd goes into a package of its own' 0
on sh -c 'echo "mail_debug = yes" >/etc/dovecot/conf.d/99-a-moi.conf'
expect_exit 3 'settings of Dovecot that 2.4 would not understand' on mailsetup check-upgrade trixie
expect_match 'are named' '/etc/dovecot/conf.d/99-a-moi.conf is in the language' cat "$scratch/last"
on rm /etc/dovecot/conf.d/99-a-moi.conf
on systemctl reload dovecot
upgrade trixie 'Dovecot does not start' 100
check 'mail from before all upgrades is still there' arrived avant 1

lab reboot "$host"
on mailsetup verify --json >"$scratch/verify" 2>&1 || true
expect_text 'after a reboot no check has failed' '' verdict "$scratch/verify" failed

finish
