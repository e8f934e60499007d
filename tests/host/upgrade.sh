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
build_there() { # WHEN VERSION-OF-OPENSSL
	check "$1: mailsetup is built on the server itself" on sh -ec 'cd /root/mailsetup && make deps && make && make install'
	expect_match "$1: with the libraries of its release" "libssl[.]so[.]$2" on ldd /usr/local/sbin/mailsetup
}

upgrade() { # RELEASE WHAT-BREAKS STATUS-OF-APT INSTALL-OPTION...
	local word=$1 sender taken
	expect_exit 0 "$1: check-upgrade finds nothing in the way" on mailsetup check-upgrade "$1"
	cp "$scratch/output" "$scratch/checked"
	expect_match "$1: and says what will break" "$2" cat "$scratch/last"
	expect_match "$1: and what install will change" '^  file /etc/postfix/main.cf: to be changed' cat "$scratch/last"
	sed -n '/^The way:/,/full-upgrade$/p' "$scratch/checked" | sed 1d >"$scratch/way"
	lab mirror "$host" release "$1"
	: >"$scratch/running"
	outside /usr/bin/python3 tests/host/upgrade.py "$jean" "$word" "$scratch/running" >"$scratch/taken" 2>"$scratch/refused" &
	sender=$!
	# As it is printed, without a hand to answer. 100 where a daemon does not start with the settings of before: its package is left half
	# configured.
	on sh -c 'echo "APT::Get::Assume-Yes true; APT::Install-Recommends false;" >/etc/apt/apt.conf.d/90lab'
	expect_exit "$3" "$1: the way that it prints, up to apt-get full-upgrade" on sh -exc "$(<"$scratch/way")"
	check "$1: (and the machine has it)" on grep -q "VERSION_CODENAME=$1" /etc/os-release
	if (($3 != 0)); then
		expect_match "$1: mail is taken without Dovecot" ' queued as ' swaks_out --tls --to "$jean" --header "Subject: dort-$1"
		expect_match "$1: and waits in Postfix's queue" '^[1-9]' on sh -c 'find /var/spool/postfix/active /var/spool/postfix/deferred -type f | wc -l'
	fi
	rm "$scratch/running"
	wait "$sender" || true
	taken=$(<"$scratch/taken")
	check "$1: ($taken messages came meanwhile; $(grep -c . "$scratch/refused" || true) times the server did not answer)" test "$taken" -ge 5

	release=$1
	names_of_release
	build_there "$1" 3
	# 4 where a file that was adopted wants a decision.
	expect_exit "$(($# > 3 ? 4 : 0))" "$1: plan" on mailsetup plan
	expect_match "$1: shows what the new release wants" '^mail\.exemple\.fr, .*: [0-9]+ changes in [0-9]+ steps' cat "$scratch/last"
	expect_match "$1: the spam filter's package and unit among it" "^  (packages|enabled|running) $spamd" cat "$scratch/last"
	expect_exit 0 "$1: install applies it" on mailsetup install "${@:4}"
	expect_text "$1: dpkg has nothing to complain of" '' on dpkg --audit
	expect_exit 0 "$1: apt-get autoremove" on apt-get -qy autoremove
	expect_exit 0 "$1: what waited in the queue is asked for" on mailsetup queue flush
	check "$1: all messages that the server had taken are delivered, $taken" within 60 arrived "$word" "$taken"
	(($3 == 0)) || check "$1: the one that waited among them" within 60 arrived dort 1
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
on apt-get install -qq -y --no-install-recommends make
build_there bullseye 1[.]1
add_mailbox "$jean" "$secret"
publish_key exemple.fr
expect_match 'mail comes in before' '250 .*(queued|saved)' swaks_out --tls --to "$jean" --header 'Subject: avant-1'
check 'and is read' read_mail "$jean" "$secret" INBOX avant-1
kept >"$scratch/kept"

expect_exit 3 'not two releases at once' on mailsetup check-upgrade 13
expect_match 'but one after the other' 'from 11 to 12 first' cat "$scratch/last"
expect_no_match 'the way is not shown' 'full-upgrade' cat "$scratch/last"
expect_exit 2 'nor back' on mailsetup check-upgrade 11
upgrade bookworm 'spamd goes into a package of its own' 0
# A file of which only lines are mailsetup's, one that mailsetup wrote, one that is only Debian's.
on sed -i 's/^auth_mechanisms = plain$/auth_mechanisms = plain login/' /etc/dovecot/conf.d/10-auth.conf
on sh -c 'echo "# de ma main" >>/etc/dovecot/conf.d/10-ssl.conf'
on mailsetup install --no-verify --adopt /etc/dovecot/conf.d/10-ssl.conf
on sed -i 's/^#auth_verbose = no/auth_verbose = yes/' /etc/dovecot/conf.d/10-logging.conf
on systemctl reload dovecot
expect_exit 3 "a changed file of Debian's" on mailsetup check-upgrade trixie
expect_match 'is named' '10-logging.conf is in the language' cat "$scratch/last"
expect_match 'the one that was adopted, too' '10-ssl.conf was adopted' on mailsetup check-upgrade trixie
add_mailbox vieux@exemple.fr secret-de-vieux
sql "UPDATE postfix_utilisateurs SET mot_de_passe = '{MD5-CRYPT}\$1\$sel\$hachis' WHERE utilisateur = 'vieux@exemple.fr'"
expect_match 'and a password that 2.4 refuses' 'vieux@exemple.fr may not be able to log in' on mailsetup check-upgrade trixie
check '(who goes)' on mailsetup user delete vieux@exemple.fr
on sed -i 's/^auth_verbose = yes/#auth_verbose = no/' /etc/dovecot/conf.d/10-logging.conf
on sh -c 'echo "mail_debug = yes" >/etc/dovecot/conf.d/99-a-moi.conf'
expect_exit 3 'settings of Dovecot that 2.4 would not understand' on mailsetup check-upgrade trixie
expect_match 'are named' '/etc/dovecot/conf.d/99-a-moi.conf is in the language' cat "$scratch/last"
on rm /etc/dovecot/conf.d/99-a-moi.conf
on systemctl reload dovecot
upgrade trixie 'Dovecot does not start' 100 --overwrite /etc/dovecot/conf.d/10-ssl.conf
copies() { # LINE: what mailsetup has copied of a file that has it
	on grep -rlxF -e "$1" /var/backups/mailsetup
}
expect_match 'what was edited beside lines of mailsetup is copied' '/10-auth.conf' copies 'auth_mechanisms = plain login'
expect_match 'and so is what was adopted' '/10-ssl.conf' copies '# de ma main'
expect_no_match 'the compiled rule is of the new Dovecot' 'different major version' on journalctl -b -t dovecot
check 'mail from before all upgrades is still there' arrived avant 1

lab reboot "$host"
on mailsetup verify --json >"$scratch/verify" 2>&1 || true
expect_text 'after a reboot no check has failed' '' verdict "$scratch/verify" failed

finish
