# shellcheck shell=bash
# TAP for suites written in bash: a suite sources this first and calls `finish` last. One that ends before has failed.
#
# A function that is handed to an assertion runs without `set -e`: it joins its commands with &&.

set -Eeuo pipefail
shopt -s inherit_errexit
cd "$(dirname "${BASH_SOURCE[0]}")/.."

suite=$(basename "$0" .sh)
scratch=$(mktemp -d /tmp/mailsetup-test.XXXXXX)
number=0
failed=0
finished=no

# record STATUS WHAT [NOTE]: what the command under test wrote is in $scratch/output
record() {
	number=$((number + 1))
	if (($1 == 0)); then
		echo "ok $number - $2"
	else
		failed=$((failed + 1))
		echo "not ok $number - $2"
		[[ -z ${3-} ]] || printf '# %s\n' "$3"
		tail -n 30 "$scratch/output" 2>/dev/null | cut -c1-300 | sed 's/^/# /' || true
	fi
}

comment() {
	sed 's/^/# /'
}

# capture CMD...: sets status. What the command before wrote stays in $scratch/last, for one more look at it.
capture() {
	status=0
	[[ ! -e $scratch/output ]] || cp "$scratch/output" "$scratch/last"
	"$@" >"$scratch/output" 2>&1 || status=$?
}

check() { # WHAT CMD...
	capture "${@:2}"
	record "$status" "$1" "exit status $status"
}

expect_exit() { # STATUS WHAT CMD...
	capture "${@:3}"
	record "$((status != $1))" "$2" "exit status $status instead of $1"
}

# A line of the output fits the extended regular expression, whatever the exit status.
expect_match() { # WHAT REGEX CMD...
	capture "${@:3}"
	record "$(grep -Eq -e "$2" "$scratch/output" && echo 0 || echo 1)" "$1" "no line fits $2 (exit status $status)"
}

# The command succeeds, and no line of its output fits.
expect_no_match() { # WHAT REGEX CMD...
	capture "${@:3}"
	record "$( ((status == 0)) && ! grep -Eq -e "$2" "$scratch/output" && echo 0 || echo 1)" "$1" \
		"exit status $status, or a line fits $2"
}

expect_text() { # WHAT TEXT CMD...
	capture "${@:3}"
	record "$([[ $status == 0 && $(<"$scratch/output") == "$2" ]] && echo 0 || echo 1)" "$1" \
		"exit status $status; not: $2"
}

expect_same() { # WHAT FILE FILE
	check "$1" diff "$2" "$3"
}

finish() {
	echo "1..$number"
	finished=yes
	exit $((failed > 0))
}

# Replaced by suites that have more to put away.
clean_up() {
	:
}

leave() {
	local status=$?
	trap - EXIT ERR
	set +e
	if [[ $finished != yes ]]; then
		record 1 "suite $suite runs to its end" "ended with status $status"
		status=1
	fi
	clean_up
	rm -rf "$scratch"
	exit "$status"
}
trap leave EXIT
trap 'exit 143' INT TERM HUP
trap 'echo "# line $LINENO: $BASH_COMMAND: exit status $?" >&2' ERR
