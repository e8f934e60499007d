#!/usr/bin/env bash
# The administrator's hand: files changed after an install, and a state store that is lost, damaged or of a newer version.
. "$(dirname "$0")/lib.sh"

installed_host
main_cf=/etc/postfix/main.cf
ssl=/etc/dovecot/conf.d/10-ssl.conf
signing=/etc/dkimkeys/TableSignatures
saved=/var/backups/mailsetup

# --- a file is changed ---

expect_exit 0 'status of an untouched server: 0' on mailsetup status
on sh -c "echo 'biff = yes' >>$main_cf; sed -i 's/^ssl = required/ssl = yes/' $ssl; echo '# a moi' >>$signing"
expect_exit 4 'status: 4 where another hand has changed something' on mailsetup status
cp "$scratch/output" "$scratch/said"
expect_match 'it names the file' "^  postfix: file $main_cf: changed by another hand" cat "$scratch/said"
expect_match 'and shows what was added' '^    \+biff = yes$' cat "$scratch/said"
expect_match 'what was taken away' '^    -ssl = required$' cat "$scratch/said"
expect_match 'and what stands there instead' '^    \+ssl = yes$' cat "$scratch/said"
expect_match 'status --json has the diff' '"diff": ?"--- as mailsetup wrote it' on mailsetup status --json

files() {
	file_list -type f ! -path '/var/spool/*' ! -path '/var/lib/postfix/*' ! -path '/var/lib/dovecot/*'
}
files >"$scratch/before"
expect_exit 4 'install refuses' on mailsetup install --no-verify
expect_match 'and says what can be done' 'adopt FILE.*overwrite FILE' cat "$scratch/last"
expect_exit 4 'a decision about one of the files is not enough' on mailsetup install --no-verify --adopt "$main_cf"
expect_match 'the others are named' "^ +$ssl$" cat "$scratch/last"
expect_exit 2 'a decision about a file that is as written is refused' on mailsetup install --no-verify --overwrite /etc/passwd
expect_match 'by name' '^mailsetup: --overwrite /etc/passwd: ' cat "$scratch/last"
files >"$scratch/after"
expect_same 'nothing was done' "$scratch/before" "$scratch/after"

expect_exit 0 'adopt two, overwrite the other' on mailsetup install --no-verify --adopt "$main_cf" --adopt "$signing" --overwrite "$ssl"
expect_match 'theirs stays where it is adopted' '^biff = yes$' on cat "$main_cf"
expect_match 'ours is back where it is overwritten' '^ssl = required$' on cat "$ssl"
expect_match 'theirs is copied first' '^ssl = yes$' on cat "$saved/1$ssl"
expect_exit 0 'status is quiet' on mailsetup status
expect_match 'and names what is adopted' "^  $main_cf$" cat "$scratch/last"
expect_match 'one more install has nothing to do' '^Nothing had to be changed' on mailsetup install --no-verify
expect_exit 0 'the server works' on mailsetup verify --no-mail
on sh -c "echo 'biff = no' >>$main_cf"
expect_exit 4 'an adopted file that is changed again is drift again' on mailsetup install --no-verify
expect_exit 0 'and can be overwritten' on mailsetup install --no-verify --overwrite "$main_cf"
expect_exit 1 'it is ours' on grep '^biff = \(yes\|no\)$' "$main_cf"

# --- a change of something else leaves theirs alone ---

started() {
	on systemctl show -p ActiveEnterTimestampMonotonic --value dovecot "$postfix_daemon"
}
local_cf=/etc/spamassassin/local.cf
sieve=/var/mail/sieve/before/spam.sieve
on sh -c "echo 'ssl_min_protocol = TLSv1.3' >>$ssl; echo 'a moitie' >>$sieve"
compiled() {
	on stat -c '%i %Y' "${sieve%.sieve}.svbin"
}
binary=$(compiled)
since=$(started)
expect_exit 0 'domain add, where it writes nothing new' on mailsetup domain add toto.fr
expect_match 'whose mail an adopted table does not let sign: it is said' 'mail from toto\.fr is not signed by the key mail: ' cat "$scratch/last"
expect_match 'theirs stays' '^ssl_min_protocol = TLSv1.3$' on cat "$ssl"
expect_text 'and no daemon was started again to read it' "$since" started
expect_text 'nor a rule compiled that is half written' "$binary" compiled
expect_exit 0 'dkim rotate: the new key, and the table by which the first one signs' on mailsetup dkim rotate toto.fr --overwrite "$signing"
expect_match 'is made' '^The new key mail2 of toto.fr is made' cat "$scratch/last"
expect_exit 4 'status tells of the file' on mailsetup status
on sh -c "echo '# a la main' >>$local_cf"
expect_exit 4 'domain delete stops where it has to write' on mailsetup domain delete toto.fr
expect_match 'and names that file' "^ +$local_cf$" cat "$scratch/last"
expect_no_match 'not the other one' "$ssl" cat "$scratch/last"
expect_match 'nothing was done' '^toto.fr mail' on cat /etc/dkimkeys/TableSignatures
expect_exit 2 'a decision about a file that is as written is refused' on mailsetup domain delete toto.fr --adopt "$main_cf"
expect_exit 0 'decided: it goes on' on mailsetup domain delete toto.fr --overwrite "$local_cf" --overwrite "$ssl" --overwrite "$sieve"
expect_match 'theirs is copied first' '^# a la main$' on grep -rh '^# a la main' "$saved"
expect_exit 0 'and status is quiet' on mailsetup status

# --- rollback of one step keeps theirs ---

on sh -c "echo '# a la main' >>$main_cf"
expect_exit 4 'rollback of the step: 4' on mailsetup rollback --yes postfix
expect_match 'theirs stays' '^# a la main$' on cat "$main_cf"
expect_match 'the file from before is beside it' 'compatibility_level = 2' on cat "$main_cf.mailsetup-before"
expect_match 'and a copy is kept' '^# a la main$' on grep -rh '^# a la main' "$saved"
expect_exit 0 'the next install makes the server whole' on mailsetup install
expect_exit 1 'with our file' on grep '^# a la main$' "$main_cf"
on rm -f "$main_cf.mailsetup-before"

# --- the state store is gone, damaged, newer ---

store=/var/lib/mailsetup
on cp -a "$store" /root/store
lost() {
	expect_exit 4 "$1: mailsetup $2 refuses" on mailsetup "$2"
	expect_match "$1: $2 says how to go on" 'mailsetup status --rebuild' cat "$scratch/last"
}
on rm -r "$store"
files >"$scratch/before"
for command in install resume rollback status verify; do
	lost 'the store is gone' "$command"
done
files >"$scratch/after"
expect_same 'nothing was done' "$scratch/before" "$scratch/after"
expect_exit 0 'status --rebuild' on mailsetup status --rebuild
expect_match 'it knows the server by itself' '^mail.exemple.fr, the mail server of exemple.fr$' cat "$scratch/last"
expect_match 'and what is done' '^. postfix +done ' cat "$scratch/last"
keys=$(on sh -c 'sha256sum /etc/dkimkeys/clefs/*/*.private /etc/postfix/tls/*.key')
expect_exit 0 'install goes on from there' on mailsetup install
expect_text 'with the keys that are there' "$keys" on sh -c 'sha256sum /etc/dkimkeys/clefs/*/*.private /etc/postfix/tls/*.key'
expect_text 'and the accounts' "$admin" sql 'SELECT utilisateur FROM postfix_utilisateurs'
expect_exit 4 'what was before is lost, so a rollback refuses' on mailsetup rollback --yes
expect_match 'and says so' 'the state store was rebuilt' cat "$scratch/last"
expect_exit 2 'a whole store is not rebuilt' on mailsetup status --rebuild
# shellcheck disable=SC2016  # for the shell in the host
held='(echo "BEGIN EXCLUSIVE;"; sleep 12) | sqlite3 "$0" & sleep 1; mailsetup status --rebuild; status=$?; wait; exit $status'
expect_exit 1 'nor one that cannot be opened now' on sh -c "$held" "$store/state.db"
expect_exit 2 'it is there still, and whole' on mailsetup status --rebuild

on dd if=/dev/urandom of="$store/state.db" bs=1 seek=9000 count=6000 conv=notrunc status=none
damaged=$(on sha256sum "$store/state.db" | cut -d' ' -f1)
for command in install status; do
	lost 'the store is damaged' "$command"
done
expect_text 'and stays as it is' "$damaged" on sh -c "sha256sum $store/state.db | cut -d' ' -f1"
expect_exit 0 'status --rebuild sets it aside' on mailsetup status --rebuild
expect_text 'whole' "$damaged" on sh -c "sha256sum $store/state.db.damaged-1 | cut -d' ' -f1"

on sh -c "rm -r $store; cp -a /root/store $store; sqlite3 $store/state.db 'PRAGMA user_version = 99'"
for command in install status rollback 'status --rebuild'; do
	# shellcheck disable=SC2086  # two words
	expect_exit 4 "a store of a newer mailsetup: $command refuses" on mailsetup $command
	expect_match "$command: and says which one to use" 'newer mailsetup.*use that one' cat "$scratch/last"
done

on sh -c "rm -r $store; mv /root/store $store"
expect_exit 0 'with the store back, all is as before' on mailsetup status

finish
