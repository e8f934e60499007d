#!/usr/bin/env bash
# `mailsetup queue` on a real server, whose mail has nowhere to go: no server listens outside. Under 90 s.
. "$(dirname "$0")/lib.sh"

installed_host
lab copy "$host" "$scratch/mailsetup" /usr/local/sbin/mailsetup

send() { # SUBJECT [RECIPIENT...]
	printf 'Subject: %s\n\nle corps\033[31m rouge\n' "$1" | on sendmail -f moi@exemple.fr "${@:2}"
}
queue() {
	on mailsetup queue "$@"
}
json() { # EXPRESSION over `d`, the last document of standard output
	/usr/bin/python3 -c 'import json, sys
d = json.loads(sys.stdin.read().splitlines()[-1])
print(eval(sys.argv[1]))' "$1"
}
states() { # "ID QUEUE" a line, oldest first
	queue list --json | json '"\n".join(m["id"] + " " + m["queue"] for m in d["messages"])'
}
state_of() { # ID
	states | sed -n "s/^$1 //p"
}
is_in() { # ID QUEUE
	[[ $(state_of "$1") == "$2" ]]
}
deferred() { # COUNT
	(($(states | grep -c deferred) == $1))
}

# --- list ---

expect_match 'an empty queue says so' '^the queue is empty$' queue list
expect_match 'and does so in one document' '^\{"messages":\[\],"count":0,"size":0\}$' queue list --json
send premier un@dehors.example
sleep 1
send deuxieme un@dehors.example deux@dehors.example trois@dehors.example quatre@dehors.example
send troisieme trois@dehors.example
check 'three messages wait' within 20 deferred 3
expect_match 'oldest first, with who and to whom' '^[0-9A-F]+ +[0-9]+ s +[0-9]+ B  deferred  moi@exemple.fr -> un@dehors.example$' queue list
expect_match 'and why' 'connect to mx.dehors.example\[[0-9a-f:.]+\]:25: Connection refused$' queue list
expect_match 'of many recipients, some, and how many more' '-> [a-z]+@dehors.example, [a-z]+@dehors.example, [a-z]+@dehors.example and 1 more$' queue list
expect_match 'all of them when asked' '([a-z]+@dehors.example, ){3}[a-z]+@dehors.example$' queue list --verbose
expect_match 'and the sum' '^3 in the queue \(3 deferred, 0 on hold\)' queue list
mapfile -t ids < <(states | cut -d' ' -f1)
expect_text 'JSON has each recipient with its reason' 'moi@exemple.fr 4 4' \
	sh -c 'tests/lab/lab exec "$0" mailsetup queue list --json | /usr/bin/python3 -c "import json, sys
m = [m for m in json.load(sys.stdin)[\"messages\"] if len(m[\"recipients\"]) == 4][0]
print(m[\"sender\"], len(m[\"recipients\"]), sum(\"refused\" in r[\"reason\"] for r in m[\"recipients\"]))"' "$host"
expect_exit 3 'not for everyone' as_nobody mailsetup queue list

# --- hold, release ---

expect_text 'hold puts one aside' '1 message put on hold' queue hold "${ids[0]}"
expect_text 'which Postfix agrees to' hold state_of "${ids[0]}"
expect_text 'twice changes nothing, and says so' '{"event":"done","changed":false,"count":0}' queue hold --json "${ids[0]}"
expect_exit 4 'what is on hold is not flushed' queue flush "${ids[0]}"
expect_match 'but said to be so' 'is on hold: `mailsetup queue release' cat "$scratch/last"
expect_text 'all is requeued but what is on hold' '2 messages requeued' queue requeue --all
requeued=$(states | sed -n 's/ maildrop$//p' | head -n 1)
expect_exit 4 'what is being requeued is not held' queue hold "${ids[0]}" "$requeued"
expect_match 'which is said' "$requeued is being requeued; nothing was changed.*queue flush" cat "$scratch/last"
expect_text 'which stays so' hold state_of "${ids[0]}"
expect_text 'release' '{"event":"done","changed":true,"count":1}' queue release --json "${ids[0]}"
expect_text 'what is not on hold is not changed by it' '{"event":"done","changed":false,"count":0}' queue release --json "${ids[0]}"
check 'pickup is told to look' queue flush
check 'the requeued ones wait again' within 20 deferred 3
mapfile -t ids < <(states | cut -d' ' -f1)
expect_text 'several at once, each counted once' '2 messages put on hold' queue hold "${ids[0]}" "${ids[1]}" "${ids[0]}"
expect_text 'a held one that is named is requeued' '1 message requeued' queue requeue "${ids[0]}"
check 'taken up by a flush' queue flush
check 'with the others' within 20 deferred 2
expect_text 'quiet says nothing' '' queue release --quiet "${ids[1]}"
mapfile -t ids < <(states | cut -d' ' -f1)

# --- show ---

expect_match 'show has the envelope' '^sender: moi@exemple.fr$' queue show "${ids[0]}"
expect_match 'the header' '^Subject: (premier|deuxieme|troisieme)$' queue show "${ids[0]}"
expect_match 'and the body, raw in a pipe' $'^le corps\033\\[31m rouge$' queue show "${ids[0]}"
expect_no_match 'headers alone, without it' '^le corps' queue show --headers "${ids[0]}"
expect_match 'JSON has all of it' '"content":"\*\*\* ENVELOPE.*Subject: .*le corps' queue show --json "${ids[0]}"
on_terminal() { # WORDS: typed answer on standard input
	script -qec "tests/lab/lab exec $host script -qec '$1' /dev/null" /dev/null
}
expect_match 'on a terminal nothing of it acts' '^le corps\?\[31m rouge' on_terminal "mailsetup queue show ${ids[0]}" </dev/null

# --- ids ---

for bad in ALL - '' -d 'A B' ../../etc/passwd '*' 12345 $'ABCDEF\n123456' ABCDEFG; do
	expect_exit 2 "no queue id: $(printf %q "$bad")" queue delete -- "$bad"
done
expect_exit 2 'one that is not there is refused' queue delete ABCDEF012345
expect_match 'by its name' 'ABCDEF012345 is not in the queue' cat "$scratch/last"
expect_exit 2 'and so are all that came with it' queue delete "${ids[0]}" ABCDEF012345
check 'of which none went' is_in "${ids[0]}" deferred
expect_exit 2 'neither ids nor --all' queue requeue
expect_exit 2 'nor both' queue delete --all "${ids[0]}"

# --- flush ---

expect_text 'flush asks for all' '3 messages tried again now; `mailsetup queue list` shows what stays' queue flush
expect_match 'and for one' '^1 message tried again' queue flush "${ids[0]}"

# --- long ids ---

on postconf enable_long_queue_ids=yes
on postfix reload 2>/dev/null
send long un@dehors.example
check 'a long id is one, too' within 20 deferred 4
long=$(states | grep -E '^[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{10,}z[0-9A-Za-z]+ ' | cut -d' ' -f1)
check 'made of letters without vowels' test -n "$long"
expect_text 'that can be held' '1 message put on hold' queue hold "$long"
expect_text 'and deleted' '1 message deleted' queue delete "$long"

# --- Postfix stopped ---

on systemctl stop postfix
expect_match 'the queue can be read while Postfix is stopped' '^3 in the queue' queue list
expect_exit 3 'but not sent' queue flush
expect_match 'the next command is said' 'Postfix does not run.*systemctl start postfix' cat "$scratch/last"
on systemctl start postfix

# --- delete ---

expect_text 'delete' '1 message deleted' queue delete "${ids[0]}"
expect_text 'that one is gone' '' state_of "${ids[0]}"
expect_exit 2 'delete --all without a terminal wants --yes' queue delete --all
expect_match 'and says what would be lost' '2 in the queue would be lost; add --yes' cat "$scratch/last"
expect_match 'on a terminal it asks' 'Delete all 2 in the queue' on_terminal 'mailsetup queue delete --all' <<<n
check 'no is no' deferred 2
on systemctl stop postfix # nothing may go between the count and the end
expect_text 'with --yes, all go' '{"event":"done","changed":true,"count":2}' queue delete --all --yes --json
expect_text 'none is left' '' states
expect_text 'nothing to delete is no error' '{"event":"done","changed":false,"count":0}' queue delete --all --json
on systemctl start postfix

# --- many ---

on postfix stop 2>/dev/null || true
many() { # copies of one queue file, each by the name that its inode wants
	send modele un@dehors.example && on sh -c '
		cd /var/spool/postfix/maildrop && set -- * && model=$1 && usec=10000
		mkdir -p /var/spool/postfix/deferred && for i in $(seq 5000); do cp -p "$model" t && id=$(printf "%05X%X" $((usec + i)) "$(stat -c %i t)") && mv t "$id"; done; rm "$model"; ls | wc -l'
}
expect_text 'five thousand messages are made' 5000 many
expect_text 'all are listed' 5000 sh -c 'tests/lab/lab exec "$0" mailsetup queue list --json | /usr/bin/python3 -c "import json, sys; print(json.load(sys.stdin)[\"count\"])"' "$host"
quick() {
	local begin=${EPOCHREALTIME/./} && queue list >/dev/null && echo "$(((${EPOCHREALTIME/./} - begin) / 1000)) ms" &&
		(((${EPOCHREALTIME/./} - begin) < 10000000))
}
check 'within ten seconds' quick
comment <"$scratch/output"
expect_text 'all are deleted at once' '{"event":"done","changed":true,"count":5000}' queue delete --all --yes --json

finish
