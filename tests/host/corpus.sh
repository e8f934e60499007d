#!/usr/bin/env bash
# Hostile, damaged and odd archives (tests/corpus/archives.py) on one installed host: what comes over, what is refused, and that
# nothing outside the mailbox changes, whatever an archive holds.
. "$(dirname "$0")/lib.sh"

mailboxes=/var/mail/utilisateurs
user=corpus@exemple.fr
mailbox=$mailboxes/exemple.fr/corpus
archives=/root/corpus
memory_limit=65536 # kB, of all its processes at one time

/usr/bin/python3 tests/corpus/archives.py "$scratch/corpus"
installed_host
add_mailbox "$user" secret-du-corpus
add_mailbox victime@exemple.fr secret-de-victime
lab copy "$host" "$scratch/corpus" "$archives"

# A neighbour's message, which archives try to reach.
victim=$mailboxes/exemple.fr/victime
on install -d -o 3000 -g 3000 -m 0700 "$mailboxes/exemple.fr" "$victim"{,/cur,/new,/tmp}
on install -o 3000 -g 3000 -m 0600 -T /etc/debian_version "$victim/cur/1500000001.M1P1.victime:2,S"

# In the host: empties the mailbox, imports, and writes to /run/case what came of it. Memory that
# several processes share is counted once.
# shellcheck disable=SC2016  # for the shell in the host
runner='user=$1 mailbox=$2 peak=0
	shift 2
	rm -rf "$mailbox" /run/case && mkdir /run/case && cd /run/case
	begun=$(date +%s)
	timeout --kill-after=5 60 mailsetup migrate-maildir "$@" >said 2>errors </dev/null &
	pid=$!
	while kill -0 $pid 2>/dev/null; do
		set --
		for process in $(pgrep -x mailsetup); do set -- "$@" /proc/$process/smaps_rollup; done
		now=$([ $# = 0 ] || awk "/^Pss:/ { sum += \$2 } END { print sum }" "$@" 2>/dev/null)
		[ "${now:-0}" -le $peak ] || peak=$now
		sleep 0.02
	done
	wait $pid
	echo "status $?"
	echo "peak $peak"
	echo "seconds $(($(date +%s) - begun))"
	[ ! -e "$mailbox" ] || find "$mailbox" "(" ! -type f ! -type d ! -path "$mailbox/sieve/.dovecot.sieve" ")" -printf "odd %p: %y\n" \
		-o "(" ! -user 3000 -o ! -group 3000 ")" -printf "odd %p: %U:%G\n" -o -type d ! -perm 0700 -printf "odd %p: %m\n" \
		-o -type f ! -name "dovecot-uidvalidity.*" "(" ! -perm 0600 -o -links +1 ")" -printf "odd %p: %m, %n links\n"
	[ ! -e "$mailbox" ] || echo "files $(find "$mailbox" -type f -path "*/cur/*" -o -type f -path "*/new/*" | wc -l)"
	find /var/mail/utilisateurs -maxdepth 1 -name ".*" -printf "odd %p: left behind\n"
	pgrep -x mailsetup | sed "s/^/odd process /"
	[ ! -e "$mailbox/cur" ] || echo "counted $(doveadm fetch -u "$user" uid mailbox "*" | grep -c ^uid:)"
	echo "said:"
	cat said errors'

# try ARGUMENT...: one import into the empty mailbox
try() {
	on sh -c "$runner" sh "$user" "$mailbox" "$@" >"$scratch/case"
}

value() { # NAME
	sed -n "s/^$1 //p;/^said:$/q" "$scratch/case"
}

imported() {
	sed '1,/^said:$/d' "$scratch/case" | /usr/bin/python3 -c 'import json, sys
for line in sys.stdin:
    event = json.loads(line)
    if event.get("event") == "done":
        print(event["imported"])'
}

in_range() { # NUMBER RANGE
	((${1:-0} >= ${2%-*} && ${1:-0} <= ${2#*-}))
}

wrong=''
must() { # WHAT CMD...
	"${@:2}" || wrong+="$1; "
}

control_characters() {
	LC_ALL=C grep -q $'[\001-\010\013-\037\177]' "$scratch/case"
}

# judge EXITS REGEX COUNT ARGUMENT...
judge() {
	local status files=0
	wrong=''
	must 'no answer' try "${@:4}"
	cat "$scratch/case"
	status=$(value status)
	files=$(value files)
	must "exit status $status instead of $1" in_list "$status" "$1"
	must "nothing fits $2" grep -Eq -e "$2" "$scratch/case"
	must 'something odd' test -z "$(value odd)"
	must "$(value peak) kB of memory" test "$(value peak)" -le "$memory_limit"
	must 'a control character' eval '! control_characters'
	if ((status > 1)); then
		must "$files files stay" test "${files:-0}" -eq 0
	else
		must "$files messages instead of $3" in_range "$files" "$3"
		must "Dovecot counts $(value counted), not $files" test "$(value counted)" = "$files"
		must "it says $(imported), not $files" test "$(imported)" = "$files"
	fi
	printf '%s\t%s\t%s\t%s\n' "${4##*/}" "$status" "$(value peak)" "$(value seconds)" >>"$scratch/measured"
	[[ -z $wrong ]] || { echo "WRONG: $wrong" && return 1; }
}
in_list() { # VALUE LIST
	[[ ,$2, == *,$1,* ]]
}

# Everything but this mailbox. What a daemon writes by itself is left out; a hard link shows as a count, a directory's time does not.
elsewhere() {
	on find / -xdev '(' -path "$mailbox" -o -path /var/lib/mailsetup -o -path /var/log -o -path /run -o -path /tmp -o -path /proc \
		-o -path /sys -o -path /dev -o -path /var/lib/dovecot -o -path /var/spool/postfix -o -path /var/lib/postfix ')' -prune \
		-o -type d -printf '%p %y %i %m %U:%G\n' -o -printf '%p %y %i %n %m %U:%G %s %T@ %C@ %l\n' | LC_ALL=C sort
}
unharmed() { # WHAT
	elsewhere >"$scratch/now"
	expect_same "$1: nothing outside the mailbox has changed" "$scratch/elsewhere" "$scratch/now"
}
elsewhere >"$scratch/elsewhere"
check '(the list sees the machine)' test "$(wc -l <"$scratch/elsewhere")" -gt 5000

# --- the corpus ---

check '(at least 150 archives)' test "$(wc -l <"$scratch/corpus/table")" -ge 150
group=''
while IFS=$'\t' read -r name exits regex count <&3; do
	[[ -z $group || ${name%%-*} == "$group" ]] || unharmed "$group"
	group=${name%%-*}
	check "$name" judge "$exits" "$regex" "$count" "$archives/$name" --user "$user" --json
done 3<"$scratch/corpus/table"
unharmed "$group"

# --- what stands in the place of the archive ---

good=$archives/18-modes
on sh -c "ln -s $good /root/link.tar && mkfifo /root/pipe && mkdir /root/folder && ln -s /root/loop /root/loop"
check '28: a symbolic link to the archive is the archive' judge 0 . 4 /root/link.tar --user "$user" --json
check '28: a fifo that nobody writes does not hold it' judge 2,3 . 0 /root/pipe --user "$user" --json
check '28: /dev/zero' judge 2,3 . 0 /dev/zero --user "$user" --json
check '28: /dev/null' judge 2,3 . 0 /dev/null --user "$user" --json
check '28: a directory' judge 2,3 . 0 /root/folder --user "$user" --json
check '28: a symbolic link to itself' judge 2,3 . 0 /root/loop --user "$user" --json
check '28: no such file' judge 2 'nothing-here' 0 /root/nothing-here --user "$user" --json
check '28: no file at all' judge 2 . 0 --user "$user" --json
on rm -r /root/link.tar /root/pipe /root/folder /root/loop

# --- users ---

check '30: a user who is none' judge 2 'personne@exemple\.fr' 0 "$good" --user personne@exemple.fr --json
check '30: a user who is no address' judge 2 . 0 "$good" --user '../victime' --json
check '30: another domain' judge 2 . 0 "$good" --user corpus@dehors.example --json

# --- what a terminal is shown ---

judge_text() { # ARCHIVE
	try "$1" --user "$user"
	cat "$scratch/case"
	! control_characters && grep -q '^imported 2 messages, .* 1 refused' "$scratch/case"
}
check 'names with ESC do no harm on a terminal' judge_text "$archives/20-escape"
unharmed 28

sort -t $'\t' -k3,3nr "$scratch/measured" | sed -n '1,3s/^/# most memory (exit, kB, s): /p'
sort -t $'\t' -k4,4nr "$scratch/measured" | sed -n '1,3s/^/# longest (exit, kB, s): /p'

echo "# $(find "$scratch/corpus" -type f | wc -l) archives"

finish
