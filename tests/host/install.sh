#!/usr/bin/env bash
# One install on a bare host, and what is there afterwards.
. "$(dirname "$0")/lib.sh"

canary=canari-$RANDOM$RANDOM-mot-de-passe
witness=temoin-$RANDOM$RANDOM

# Prints each secret that stands in a command line or an environment, as long as /run/watch exists.
watch_processes() {
	# shellcheck disable=SC2016  # for the shell in the host
	on sh -c 'while [ -e /run/watch ]; do
		grep -ahoF -f /run/watch /proc/[0-9]*/cmdline /proc/[0-9]*/environ
		sleep 0.2
	done' 2>/dev/null
}

install_watched() {
	local seen=$scratch/seen watcher witness_pid
	printf '%s\n' "$canary" "$witness" | on sh -c 'umask 077; cat >/run/watch'
	watch_processes >"$seen" &
	watcher=$!
	on env "TEMOIN=$witness" sleep 900 &
	witness_pid=$!
	status=0
	printf '%s\n' "$canary" |
		on mailsetup install --domain exemple.fr --admin "$admin" --password-stdin \
			>"$scratch/out" 2>"$scratch/err" || status=$?
	kill "$witness_pid"
	wait "$witness_pid" 2>/dev/null || true
	on mv /run/watch /run/watched
	wait "$watcher" || true
	cat "$scratch/err" "$scratch/out" >"$scratch/output"
}

links() {
	on sh -c 'ls /sys/class/net && find /proc/[0-9]*/ns/net -printf "%l\n" 2>/dev/null | sort -u && ls -A /run | grep netns || true'
}

fresh_host
links=$(links)
install_watched
record "$status" 'install exits 0 on a bare host' "exit status $status"

# --- what it says ---

on mailsetup steps --json >"$scratch/steps.json"
mapfile -t steps < <(/usr/bin/python3 -c 'import json, sys
for step in json.load(open(sys.argv[1]))["steps"]: print(step["name"])' "$scratch/steps.json")
timed() {
	local step
	((${#steps[@]} >= 12)) || return 1
	for step in "${steps[@]}"; do
		grep -Eq "^\[ *[0-9]+/${#steps[@]}\] [^ ]+ $step .* [0-9]+\.[0-9] s$" "$scratch/out" ||
			{ echo "no line with a time for $step" && return 1; }
	done
}
check 'a line with its time for each step' timed
expect_match 'apt shows its progress in a few plain lines' '^packages: +[0-9]+ %' cat "$scratch/out" "$scratch/err"
check 'not in a flood of them' test "$(cat "$scratch/out" "$scratch/err" | grep -c '^packages: ')" -lt 30
expect_no_match 'no escape sequence in a file' $'\e' cat "$scratch/out" "$scratch/err"
record_line() { # TYPE REGEX
	expect_match "it names the $1 record to publish" "$2" cat "$scratch/out"
}
record_line A '^mail\.exemple\.fr\.[[:space:]]+IN[[:space:]]+A[[:space:]]+198\.51\.100\.10$'
record_line AAAA '^mail\.exemple\.fr\.[[:space:]]+IN[[:space:]]+AAAA[[:space:]]+2001:db8::10$'
record_line MX '^exemple\.fr\.[[:space:]]+IN[[:space:]]+MX[[:space:]]+10 mail\.exemple\.fr\.$'
record_line SPF '^exemple\.fr\.[[:space:]]+IN[[:space:]]+TXT[[:space:]]+"v=spf1 .*-all"$'
record_line DKIM '^mail\._domainkey\.exemple\.fr\.[[:space:]]+IN[[:space:]]+TXT[[:space:]]+"v=DKIM1; .*p='
record_line DMARC '^_dmarc\.exemple\.fr\.[[:space:]]+IN[[:space:]]+TXT[[:space:]]+"v=DMARC1; p='
record_line PTR '^10\.100\.51\.198\.in-addr\.arpa\.[[:space:]]+IN[[:space:]]+PTR[[:space:]]+mail\.exemple\.fr\.$'
expect_match 'it names the ports to open' '25 .*465 and 587' cat "$scratch/out"
check 'IMAP and Sieve among them' grep -qz '143.*993.*4190' "$scratch/out"
expect_match 'it says how to add a mailbox' 'mailsetup user add ADDRESS' cat "$scratch/out"

# --- the journal ---

on journalctl -t mailsetup -o json >"$scratch/journal"
in_journal() {
	/usr/bin/python3 -c 'import json, sys
done = set()
for line in open(sys.argv[1]):
    entry = json.loads(line)
    if entry.get("MAILSETUP_EVENT") == "step-done": done.add(entry["MAILSETUP_STEP"])
missing = set(sys.argv[2:]) - done
print("not in the journal:", missing)
sys.exit(bool(missing))' "$scratch/journal" "${steps[@]}"
}
check 'each step is in the journal, by its field MAILSETUP_STEP' in_journal
expect_match 'journalctl finds a step by the field' 'step dkim done' on journalctl -o cat MAILSETUP_STEP=dkim

# --- secrets ---

expect_no_match 'the password was in no command line and no environment' "$canary" cat "$scratch/seen"
expect_match '(one that was in an environment would have been seen)' "$witness" cat "$scratch/seen"
expect_exit 1 'the password is in no file' on grep -rlaF -f /run/watched \
	/etc /var/log /var/lib /var/cache /var/spool /var/mail /var/backups /root /home /usr/local
on logger "$witness"
expect_match '(the journal has what is logged)' "$witness" on journalctl --all -o export
expect_no_match 'the password is not in the journal' "$canary" on journalctl --all -o export
expect_match 'the password opens the mailbox' 'Mailbox exists|EXISTS|INBOX' imap "$admin" "$canary" '' -X 'LIST "" *'
unreadable() { # PATH
	on test -s "$1" && expect_exit 1 "nobody cannot read $1" as_nobody cat "$1"
}
unreadable "$database"
unreadable /etc/postfix/tls/courriel.key
unreadable /etc/dkimkeys/clefs/exemple.fr/mail.private
unreadable /var/lib/mailsetup/state.db
check '(nobody reads what is public)' as_nobody cat /etc/postfix/tls/courriel.pem
expect_exit 2 'nobody cannot list the mailboxes' as_nobody ls /var/mail/utilisateurs

# --- the verdict ---

on mailsetup verify --json >"$scratch/verify" 2>&1 || true
finding() { # CHECK STATE
	/usr/bin/python3 -c 'import json, sys
for line in open(sys.argv[1]):
    event = json.loads(line)
    if event.get("check") == sys.argv[2]:
        print(event)
        sys.exit(event["state"] != sys.argv[3])
sys.exit(2)' "$scratch/verify" "$@"
}
expect_text 'verify: only one thing is unknown, the DKIM record, which no DNS has yet' dns-dkim verdict "$scratch/verify" unknown
expect_text 'verify: nothing failed' '' verdict "$scratch/verify" failed
expect_text 'verify: every check has answered' "$(on mailsetup verify --list | wc -l)" grep -c '"event":"finding"' "$scratch/verify"
expect_match 'verify says what to publish' 'mail\._domainkey\.exemple\.fr\. IN TXT' on mailsetup verify --only dns-dkim
publish_key exemple.fr
expect_exit 0 'verify exits 0' on mailsetup verify --only dns-dkim --json
cp "$scratch/output" "$scratch/verify"
check 'verify: the published record is ok' finding dns-dkim ok

# --- nothing is left of the test mail ---

expect_text 'one account, the administrator'\''s' "$admin" sql 'SELECT utilisateur FROM postfix_utilisateurs'
left() {
	# Fresh from the verification: daemons may still close what they had open.
	sleep 2
	on find /var/mail/utilisateurs -mindepth 1 -maxdepth 2
}
expect_no_match 'no Maildir of the test' 'mailsetup' left
expect_match 'the queue is empty' '^Mail queue is empty$' on mailq
expect_text 'no link and no network namespace is left' "$links" links
expect_exit 1 'no process of mailsetup is left' on pgrep -x mailsetup
expect_exit 1 'no policy-rc.d is left' on test -e /usr/sbin/policy-rc.d

# --- a second install ---

units=("$spamd" spamass-milter opendkim dovecot postfix "$postfix_daemon" mailsetup-learn.timer)
started() {
	on systemctl show -p Id -p ActiveEnterTimestampMonotonic "${units[@]}"
}
started >"$scratch/started.before"
file_list >"$scratch/files.before"
expect_exit 0 'a second install exits 0' on mailsetup install --no-verify
expect_match 'it says that nothing had to be changed' '^Nothing had to be changed\.$' cat "$scratch/last"
expect_exit 0 'with the same parameters given again, too' on mailsetup install --domain exemple.fr --admin "$admin" --no-verify --json
cp "$scratch/output" "$scratch/install.json"
expect_exit 0 'under a supervisor that ignores SIGCHLD, too' on env --ignore-signal=CHLD mailsetup install --no-verify
file_list >"$scratch/files.after"
started >"$scratch/started.after"
check '(the list of files is one)' test "$(wc -l <"$scratch/files.before")" -gt 5000
expect_same 'no file differs in inode, times, mode, owner or size' "$scratch/files.before" "$scratch/files.after"
expect_same 'no unit was restarted' "$scratch/started.before" "$scratch/started.after"
expect_exit 4 'an install for another domain is refused' on mailsetup install --domain autre.fr --no-verify

# --- questions ---

expect_match 'status: a step is done, with its date' 'dkim +done +20[0-9-]+ [0-9:]+ +[0-9.]+ s' on mailsetup status
expect_no_match 'status: no drift, nothing differs' 'drift|differs|unfinished|not done' on mailsetup status
expect_match 'steps lists them' '^ *[0-9]+ +services ' on mailsetup steps
json_output() { # CMD...
	on "$@" >"$scratch/json" && json_lines "$scratch/json"
}
check 'install --json is JSON line by line' json_lines "$scratch/install.json"
check 'verify --json is' json_lines "$scratch/verify"
check 'status --json is' json_output mailsetup status --json
check 'steps --json is' json_output mailsetup steps --json
check 'verify --list --json is' json_output mailsetup verify --list --json
sound_graph() {
	on mailsetup steps --dot >"$scratch/dot" && /usr/bin/python3 -c 'import re, sys
text = open(sys.argv[1]).read().strip()
count = int(sys.argv[2])
assert re.fullmatch(r"digraph \w+ \{\n(\t.*;\n)+\}", text), "frame"
nodes = re.findall(r"^\t\"([^\"]+)\" \[label=\"(?:[^\"\\]|\\.)*\"\];$", text, re.M)
edges = re.findall(r"^\t\"([^\"]+)\" -> \"([^\"]+)\";$", text, re.M)
lines = len(re.findall(r"^\t", text, re.M))
assert len(nodes) == count and len(set(nodes)) == count, "nodes"
assert all(a in nodes and b in nodes and nodes.index(a) < nodes.index(b) for a, b in edges), "edges"
assert len(edges) >= count - 1 and lines == len(nodes) + len(edges) + 3, "lines"' "$scratch/dot" "${#steps[@]}"
}
check 'steps --dot is a graph of all steps' sound_graph

# --- a reboot ---

lab reboot "$host"
on mailsetup verify --json >"$scratch/verify" 2>&1 || true
expect_text 'after a reboot no check is unknown' '' verdict "$scratch/verify" unknown
expect_text 'and none has failed' '' verdict "$scratch/verify" failed

finish
