# shellcheck shell=bash
# The outside world of a host: a network namespace joined to the host's own by a veth pair, with a DNS server
# and a Debian mirror.

# Both namespaces exist before the host boots and outlive its reboots: the host's daemons find the network in place.
make_network() { # NAME
	local out=ms$1 in=ms$1-host
	ip netns add "$out"
	ip netns add "$in"
	ip -n "$out" link add outside type veth peer name eth0 netns "$in"

	# nodad: an address under duplicate detection cannot be bound yet, and postfix starts within that second.
	ip -n "$in" link set lo up
	ip -n "$in" addr add 198.51.100.10/24 dev eth0
	ip -n "$in" addr add 2001:db8::10/64 dev eth0 nodad
	ip -n "$in" link set eth0 up
	ip -n "$in" route add default via 198.51.100.1
	ip -n "$in" -6 route add default via 2001:db8::1

	ip -n "$out" link set lo up
	ip -n "$out" addr add 198.51.100.1/24 dev outside
	ip -n "$out" addr add 198.51.100.99/24 dev outside
	ip -n "$out" addr add 2001:db8::1/64 dev outside nodad
	ip -n "$out" addr add 2001:db8::99/64 dev outside nodad
	ip -n "$out" link set outside up
	# Clients speak from .99, mx.dehors.example; .1 is only the gateway and the DNS server.
	ip -n "$out" route change 198.51.100.0/24 dev outside src 198.51.100.99
	ip -n "$out" -6 addr change 2001:db8::1/64 dev outside nodad preferred_lft 0
}

drop_network() { # NAME
	local ns
	for ns in "ms$1" "ms$1-host"; do
		[[ ! -e /run/netns/$ns ]] || ip netns del "$ns"
	done
}

# Not ip netns exec: it copies all mounts, and what runs for long would keep the disks of other hosts mounted.
outside() { # NAME CMD...
	local name=$1
	shift
	nsenter --net="/run/netns/ms$name" "$@"
}

start_dns() { # NAME
	local host=$cache/hosts/$1
	setsid nsenter --net="/run/netns/ms$1" dnsmasq --conf-file="$host/dns.conf" </dev/null >>"$host/dns.log" 2>&1 &
	echo $! >"$host/dnsmasq.pid"
	within 10 dns_answers "$1" || die "dnsmasq does not answer, see $host/dns.log"
}

dns_answers() { # NAME
	[[ -n $(outside "$1" dig +short +tries=1 +time=1 @198.51.100.1 mail.exemple.fr A) ]]
}

stop_dns() { # NAME
	local host=$cache/hosts/$1 pid
	if pid=$(owned_pid "$host/dnsmasq.pid" "--conf-file=$host/dns.conf"); then
		kill "$pid"
		within 5 gone "$pid" || die "dnsmasq ($pid) does not end"
	fi
	rm -f "$host/dnsmasq.pid"
}

reset_dns() { # NAME
	local host=$cache/hosts/$1
	cat "$here"/zones/*.conf >"$host/dns.conf"
	# The name of the mirror is whatever the root's own sources say.
	sed -n 's|^deb.* https\{0,1\}://\([^/:]*\).*|host-record=\1,198.51.100.1|p' "$(root_of "$host")"/etc/apt/sources.list |
		sort -u >>"$host/dns.conf"
}

# A DNS string holds 255 bytes: a key is several of them, which the reader joins.
txt_record() { # OWNER VALUE...
	local record=$1 value
	shift
	for value in "$@"; do
		[[ $value != *[\"\\]* && $value != *$'\n'* ]] || die "no quote, backslash or new line in a TXT value"
		while ((${#value} > 255)); do
			record+=",\"${value:0:255}\""
			value=${value:255}
		done
		record+=",\"$value\""
	done
	# dnsmasq cuts a longer line in two without a word.
	((${#record} < 1000)) || die "the TXT record is too long for dnsmasq: ${#record} bytes"
	printf 'txt-record=%s\n' "$record"
}

cmd_dns() {
	(($# >= 2)) || usage
	local name=$1 verb=$2 host
	the_host "$name"
	shift 2
	case $verb in
	txt)
		(($# >= 2)) || usage
		txt_record "$@" >>"$host/dns.conf"
		;;
	conf)
		(($# == 1)) || usage
		printf '%s\n' "$1" >>"$host/dns.conf"
		;;
	reset) reset_dns "$name" ;;
	stop) ;;
	*) usage ;;
	esac
	stop_dns "$name"
	[[ $verb == stop ]] || start_dns "$name"
}

# The root whose packages the mirror serves: the host's own, or that of the release that it is to be upgraded to.
mirrored() { # HOST
	cat "$1/mirrored" 2>/dev/null || root_of "$1"
}

start_mirror() { # NAME
	local host=$cache/hosts/$1
	setsid nsenter --net="/run/netns/ms$1" python3 "$here/mirror.py" 198.51.100.1 "$(mirrored "$host")" "$host/missing" \
		</dev/null >>"$host/mirror.log" 2>&1 &
	echo $! >"$host/mirror.pid"
}

await_mirror() { # NAME
	within 10 mirror_listens "$1" || die "the mirror does not answer, see $cache/hosts/$1/mirror.log"
}

mirror_listens() { # NAME
	[[ -n $(outside "$1" ss -Hlnt 'sport = :80') ]]
}

stop_mirror() { # NAME
	local host=$cache/hosts/$1 pid
	if pid=$(owned_pid "$host/mirror.pid" "$host/missing"); then
		kill "$pid"
		within 5 gone "$pid" || die "the mirror ($pid) does not end"
	fi
	rm -f "$host/mirror.pid"
}

cmd_mirror() {
	(($# >= 2)) || usage
	local name=$1 verb=$2 host
	the_host "$name"
	shift 2
	case $verb in
	miss)
		(($# >= 1)) || usage
		printf '%s\n' "$@" >>"$host/missing"
		;;
	release)
		(($# == 1)) || usage
		ensure_root "$1" upgrade >"$host/mirrored"
		stop_mirror "$name"
		start_mirror "$name"
		await_mirror "$name"
		;;
	reset)
		rm -f "$host/missing" "$host/mirrored"
		stop_mirror "$name"
		start_mirror "$name"
		await_mirror "$name"
		;;
	stop) stop_mirror "$name" ;;
	*) usage ;;
	esac
}

cmd_out() {
	(($# >= 2)) || usage
	local name=$1 host
	the_host "$name"
	shift
	# ip gives the command a mount namespace of its own: this resolv.conf is seen by nobody else.
	# shellcheck disable=SC2016  # for the inner shell
	exec ip netns exec "ms$name" sh -c 'mount --bind "$0" /etc/resolv.conf && exec "$@"' \
		"$host/resolv.conf" "$@"
}
