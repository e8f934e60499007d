#!/usr/bin/env bash
# The other releases of Debian: an install that proves itself, a second one that changes nothing, a reboot, and the machine as it was.
. "$(dirname "$0")/lib.sh"

units() {
	on systemctl show -p Id -p ActiveEnterTimestampMonotonic "$spamd" spamass-milter opendkim dovecot postfix "$postfix_daemon" \
		mailsetup-learn.timer
}
checked() { # WHAT
	on mailsetup verify --json >"$scratch/verify" 2>&1 || true
	expect_text "$release: $1 no check has failed" '' verdict "$scratch/verify" failed
	expect_text "$release: $1 none is unknown" '' verdict "$scratch/verify" unknown
}
open_ports() {
	on ss -Hltn | awk '{ sub(/.*:/, "", $4); print $4 }' | sort -nu | paste -sd' '
}
talk() {
	on sh -c 'doveconf -n; postconf -n; postconf -M; postfix check' 2>&1 >/dev/null | grep -v '^$' || true
}

the_release() { # RELEASE
	release=$1
	names_of_release
	the_program
	fresh_host
	lab manifest "$host" "$scratch/bare"

	expect_exit 0 "$release: plan on a bare machine" on mailsetup plan --domain exemple.fr --admin "$admin"
	expect_match "$release: it knows the package of spamd" "^  packages $spamd: .* to be installed" cat "$scratch/last"
	check "$release: install exits 0" install_here
	expect_exit 1 "$release: it does not say that Debian's support has ended" grep 'support of release' "$scratch/said"
	publish_key exemple.fr
	checked 'after the install'
	expect_text "$release: no port is open but those of mail" '25 143 465 587 993 4190' open_ports
	expect_text "$release: Postfix and Dovecot have nothing to say against their settings" '' talk
	expect_match "$release: mail comes in" '250 .*(queued|saved)' swaks_out --tls --to "$admin" --header 'Subject: essai-1'
	check "$release: and is read" read_mail "$admin" "$password" INBOX essai-1
	expect_exit 1 "$release: there is no mail.log" on test -e /var/log/mail.log
	expect_match "$release: and the journal tells the story of a message" 'delivered' on mailsetup doctor --mail "$admin"

	units >"$scratch/started.before"
	file_list >"$scratch/files.before"
	expect_exit 0 "$release: a second install exits 0" on mailsetup install --no-verify
	expect_match "$release: nothing had to be changed" '^Nothing had to be changed\.$' cat "$scratch/last"
	file_list >"$scratch/files.after"
	units >"$scratch/started.after"
	expect_same "$release: no file differs" "$scratch/files.before" "$scratch/files.after"
	expect_same "$release: no unit was restarted" "$scratch/started.before" "$scratch/started.after"

	lab reboot "$host"
	checked 'after a reboot'

	on sh -c 'rm -rf /var/mail/utilisateurs/exemple.fr'
	expect_match "$release: rollback says that all is as before" '^Everything is as it was before' on mailsetup rollback --yes
	lab manifest "$host" "$scratch/rolled"
	check "$release: the machine is as it was, each file of it" same_machine "$scratch/bare" "$scratch/rolled"
}
install_here() {
	printf '%s\n' "$password" |
		on mailsetup install --domain exemple.fr --admin "$admin" --password-stdin >"$scratch/said" 2>&1 || { cat "$scratch/said" && return 1; }
}

the_release bookworm
halt

the_release trixie

# --- a release that mailsetup does not know ---

on sed -i 's/^VERSION_ID=.*/VERSION_ID="99"/' /usr/lib/os-release
expect_exit 3 'an unknown release is refused with 3' on mailsetup install --domain exemple.fr --no-verify
expect_match 'with its number, the known ones, and the way around' 'this is debian 99; .* knows Debian 11, 12, 13; --force-release' \
	cat "$scratch/last"
expect_exit 0 '--force-release goes by the packages' on mailsetup plan --domain exemple.fr --force-release
expect_match 'which are those of a known one' '^  file /etc/dovecot/conf.d/20-managesieve.conf: ' cat "$scratch/last"
on sh -c 'rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin'
expect_exit 3 '--force-release without lists of packages: refused with 3' on mailsetup plan --domain exemple.fr --force-release
expect_match 'with what to do' 'apt does not know them: run `apt-get update`' cat "$scratch/last"

finish
