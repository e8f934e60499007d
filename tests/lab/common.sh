# shellcheck shell=bash
# What every part of the lab uses.

die() {
	printf 'lab: %s\n' "$*" >&2
	exit 1
}

# Polls a command ten times a second; fails when it has not succeeded after so many seconds.
within() { # SECONDS CMD...
	local end=$((SECONDS + $1))
	shift
	while ! "$@"; do
		((SECONDS < end)) || return 1
		sleep 0.1
	done
}

# Names become paths, interface names and machine names: one spelling suits them all.
valid_name() {
	[[ $1 =~ ^[a-z][a-z0-9-]{0,39}$ ]] || die "not a name for a host or a layer: '$1' (a-z, 0-9, -)"
}

# A pid file outlives its process after a crash of the machine, and the number then belongs to another one:
# only a process whose arguments hold a path of this host is ours to signal.
owned_pid() { # PIDFILE ARGUMENT
	local pid
	[[ -s $1 ]] && pid=$(<"$1") && [[ -r /proc/$pid/cmdline ]] || return 1
	tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | grep -qxF -- "$2" || return 1
	printf '%s\n' "$pid"
}

gone() { # PID
	# A zombie is gone for us: its parent may be slow to collect it.
	[[ ! -d /proc/$1 ]] || grep -qs '^State:.*Z' "/proc/$1/status"
}
