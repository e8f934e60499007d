#!/usr/bin/env bash
# The mail of an old server comes over: two real hosts, the clients of their users, kills in between. Mail is written and read by IMAP
# and doveadm, and compared by them; nothing here trusts what the program says of itself.
seam_build=build/${RELEASE:-bullseye}-seam/mailsetup
(cd "$(dirname "$0")/../.." && tests/lab/lab build "${RELEASE:-bullseye}" "BUILD=build/${RELEASE:-bullseye}-seam" EXTRA_CFLAGS=-DMAILSETUP_SEAM >&2)
. "$(dirname "$0")/lib.sh"

installed_host
old=$host
installed_host
new=$host
lab copy "$new" "$seam_build" /root/mailsetup-seam
jean=(jean@exemple.fr secret-de-jean)
mailboxes=/var/mail/utilisateurs
box=$mailboxes/exemple.fr

at() { # HOST CMD...: without turning to it
	local host=$1
	"${@:2}"
}
at "$old" add_mailbox "${jean[@]}"
for user in jean marie paul neuf; do
	add_mailbox "$user@exemple.fr" "secret-de-$user"
done

# --- a client, and what Dovecot says ---

cat >"$scratch/client.py" <<'PYTHON'
"""A client of 198.51.100.10: client.py PASSWORD-OF-JEAN fill|more|session [READY]"""
import hashlib, imaplib, random, ssl, sys, time

imap = imaplib.IMAP4_SSL("198.51.100.10", 993, ssl_context=ssl._create_unverified_context(), timeout=60)
FLAGS = (r"(\Seen)", "()", r"($Forwarded \Answered \Seen)", r"(travail \Flagged)", r"(\Draft $Label1)", r"(\Deleted NonJunk)")


def ok(answer):
    if answer[0] != "OK":
        sys.exit(f"refused: {answer}")
    return answer[1]


def put(folder, numbers):
    for n in numbers:
        chance = random.Random(n)
        body = " ".join("%x" % chance.getrandbits(32) for _ in range(chance.randint(5, 900)))
        text = f"From: a@ancien.example\r\nSubject: m{n}\r\nX-Digest: {hashlib.sha256(body.encode()).hexdigest()}\r\n\r\n{body}"
        ok(imap.append(folder, chance.choice(FLAGS), imaplib.Time2Internaldate(1400000000 + n * 20011), text.encode()))


def fill():
    for folder in ("&AMk-t&AOk-", "Archives", "Archives.2019", "Archives.2019.&AMk-t&AOk-", "Vide"):
        ok(imap.create(folder))
    for folder in ("&AMk-t&AOk-", "Archives.2019", "Archives.2019.&AMk-t&AOk-"):
        ok(imap.subscribe(folder))
    put("INBOX", range(60))
    put("Sent", range(100, 120))
    put("&AMk-t&AOk-", range(200, 215))
    put("Archives.2019", range(300, 325))
    put("Archives.2019.&AMk-t&AOk-", range(400, 404))
    ok(imap.select("INBOX"))
    ok(imap.copy("3:7", "Archives.2019"))
    ok(imap.copy("3:4", "&AMk-t&AOk-"))
    ok(imap.store("10:12", "+FLAGS", r"\Deleted"))
    # Leaves gaps in the UIDs.
    ok(imap.expunge())


def more():
    put("INBOX", range(1000, 1006))
    put("Archives.2019", range(1100, 1103))


def session():
    """Stays in a folder that fills, as a telephone does: IDLE, then reads what came."""
    def mailbox():
        return {line.split()[2].rstrip(b")") for line in ok(imap.uid("FETCH", "1:*", "(UID)"))}

    count = int(ok(imap.select("INBOX"))[0])
    validity, before, first = imap.untagged_responses["UIDVALIDITY"], mailbox(), count
    imap.send(b"idle IDLE\r\n")
    imap.readline()
    open(sys.argv[3], "w").close()
    end = time.monotonic() + 60
    imap.sock.settimeout(60)
    while count < first + 6 and time.monotonic() < end:
        words = imap.readline().split()
        if words[2:] == [b"EXISTS"]:
            count = int(words[1])
    imap.send(b"DONE\r\n")
    while not imap.readline().startswith(b"idle "):
        pass
    print(f"{first} messages, then {count}; lost: {len(before - mailbox())}")
    for n in range(first + 1, count + 1):
        head, _, body = ok(imap.fetch(str(n), "(BODY.PEEK[])"))[0][1].decode().partition("\r\n\r\n")
        print(head.split("\r\n")[1], "whole" if hashlib.sha256(body.strip().encode()).hexdigest() in head else "IN PART")
    ok(imap.select("INBOX"))
    print("same list of UIDs" if imap.untagged_responses["UIDVALIDITY"] == validity else "UIDVALIDITY HAS CHANGED")


ok(imap.login("jean@exemple.fr", sys.argv[1]))
globals()[sys.argv[2]]()
imap.logout()
PYTHON

client() { # fill|more|session [READY]
	outside timeout 90 /usr/bin/python3 "$scratch/client.py" "${jean[1]}" "$@"
}

cat >"$scratch/view.py" <<'PYTHON'
"""One line a message from doveadm's JSON on standard input, sorted: folder, uid, flags, date, subject, hash. Exit 1: one is not whole."""
import hashlib, json, re, sys

lines, partial = [], 0
for message in json.load(sys.stdin):
    head, _, body = message["text"].partition("\n\n")
    subject, digest = (re.search(r"^%s: (.*)$" % name, head, re.M) for name in ("Subject", "X-Digest"))
    if not subject or digest and digest[1] != hashlib.sha256(body.strip().encode()).hexdigest():
        partial += 1
        print("NOT WHOLE:", message["mailbox"], message["uid"], len(message["text"]), file=sys.stderr)
    flags = " ".join(sorted(set(message["flags"].split()) - {"\\Recent"}))
    lines.append("\t".join((message["mailbox"], message["uid"].rjust(6), flags, message["date.received"], subject[1] if subject else "?",
                            hashlib.sha256(message["text"].encode()).hexdigest()[:16])))
print("\n".join(sorted(lines)))
sys.exit(partial > 0)
PYTHON

doveadm_view() {
	on timeout 60 doveadm -f json fetch -u "$1" 'mailbox uid flags date.received text' all
}
view() { # ADDRESS: a line for each message as Dovecot has it
	doveadm_view "$1" >"$scratch/view.json" && /usr/bin/python3 "$scratch/view.py" <"$scratch/view.json"
}
# Folders that nobody has used differ in when they were made.
validities() { # ADDRESS
	on doveadm -f tab mailbox status -u "$1" 'uidvalidity uidnext messages' '*' | awk '$2 > 0' | sort
}
subscribed() { # ADDRESS
	on doveadm mailbox list -s -u "$1" | sort
}
count() { # ADDRESS [QUERY...]
	local query=("${@:2}")
	((${#query[@]} > 0)) || query=(all)
	on doveadm -f tab fetch -u "$1" uid "${query[@]}" | sed 1d | wc -l
}
# What lies on the disk, but for Dovecot's indexes and for when a directory was changed.
disk() { # FOLDER...
	on find "$@" ! -name 'dovecot.index*' ! -name 'dovecot.list.index*' '(' -type d -printf '%p %m %U:%G\n' \
		-o -printf '%p %y %i %n %m %U:%G %s %T@ %l\n' ')' | LC_ALL=C sort
}
staging() {
	on sh -c 'ls -d /var/mail/utilisateurs/.mailsetup-import-* 2>/dev/null || true'
}

has_mail() { # ADDRESS SUBJECT
	[[ $(count "$1" SUBJECT "$2") == 1 ]]
}
deliver() { # ADDRESS SUBJECT
	swaks_out --tls --to "$1" --header "Subject: $2" >"$scratch/dialogue" && within 30 has_mail "$@"
}

# --- the program ---

migrate() { # ARGUMENT...
	on timeout 120 mailsetup migrate-maildir "$@" </dev/null | tee "$scratch/event"
}
done_event() { # PYTHON-EXPRESSION over the last event d of the last import
	/usr/bin/python3 -c 'import json, sys
d = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8") if line.startswith("{")][-1]
assert d["event"] == "done", d
total = {k: sum(f[k] for f in d["folders"]) for k in ("in_archive", "imported", "present", "refused")}
result = eval(sys.argv[2])
print(result)
sys.exit(result is False)' "$scratch/event" "$1"
}
said() { # WHAT PYTHON-EXPRESSION
	expect_exit 0 "$1" done_event "$2"
}

# --- the old server: made by its users' clients ---

host=$old
check 'the old server: a client fills it' client fill
rule='require "fileinto"; if header :contains "subject" "facture" { fileinto "Archives.2019"; }'
on doveadm sieve put -u "${jean[0]}" -a tri <<<"$rule"
on doveadm sieve put -u "${jean[0]}" autre <<<'keep;'
check 'and mail comes in from the world' deliver "${jean[0]}" 'par le monde'
expect_match '(copies are hard links there)' '^7$' on sh -c "find $box/jean/.Archives.2019 $box/jean/.\&AMk-t\&AOk- -type f -links +1 | wc -l"
configure_mbsync "${jean[@]}"
synchronise() {
	served_certificate >"$scratch/certificate" && outside timeout 120 mbsync -c "$scratch/mbsyncrc" -Dn all
}
near() {
	find "$scratch/near" -type f ! -name '.mbsyncstate*' -printf '%P %s %T@\n' | LC_ALL=C sort
}
check 'mbsync fetches all of it' synchronise
near >"$scratch/near.before"
check '(more than 100 messages)' test "$(grep -c '/\(cur\|new\)/' "$scratch/near.before")" -gt 100
view "${jean[0]}" >"$scratch/old.view"
validities "${jean[0]}" >"$scratch/old.validities"
subscribed "${jean[0]}" >"$scratch/old.subscribed"
messages=$(wc -l <"$scratch/old.view")
archive() { # NAME TAR-ARGUMENT...: from the old host to the new one
	at "$old" on tar -cf - "${@:2}" >"$scratch/$1.tar"
	gzip <"$scratch/$1.tar" >"$scratch/$1.tar.gz"
	at "$new" lab copy "$new" "$scratch/$1.tar.gz" "/root/$1.tar.gz"
}
archive jean -C "$box" jean
host=$new

# --- onto the new one, where jean has logged in and has no mail yet ---

check 'jean logs in on the new server' imap "${jean[@]}" INBOX -X 'LIST "" "*"'
expect_match 'a dry run' 'nothing was written$' migrate --dry-run --user "${jean[0]}" /root/jean.tar.gz
disk "$mailboxes" >"$scratch/before"
expect_exit 0 'a dry run with --json' migrate --dry-run --json --user "${jean[0]}" /root/jean.tar.gz
said 'it counts the messages' "(d['imported'], d['present'], d['refused']) == ($messages, 0, 0)"
done_event 'sorted((f["folder"], f["in_archive"], f["imported"]) for f in d["folders"])' >"$scratch/dry"
disk "$mailboxes" >"$scratch/after"
expect_same 'and writes nothing' "$scratch/before" "$scratch/after"

expect_exit 0 'import: exit 0' migrate --json --user "${jean[0]}" /root/jean.tar.gz
said 'all messages are imported' "(d['imported'], d['present'], d['refused']) == ($messages, 0, 0)"
said 'the folders add up' "total == {'in_archive': $messages, 'imported': $messages, 'present': 0, 'refused': 0}"
said 'Dovecot counts them, in each folder' 'all(f["counted"] == f["imported"] for f in d["folders"])'
said 'folders have the names that Dovecot gives them' \
	'{f["folder"] for f in d["folders"]} >= {"INBOX", "Sent", "Été", "Archives.2019", "Archives.2019.Été", "Vide"}'
said 'it has a number' 'd["import"] >= 1'
check 'every line is JSON' json_lines "$scratch/event"
done_event 'sorted((f["folder"], f["in_archive"], f["imported"]) for f in d["folders"])' >"$scratch/real"
expect_same 'the dry run had the same counts' "$scratch/dry" "$scratch/real"
view "${jean[0]}" >"$scratch/first"
expect_same 'uid, flags, keywords, dates and bytes are the same in every folder' "$scratch/old.view" "$scratch/first"
validities "${jean[0]}" >"$scratch/new.validities"
expect_same 'so are UIDVALIDITY and UIDNEXT of folders with mail' "$scratch/old.validities" "$scratch/new.validities"
subscribed "${jean[0]}" >"$scratch/new.subscribed"
expect_same 'the subscriptions' <(sort -u "$scratch/old.subscribed" "$scratch/new.subscribed") "$scratch/new.subscribed"
expect_match 'the Sieve script is active' '^tri ACTIVE' on doveadm sieve list -u "${jean[0]}"
expect_text 'it is the same' "$rule" on cat "$box/jean/sieve/tri.sieve"
expect_match 'the other script has come over' '^autre *$' on doveadm sieve list -u "${jean[0]}"
swaks_out --tls --to "${jean[0]}" --header 'Subject: votre facture' >"$scratch/dialogue"
expect_match 'and it sorts what comes in' '^Subject: votre facture' read_mail "${jean[@]}" Archives.2019 'votre facture'
on doveadm expunge -u "${jean[0]}" mailbox Archives.2019 SUBJECT facture
owners() {
	on find "$mailboxes" -mindepth 1 '(' ! -user 3000 -o ! -group 3000 -o -type d ! -perm 0700 -o -type f ! -perm 0600 ! -name 'dovecot-uidvalidity.*' ')' -ls
}
expect_text 'owners and modes are as Dovecot makes them' '' owners
expect_text 'no message shares its bytes with another' '' on find "$box/jean" -type f -links +1
expect_text 'the staging is gone' '' staging
expect_text 'nobody can read any of it' '' as_nobody sh -c "find $mailboxes /var/lib/mailsetup -mindepth 1 2>/dev/null; true"

expect_exit 0 'mbsync with the state of the old server finds itself at home' synchronise
cp "$scratch/output" "$scratch/said"
expect_no_match 'it downloads nothing' 'BODY\.PEEK\[\]' cat "$scratch/said"
expect_match '(it has looked)' 'UID FETCH|UIDVALIDITY' cat "$scratch/said"
near >"$scratch/near.after"
expect_same 'and changes nothing on the client' "$scratch/near.before" "$scratch/near.after"
view "${jean[0]}" >"$scratch/after"
expect_same 'nor on the server' "$scratch/old.view" "$scratch/after"

# --- once more ---

disk "$box" >"$scratch/before"
expect_exit 0 'the same command again: exit 0' migrate --json --user "${jean[0]}" /root/jean.tar.gz
said 'it imports nothing' "(d['imported'], d['present'], d['refused']) == (0, $messages, 0)"
disk "$box" >"$scratch/after"
expect_same 'and changes nothing on the disk' "$scratch/before" "$scratch/after"
expect_match 'in words' "^imported 0 messages, $messages present already, 0 refused" migrate --user "${jean[0]}" /root/jean.tar.gz

# --- the last pass: both servers have new mail, and a client is connected ---

at "$old" client more
archive again -C "$box" jean
swaks_out --tls --to "${jean[0]}" --header 'Subject: deja ici' >"$scratch/dialogue"
read_mail "${jean[@]}" INBOX 'deja ici' >"$scratch/dialogue"
rm -f "$scratch/ready"
client session "$scratch/ready" >"$scratch/session" 2>&1 &
session=$!
check 'a client is connected' within 30 test -e "$scratch/ready"
expect_exit 0 'the last pass: exit 0' migrate --json --user "${jean[0]}" /root/again.tar.gz
said 'what is new comes' "(d['imported'], d['present'], d['refused']) == (9, $messages, 0)"
check 'the open session ends well' wait "$session"
expect_match 'it has lost none' '; lost: 0$' cat "$scratch/session"
expect_text 'and has seen the six of its folder, whole' 6 grep -c '^Subject: m100[0-5] whole$' "$scratch/session"
expect_match 'and its UIDs are good still' '^same list of UIDs' cat "$scratch/session"
without_uid() { # FILE
	cut -f 1,3- "$1" | LC_ALL=C sort
}
view "${jean[0]}" >"$scratch/new.view"
at "$old" view "${jean[0]}" >"$scratch/old.view"
expect_same 'the mailbox is that of the old server and what came here' <(without_uid "$scratch/old.view") \
	<(without_uid "$scratch/new.view" | grep -v 'deja ici')
expect_match 'mail that came here meanwhile is kept' 'deja ici' cat "$scratch/new.view"
expect_text 'messages that were there have kept their UIDs' '' comm -23 <(cut -f 1,2,6 "$scratch/first" | sort) <(cut -f 1,2,6 "$scratch/new.view" | sort)
expect_exit 0 'and once more: nothing' migrate --json --user "${jean[0]}" /root/again.tar.gz
said '0 imported' "(d['imported'], d['present']) == (0, $messages + 9)"

# --- how it comes, and to whom ---

for format in bzip2 xz zstd cat; do
	$format <"$scratch/jean.tar" >"$scratch/jean.$format"
	lab copy "$new" "$scratch/jean.$format" "/root/jean.$format"
	expect_match "a tar by $format" "^$messages messages would be imported" migrate --dry-run --user neuf@exemple.fr "/root/jean.$format"
done
from_input() { # ARGUMENT...
	on timeout 120 mailsetup migrate-maildir - "$@" <"$scratch/jean.tar.gz"
}
expect_match 'from standard input, to a user without a mail directory' "^imported $messages messages, 0 present" from_input --user neuf@exemple.fr
view neuf@exemple.fr >"$scratch/after"
expect_same 'it is the same mailbox' "$scratch/first" "$scratch/after"
expect_exit 2 'without --user: 2' migrate /root/jean.tar.gz
expect_match 'and the error names it' '\-\-user' cat "$scratch/last"
expect_exit 2 'for an address that is no account: 2' migrate --user personne@exemple.fr /root/jean.tar.gz
expect_exit 2 'no such archive: 2' migrate --user "${jean[0]}" /root/nothing
expect_exit 2 'no archive: 2' migrate --user "${jean[0]}"

letter() { # MAILBOX N...: on this machine, in $scratch/tree
	local n
	mkdir -p "$scratch/tree/$1"/{cur,new,tmp,.Sent/{cur,new,tmp}}
	for n in "${@:2}"; do
		printf 'From: a@ancien.example\nSubject: t%s\n\nCorps %s.\n' "$n" "$n" >"$scratch/tree/$1/cur/15000000$n.M1P1.ancien:2,S"
		printf 'From: a@ancien.example\nSubject: s%s\n\nCorps %s.\n' "$n" "$n" >"$scratch/tree/$1/.Sent/cur/15000000$n.M2P2.ancien:2,S"
	done
}
letter exemple.fr/neuf 10 11
letter marie/Maildir 12
letter exemple.fr/inconnu 13
letter root/Maildir 14
letter ancien.example/paul 15
tar -C "$scratch/tree" -czf "$scratch/tree.tar.gz" .
lab copy "$new" "$scratch/tree.tar.gz" /root/tree.tar.gz
expect_exit 2 'several mailboxes with --user: 2' migrate --user "${jean[0]}" /root/tree.tar.gz
expect_text 'and nothing was imported' 0 count "${jean[0]}" SUBJECT t10
expect_exit 1 'a tree with mailboxes that have no account: 1' migrate --json /root/tree.tar.gz
said 'the others are imported' "(d['imported'], sorted({f['mailbox'] for f in d['folders']})) == (6, ['marie@exemple.fr', 'neuf@exemple.fr'])"
said 'those without account are named' 'len(d["without_account"]) == 3 and all(any(x in y for y in d["without_account"]) for x in ("inconnu", "root", "paul"))'
expect_text 'domain/user: there' 1 count neuf@exemple.fr mailbox INBOX SUBJECT t11
expect_text 'user/Maildir: there, folders too' 1 count marie@exemple.fr mailbox Sent SUBJECT s12
expect_text 'the one of another domain is nobody'\''s' 0 count paul@exemple.fr
expect_exit 1 'again, in words, and with --map' migrate --map ancien.example/paul=paul@exemple.fr /root/tree.tar.gz
cp "$scratch/output" "$scratch/said"
expect_match 'the mapped one is imported' '^imported 2 messages, 6 present already, 0 refused' cat "$scratch/said"
expect_match 'how to make an account is said' 'inconnu@exemple\.fr' cat "$scratch/said"
expect_text 'the mapped one: there' 1 count paul@exemple.fr mailbox INBOX SUBJECT t15
expect_exit 2 '--map to an address that is no account: 2' migrate --map root/Maildir=personne@exemple.fr /root/tree.tar.gz
head -c 20000 "$scratch/jean.tar.gz" >"$scratch/short.tar.gz"
lab copy "$new" "$scratch/short.tar.gz" /root/short.tar.gz
disk "$mailboxes" >"$scratch/before"
expect_exit 3 'an archive that was cut short: 3' migrate --user marie@exemple.fr /root/short.tar.gz
disk "$mailboxes" >"$scratch/after"
expect_same 'and nothing of it stays' "$scratch/before" "$scratch/after"

# --- taken back ---

marie=marie@exemple.fr
check '(mail of before)' deliver "$marie" avant
view "$marie" >"$scratch/before"
expect_exit 0 'an import beside mail that is there' migrate --json --user "$marie" /root/jean.tar.gz
import=$(done_event 'd["import"]')
moved=$(awk -F '\t' '$1 == "Archives.2019" && $5 ~ /^m3/ { print $5 }' "$scratch/first" | sed -n 9p)
on doveadm move -u "$marie" Archive mailbox Archives.2019 SUBJECT "$moved"
check '(mail of after)' deliver "$marie" apres
expect_exit 0 'the import is undone' migrate --undo "$import"
view "$marie" >"$scratch/after"
stays() {
	without_uid "$scratch/before"
	without_uid "$scratch/first" | grep $'\t'"$moved"$'\t' | sed 's/^Archives\.2019/Archive/'
	without_uid "$scratch/after" | grep $'\tapres\t'
}
expect_same 'what it brought is gone; what was there, what came since and what the user has moved stay' <(stays | LC_ALL=C sort) \
	<(without_uid "$scratch/after")
expect_exit 2 'it cannot be undone twice' migrate --undo "$import"
expect_text 'folders that it made and left empty are gone' '' on sh -c "ls -d $box/marie/.Archives* 2>/dev/null || true"
expect_exit 0 'and may be imported again' migrate --json --user "$marie" /root/jean.tar.gz
said 'whole' "d['imported'] == $messages"

# --- an account for it ---

add() { # PASSWORD ADDRESS [ARGUMENT...]
	printf '%s\n' "$1" | on mailsetup user add --password-stdin "${@:2}"
}
check 'user add makes an account' add 'un mot de passe é' Lucie@exemple.fr --name 'Lucie Été'
check 'it is live at once' imap lucie@exemple.fr 'un mot de passe é' INBOX -X 'EXAMINE INBOX'
expect_text 'its row is as the guide writes it' 'Lucie Été|exemple.fr/lucie/|3000|3000|utilisateur|1' \
	sql "SELECT nom_complet, rep_perso, uid, gid, privilege, active FROM postfix_utilisateurs WHERE utilisateur = 'lucie@exemple.fr'"
expect_exit 4 'not twice' add 'un mot de passe' lucie@exemple.fr
expect_exit 2 'not in a domain of another' add 'un mot de passe' lucie@ailleurs.fr
expect_exit 2 'not without a password' add '' personne@exemple.fr
expect_exit 2 'not with another privilege' add 'un mot de passe' personne@exemple.fr --privilege chef
expect_exit 2 'not without an address' on mailsetup user add
expect_text '(no account came of that)' 0 sql "SELECT count(*) FROM postfix_utilisateurs WHERE utilisateur LIKE 'personne%' OR utilisateur LIKE '%ailleurs%'"

# --- killed ---

paul=paul@exemple.fr
# Two mailboxes to start from: none, and one that is in use.
on rm -rf "$box/paul"
deliver "$paul" avant
on doveadm mailbox create -u "$paul" Archives.2019
on doveadm copy -u "$paul" Archives.2019 mailbox INBOX all
on cp -a "$box/paul" /root/paul.in-use

# In the host: the mailbox as it was, an import that is killed, Dovecot's view, the same or `resume`, the view again.
# shellcheck disable=SC2016  # for the shell in the host
killed='start=$1 kill=$2 again=$3 user=paul@exemple.fr box=/var/mail/utilisateurs/exemple.fr/paul
	rm -rf "$box"
	[ "$start" = none ] || cp -a /root/paul.in-use "$box"
	view() { timeout 150 doveadm -f json fetch -u "$user" "mailbox uid flags date.received text" all >/run/view."$1" || echo "view $1 fails"; }
	set -- migrate-maildir --user "$user" --json /root/jean.tar.gz
	case $kill in
	log) MAILSETUP_SEAM_LOG=/run/seam /root/mailsetup-seam "$@" >/run/said 2>&1 ;;
	after*)
		mailsetup "$@" >/run/said 2>&1 &
		sleep "${kill#after}"
		kill -KILL $! 2>/dev/null
		wait $! ;;
	*) MAILSETUP_SEAM_DIE=$kill /root/mailsetup-seam "$@" >/run/said 2>&1 ;;
	esac
	echo "status $?"
	ls -d /var/mail/utilisateurs/.mailsetup-import-* 2>/dev/null
	[ -z "$(setpriv --reuid=nobody --regid=nogroup --clear-groups find /var/mail/utilisateurs /var/lib/mailsetup -mindepth 1 2>/dev/null)" ] ||
		echo "nobody reads"
	[ "$again" = same ] || view killed
	# Killed before it was written down, an import is nothing that could go on.
	resumed=no
	[ "$again" != resume ] || { mailsetup resume --json >/run/said 2>&1 && grep -q "\"imported\":" /run/said && resumed=yes; }
	status=0
	[ $resumed = yes ] || mailsetup "$@" >/run/said 2>&1 || status=$?
	echo "again $status"
	echo "resumed $resumed"
	cat /run/said
	view end
	find /var/mail/utilisateurs -name ".mailsetup*" -o -name "*.lock" | sed "s/^/left /"'
run_killed() { # START KILL AGAIN
	on sh -c "$killed" sh "$@" >"$scratch/killed"
	on sh -c 'cat /run/view.end' | /usr/bin/python3 "$scratch/view.py" >"$scratch/end"
}
survives() { # START KILL AGAIN
	run_killed "$@" && cat "$scratch/killed" && cat "$scratch/end" >>"$scratch/killed" || return 1
	! grep -E '^(view .* fails|nobody reads|left )' "$scratch/killed" || return 1
	# 1: its worker alone was killed.
	[[ $2 == after* ]] || grep -Eq '^status (137|1)$' "$scratch/killed" || return 1
	dead=$((dead + $(grep -c '^status 137$' "$scratch/killed")))
	grep -q '^again 0$' "$scratch/killed" || return 1
	resumed=$((resumed + $(grep -c '^resumed yes$' "$scratch/killed")))
	if [[ $3 != same ]]; then
		on cat /run/view.killed | /usr/bin/python3 "$scratch/view.py" >/dev/null || return 1
	fi
	# Dovecot gives a message its UID when it first sees it, and it saw some of these before the others.
	if [[ $1 == none ]]; then
		diff "$scratch/whole.$1" "$scratch/end"
	else
		diff <(without_uid "$scratch/whole.$1") <(without_uid "$scratch/end")
	fi
}
actions=()
for start in none in-use; do
	# Written by root and by the owner of the mailboxes.
	on install -m 0666 /dev/null /run/seam
	run_killed "$start" log same
	expect_match "$start: an import that nobody disturbs" '^status 0$' cat "$scratch/killed"
	cp "$scratch/end" "$scratch/whole.$start"
	on cp /run/seam "/run/seam.$start"
	actions+=("$(on sh -c 'wc -l </run/seam')")
done
check "(${actions[*]} durable actions)" test "${actions[0]}" -ge 15 -a "${actions[1]}" -ge 15
points=0 resumed=0 dead=0
again=(same look resume)
spread() { # TO COUNT
	awk -v b="$1" -v n="$2" 'BEGIN { for (i = 0; i < n; i++) print int(1 + (b - 1) * (i + 0.5) / n) }'
}
for n in $(spread "${actions[0]}" 15); do
	check "killed at action $n of ${actions[0]}, then ${again[points % 3]}" survives none "$n" "${again[points % 3]}"
	points=$((points + 1))
done
for n in $(spread "${actions[1]}" 15); do
	check "in use: killed at action $n of ${actions[1]}, then ${again[points % 3]}" survives in-use "$n" "${again[points % 3]}"
	points=$((points + 1))
done
for seconds in 0.05 0.1 0.15 0.2; do
	check "shot after $seconds s" survives in-use "after$seconds" "${again[points % 3]}"
	points=$((points + 1))
done

check '(at 25 or more of them the whole of it was dead)' test "$dead" -ge 25
check '(five or more of them by resume alone)' test "$resumed" -ge 5

# Another archive, while an import is unfinished.
letter Maildir 16
tar -C "$scratch/tree" -czf "$scratch/one.tar.gz" Maildir
lab copy "$new" "$scratch/one.tar.gz" /root/one.tar.gz
middle=$(on sed -n 's/^\([0-9]*\) rename-mailbox .*/\1/p' /run/seam.none | tail -1)
on rm -rf "$box/paul"
expect_exit 137 '(an import is killed while it comes in)' on env "MAILSETUP_SEAM_DIE=$middle" /root/mailsetup-seam migrate-maildir \
	--user "$paul" /root/jean.tar.gz
capture migrate --user "$paul" /root/one.tar.gz
record "$((status != 4 && status != 0))" 'another archive meanwhile: refused with 4, or the first one is brought to its end' "exit status $status"
on sh -c 'mailsetup resume || true' >"$scratch/dialogue" 2>&1
view "$paul" >"$scratch/after"
expect_same 'the import that was unfinished is whole' "$scratch/whole.none" <(grep -v $'\t[ts]16\t' "$scratch/after")

# --- one at a time ---

busy() {
	on sh -c '(cat /root/jean.cat; sleep 4) | mailsetup migrate-maildir - --user paul@exemple.fr >/dev/null 2>&1 & sleep 2
		mailsetup migrate-maildir /root/jean.tar.gz --user paul@exemple.fr; status=$?; wait; exit $status'
}
expect_exit 5 'a second import at the same time: 5' busy

# --- a rollback keeps the mail ---

mails() {
	on sh -c "cd $mailboxes && find . -type f '(' -path '*/cur/*' -o -path '*/new/*' ')' -exec sha256sum {} +" | LC_ALL=C sort
}
mails >"$scratch/before"
sql "DELETE FROM postfix_utilisateurs WHERE utilisateur != '$admin'"
expect_exit 0 'rollback' on mailsetup rollback --yes
mails >"$scratch/after"
expect_same 'keeps every message' "$scratch/before" "$scratch/after"
check '(there are some)' test "$(wc -l <"$scratch/after")" -gt $((3 * messages))

finish
