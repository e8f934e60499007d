#!/usr/bin/env bash
# An install that is killed, at many moments, goes on; or is taken back.
. "$(dirname "$0")/lib.sh"

fresh_host

# Runs mailsetup in the host, as the leader of its own process group, and shoots when a line of its output fits. Done there,
# because from here it would have gone three steps further.
# shellcheck disable=SC2016  # for the shell in the host
shooter='line_glob=$1 how=$2
	shift 2
	rm -f /run/said && mkfifo /run/said
	# A shell starts what runs in the background with SIGINT ignored.
	env --default-signal=INT setsid "$@" >/run/said 2>&1 &
	pid=$!
	while IFS= read -r line; do
		printf "%s\n" "$line"
		case $line in $line_glob) ;; *) continue ;; esac
		[ -z "$shot" ] || continue
		shot=yes
		echo "SHOT with $how"
		case $how in
		busy)
			mailsetup install --domain exemple.fr
			echo "second: exit status $?, the first is $pid" ;;
		esac
		case $how in
		INT) kill -s INT -- "-$pid" ;;
		*) kill -s KILL -- "-$pid" ;;
		esac
		# What mailsetup has started is in process groups of its own; a power cut spares none of them.
		[ "$how" != all ] || pkill -KILL -x "apt-get|dpkg|dpkg-deb" || true
	done </run/said
	wait "$pid"'

# shot WHAT STATUS GLOB HOW CMD...
shot() {
	capture on sh -c "$shooter" sh "${@:3}"
	record "$( ((status == $2)) && grep -q '^SHOT' "$scratch/output" && echo 0 || echo 1)" "$1" \
		"exit status $status instead of $2, or nothing fitted $3"
	cp "$scratch/output" "$scratch/said"
	# An apt-get that was left alone goes on; what comes next begins when it has ended.
	quiet
}
quiet() {
	within 300 none_at_work
}
none_at_work() {
	! on pgrep -x 'mailsetup|apt-get|dpkg' >/dev/null
}

install=(mailsetup install --json --domain exemple.fr)
resume=(mailsetup resume --json)
begins() { # STEP
	echo "*\"event\":\"step-begin\",\"step\":\"$1\"*"
}
packages_at() { # PERCENT-GLOB
	echo "*\"event\":\"progress\",\"step\":\"packages\",*\"percent\":$1*"
}

# The machine as mailsetup found it: packages with their marks, accounts, units, files.
lab manifest "$host" "$scratch/bare"

# --- killed, and taken back ---

shot 'killed while apt is at work, apt and dpkg with it' 137 "$(packages_at '[45][0-9]')" all "${install[@]}"
expect_match 'status shows an install that is not finished' 'packages +unfinished' on mailsetup status
shot 'killed in the second attempt; apt is left alone' 137 "$(packages_at '[4-9][0-9]')" KILL "${resume[@]}"
shot 'killed when the step dkim begins' 137 "$(begins dkim)" KILL "${resume[@]}"
expect_exit 0 'a rollback of the half install exits 0' on mailsetup rollback --yes
lab manifest "$host" "$scratch/rolled"
check 'the machine is as it was, each file of it' same_machine "$scratch/bare" "$scratch/rolled"
expect_exit 2 'after the rollback: there is nothing to resume' on mailsetup resume

# --- on the same machine again: killed, interrupted, and brought to its end ---

shot 'killed early in the packages' 137 "$(packages_at '[1-9][0-9]')" busy "${install[@]}"
first=$(sed -n 's/^second: .*the first is //p' "$scratch/said")
expect_match 'another mailsetup meanwhile was told who is at work' "another mailsetup \(pid $first\)" cat "$scratch/said"
expect_match 'and ended with 5' '^second: exit status 5,' cat "$scratch/said"
for step in accounts database; do
	shot "killed when the step $step begins" 137 "$(begins "$step")" KILL "${resume[@]}"
done
shot 'SIGINT stops it with exit 1' 1 "$(begins postfix)" INT "${resume[@]}"
expect_match 'and it says how to go on' 'mailsetup resume' cat "$scratch/said"
shot 'killed while the services start' 137 "$(begins services)" KILL "${resume[@]}"
shot 'killed in the midst of the verdict' 137 "$(begins verdict)" KILL "${resume[@]}"
expect_exit 0 'resume ends with exit 0' on mailsetup resume
expect_match 'verify: everything works' ' 0 failed' on mailsetup verify
expect_exit 0 'verify exits 0' on mailsetup verify
expect_text 'no account of a killed verdict is left' 0 sql 'SELECT count(*) FROM postfix_utilisateurs'
expect_no_match 'status: every step is done' 'unfinished|not done|differs|drift' on mailsetup status
expect_match 'one more resume changes nothing' '^Nothing had to be changed' on mailsetup resume --no-verify

finish
