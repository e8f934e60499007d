#!/usr/bin/env bash
# Domains and their keys on a running server: mail goes on meanwhile, no signature with a key that the DNS does not carry, and a kill in
# the middle costs nothing.
. "$(dirname "$0")/lib.sh"

boot
lab manifest "$host" "$scratch/bare"
halt
installed_host
publish_key exemple.fr
add_mailbox test@exemple.fr secret-de-test
test=(test@exemple.fr secret-de-test)
jean=(jean@toto.fr secret-de-jean)

# --- mail goes on meanwhile ---

refused() { # MESSAGE
	echo "$1"
	tail -n 6 "$scratch/flow-dialogue"
} >>"$scratch/refused"
# Until the file is gone: what was said of each message that was not taken.
keep_sending() {
	local n=0
	while [[ -e $scratch/sending ]]; do
		n=$((n + 1))
		as_user "${test[@]}" --to "$admin" --header "Subject: flot-$n" >"$scratch/flow-dialogue" 2>&1 || refused "$n"
		swaks_out --tls --to "$admin" --header "Subject: dehors-$n" >"$scratch/flow-dialogue" 2>&1 || refused "dehors $n"
		echo "$n" >"$scratch/sent"
	done
}
touch "$scratch/sending" "$scratch/refused"
keep_sending &
flow=$!
within 20 test -s "$scratch/sent"
pid_of() {
	on systemctl show -p MainPID --value opendkim
}
signer=$(pid_of)
expect_exit 0 'domain add' on mailsetup domain add toto.fr
cp "$scratch/output" "$scratch/said"
printf '%s\n' secret-de-jean | on mailsetup user add jean@toto.fr --password-stdin >"$scratch/user" 2>&1
expect_match 'mail to it is taken at once' ' queued as ' swaks_out --tls --to jean@toto.fr --header 'Subject: premier'
expect_match 'and delivered' '^Subject: premier' read_mail "${jean[@]}" INBOX premier
as_user "${jean[@]}" --to jean@toto.fr --header 'Subject: de-toto' >"$scratch/dialogue"
read_mail "${jean[@]}" INBOX de-toto >"$scratch/old-message"
publish_key toto.fr
signed_by() { # FILE DOMAIN SELECTOR
	grep -q "^DKIM-Signature:.* d=$2; s=$3;" "$1" &&
		outside /usr/bin/python3 -c 'import dkim, sys
sys.exit(not dkim.verify(open(sys.argv[1], "rb").read()))' "$1"
}
check 'what it sends is signed at once, and verifies from outside' signed_by "$scratch/old-message" toto.fr mail
sleep 2
rm "$scratch/sending"
wait "$flow"
expect_text 'no message was refused meanwhile' '' cat "$scratch/refused"
flow_of() { # WORD FILE: how many messages of the flow have arrived, or how many of them are signed
	on sh -c 'cd /var/mail/utilisateurs/exemple.fr/admin && find . "(" -path "*/new/*" -o -path "*/cur/*" ")" -type f -exec grep -lE "^Subject: $0-[0-9]+" {} + | xargs -r grep -lE "$1" | wc -l' "$1" "$2"
}
arrived() {
	[[ $(flow_of flot '^Subject') == $(<"$scratch/sent") && $(flow_of dehors '^Subject') == $(<"$scratch/sent") ]]
}
check "all $(<"$scratch/sent") of them have arrived, twice" within 30 arrived
expect_text 'and each is signed' "$(<"$scratch/sent")" flow_of flot '^DKIM-Signature:.* d=exemple.fr; s=mail;'
expect_text 'OpenDKIM was never stopped' "$signer" pid_of
expect_match 'the records to publish are said' '^toto\.fr\.	IN	MX	10 mail\.exemple\.fr\.$' cat "$scratch/said"
expect_no_match 'those of this domain only' '^exemple\.fr\.' cat "$scratch/said"
expect_match 'its postmaster is the administrator' "$admin" on postmap -q postmaster@toto.fr sqlite:/etc/postfix/sqlite-alias-vituels.cf
expect_match 'SpamAssassin knows it' '(whitelist|welcomelist)_auth \*@toto\.fr' on cat /etc/spamassassin/local.cf

# --- refused ---

expect_exit 4 'a domain that is there' on mailsetup domain add TOTO.fr.
expect_match 'by name' '^mailsetup: .*toto\.fr is a domain of this server already' cat "$scratch/last"
expect_exit 4 'a second default' on mailsetup domain add autre.fr --default
expect_match 'with the reason' 'exemple\.fr is the default domain.*portal' cat "$scratch/last"
expect_exit 0 'a domain with an accent' on mailsetup domain add école.fr
expect_match 'both forms are named' '^note: .*cole\.fr is written xn--cole-9oa\.fr in mail' cat "$scratch/last"
expect_exit 0 '(and goes, by either)' on mailsetup domain delete école.fr
expect_exit 2 'the name of the server' on mailsetup domain add mail.exemple.fr
for name in '' '../x' 'a b.fr' $'x\ny.fr' "x'; DROP TABLE postfix_domaines; --.fr" localhost 192.0.2.1; do
	expect_exit 2 "no domain: $(printf %q "$name")" on mailsetup domain add "$name"
done
expect_exit 4 'the main domain is not deleted' on mailsetup domain delete exemple.fr
expect_exit 2 'one that is not there is not deleted' on mailsetup domain delete nulle-part.fr
sql "INSERT INTO postfix_domaines (domaine, defaut, active) VALUES ('autre.fr', 0, 1)"
expect_exit 0 'a row of another hand is taken over' on mailsetup domain add autre.fr
expect_match 'and it is said' 'was there already' cat "$scratch/last"
check 'it has its key' on test -s /etc/dkimkeys/clefs/autre.fr/mail.private
expect_exit 0 '(and goes again)' on mailsetup domain delete autre.fr
sql "INSERT INTO postfix_domaines (domaine, defaut, active) VALUES ('Main.FR', 0, 1), ('TOTO.fr', 0, 1)"
expect_exit 4 'a domain that is there in another letter case' on mailsetup domain add main.fr
expect_match 'as it is written' '^mailsetup: domain add: main\.fr exists already, written Main\.FR' cat "$scratch/last"
expect_exit 0 'a row typed by hand, in any letter case' on mailsetup domain delete main.fr
expect_no_match 'without a word of keys that it never had' 'DKIM|domainkey' cat "$scratch/last"
expect_text 'it is gone' 0 sql "SELECT count(*) FROM postfix_domaines WHERE domaine LIKE 'main.fr'"
expect_exit 0 'one more row of a domain that stays' on mailsetup domain delete TOTO.fr
expect_text 'the domain is there' toto.fr sql "SELECT domaine FROM postfix_domaines WHERE domaine LIKE 'toto.fr'"
expect_exit 0 'off' on mailsetup domain disable toto.fr
expect_match 'its mail is refused' '554 5\.7\.1 .*Relay access denied' swaks_out --tls --to jean@toto.fr
expect_exit 0 'on' on mailsetup domain enable toto.fr
expect_match 'list --json' '"domain": ?"toto.fr"' on mailsetup domain list --json
expect_match 'show' 'toto\.fr' on mailsetup domain show toto.fr

# --- a new key ---

sent_by_jean() { # SUBJECT: into $scratch/message
	as_user "${jean[@]}" --to jean@toto.fr --header "Subject: $1" >"$scratch/dialogue" &&
		read_mail "${jean[@]}" INBOX "$1" >"$scratch/message"
}
key_digest() { # DOMAIN SELECTOR
	on sha256sum "/etc/dkimkeys/clefs/$1/$2.private"
}
first=$(key_digest toto.fr mail)
expect_exit 0 'rotate: a new key' on mailsetup dkim rotate toto.fr
expect_match 'its record is said' '^mail2\._domainkey\.toto\.fr\.	IN	TXT	"v=DKIM1' cat "$scratch/last"
check '(mail is sent)' sent_by_jean avant
check 'it does not sign before the DNS has it' signed_by "$scratch/message" toto.fr mail
expect_exit 3 'rotate: the DNS has not' on mailsetup dkim rotate toto.fr
expect_match 'and it is said' 'no record mail2\._domainkey\.toto\.fr yet' cat "$scratch/last"
lab dns "$host" txt mail2._domainkey.toto.fr "$(dkim_record toto.fr mail)"
expect_exit 3 'rotate: the DNS has another key' on mailsetup dkim rotate toto.fr
expect_match 'list: which is so' '^toto\.fr +mail2 +new +wrong' on mailsetup dkim list
lab dns "$host" reset
lab dns "$host" stop
expect_exit 3 'rotate: no answer is no yes' on mailsetup dkim rotate toto.fr
publish_key exemple.fr
publish_key toto.fr
publish_key toto.fr mail2
expect_exit 0 'rotate: the DNS has it' on mailsetup dkim rotate toto.fr
check '(mail is sent)' sent_by_jean apres
check 'it signs' signed_by "$scratch/message" toto.fr mail2
check 'old mail verifies still' signed_by "$scratch/old-message" toto.fr mail
expect_match 'list: the old one' '^toto\.fr +mail +old +right .signed until' on mailsetup dkim list
expect_text 'and it is the same key as before' "$first" key_digest toto.fr mail
expect_match 'dns: both are shown' '^mail\._domainkey\.toto\.fr\.' on mailsetup dns
expect_match 'verify: the key that signs' 'mail2\._domainkey\.toto\.fr holds the key' \
	on mailsetup verify --only dns-dkim --json
expect_exit 4 'retire: not the one that signs' on mailsetup dkim retire toto.fr mail2
expect_exit 2 'retire: not one that is not there' on mailsetup dkim retire toto.fr mail9
expect_exit 0 'retire' on mailsetup dkim retire toto.fr
expect_match 'it says from when on the record may go' 'may go from 20[0-9-]+ on' cat "$scratch/last"
expect_exit 1 'the key is gone' on test -e /etc/dkimkeys/clefs/toto.fr/mail.private
expect_exit 4 'retire: there is no other' on mailsetup dkim retire toto.fr
expect_exit 4 'its name is not taken again' on mailsetup dkim rotate toto.fr --selector mail
expect_exit 2 'a selector that is none' on mailsetup dkim rotate toto.fr --selector 'a b'
expect_exit 2 'a domain that is none of ours' on mailsetup dkim rotate nulle-part.fr
expect_match 'status sees nothing' '^✓ dkim' on env LC_ALL=C.UTF-8 mailsetup status

# --- killed ---

settled() {
	on sh -c 'cat /etc/dkimkeys/Table* /etc/dkimkeys/Hotes* /etc/spamassassin/local.cf' &&
		sql "SELECT domaine, defaut, active FROM postfix_domaines ORDER BY 1; SELECT courriel, destination FROM postfix_alias_virtuels ORDER BY 1"
}
on mailsetup domain add autre.fr >/dev/null 2>&1
settled >"$scratch/settled"
for moment in 0.03 0.06 0.1 0.15 0.2 0.3; do
	check '(deleted)' on mailsetup domain delete autre.fr
	on timeout -s KILL "$moment" mailsetup domain add autre.fr >/dev/null 2>&1 || true
	capture on mailsetup domain add autre.fr
	cp "$scratch/output" "$scratch/addition"
	settled >"$scratch/now"
	check "domain add, killed after $moment s, and again (status $status)" diff "$scratch/settled" "$scratch/now"; [[ $status == 0 ]] || comment <"$scratch/addition"
done
for moment in 0.04 0.08 0.12 0.16 0.25; do
	on timeout -s KILL "$moment" mailsetup domain delete autre.fr >/dev/null 2>&1 || true
	capture on mailsetup domain delete autre.fr
	cp "$scratch/output" "$scratch/deletion"
	expect_exit 2 "domain delete, killed after $moment s, and again (status $status)" on mailsetup domain show autre.fr; [[ $status == 2 ]] || comment <"$scratch/deletion"
	check '(added again)' on mailsetup domain add autre.fr
	settled >"$scratch/now"
	expect_same 'and added again: as before' "$scratch/settled" "$scratch/now"
done
for moment in 0.05 0.1 0.2 0.4 0.7 1.1; do
	on timeout -s KILL "$moment" mailsetup dkim rotate autre.fr >/dev/null 2>&1 || true
	on mailsetup dkim rotate autre.fr >"$scratch/again" 2>&1 || true
	keys_of() {
		on mailsetup dkim list | awk '$1 == "autre.fr" { print $3 }' | paste -sd ' '
	}
	expect_text "dkim rotate, killed after $moment s, and again: one key signs, one is new" 'signs new' keys_of
	on mailsetup dkim retire autre.fr >/dev/null 2>&1
done
for moment in 0.03 0.08 0.15; do
	on mailsetup dkim rotate autre.fr >/dev/null 2>&1
	on timeout -s KILL "$moment" mailsetup dkim rotate autre.fr --force >/dev/null 2>&1 || true
	on mailsetup resume --no-verify >/dev/null 2>&1 || true
	forced() {
		[[ $(keys_of) == 'signs new' ]] && on mailsetup dkim rotate autre.fr --force
		[[ $(keys_of) == 'signs old' ]]
	}
	check "dkim rotate --force, killed after $moment s, and gone on with: the new key signs" forced
	on mailsetup dkim retire autre.fr >/dev/null 2>&1
done
expect_exit 0 'after all that, status sees nothing' on mailsetup status

# --- deleted, and taken back ---

expect_exit 4 'delete: refused while it is used' on mailsetup domain delete toto.fr
expect_match 'by whom is said' 'account jean@toto\.fr' cat "$scratch/last"
on mailsetup virtual-alias add contact@toto.fr test@exemple.fr >/dev/null
on mailsetup user delete jean@toto.fr >/dev/null
expect_exit 4 'delete: refused while an alias is in it' on mailsetup domain delete toto.fr
expect_match 'which is named' 'virtual alias contact@toto\.fr' cat "$scratch/last"
on mailsetup virtual-alias delete contact@toto.fr >/dev/null
kept=$(key_digest toto.fr mail2)
expect_exit 0 'delete' on mailsetup domain delete toto.fr
expect_match 'the records that may go are said' 'MX and TXT of toto\.fr' cat "$scratch/last"
expect_match 'its mail is refused' '554 5\.7\.1 .*Relay access denied' swaks_out --tls --to postmaster@toto.fr
expect_text 'its aliases went with it' 0 sql "SELECT count(*) FROM postfix_alias_virtuels WHERE courriel LIKE '%@toto.fr'"
expect_exit 0 'added again' on mailsetup domain add toto.fr
expect_text 'with the same key' "$kept" key_digest toto.fr mail2
expect_match 'which signs' '^toto\.fr mail2\._domainkey' on cat /etc/dkimkeys/TableSignatures
expect_match 'status --rebuild finds the keys' 'mail2' on sh -c 'rm -r /var/lib/mailsetup.saved 2>/dev/null; cp -a /var/lib/mailsetup /var/lib/mailsetup.saved
	rm -r /var/lib/mailsetup && mailsetup status --rebuild >/dev/null 2>&1; cat /etc/dkimkeys/TableSignatures; mailsetup dkim list'
on sh -c 'rm -r /var/lib/mailsetup && mv /var/lib/mailsetup.saved /var/lib/mailsetup'

on sh -c 'rm -rf /var/mail/utilisateurs/*'
sql "DELETE FROM postfix_utilisateurs WHERE utilisateur = 'test@exemple.fr'"
empty_queue() {
	[[ $(on mailq) == 'Mail queue is empty' ]]
}
check 'no mail is left waiting' within 20 empty_queue
expect_exit 0 'rollback' on mailsetup rollback --yes
lab manifest "$host" "$scratch/rolled"
below_etc() {
	diff <(essence "$scratch/bare" | grep -P '^\w+\t/etc/') <(essence "$scratch/rolled" | grep -P '^\w+\t/etc/')
}
check 'all below /etc is as it was' below_etc
check '(there was something to compare)' test "$(essence "$scratch/rolled" | grep -cP '^\w+\t/etc/')" -gt 300

finish
