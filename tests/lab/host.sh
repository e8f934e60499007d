# shellcheck shell=bash
# Hosts: a root under an overlay, booted by systemd-nspawn.

# nspawn --keep-unit gives its payload the cgroup "payload" beneath its own: two hosts in one cgroup would be two
# systemds in one tree, each of them sweeping out the other's processes.
cgroups() { # NAME
	local top
	for top in /sys/fs/cgroup /sys/fs/cgroup/unified /sys/fs/cgroup/systemd; do
		[[ ! -w $top/cgroup.procs ]] || printf '%s\n' "$top/mailsetup-lab/$1"
	done
}

own_cgroup() { # NAME: moves the calling shell
	local dir
	for dir in $(cgroups "$1"); do
		mkdir -p "$dir"
		echo "$BASHPID" >"$dir/cgroup.procs"
	done
}

drop_cgroup() { # NAME
	local dir
	for dir in $(cgroups "$1"); do
		[[ ! -d $dir ]] || within 5 find "$dir" -depth -type d -exec rmdir {} + 2>/dev/null || true
	done
}

root_of() { # HOST
	# The last of its lower layers.
	local lower
	lower=$(<"$1/lower")
	printf '%s\n' "${lower##*:}"
}

mount_host() { # HOST
	# Without redirect_dir the rename of a directory of a lower layer fails with EXDEV, as on no real disk.
	mountpoint -q "$1/mnt" || mount -t overlay "lab-${1##*/}" "$1/mnt" \
		-o "redirect_dir=on,lowerdir=$(<"$1/lower"),upperdir=$1/upper,workdir=$1/work"
}

start_host() { # NAME
	local host=$cache/hosts/$1
	mount_host "$host"
	(
		own_cgroup "host-$1"
		exec setsid systemd-nspawn --quiet --register=no --keep-unit --boot --console=pipe \
			--machine="$1" --hostname=mail --directory="$host/mnt" \
			--network-namespace-path="/run/netns/ms$1-host" --capability=CAP_NET_ADMIN \
			--resolv-conf=off --timezone=off --link-journal=no
	) </dev/null >>"$host/console.log" 2>&1 &
	echo $! >"$host/nspawn.pid"
	within 180 is_up "$host" || die "$1 has not come up in three minutes, see $host/console.log"
}

nspawn_pid() { # HOST
	owned_pid "$1/nspawn.pid" "--directory=$1/mnt"
}

# Of nspawn's children, only the host's init is number 1 in a namespace of its own. Looked for each time: a host that
# has rebooted by itself has a new one.
init_pid() { # HOST
	local nspawn child
	nspawn=$(nspawn_pid "$1") || return 1
	for child in $(cat "/proc/$nspawn/task/$nspawn/children" 2>/dev/null); do
		if grep -qsP '^NSpid:.*\t1$' "/proc/$child/status"; then
			echo "$child" | tee "$1/pid"
			return 0
		fi
	done
	return 1
}

is_up() { # HOST
	local pid state
	! gone "$(<"$1/nspawn.pid")" || die "${1##*/} has ended, see $1/console.log"
	pid=$(init_pid "$1") || return 1
	# It waits by itself once systemd listens. "degraded" is up as well, although the command then fails.
	state=$(enter "$pid" timeout 180 systemctl is-system-running --wait 2>/dev/null) || true
	[[ $state == running || $state == degraded ]]
}

enter() { # PID CMD...
	local pid=$1
	shift
	nsenter -t "$pid" -a env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		HOME=/root LANG=C.UTF-8 TERM="${TERM:-dumb}" "$@"
}

# For the commands that take a host by name: sets host and pid.
the_host() { # NAME
	valid_name "$1"
	host=$cache/hosts/$1
	[[ -d $host ]] || die "no host $1"
}

the_running_host() { # NAME
	the_host "$1"
	pid=$(init_pid "$host") || die "$1 is not running: lab reboot $1"
}

# Power off as an administrator does it; a host that does not obey is killed.
stop_host() { # HOST
	local nspawn init
	if nspawn=$(nspawn_pid "$1"); then
		if init=$(init_pid "$1"); then kill -RTMIN+3 "$init"; fi
		within 40 gone "$nspawn" || kill_host "$1"
	fi
	rm -f "$1/pid" "$1/nspawn.pid"
}

kill_host() { # HOST
	local nspawn init
	if nspawn=$(nspawn_pid "$1"); then
		if init=$(init_pid "$1"); then kill -KILL "$init"; fi
		within 5 gone "$nspawn" || kill -KILL "$nspawn"
		within 5 gone "$nspawn" || die "cannot end ${1##*/} (process $nspawn)"
	fi
	rm -f "$1/pid" "$1/nspawn.pid"
}

unmount_host() { # HOST
	# The kernel lets go of the last process's files a moment after it has gone.
	! mountpoint -q "$1/mnt" || within 10 umount -q "$1/mnt" || die "cannot unmount $1/mnt"
}

cmd_boot() {
	local name='' release='' layer='' dns=yes words=() lower
	while (($# > 0)); do
		case $1 in
		--layer)
			(($# >= 2)) || usage
			layer=$2
			shift
			;;
		--no-dns) dns=no ;;
		-*) usage ;;
		*) words+=("$1") ;;
		esac
		shift
	done
	((${#words[@]} == 1 || ${#words[@]} == 2)) || usage
	name=${words[0]}
	release=${words[1]:-bullseye}
	valid_name "$name"
	if [[ -n $layer ]]; then
		valid_name "$layer"
		[[ -d $cache/layers/$layer ]] || die "no layer $layer"
		lower=$cache/layers/$layer/upper:$(<"$cache/layers/$layer/lower")
		((${#words[@]} == 1)) || [[ ${lower##*/} == "$release"-* ]] || die "layer $layer is not of $release"
	else
		lower=$(ensure_root "$release" bare)
	fi

	host=$cache/hosts/$name
	mkdir -p "$cache/hosts"
	mkdir "$host" 2>/dev/null || die "$name exists already: lab halt $name"
	trap 'drop_host "$host"' EXIT
	trap 'exit 130' INT TERM
	mkdir "$host"/{upper,work,mnt}
	echo "$lower" >"$host/lower"
	echo 'nameserver 198.51.100.1' >"$host/resolv.conf"
	make_network "$name"
	reset_dns "$name"
	[[ $dns == no ]] || start_dns "$name"
	start_mirror "$name"
	start_host "$name"
	await_mirror "$name"
	trap - EXIT INT TERM
}

drop_host() { # HOST
	local name=${1##*/}
	kill_host "$1"
	unmount_host "$1"
	stop_dns "$name"
	stop_mirror "$name"
	drop_network "$name"
	drop_cgroup "host-$name"
	rm -rf --one-file-system "$1"
}

cmd_halt() {
	(($# == 1)) || usage
	valid_name "$1"
	[[ ! -d $cache/hosts/$1 ]] || drop_host "$cache/hosts/$1"
}

cmd_halt_all() {
	local host
	for host in "$cache"/hosts/*/; do
		[[ ! -d $host ]] || drop_host "${host%/}"
	done
}

cmd_reboot() {
	(($# == 1)) || [[ $# == 2 && $2 == --crash ]] || usage
	local host
	the_host "$1"
	if (($# == 2)); then kill_host "$host"; else stop_host "$host"; fi
	start_host "$1"
}

cmd_exec() {
	(($# >= 2)) || usage
	local host pid
	the_running_host "$1"
	shift
	enter "$pid" "$@"
}

# Through the host's own view of its files, since /tmp and /run are not in the overlay.
cmd_copy() {
	(($# == 3)) || usage
	local host pid src=$2 dest=$3
	the_running_host "$1"
	if [[ -d $src ]]; then
		enter "$pid" mkdir -p "$dest"
		tar -C "$src" --owner=0 --group=0 -c . | enter "$pid" tar -C "$dest" -x
	else
		[[ $dest != */ ]] || dest+=${src##*/}
		enter "$pid" install -D -m "$(stat -Lc %a "$src")" -T /dev/stdin "$dest" <"$src"
	fi
}

cmd_fetch() {
	(($# == 3)) || usage
	local host pid src=$2 dest=$3
	the_running_host "$1"
	enter "$pid" test -e "$src" || die "$1 has no $src"
	if enter "$pid" test -d "$src"; then
		mkdir -p "$dest"
		enter "$pid" tar -C "$src" -c . | tar -C "$dest" -x
	else
		[[ ! -d $dest ]] || dest=$dest/${src##*/}
		enter "$pid" cat "$src" >"$dest"
		chmod "$(enter "$pid" stat -Lc %a "$src")" "$dest"
	fi
}

cmd_save() {
	(($# == 2)) || usage
	local host layer=$cache/layers/$2
	the_host "$1"
	valid_name "$2"
	[[ ! -e $layer ]] || die "layer $2 exists already: lab drop $2"
	stop_host "$host"
	unmount_host "$host"
	rm -rf "$layer.partial"
	mkdir -p "$layer.partial"
	cp "$host/lower" "$layer.partial/lower"
	mv "$host/upper" "$layer.partial/upper"
	mv -T "$layer.partial" "$layer"
	drop_host "$host"
}

cmd_drop() {
	(($# == 1)) || usage
	local dir user
	valid_name "$1"
	for dir in "$cache/layers/$1" "$cache/roots/$1"; do
		[[ -d $dir ]] || continue
		# A command under run-in-build mounts its root where only its own process sees it.
		user=$(grep -lsE "$dir(/upper)?(:|$)" "$cache"/hosts/*/lower "$cache"/layers/*/lower
			grep -lsE "$dir(/upper)?[:,]" /proc/[0-9]*/mountinfo) || true
		[[ -z $user ]] || die "something stands on $1: ${user%%$'\n'*}"
		rm -rf --one-file-system "$dir"
	done
}

cmd_list() {
	local path pid state
	for path in "$cache"/hosts/*/; do
		[[ -d $path ]] || continue
		path=${path%/}
		if pid=$(init_pid "$path"); then state="running, PID 1 is $pid"; else state=stopped; fi
		printf 'host   %-16s %s\n' "${path##*/}" "$state, $(ground "$path")"
	done
	for path in "$cache"/layers/*/; do
		[[ ! -d $path ]] || printf 'layer  %-16s %s\n' "$(basename "$path")" "$(ground "$path")"
	done
	for path in "$cache"/roots/*/; do
		[[ ! -d $path ]] || printf 'root   %s\n' "$(basename "$path")"
	done
}

ground() { # DIR
	sed "s|$cache/layers/||g; s|$cache/roots/||; s|/upper:| on |g; s|^|on |" "$1/lower" 2>/dev/null || echo "half made"
}

cmd_manifest() {
	(($# == 2)) || usage
	local host pid
	the_running_host "$1"
	{
		python3 "$here/manifest.py" "$host/mnt"
		enter "$pid" sh -c '
			dpkg-query -W -f "package\t\${Package}:\${Architecture}\t\${Version}\t\${Status}\n"
			apt-mark showauto | sed "s/^/auto\t/"
			apt-mark showmanual | sed "s/^/manual\t/"
			sed "s/^/passwd\t/" /etc/passwd
			sed "s/^/group\t/" /etc/group
			systemctl list-unit-files --no-legend --no-pager --state=enabled,enabled-runtime,masked |
				sed "s/  */\t/g; s/^/unit\t/"
			systemctl list-units --all --no-legend --no-pager --plain --state=active,failed --type=service,socket,timer,path |
				awk "{ print \"active\t\" \$1 \"\t\" \$3 }"'
	} >"$2"
}
