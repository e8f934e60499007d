#!/usr/bin/env bash
# A server goes from a machine with Debian 11 to a new one with 13: export, install --from, migrate-maildir. Its users' programs notice
# nothing, and of the mail that comes meanwhile none is lost.
RELEASE=bullseye
. "$(dirname "$0")/lib.sh"

jean=(jean@exemple.fr secret-de-jean)
paul=(paul@toto.fr secret-de-paul)
marie=(marie@exemple.fr secret-de-marie)
passphrase='quatre mots bien secrets'

add() { # ADDRESS PASSWORD
	on mailsetup user add "$1" --password-stdin <<<"$2" >>"$scratch/log"
}
rows() {
	local table
	for table in utilisateurs domaines alias alias_virtuels liste_noire_expediteurs liste_noire_destinataires; do
		sql "SELECT * FROM postfix_$table" | sed 's/^[0-9]*|//' | sort
	done
}
keys() {
	on sh -c 'cd / && find etc/dkimkeys/clefs etc/postfix/tls/courriel.* -type f -exec sha256sum {} + | sort -k 2'
}
view() { # what Dovecot has: folder, UID, flags, date, each message's text
	on timeout 60 doveadm -f json fetch -u "${jean[0]}" 'mailbox uid flags date.received text' all | /usr/bin/python3 -c 'import hashlib, json, sys
for m in sorted(json.load(sys.stdin), key=lambda m: (m["mailbox"], int(m["uid"]))):
    flags = " ".join(sorted(set(m["flags"].split()) - {"\\Recent"}))
    print(m["mailbox"], m["uid"], flags, m["date.received"], hashlib.sha256(m["text"].encode()).hexdigest()[:16], sep="\t")'
}
# Folders that nobody has used differ in when they were made.
validities() {
	on doveadm -f tab mailbox status -u "${jean[0]}" 'messages uidvalidity uidnext' '*' | awk '$2 > 0' | sort
}
subscribed() {
	on doveadm mailbox list -s -u "${jean[0]}" | sort
}
synchronise() {
	outside timeout 120 mbsync -c "$scratch/mbsyncrc" all
}
near() {
	find "$scratch/near" -type f -printf '%P %s %T@\n' | grep -v mbsyncstate | LC_ALL=C sort
}
near_state() { # of the folders that hold mail, as mbsync remembers them: UIDVALIDITY, UID, flags
	(cd "$scratch/near" && find . -name '.mbsyncstate' -exec grep -l '^[0-9]' {} + | LC_ALL=C sort | xargs tail -n +1)
}
near_count() {
	near | grep -c '/\(cur\|new\)/'
}
arrived() { # as Dovecot tells them apart
	on doveadm -f tab fetch -u "${jean[0]}" hdr.subject SUBJECT voyage- | sed -n 's/^voyage-//p' | sort -n
}
queued() { # taken|waits
	find "$scratch/queue" -name "*.$1" | wc -l
}
sender() { # [TOTAL]
	outside /usr/bin/python3 tests/host/move.py "${jean[0]}" "$scratch/running" "$scratch/queue" "$@" 2>>"$scratch/refused"
}
verified() { # WHAT
	on mailsetup verify --json >"$scratch/verify" 2>&1 || true
	expect_text "$1: no check has failed" '' verdict "$scratch/verify" failed
	expect_text "$1: none is unknown" '' verdict "$scratch/verify" unknown
}
publish() { # as an owner of the zones would have it, whatever server there is
	local name
	for name in "$scratch"/dns/*; do
		lab dns "$host" txt "$(basename "$name")" "$(<"$name")"
	done
}

# --- the old server ---

installed_host
add "${jean[@]}"
add "${marie[@]}"
{
	printf 'From: a@ancien.example\nSubject: en-attente\n\nun mot\n' | on doveadm save -u "${marie[0]}" -m INBOX
	on mailsetup domain add toto.fr
	add "${paul[@]}"
	on mailsetup user disable "${marie[0]}"
	on mailsetup alias add cron "${jean[0]}"
	on mailsetup virtual-alias add contact@toto.fr "${jean[0]},${paul[0]}"
	on mailsetup block-sender add tata@tata.fr 554 'Pas de ça ici'
	on mailsetup block-recipient add vieux@exemple.fr REJECT 'Adresse fermée'
	on mailsetup block-recipient disable vieux@exemple.fr
	on mailsetup dkim rotate exemple.fr
	publish_key exemple.fr mail2
	on mailsetup dkim rotate exemple.fr
	# A certificate of an authority, which something on the machine would renew.
	# shellcheck disable=SC2016  # for the shell in the host
	on sh -ec 'mkdir /root/ca && cd /root/ca
		openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=autorite -days 90 -keyout ca.key -out ca.pem
		openssl req -newkey rsa:2048 -nodes -subj /CN=mail.exemple.fr -keyout key.pem -out request.pem
		echo subjectAltName=DNS:mail.exemple.fr >extension
		openssl x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 90 -extfile extension -out leaf.pem
		cat leaf.pem ca.pem >chain.pem'
	on mailsetup install --tls-cert /root/ca/chain.pem --tls-key /root/ca/key.pem --hosts-entry 198.51.100.10 --network 10.9.0.0/16 --no-verify
} >>"$scratch/log" 2>&1
sql "INSERT INTO postfix_alias_virtuels (courriel, destination, active) VALUES ('@toto.fr', '${paul[0]}', 1)"
expect_match '(the second key signs, the first one is beside it)' '^mail2,mail$' on sqlite3 /var/lib/mailsetup/state.db \
	"SELECT group_concat(substr(value, 12)) FROM param WHERE name = 'dkim-key' AND value LIKE 'exemple%'"
mkdir "$scratch/dns"
for name in mail._domainkey.exemple.fr mail2._domainkey.exemple.fr mail._domainkey.toto.fr; do
	dkim_record "${name#*._domainkey.}" "${name%%.*}" >"$scratch/dns/$name"
done
publish

cat >"$scratch/fill.py" <<'PYTHON'
import imaplib, ssl, sys
imap = imaplib.IMAP4_SSL("198.51.100.10", 993, ssl_context=ssl._create_unverified_context(), timeout=60)
FLAGS = (r"(\Seen)", "()", r"($Forwarded \Answered \Seen)", r"(travail \Flagged)", r"(\Draft $Label1)")


def put(folder, numbers):
    for n in numbers:
        text = f"From: a@ancien.example\r\nSubject: m{n}\r\n\r\n" + "un mot de plus " * (n % 50)
        assert imap.append(folder, FLAGS[n % 5], imaplib.Time2Internaldate(1400000000 + n * 20011), text.encode())[0] == "OK"


imap.login(sys.argv[1], sys.argv[2])
for folder in ("&AMk-t&AOk-", "Archives", "Archives.2019"):
    assert imap.create(folder)[0] == imap.subscribe(folder)[0] == "OK"
put("INBOX", range(40))
put("Sent", range(100, 115))
put("&AMk-t&AOk-", range(200, 210))
put("Archives.2019", range(300, 312))
# Leaves gaps in the UIDs.
imap.select("INBOX")
imap.store("10:12", "+FLAGS", r"\Deleted")
imap.expunge()
PYTHON
expect_exit 0 'a client fills a mailbox' outside timeout 90 /usr/bin/python3 "$scratch/fill.py" "${jean[@]}"
rule='require "fileinto"; if header :contains "subject" "facture" { fileinto "Archives.2019"; }'
on doveadm sieve put -u "${jean[0]}" -a tri <<<"$rule"

configure_mbsync "${jean[@]}"
expect_exit 0 'mbsync fetches all of it' synchronise

touch "$scratch/running"
sender &
sending=$!
within 60 test -e "$scratch/queue/3.taken"

# --- export ---

expect_exit 2 'export: a passphrase of three letters' on mailsetup export /root/server.mailsetup --passphrase-stdin <<<abc
expect_match 'is refused' 'the passphrase has 3 bytes' cat "$scratch/last"
expect_exit 0 'queue flush' on mailsetup queue flush
expect_exit 0 'export' on sh -c 'cd /root && mailsetup export server.mailsetup --passphrase-stdin' <<<"$passphrase"
expect_match 'says what it holds' 'accounts 4, other rows [0-9]+, DKIM keys 3' cat "$scratch/last"
expect_match 'and what it does not hold' '^Not in it: the mail, with its Sieve scripts' cat "$scratch/last"
expect_text 'for root alone' '600 root' on stat -c '%a %U' /root/server.mailsetup
expect_exit 4 'not over a file that is there' on mailsetup export /root/server.mailsetup --passphrase-stdin <<<"$passphrase"
expect_exit 1 'nothing of it is in clear' on grep -qaE 'exemple|SHA512|PRIVATE' /root/server.mailsetup
expect_text 'and nothing is left beside it' '/root/server.mailsetup' on find /root -name '*server*'
expect_exit 4 'not of a row that it would not take' on sh -c "sqlite3 $database \"INSERT INTO postfix_alias (alias, destination, active)
	VALUES ('robot', '|/bin/robot', 1)\" && mailsetup export /root/other"
expect_match 'which it names' 'postfix_alias, robot: destination' cat "$scratch/last"
sql "DELETE FROM postfix_alias WHERE alias = 'robot'"

on systemctl stop "$postfix_daemon" postfix
taken=$(queued taken)
within 30 test -e "$scratch/queue/$((taken + 3)).waits"
rm "$scratch/running"
wait "$sending" || true
taken=$(queued taken)
check "(the old server took $taken messages; $(queued waits) wait outside)" test "$taken" -ge 3 -a "$(queued waits)" -ge 2
expect_exit 0 'mbsync on the old server, a last time' synchronise
view >"$scratch/view"
validities >"$scratch/validities"
subscribed >"$scratch/subscribed"
rows >"$scratch/rows"
keys >"$scratch/keys"
check "(all that was taken is there, $taken)" diff <(seq "$taken") <(arrived)
on systemctl stop dovecot
on tar czf /root/mail.tar.gz -C /var/mail utilisateurs
near >"$scratch/near.before"
near_state >"$scratch/near_state.before"
lab fetch "$host" /root/server.mailsetup "$scratch/server.mailsetup"
lab fetch "$host" /root/mail.tar.gz "$scratch/mail.tar.gz"
halt

# --- the new machine ---

release=trixie
names_of_release
the_program
fresh_host
publish
lab manifest "$host" "$scratch/bare"
lab copy "$host" "$scratch/server.mailsetup" /root/server.mailsetup
lab copy "$host" "$scratch/mail.tar.gz" /root/mail.tar.gz
from=(--from /root/server.mailsetup --passphrase-stdin)

expect_exit 2 'a wrong passphrase' on mailsetup install "${from[@]}" <<<'quatre mots bien secrets.'
expect_match 'is all that is said' 'the passphrase is wrong, or the file is damaged' cat "$scratch/last"
on sh -c 'cp /root/server.mailsetup /root/forged && printf X | dd of=/root/forged bs=1 seek=2000 conv=notrunc status=none'
expect_exit 2 'a byte that was changed' on mailsetup install --from /root/forged --passphrase-stdin <<<"$passphrase"
expect_match 'is found out' 'the passphrase is wrong, or the file is damaged' cat "$scratch/last"
on head -c 2000 /root/server.mailsetup >"$scratch/cut"
lab copy "$host" "$scratch/cut" /root/forged
expect_exit 2 'a file that was cut' on mailsetup install --from /root/forged --passphrase-stdin <<<"$passphrase"
expect_exit 2 'another domain' on mailsetup install "${from[@]}" --domain toto.fr <<<"$passphrase"
expect_exit 0 'plan' on mailsetup plan --out /root/plan "${from[@]}" <<<"$passphrase"
expect_match 'shows the rows' '^  rows /etc/postfix/bdd/postfix.sqlite: [0-9]+ rows of the other machine' cat "$scratch/last"
expect_match 'the certificate' 'courriel.pem: certificate of the other machine' cat "$scratch/last"
expect_match 'and the keys' 'mail2.private: private key that is known already' cat "$scratch/last"
expect_exit 1 'no secret in it' grep -E 'SHA512|PRIVATE' "$scratch/last"
on rm /root/forged
expect_exit 1 'nothing was changed by all this' on test -e /var/lib/mailsetup

# Killed before any row or key is written, while they are, and after: all that is to come is in the state store.
# shellcheck disable=SC2016  # for the shell in the host
killer='step=$1
	shift
	mkfifo /run/said
	# What runs in the background has no other standard input.
	exec 3<&0
	setsid "$@" <&3 >/run/said 2>&1 &
	while IFS= read -r line; do
		case $line in *step-begin*"\"$step\""*) pkill -KILL -x mailsetup; echo killed ;; esac
	done </run/said
	rm /run/said'
killed_at() { # STEP CMD...
	expect_match "kill -9 in step $1" '^killed$' on sh -c "$killer" sh "$@"
}
killed_at accounts mailsetup install --json --plan /root/plan "${from[@]}" <<<"$passphrase"
expect_exit 4 'a second --from is refused' on mailsetup install "${from[@]}" <<<"$passphrase"
expect_match 'with the way on' 'needs neither file nor passphrase' cat "$scratch/last"
on mv /root/server.mailsetup /root/away
killed_at database mailsetup resume --json </dev/null
killed_at dkim mailsetup resume --json </dev/null
expect_exit 0 'resume goes on without file and passphrase' on timeout 600 mailsetup resume </dev/null
cp "$scratch/output" "$scratch/resumed"
expect_match 'and says what is left' '^What is left of the move' cat "$scratch/resumed"
expect_match 'the certificate among it, which nothing renews here' '^It came from the other machine, and is valid until 20' cat "$scratch/resumed"
expect_match 'and the networks, which may be those of others here' 'Networks that may send here .*10\.9\.0\.0/16' cat "$scratch/resumed"
expect_exit 1 '(the address of the old machine stays there)' on grep -q '^198' /etc/hosts
on mv /root/away /root/server.mailsetup
expect_text 'the store forgets the rows' '' on sqlite3 /var/lib/mailsetup/state.db "SELECT name FROM note WHERE name IN ('rows', 'moved')"

on sqlite3 /var/lib/mailsetup/state.db "INSERT INTO note (name, value) VALUES ('moved', '1+records')"
expect_text 'a quiet install says nothing of the move' '' on mailsetup install --no-verify --quiet
on mailsetup install --no-verify --json >"$scratch/log"
expect_match 'so the next one does' '"left":\["mail","records","queue"\]' cat "$scratch/log"

expect_exit 0 'migrate-maildir' on mailsetup migrate-maildir /root/mail.tar.gz
expect_match 'says whose mail Dovecot cannot count' '^(note: )?marie@exemple.fr is off' cat "$scratch/last"
for what in view validities subscribed rows keys; do
	"$what" >"$scratch/$what.new"
	expect_same "$what: as on the old server" "$scratch/$what" "$scratch/$what.new"
done
expect_same 'the certificate that is served, too' "$scratch/certificate" <(served_certificate)
expect_match 'the Sieve script is at work' 'facture' on doveadm sieve get -u "${jean[0]}" tri
verified 'the new server'

# --- a client that knew the old one ---

expect_exit 0 'mbsync, with the certificate of before' synchronise
near >"$scratch/near.after"
near_state >"$scratch/near_state.after"
view >"$scratch/view.after"
expect_same 'fetches nothing' "$scratch/near.before" "$scratch/near.after"
expect_same 'finds UIDs and flags as it remembers them' "$scratch/near_state.before" "$scratch/near_state.after"
expect_same 'and brings nothing' "$scratch/view" "$scratch/view.after"

total=$(($(queued taken) + $(queued waits) + 3))
touch "$scratch/running"
sender "$total"
check "what waited outside and what came later is there, once each, $total in all" within 60 diff <(seq "$total") <(arrived)
check 'of it mbsync fetches what it has not got' synchronise
expect_text '(that many)' $(($(wc -l <"$scratch/view") + total - taken)) near_count
expect_match 'one more message' '250 .*(queued|saved)' swaks_out --tls --to "${jean[0]}" --header 'Subject: encore-un'
check 'is delivered' read_mail "${jean[@]}" INBOX encore-un
before=$(near_count)
expect_exit 0 'mbsync' synchronise
expect_text 'fetches it alone' $((before + 1)) near_count
as_user "${jean[@]}" --to "${paul[0]}" --header 'Subject: signe' >"$scratch/log" 2>&1
read_mail "${paul[@]}" INBOX signe >"$scratch/message"
expect_match 'what its users send is signed' '^DKIM-Signature:.* d=exemple.fr; s=mail2;' cat "$scratch/message"
check 'and the record that was published for the old server proves it' outside /usr/bin/python3 -c 'import dkim, sys
sys.exit(not dkim.verify(open(sys.argv[1], "rb").read()))' "$scratch/message"

check 'passwords are as they were' imap "${paul[@]}" INBOX -X 'NOOP'
check 'that of the administrator too' imap "$admin" "$password" INBOX -X 'NOOP'
expect_exit 67 'who was off is off' imap "${marie[@]}" INBOX -X 'NOOP'
on mailsetup user enable "${marie[0]}" >"$scratch/log"
check 'until switched on again' imap "${marie[@]}" INBOX -X 'NOOP'
check 'with the mail of before' read_mail "${marie[@]}" INBOX en-attente
expect_exit 0 'dkim retire' on mailsetup dkim retire exemple.fr
expect_match 'knows that the first key has signed before' 'may go from 20[0-9-]+ on' cat "$scratch/last"

# --- what is changed from now on stays so ---

on mailsetup virtual-alias delete @toto.fr >"$scratch/log" 2>&1 || sql "DELETE FROM postfix_alias_virtuels WHERE courriel = '@toto.fr'"
rows >"$scratch/rows"
expect_exit 0 'a second install' on mailsetup install --no-verify
expect_match 'changes nothing' '^Nothing had to be changed\.$' cat "$scratch/last"
rows >"$scratch/rows.new"
expect_same 'and brings no row back' "$scratch/rows" "$scratch/rows.new"

# --- and back ---

# The mail, and what it has taught the spam filter.
on sh -c 'rm -rf /var/mail/utilisateurs/* /var/lib/spamd/bayes_*; rm /root/server.mailsetup /root/mail.tar.gz /root/plan'
on mailsetup user disable "${marie[0]}" >"$scratch/log"
expect_match 'rollback says that all is as before' '^Everything is as it was before' on mailsetup rollback --yes
lab manifest "$host" "$scratch/rolled"
check 'the machine is as it was, each file of it' same_machine "$scratch/bare" "$scratch/rolled"

finish
