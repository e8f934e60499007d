#!/usr/bin/env bash
# A rollback gives the machine back as it was, and loses nothing that is not mailsetup's.
. "$(dirname "$0")/lib.sh"

install_here() {
	printf '%s\n' "$password" |
		on mailsetup install --domain exemple.fr --admin "$admin" --password-stdin --no-verify
}

fresh_host
lab manifest "$host" "$scratch/bare"

# --- nothing was changed since: to the byte ---

check 'install exits 0' install_here
expect_match 'mail comes in' '250 .*(queued|saved)' swaks_out --tls --to "$admin" --header 'Subject: essai-1'
check 'and is read' read_mail "$admin" "$password" INBOX essai-1
on sh -c 'rm -rf /var/mail/utilisateurs/exemple.fr'
expect_match 'rollback says that all is as before' '^Everything is as it was before' on mailsetup rollback --yes
lab manifest "$host" "$scratch/rolled"
check 'the machine is as it was, each file of it' same_machine "$scratch/bare" "$scratch/rolled"
on sh -c 'echo "# of another hand" >/etc/host.conf'
lab manifest "$host" "$scratch/rolled"
expect_exit 1 '(one changed file would have been seen)' same_machine "$scratch/bare" "$scratch/rolled"

# --- another hand has worked on the server meanwhile ---

check 'install again exits 0' install_here
add_mailbox jeanne@exemple.fr secret-de-jeanne
on sh -c 'echo "# reglage a la main" >>/etc/postfix/main.cf
	echo "# reglage de dovecot" >>/etc/dovecot/conf.d/10-logging.conf
	echo "score EXEMPLE 3" >/etc/spamassassin/maison.cf
	mkdir -p /etc/dkimkeys/clefs/toto.fr && echo une-clef >/etc/dkimkeys/clefs/toto.fr/mail.private'
package() { # NAME DEPENDS: made and installed in the host
	on sh -c 'rm -rf /root/p && mkdir -p /root/p/DEBIAN /root/p/etc/$0 && echo reglage >/root/p/etc/$0/conf &&
		printf "%s\n" "Package: $0" "Version: 1" "Architecture: all" "Maintainer: essai <essai@exemple.fr>" \
			"Depends: $1" "Description: essai" >/root/p/DEBIAN/control && echo /etc/$0/conf >/root/p/DEBIAN/conffiles &&
		dpkg-deb -b /root/p /root/$0.deb && dpkg -i /root/$0.deb && rm -r /root/p /root/$0.deb' "$1" "$2" >/dev/null
}
package maison libc6
package sur-dns libnet-dns-perl
package sur-postfix postfix
expect_exit 4 'a package of theirs that needs one of ours: refused with 4' on mailsetup rollback --yes
expect_match 'by its name' 'would also remove sur-postfix' cat "$scratch/last"
check '(it is removed)' on dpkg --purge sur-postfix
expect_match 'mail for a mailbox of theirs comes in' '250 .*(queued|saved)' \
	swaks_out --tls --to jeanne@exemple.fr --header 'Subject: essai-2'
check 'and is read' read_mail jeanne@exemple.fr secret-de-jeanne INBOX essai-2

files() {
	file_list -type f ! -path '/var/spool/*' ! -path '/var/lib/postfix/*' ! -path '/var/cache/apt/*'
}
# Nobody listens there yet: it waits.
expect_match 'mail to the world waits in the queue' '250 .*queued' \
	as_user jeanne@exemple.fr secret-de-jeanne --to quelqu.un@dehors.example --header 'Subject: essai-3'
waits() {
	on mailq | grep -q dehors.example
}
check '(it waits)' within 20 waits
files >"$scratch/before"
expect_exit 4 'a rollback that would lose it is refused with 4' on mailsetup rollback --yes
expect_match 'it names what waits and what to do' '^mailsetup: .*mail waits in it \(1\).*mailsetup queue list.*mailsetup queue flush.*mailsetup queue delete --all' \
	cat "$scratch/last"
files >"$scratch/after"
expect_same 'and nothing was done' "$scratch/before" "$scratch/after"
check '(the message is deleted)' on postsuper -d ALL

expect_exit 4 'what another hand changed is kept: exit 4' on mailsetup rollback --yes
cp "$scratch/output" "$scratch/said"
saved=/var/backups/mailsetup
kept() { # PATH TEXT
	local copy=$saved/1$1
	expect_match "$1 is named with its copy" "$1 .*$copy" cat "$scratch/said"
	expect_match "the copy of $1 is whole" "$2" on cat "$copy"
}
kept /etc/postfix/main.cf 'reglage a la main'
kept /etc/dovecot/conf.d/10-logging.conf 'reglage de dovecot'
kept /etc/spamassassin/maison.cf 'score EXEMPLE'
kept /etc/dkimkeys/clefs/toto.fr/mail.private 'une-clef'
expect_match 'the accounts are named with their copy' "postfix.sqlite holds .*$saved/1/etc/postfix/bdd/postfix.sqlite" cat "$scratch/said"
lab fetch "$host" "$saved/1/etc/postfix/bdd/postfix.sqlite" "$scratch/copy.sqlite"
expect_match 'the copy has the mailbox' '^jeanne@exemple.fr$' /usr/bin/python3 -c 'import sqlite3, sys
for row in sqlite3.connect(sys.argv[1]).execute("SELECT utilisateur FROM postfix_utilisateurs"): print(*row)' "$scratch/copy.sqlite"
expect_exit 2 'nobody else can read the copies' as_nobody ls "$saved"
expect_match 'the mail stays' 'essai-2' on grep -r '^Subject:' /var/mail/utilisateurs/exemple.fr/jeanne
expect_match 'a package that they installed stays' 'reglage' on cat /etc/maison/conf
expect_match 'one that needs a library of ours stays with it' '^install ok installed$' on dpkg-query -W -f '${Status}\n' sur-dns libnet-dns-perl
expect_match 'which is said' 'these packages stay, as others need them by now: .*libnet-dns-perl' cat "$scratch/said"
theirs() {
	on sh -c 'echo "multi on" >/etc/host.conf'
	on dpkg --purge maison sur-dns >/dev/null
	# By their names: apt's autoremove keeps adduser on Debian 13.
	# shellcheck disable=SC2046  # words
	on apt-get -qy --purge -o APT::AutoRemove::SuggestsImportant=false autoremove \
		$(sed -n 's/.*these packages stay, as others need them by now: //p' "$scratch/said" | tr -d ,) >/dev/null
	lab manifest "$host" "$scratch/rolled"
	grep -vE "^file	(/var/mail/|$saved)" "$scratch/rolled" | grep -v '^file	/etc/host.conf	' >"$scratch/a"
	grep -v '^file	/etc/host.conf	' "$scratch/bare" >"$scratch/b"
	same_machine "$scratch/b" "$scratch/a"
}
check 'all else is as it was' theirs

finish
