#!/usr/bin/env bash
# One more domain, and one less, on a server that works meanwhile.
. "$(dirname "$0")/lib.sh"

installed_host
add_mailbox test@exemple.fr secret-de-test
test=(test@exemple.fr secret-de-test)
publish_key exemple.fr

add() { # DOMAIN...
	on mailsetup domain add "$@"
}
domains() {
	sql 'SELECT domaine, defaut, active FROM postfix_domaines ORDER BY domaine'
}
everything() { # what the domains leave in files and tables
	on sh -c 'cat /etc/dkimkeys/TableClefs /etc/dkimkeys/TableSignatures /etc/dkimkeys/HotesDeConfiance /etc/spamassassin/local.cf' &&
		domains && sql 'SELECT courriel, destination, active FROM postfix_alias_virtuels ORDER BY courriel'
}
everything >"$scratch/before"

# --- refused ---

expect_exit 4 'the domain that is there already is refused' add exemple.fr
expect_exit 2 'a malformed one' add 'a..fr'
expect_exit 2 'the name of the server itself' add mail.exemple.fr
expect_exit 4 'a second default domain' add toto.fr --default
expect_match 'by name' 'exemple\.fr is the default domain' cat "$scratch/last"
expect_exit 3 'without root' as_nobody mailsetup domain add toto.fr
everything >"$scratch/now"
expect_same 'nothing was changed' "$scratch/before" "$scratch/now"

# --- added, while mail goes on ---

sends() { # N: one after the other
	local i
	for ((i = 1; i <= $1; i++)); do
		as_user "${test[@]}" --to test@exemple.fr --header "Subject: pendant $i" >>"$scratch/sending" 2>&1 || echo "refused $i" >>"$scratch/refused"
	done
}
: >"$scratch/refused"
sends 12 &
sender=$!
sleep 1
expect_exit 0 'domain add toto.fr' add toto.fr
cp "$scratch/output" "$scratch/said"
wait "$sender"
expect_text 'no mail was refused meanwhile' '' cat "$scratch/refused"
all_signed() {
	local i
	for ((i = 1; i <= 12; i++)); do
		read_mail "${test[@]}" INBOX "pendant $i" >"$scratch/message" && grep -q '^DKIM-Signature:.* d=exemple\.fr;' "$scratch/message" || return 1
	done
}
check 'and none left unsigned' all_signed
expect_match 'it shows the MX to publish' '^toto\.fr\.	IN	MX	10 mail\.exemple\.fr\.$' cat "$scratch/said"
expect_match 'and the DKIM record' '^mail\._domainkey\.toto\.fr\.	IN	TXT	"v=DKIM1;' cat "$scratch/said"
expect_no_match 'none of the other domain' '^exemple\.fr\.' cat "$scratch/said"
expect_no_match 'OpenDKIM was not restarted for it' 'opendkim.*(Stopped|Stopping|Started)' on journalctl -b -o short --since -60s -u opendkim
expect_text 'the row' $'exemple.fr|1|1\ntoto.fr|0|1' domains
expect_match 'its key is OpenDKIM'\''s alone' '^600 opendkim' on stat -c '%a %U' /etc/dkimkeys/clefs/toto.fr/mail.private
expect_text 'its postmaster' "$admin" sql "SELECT destination FROM postfix_alias_virtuels WHERE courriel = 'postmaster@toto.fr'"
expect_exit 0 'domain list' on mailsetup domain list
expect_match 'names it' '^toto\.fr +no +yes$' cat "$scratch/last"
on mailsetup domain show toto.fr --json >"$scratch/shown"
check 'domain show --json is a document' json_lines "$scratch/shown"
expect_exit 4 'a second time it is refused' add toto.fr
expect_exit 0 'status sees nothing amiss' on mailsetup status
expect_exit 0 'plan has nothing to do' on mailsetup plan
expect_match '(nothing)' '^Nothing would have to be changed' cat "$scratch/last"

# --- its mail ---

publish_key toto.fr
printf 'secret-de-jean\n' | on mailsetup user add jean@toto.fr --password-stdin >/dev/null
jean=(jean@toto.fr secret-de-jean)
swaks_out --tls --to jean@toto.fr --header 'Subject: vers toto' >"$scratch/dialogue" || true
expect_match 'its mail is delivered' '^Subject: vers toto' read_mail "${jean[@]}" INBOX 'vers toto'
as_user "${jean[@]}" --to jean@toto.fr --header 'Subject: de toto' >"$scratch/dialogue" 2>&1 || true
read_mail "${jean[@]}" INBOX 'de toto' >"$scratch/message"
signed_by() { # DOMAIN
	grep -q "^DKIM-Signature:.* d=$1; s=mail;" "$scratch/message" && outside /usr/bin/python3 -c 'import dkim, sys
sys.exit(not dkim.verify(open(sys.argv[1], "rb").read()))' "$scratch/message"
}
check 'and signed by its own key, as dkimpy sees it' signed_by toto.fr
expect_exit 0 'domain disable' on mailsetup domain disable toto.fr
expect_match 'its mail is refused then' '(554|550|451) ' swaks_out --tls --to jean@toto.fr
expect_exit 0 'domain enable' on mailsetup domain enable toto.fr
expect_match 'and accepted again' ' 250 2\.0\.0 Ok' swaks_out --tls --to jean@toto.fr

# --- deleted ---

expect_exit 4 'domain delete is refused while an account uses it' on mailsetup domain delete toto.fr
expect_match 'by name' 'account jean@toto\.fr' cat "$scratch/last"
on mailsetup user delete jean@toto.fr --purge-mail >/dev/null
on mailsetup virtual-alias add contact@toto.fr test@exemple.fr >/dev/null
expect_exit 4 'and while an alias does' on mailsetup domain delete toto.fr
expect_match 'by name' 'virtual alias contact@toto\.fr' cat "$scratch/last"
on mailsetup virtual-alias delete contact@toto.fr >/dev/null
expect_exit 4 'the main domain stays' on mailsetup domain delete exemple.fr
expect_exit 2 'one that is not there is named' on mailsetup domain delete nulle-part.fr
on sha256sum /etc/dkimkeys/clefs/toto.fr/mail.private >"$scratch/key"
expect_exit 0 'domain delete' on mailsetup domain delete toto.fr --json
expect_match 'says that it has changed something' '"event":"done","changed":true,"domain":"toto\.fr"' cat "$scratch/last"
everything >"$scratch/now"
expect_same 'tables and files are as before it came' "$scratch/before" "$scratch/now"
expect_exit 0 'status sees nothing amiss' on mailsetup status
expect_exit 0 'added again' add toto.fr
on sha256sum /etc/dkimkeys/clefs/toto.fr/mail.private >"$scratch/key-again"
expect_same 'it has the key that it had: the DNS may know it' "$scratch/key" "$scratch/key-again"

# --- a row of another hand; a kill ---

sql "INSERT INTO postfix_domaines (domaine, defaut, active) VALUES ('main-libre.fr', 0, 1)"
expect_exit 0 'a row that another hand has put there is taken over' add main-libre.fr
check 'with a key' on test -s /etc/dkimkeys/clefs/main-libre.fr/mail.private
expect_exit 0 'deleted again' on mailsetup domain delete main-libre.fr
everything >"$scratch/before"
killed=0
for delay in 0.02 0.06 0.12 0.2 0.3 0.5; do
	on timeout -s KILL "$delay" mailsetup domain add tue.fr >/dev/null 2>&1 || killed=$((killed + 1))
done
check "killed on the way ($killed times)" test "$killed" -ge 2
on mailsetup domain add tue.fr >"$scratch/output" 2>&1 || on mailsetup resume --no-verify >"$scratch/output" 2>&1 || true
expect_exit 0 'then nothing is left to do' on mailsetup plan
expect_match '(nothing)' '^Nothing would have to be changed' cat "$scratch/last"
expect_match 'it signs for that domain' '^tue\.fr mail\._domainkey\.tue\.fr$' on cat /etc/dkimkeys/TableSignatures
killed=0
for delay in 0.02 0.06 0.12 0.2 0.3; do
	on timeout -s KILL "$delay" mailsetup domain delete tue.fr >/dev/null 2>&1 || killed=$((killed + 1))
done
check "deleted, and killed on the way ($killed times)" test "$killed" -ge 1
on mailsetup domain delete tue.fr >"$scratch/output" 2>&1 || true
everything >"$scratch/now"
expect_same 'all is as before it came' "$scratch/before" "$scratch/now"

finish
