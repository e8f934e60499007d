#!/usr/bin/env bash
# Real faults on real hosts. Each one ends as the manual says, and once it is lifted the install comes to its end.
# input.sh has those that the first look at a machine finds: a taken port, a hold, another MTA, an interrupted dpkg.
. "$(dirname "$0")/lib.sh"

# --- a clock that is wrong, patience that is short, languages ---

# Put before mailsetup alone: a container has the clock of its machine. CLOCK: seconds to add to it. HURRY: its naps of whole
# seconds are over in a thousandth, so that five minutes of waiting for apt's lock are.
shim() {
	lab run-in-build "$release" sh -c 'cat >/tmp/shim.c && gcc -shared -fPIC -o /tmp/shim.so /tmp/shim.c && cat /tmp/shim.so' <<'SHIM'
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *ret)
{
	const char *s = getenv("CLOCK");
	long r = syscall(SYS_clock_gettime, clock, ret);

	if (r == 0 && clock == CLOCK_REALTIME && s)
		ret->tv_sec += strtoll(s, NULL, 10);
	return (int)r;
}

int gettimeofday(struct timeval *ret, void *zone)
{
	struct timespec now;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &now);
	*ret = (struct timeval){ now.tv_sec, now.tv_nsec / 1000 };
	return 0;
}

time_t time(time_t *ret)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (ret)
		*ret = now.tv_sec;
	return now.tv_sec;
}

int nanosleep(const struct timespec *wanted, struct timespec *left)
{
	const struct timespec moment = { .tv_nsec = 1000000 };

	return (int)syscall(SYS_nanosleep, getenv("HURRY") && wanted->tv_sec ? &moment : wanted, left);
}
SHIM
}
shim >"$scratch/shim.so"

mkdir "$scratch/locales"
for language in fr_FR tr_TR; do
	localedef -i "$language" -f UTF-8 "$scratch/locales/$language.UTF-8"
done

with_tools() {
	lab copy "$host" "$scratch/shim.so" /run/shim.so
	lab copy "$host" "$scratch/locales" /run/locales
}

# --- what is asked of a fault ---

# says STATUS WHAT REGEX CMD...: how it ends, and a line of what it says
says() {
	capture "${@:4}"
	record "$( ((status == $1)) && grep -Eq -e "$3" "$scratch/output" && echo 0 || echo 1)" "$2" \
		"exit status $status instead of $1, or no line fits $3"
}

machine() {
	file_list -type f ! -path '/var/spool/*' ! -path '/var/lib/postfix/*' ! -path '/var/lib/dovecot/*' \
		! -path '/var/lib/systemd/*' ! -path '/var/cache/apt/*'
}
# refuses STATUS WHAT REGEX CMD...: and no file was changed
refuses() {
	machine >"$scratch/before"
	says "$@"
	machine >"$scratch/after"
	expect_same "$2: nothing was changed" "$scratch/before" "$scratch/after"
}

# Runs mailsetup in the host; when a line of its output fits, it is stopped, the fault is brought about, and it goes on.
# shellcheck disable=SC2016  # for the shell in the host
striker='line_glob=$1 fault=$2
	shift 2
	rm -f /run/said && mkfifo /run/said
	# A shell starts what runs in the background with SIGINT ignored.
	env --default-signal=INT,TERM,HUP setsid "$@" </dev/null >/run/said 2>&1 &
	pid=$!
	while IFS= read -r line; do
		printf "%s\n" "$line"
		case $line in $line_glob) ;; *) continue ;; esac
		[ -z "$struck" ] || continue
		struck=yes
		kill -STOP "$pid"
		eval "$fault" && echo STRUCK
		kill -CONT "$pid"
	done </run/said
	wait "$pid"'

# struck STATUS WHAT REGEX GLOB FAULT CMD...
struck() {
	capture on sh -c "$striker" sh "${@:4}"
	record "$( ((status == $1)) && grep -q '^STRUCK' "$scratch/output" && grep -Eq -e "$3" "$scratch/output" && echo 0 || echo 1)" \
		"$2" "exit status $status instead of $1, or nothing fitted $4, or no line fits $3"
}
begins() { # STEP
	echo "*\"event\":\"step-begin\",\"step\":\"$1\"*"
}

install=(mailsetup install --json --domain exemple.fr)
resume=(mailsetup resume --json)
how_to_go_on='mailsetup resume'

# --- an installation like any other, with all that must not matter, while the first host has its faults ---

odd=t-$suite-$$-odd
hosts+=("$odd")
host=$odd
lab boot "$host" "$release"
lab copy "$host" "$scratch/mailsetup" /usr/local/sbin/mailsetup
with_tools
# A name without a dot; a spamd that takes its time, also when it starts for the first time.
on sh -c 'echo serveur >/etc/hostname && hostname serveur
	mkdir -p "/etc/systemd/system/$0.service.d"
	printf "[Service]\nExecStartPre=/bin/sleep 10\n" >"/etc/systemd/system/$0.service.d/lent.conf"' "$spamd"
# odd_install UMASK LANGUAGE REDIRECTION
odd_install() {
	printf '%s\n' "$password" | tests/lab/lab exec "$odd" sh -c \
		"umask $1; export LOCPATH=/run/locales LANG=$2.UTF-8; mailsetup install --domain exemple.fr --admin $admin --password-stdin $3"
}
odd_install 077 fr_FR '>&-' >"$scratch/odd.log" 2>&1 &
odd_pid=$!

# --- refused before anything is changed ---

fresh_host
with_tools
on systemctl stop dbus.socket dbus.service
refuses 3 'no D-Bus' '^mailsetup: the system bus does not answer .*dbus' on "${install[@]:0:2}" --domain exemple.fr
on systemctl start dbus.socket

on systemctl mask --quiet dovecot.service 2>/dev/null
refuses 4 'a unit of ours is masked' '^mailsetup: .*dovecot\.service is masked; .systemctl unmask dovecot\.service' \
	on mailsetup install --domain exemple.fr
on systemctl unmask --quiet dovecot.service 2>/dev/null

# As another apt-get update holds it; here, and below, from the moment that the file named second is there.
# shellcheck disable=SC2016  # for perl
locker='use Fcntl;
	my ($path, $sign, $seconds) = @ARGV;
	my $lock = pack("s s x4 q q i x4", F_WRLCK, 0, 0, 0, 0);
	until (-e $sign) { select undef, undef, undef, 0.002 }
	open(my $file, "+>>", $path) or die;
	fcntl($file, F_SETLK, $lock) or die;
	open(my $done, ">", "/run/verrou");
	sleep $seconds;'
hold_lock() { # FILE SIGN SECONDS
	on rm -f /run/verrou
	on systemd-run --quiet --collect --unit=verrou perl -e "$locker" "$@"
}
release_lock() {
	on systemctl stop verrou 2>/dev/null || true
}
hold_lock /var/lib/apt/lists/lock /etc 900
within 10 on test -e /run/verrou
refuses 5 'apt is at work: exit 5' '^mailsetup: perl \(process [0-9]+\) holds /var/lib/apt/lists/lock: wait' \
	on mailsetup install --domain exemple.fr
release_lock

# The state store is the first thing that is written.
on sh -c 'mkdir -m 700 /var/lib/mailsetup && mount -t tmpfs -o size=8k,mode=700 none /var/lib/mailsetup'
refuses 1 'no room for the state store: exit 1' 'state\.db: database or disk is full' on mailsetup install --domain exemple.fr
on sh -c 'umount /var/lib/mailsetup && rmdir /var/lib/mailsetup'

# --- /var runs full, and out of inodes ---

# What is written to /var from here on goes to a file system whose size can be changed at any time.
on sh -c 'mkdir /run/disk && mount -t tmpfs -o size=64m,nr_inodes=200k none /run/disk && mkdir /run/disk/upper /run/disk/work
	mount -t overlay -o lowerdir=/var,upperdir=/run/disk/upper,workdir=/run/disk/work overlay /var'
resize() { # OPTIONS
	on mount -o "remount,$1" /run/disk
}
written_to_var() { # apt asks its cache and its logs for room at each question
	on find /run/disk/upper ! -type d ! -path '*/log/apt/*' ! -path '*/cache/apt/*'
}
says 3 '/var has no room' '^mailsetup: /var has 6[0-9] MB free, but 700 MB are needed; make room' on mailsetup install --domain exemple.fr
resize size=2g,nr_inodes=15000
says 3 '/var has no inodes' '^mailsetup: /var has 1[0-9]{4} inodes free, but 20000 are needed' on mailsetup install --domain exemple.fr
expect_text 'and nothing was written there' '' written_to_var
resize size=2g,nr_inodes=500k

# --- the archive ---

on sh -c "apt-get clean && mv /var/lib/apt/lists /root/lists && echo 'Acquire::Max-ValidTime \"1\";' >/etc/apt/apt.conf.d/99vieux"
says 1 'no package lists yet, and the Release file has expired' 'expired' on mailsetup install --domain exemple.fr
on rm /etc/apt/apt.conf.d/99vieux
lab mirror "$host" miss 'sqlite3_*'
says 1 'no package lists yet: they are fetched' 'could not download sqlite3: 404' on mailsetup resume
on sh -c 'rm -rf /var/lib/apt/lists && mv /root/lists /var/lib/apt/lists'

says 1 'the mirror has lost a package: exit 1' '^mailsetup: .*could not download sqlite3: 404 +Not Found; look at the network.*mailsetup resume' \
	on mailsetup resume
lab mirror "$host" reset
struck 1 'the network goes while apt is at work: exit 1' 'could not download .*(resolving|connect|unreachable).*; look at the network' \
	"$(begins packages)" 'ip route add blackhole 198.51.100.1/32' "${resume[@]}"
expect_match 'and it says how to go on' "$how_to_go_on" cat "$scratch/last"
on ip route del blackhole 198.51.100.1/32

# A mirror, or something on the way to it, that has only the beginning of a file.
# shellcheck disable=SC2016  # for perl
shortener='use IO::Socket::INET;
	my $server = IO::Socket::INET->new(Listen => 9, LocalAddr => "127.0.0.1", LocalPort => 3128) or die;
	while (my $client = $server->accept) {
		my ($request, $line) = ("", "");
		while (defined($line = <$client>) && $line =~ /\S/) { $request .= $line }
		my ($name, $path) = $request =~ m{^GET http://([^/]*)(\S*)} or next;
		my $mirror = IO::Socket::INET->new("198.51.100.1:80") or next;
		print $mirror "GET $path HTTP/1.1\r\nHost: $name\r\nConnection: close\r\n\r\n";
		my $answer = do { local $/; <$mirror> };
		my ($status, $body) = ($answer =~ m{^(\S+ \d+ [^\r\n]*)}, $answer =~ m{\r\n\r\n(.*)}s);
		$body = substr $body, 0, 1000 if $path =~ m{/sqlite3_};
		print $client "$status\r\nContent-Length: ", length $body, "\r\nConnection: close\r\n\r\n$body";
		close $client;
	}'
on systemd-run --quiet --collect --unit=mandataire perl -e "$shortener"
proxy_listens() {
	[[ -n $(on ss -Hlnt 'sport = :3128') ]]
}
within 10 proxy_listens
on sh -c "echo 'Acquire::http { Proxy \"http://127.0.0.1:3128\"; Pipeline-Depth \"0\"; };' >/etc/apt/apt.conf.d/99mandataire"
says 1 'a package file is cut short: exit 1' '^mailsetup: .*could not download sqlite3: .*(size|[Ss]hort|closed)' on mailsetup resume
on sh -c 'rm /etc/apt/apt.conf.d/99mandataire && systemctl stop mandataire'

# --- disks that fill while dpkg unpacks ---

# Only so much more: kilobytes, or inodes.
# shellcheck disable=SC2016  # for the shell in the host
no_inodes='mount -o remount,nr_inodes=$(($(df -i /run/disk | awk "NR == 2 { print \$3 }") + 20)) /run/disk'
# shellcheck disable=SC2016
no_room='mount -o remount,size=$(($(df -k /run/disk | awk "NR == 2 { print \$3 }") + 64))k /run/disk'
# libwww-perl, or its neighbour: unpacked before what it depends on, and before anything is set up.
at_unpacking='*"event":"progress","step":"packages","text":"libwww-*"*'
struck 1 'inodes run out while dpkg unpacks: exit 1' 'No space left on device' "$at_unpacking" "$no_inodes" "${resume[@]}"
expect_no_match 'the package is called by its name' 'package [0-9]+-' cat "$scratch/last"
resize nr_inodes=500k
# So that what comes after a failed check speaks for itself.
mend() {
	# shellcheck disable=SC2016  # for the shell in the host
	on sh -c 'dpkg-query -W -f "\${db:Status-Eflag} \${Package}\n" | sed -n "s/^reinstreq //p" |
		xargs -r dpkg --force-remove-reinstreq --force-depends --remove' >/dev/null 2>&1
	on sh -c 'apt-get -qy --fix-broken install' >/dev/null 2>&1
}
expect_exit 0 'a rollback takes it back' on mailsetup rollback --yes
((status == 0)) || { mend && on mailsetup rollback --yes >/dev/null; }
expect_text 'no package is left half installed' '' on dpkg --audit

# --- apt's lock, taken when the prechecks are over ---

frontend=/var/lib/dpkg/lock-frontend
our_sign=/usr/sbin/policy-rc.d # mailsetup's own, and the last thing before it asks for the lock
hold_lock $frontend $our_sign 900
says 5 "apt's lock is not given back: exit 5" '^mailsetup: step packages: perl \(process [0-9]+\) holds .*lock-frontend: wait' \
	on env LD_PRELOAD=/run/shim.so HURRY=yes "${install[@]:0:2}" --domain exemple.fr
release_lock
hold_lock $frontend $our_sign 900
# shellcheck disable=SC2016
struck 1 "SIGTERM while it waits for apt's lock: exit 1" "$how_to_go_on" "$(begins packages)" '(sleep 2; kill -TERM $pid) &' "${resume[@]}"
release_lock
hold_lock $frontend $our_sign 3
struck 1 "apt's lock is given back: it goes on; /var runs full while dpkg unpacks: exit 1" 'No space left on device' \
	"$at_unpacking" "$no_room" "${resume[@]}"
expect_exit 0 '(the lock was held)' on test -e /run/verrou
says 3 'resume, while there is no room: exit 3' '^mailsetup: /var has [0-9]+ MB free, but 700 MB are needed; make room' on mailsetup resume
resize size=2g
# shellcheck disable=SC2016
struck 1 'with room again it goes on; SIGTERM: exit 1' "$how_to_go_on" "$(begins accounts)" 'kill -TERM $pid' "${resume[@]}"
grep -q '^STRUCK' "$scratch/output" || mend

# --- disks that fill or fail while files are written ---

full_folder='mkdir /run/petit && mount -t tmpfs -o size=64k none /run/petit && mkdir /run/petit/upper /run/petit/work
	cat /dev/zero >/run/petit/rest 2>/dev/null
	mount -t overlay -o lowerdir=/etc/postfix,upperdir=/run/petit/upper,workdir=/run/petit/work overlay /etc/postfix'
struck 1 'no room in /etc/postfix: exit 1' '/etc/postfix/.*No space left on device' "$(begins tls)" "$full_folder" "${resume[@]}"
expect_match 'and it says how to go on' "$how_to_go_on" cat "$scratch/last"
on umount /etc/postfix /run/petit
struck 1 '/etc turns read-only: exit 1' '/etc/.*Read-only file system' "$(begins postfix)" \
	'mount --bind /etc /etc && mount -o remount,bind,ro /etc' "${resume[@]}"
expect_match 'and it says how to go on' "$how_to_go_on" cat "$scratch/last"
on umount /etc

# The terminal itself goes, while the daemons start: each write fails, and a shell hands on the SIGHUP.
# shellcheck disable=SC2016  # for the shell in the host
hang_up='cat >/run/shell <<-"SHELL"
		mailsetup resume & pid=$!
		trap "kill -HUP $pid" HUP
		wait $pid; [ $? = 129 ] && wait $pid
		echo $? >/run/fin
	SHELL
	script -qfc "sh /run/shell" /run/seance </dev/null >/dev/null 2>&1 &
	until grep -q learning /run/seance 2>/dev/null; do sleep 0.05; kill -0 $! || exit 9; done
	kill -KILL $!
	until [ -s /run/fin ]; do sleep 0.1; done
	cat /run/fin'
expect_text 'the terminal is lost: exit 1' 1 on timeout 200 sh -c "$hang_up"
says 0 'stdin is closed: resume ends with exit 0' 'is the mail server of exemple\.fr' on sh -c 'mailsetup resume <&-'
says 0 'verify: everything works' ' 0 failed' on mailsetup verify
halt

# --- an installed server ---

installed_host
with_tools
lab manifest "$host" "$scratch/installed"

# systemd goes on calling postfix.service active: it only stands for another unit.
on pkill -KILL -o -x master
master_is_gone() {
	! on pgrep -x master >/dev/null
}
check '(the Postfix master is dead)' within 10 master_is_gone
[[ $postfix_daemon == postfix ]] || check '(systemd calls postfix.service active)' on systemctl is-active postfix.service
says 1 'verify sees that Postfix is dead: exit 1' "$postfix_daemon\.service is (inactive|failed|deactivating)" on mailsetup verify --no-mail
hint=$(sed -n '/postfix.*\.service is/,/→/s/.*→ \([^;]*\);.*/\1/p' "$scratch/output")
expect_match 'and names the command' '^systemctl restart postfix' echo "$hint"
says 0 'which repairs it' ' 0 failed' on sh -c "$hint && mailsetup verify"
on pkill -KILL -o -x master
check '(it is dead again)' within 10 master_is_gone
says 0 'install repairs it too' 'is the mail server of' on mailsetup install

# Mail that cannot be put away waits; nothing of verify's is left in the queue.
# shellcheck disable=SC2016
on sh -c 'mount -t tmpfs -o size=4k,mode=700,uid=$(id -u vmail),gid=$(id -g vmail) none /var/mail/utilisateurs'
says 1 'no room for mail: verify exits 1' '✗ submission ' on mailsetup verify
on umount /var/mail/utilisateurs
says 0 'with room again everything works' ' 0 failed' on mailsetup verify
expect_match 'and the queue is empty' 'Mail queue is empty' on mailq

# --- the state store ---

state=/var/lib/mailsetup/state.db
each_command() { # WHAT REGEX
	machine >"$scratch/before"
	says 4 "$1: install is refused with 4" "$2" on mailsetup install --domain exemple.fr
	says 4 "$1: resume too" "$2" on mailsetup resume
	says 4 "$1: rollback too" "$2" on mailsetup rollback --yes
	says 4 "$1: status too" "$2" on mailsetup status
	says 4 "$1: verify too" "$2" on mailsetup verify
	machine >"$scratch/after"
	expect_same "$1: nothing was changed" "$scratch/before" "$scratch/after"
	on cp -p /root/kept.db $state
}
flip() { # FIRST COUNT: bytes of the state store
	# shellcheck disable=SC2016
	on perl -e 'open(F, "+<", $ARGV[0]) or die; seek F, $ARGV[1], 0; read F, $b, $ARGV[2]; seek F, $ARGV[1], 0;
		print F ~$b; close F' $state "$1" "$2"
}
on cp -p $state /root/kept.db
flip 0 16
each_command 'state.db has a damaged header' "^mailsetup: state store $state.*damaged .*(restore it|move it)"
flip 4096 200
each_command 'state.db has a damaged page' "^mailsetup: state store $state.*damaged .*(restore it|move it)"
on sqlite3 $state 'PRAGMA user_version = 99'
each_command 'state.db is of a newer version' "^mailsetup: state store $state.*newer mailsetup .*use that one"
says 0 'the state store put back: status is content' 'mail server of exemple\.fr' on mailsetup status

# --- clocks ---

now=$(date +%s)
at_time() { # UNIX-TIME CMD...
	on env LD_PRELOAD=/run/shim.so CLOCK=$(($1 - now)) "${@:2}"
}
in_1970=$((3 * 86400))
in_2040=2208988800
says 0 'in 1970: an installed server is left alone' '^Nothing had to be changed' at_time $in_1970 mailsetup install --no-verify
check '(the certificate is taken back)' on mailsetup rollback --yes tls
says 0 'in 1970: install exits 0' 'is the mail server of' at_time $in_1970 mailsetup install --no-verify
expect_match '(the certificate is of 1970)' 'notBefore=.* 1970' on openssl x509 -noout -dates -in /etc/postfix/tls/courriel.pem
says 0 'the clock is put right: install makes it good' 'is the mail server of' on mailsetup install
says 0 'in 2040: install exits 0, with a certificate that has not expired' 'is the mail server of' \
	at_time $in_2040 mailsetup install --no-verify
says 0 'the clock is put right: install makes it good' 'is the mail server of' on mailsetup install
says 0 'verify: everything works' ' 0 failed' on mailsetup verify
halt

# --- the host of the beginning ---

modes_of() { # MANIFEST: what umask and language could have changed
	grep -vE "^active|^file	/(etc/hostname|etc/ssl/certs/[0-9a-f]*\.0|etc/systemd/system/$spamd.service.d|root|usr/local)" "$1" |
		grep -vE '^file	/var/(cache|log|tmp|lib/apt|lib/systemd)|^file	/etc/(passwd|group|shadow|gshadow|subuid|subgid)-	|-old	' |
		cut -f 1-5 | LC_ALL=C sort
}
like_any_other() { # WHAT
	lab manifest "$odd" "$scratch/odd"
	modes_of "$scratch/odd" >"$scratch/odd.modes"
	expect_same "$1: the same files, owners and modes as ever" "$scratch/installed.modes" "$scratch/odd.modes"
}
modes_of "$scratch/installed" >"$scratch/installed.modes"
expect_match '(there is something to compare)' '^file	/etc/dkimkeys/clefs/exemple.fr/mail.private	-	0600	' cat "$scratch/installed.modes"
host=$odd
status=0
wait $odd_pid || status=$?
record "$status" 'umask 077, French, no dot in the name, a slow spamd, stdout closed: install exits 0' "exit status $status: $(tail -n 3 "$scratch/odd.log")"
expect_match 'it was told about the name' 'calls itself "serveur"; its mail will go out as mail\.exemple\.fr' cat "$scratch/odd.log"
like_any_other 'umask 077, French'
check '(all but the packages is taken back)' on mailsetup rollback --yes accounts
check 'umask 000, Turkish, stderr closed: install exits 0' odd_install 000 tr_TR '2>&-'
expect_match '(spamd took its ten seconds)' 'Services, now.* [1-9][0-9]\.[0-9] s$' cat "$scratch/last"
like_any_other 'umask 000, Turkish'
says 0 'verify: everything works' ' 0 failed' on mailsetup verify

finish
