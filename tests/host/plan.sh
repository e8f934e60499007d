#!/usr/bin/env bash
# plan: all that an install would do, nothing done; kept in a file, and done from it.
. "$(dirname "$0")/lib.sh"

fresh_host

# The trace of a command in the host, as the kernel saw it.
traced() { # FILE CMD...
	strace -f -qq -o "$1" -e trace='open,openat,openat2,creat,rename,renameat,renameat2,unlink,unlinkat,rmdir,mkdir,mkdirat,link,linkat,symlink,symlinkat,chmod,fchmod,fchmodat,chown,fchown,lchown,fchownat,utimensat,truncate,ftruncate,setxattr,fsetxattr,execve' \
		tests/lab/lab exec "$host" "${@:2}"
}
# What it changed, or could have: in mailsetup itself, and in the programs that it asks. apt writes into a temporary file of its own at most.
touched() { # FILE
	awk '/execve\("[^"]*mailsetup",/ { on = 1 } on' "$1" | grep -v ' = -1 E' |
		grep -E 'O_WRONLY|O_CREAT|O_TRUNC|creat\(|rename|unlink|rmdir|mkdir|link(at)?\(|chmod|chown|utimensat|truncate|setxattr' |
		grep -vE 'readlink|/dev/null|"/tmp/(clearsigned|apt)|/dev/tty|/proc/' || true
}

# --- on a bare machine ---

file_list >"$scratch/before"
expect_exit 0 'plan on a bare machine exits 0' on mailsetup plan --domain exemple.fr --admin "$admin"
cp "$scratch/output" "$scratch/plan"
expect_match 'it says how much' '^mail\.exemple\.fr, the mail server of exemple\.fr: [0-9]+ changes in 1[67] steps; none is made yet\.$' cat "$scratch/plan"
expect_match 'packages with their sizes' '^  packages postfix: .* to be installed: [0-9.]+ MB to download, [0-9.]+ MB on disk$' cat "$scratch/plan"
expect_match 'those that come with them too' '^  packages libmilter1' cat "$scratch/plan"
expect_match 'users' '^  user vmail: to be made$' cat "$scratch/plan"
expect_match 'files with owner and mode' '^  file /etc/postfix/main\.cf: to be made, root:root 0644$' cat "$scratch/plan"
expect_match 'as a diff' '^    \+myhostname +=  *mail\.exemple\.fr$' cat "$scratch/plan"
expect_match 'rows' "^  row postfix_utilisateurs/utilisateur/$admin: to be added" cat "$scratch/plan"
expect_match 'keys, which are not made yet' '^  file /etc/dkimkeys/clefs/exemple\.fr/mail\.private: RSA key of 4096 bits, to be made' cat "$scratch/plan"
expect_match 'units' '^  running postfix\.service: to be started' cat "$scratch/plan"
expect_match 'and the reason of each step' "^every mail domain must have a postmaster that somebody reads\$" cat "$scratch/plan"
order() {
	grep -nE '^(packages|accounts|tls|database|postfix|dkim|services)  ' "$scratch/plan" | cut -d: -f2 | cut -d' ' -f1 | paste -sd' '
}
expect_text 'in the order of the graph' 'packages accounts tls database postfix dkim services' order
expect_exit 0 'plan --json' on mailsetup plan --domain exemple.fr --json
cp "$scratch/output" "$scratch/plan.json"
check 'is one document' json_lines "$scratch/plan.json"
expect_match 'with all steps' '"steps":\[\{"name":"system",.*"name":"verdict"' cat "$scratch/plan.json"
expect_exit 0 'without root' as_nobody mailsetup plan --domain exemple.fr
expect_match 'it shows the same' '^  file /etc/postfix/main\.cf: to be made, root:root 0644$' cat "$scratch/last"
expect_exit 0 'traced' traced "$scratch/trace" mailsetup plan --domain exemple.fr --admin "$admin"
expect_match '(the trace saw it work)' 'openat2?\(.*"etc/' cat "$scratch/trace"
expect_text 'it touches no file' '' touched "$scratch/trace"
file_list >"$scratch/after"
expect_same 'and no file has changed' "$scratch/before" "$scratch/after"

# --- errors ---

expect_exit 2 'no domain: refused' on mailsetup plan
expect_exit 2 'a bad one too' on mailsetup plan --domain 'a..fr'
on sh -c 'nc -l -p 25 >/dev/null 2>&1 & perl -e "use IO::Socket; IO::Socket::INET->new(LocalPort => 25, Listen => 1) and sleep 600" >/dev/null 2>&1 &' || true
within 10 on sh -c 'ss -Hltn "sport = :25" 2>/dev/null | grep -q . || grep -q ":0019 " /proc/net/tcp' >/dev/null
expect_exit 3 'what would stop an install is said' on mailsetup plan --domain exemple.fr
expect_match 'at the end' '^  port 25 is taken by ' tail -n 1 "$scratch/last"
on sh -c 'for p in $(grep -lsE "^(nc|perl)$" /proc/[0-9]*/comm); do kill "$(basename "$(dirname "$p")")"; done' || true

# Debian's cloud images have a list of mirrors, and no list of packages yet; which mirror to ask, apt alone knows.
on cp /etc/apt/sources.list /root/sources.list
on sh -c 'sed -n "s|^deb \\(http[^ ]*\\) .*|\\1|p" /etc/apt/sources.list | sort -u >/etc/apt/mirrors.list'
on sed -i 's|^deb http[^ ]* |deb mirror+file:///etc/apt/mirrors.list |' /etc/apt/sources.list
expect_match '(the host has a list of mirrors)' '^deb mirror\+file:///etc/apt/mirrors\.list [a-z]+ ' on cat /etc/apt/sources.list
expect_exit 0 'a list of mirrors that nothing was fetched from yet stops nothing' on mailsetup plan --domain exemple.fr
# apt 2.2 waits for such a list's http method for ever; those images come with a later one.
if [[ $release != bullseye ]]; then
	on apt-get -q update
	expect_exit 0 'nor one that was' on mailsetup plan --domain exemple.fr
	expect_match 'and packages come from there' '^  packages postfix: .* to be installed: [0-9.]+ MB to download' cat "$scratch/last"
fi
on sh -c ': >/etc/apt/sources.list'
expect_exit 3 'no source at all does' on mailsetup plan --domain exemple.fr
expect_match 'and is said' '^  apt has no package source; see sources\.list\(5\)$' cat "$scratch/last"
on cp /root/sources.list /etc/apt/sources.list
on apt-get -q update

# A kernel without IPv6 (ipv6.disable=1) has no such sockets: Dovecot, told to listen on them, would not start at all.
listens='listen = \*(, \[::\])?(:|$)'
expect_match 'with IPv6, Dovecot is to listen on it' 'listen = \*, \[::\]' grep -E "$listens" "$scratch/plan"
expect_exit 0 'plan without IPv6' on systemd-run -q --pipe --wait -p 'RestrictAddressFamilies=AF_UNIX AF_INET AF_NETLINK' \
	/usr/local/sbin/mailsetup plan --domain exemple.fr
expect_match 'Dovecot is to listen on IPv4 alone' 'listen = \*(:|$)' grep -E "$listens" "$scratch/last"

# --- kept, then done ---

expect_exit 0 'plan --out' on mailsetup plan --domain exemple.fr --admin "$admin" --out /root/plan.json
expect_text 'the file is for root alone' '600 root' on stat -c '%a %U' /root/plan.json
expect_exit 4 'a second one does not replace it' on mailsetup plan --domain exemple.fr --out /root/plan.json
expect_match 'and says so' '/root/plan\.json: the file exists' cat "$scratch/last"
expect_exit 1 'nor can it be written where there is no folder' on mailsetup plan --domain exemple.fr --out /nowhere/plan.json
on sh -c 'echo "{" >/root/bad.json; echo "{\"format\":\"other\"}" >/root/other.json'
expect_exit 2 'install --plan: no JSON' on mailsetup install --plan /root/bad.json
expect_exit 2 'install --plan: no plan' on mailsetup install --plan /root/other.json
expect_exit 2 'install --plan: no file' on mailsetup install --plan /root/none.json
on sh -c 'mkdir -p /etc/tmpfiles.d && echo "# mine" >/etc/tmpfiles.d/spamassassin.conf'
expect_exit 4 'a machine that has changed since is refused' sh -c "echo '$password' | tests/lab/lab exec '$host' mailsetup install --plan /root/plan.json --password-stdin"
expect_match 'with what has changed' 'has changed since this plan was made \(/etc/tmpfiles\.d/spamassassin\.conf\); nothing was done' cat "$scratch/last"
on sh -c 'test ! -e /usr/sbin/postfix'
on rm /etc/tmpfiles.d/spamassassin.conf
expect_exit 0 'as it was, it is done' sh -c "echo '$password' | tests/lab/lab exec '$host' mailsetup install --plan /root/plan.json --password-stdin --no-verify"
expect_exit 0 'then there is nothing to plan' on mailsetup plan
expect_match 'and it says so' '^Nothing would have to be changed\.$' cat "$scratch/last"
expect_exit 0 'traced again' traced "$scratch/trace" mailsetup plan
expect_text 'it touches no file of a server that stands' '' touched "$scratch/trace"
expect_exit 0 'a change of a parameter' on mailsetup plan --size-limit 2M
expect_match 'is shown as what it changes' '^    \+message_size_limit +=  *2097152$' cat "$scratch/last"
on sh -c 'echo "# another hand" >>/etc/postfix/main.cf'
expect_exit 4 'drift is shown' on mailsetup plan
expect_match 'as a diff' '^    \+# another hand$' cat "$scratch/last"
expect_exit 0 'without root: what can be seen' sh -c "tests/lab/lab exec '$host' setpriv --reuid=nobody --regid=nogroup --clear-groups mailsetup plan --domain exemple.fr; test \$? = 3"

finish
