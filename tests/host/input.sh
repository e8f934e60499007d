#!/usr/bin/env bash
# What mailsetup must refuse: a clear line, the right exit status, and not a file of the machine changed.
. "$(dirname "$0")/lib.sh"

fresh_host

# --- what is asked of each refusal ---

# One line, which names the argument and the reason.
one_line() { # STATUS REGEX CMD...: one line, beside notes
	local status=0
	"${@:3}" >"$scratch/said" 2>&1 </dev/null || status=$?
	cat "$scratch/said"
	echo "(exit status $status, $(wc -l <"$scratch/said") lines)"
	((status == $1)) && (($(grep -vc '^note: ' "$scratch/said") == 1)) && grep -Eq -e "$2" "$scratch/said"
}
refuse() { # STATUS WHAT REGEX INSTALL-ARGUMENT...
	check "$2" one_line "$1" "$3" on mailsetup install "${@:4}"
}
unchanged() { # WHAT
	file_list >"$scratch/now"
	expect_same "$1" "$scratch/before" "$scratch/now"
}
remember() {
	# apt's own index of its lists is made anew by whoever asks apt next.
	on apt-cache gencaches >/dev/null 2>&1 || true
	file_list >"$scratch/before"
}

repeat() { # N TEXT
	printf "%.0s$2" $(seq "$1")
}

openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=mail.exemple.fr -addext subjectAltName=DNS:mail.exemple.fr \
	-keyout "$scratch/key.pem" -out "$scratch/cert.pem" 2>/dev/null
openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=ailleurs.fr -addext subjectAltName=DNS:ailleurs.fr \
	-keyout "$scratch/elsewhere-key.pem" -out "$scratch/elsewhere.pem" 2>/dev/null
own_certificate() { # NAME OPENSSL-ARGUMENT...
	openssl req -x509 -nodes -subj /CN=mail.exemple.fr -addext subjectAltName=DNS:mail.exemple.fr "${@:2}" \
		-keyout "$scratch/$1-key.pem" -out "$scratch/$1.pem" 2>/dev/null
}
openssl req -newkey rsa:2048 -nodes -subj /CN=mail.exemple.fr -keyout "$scratch/expired-key.pem" -out "$scratch/request" 2>/dev/null
openssl x509 -req -in "$scratch/request" -signkey "$scratch/expired-key.pem" -days -1 \
	-extfile <(echo subjectAltName=DNS:mail.exemple.fr) -out "$scratch/expired.pem" 2>/dev/null
own_certificate weak -newkey rsa:1024 -days 30
for name in key cert elsewhere elsewhere-key expired expired-key weak weak-key; do
	lab copy "$host" "$scratch/$name.pem" "/root/$name.pem"
done
printf 'domain = exemple.fr\nselector = a b\n' >"$scratch/bad.conf"
printf 'domain = exemple.fr\ndomaine = exemple.fr\n' >"$scratch/unknown.conf"
lab copy "$host" "$scratch/bad.conf" /root/bad.conf
on mkfifo /root/fifo
lab copy "$host" "$scratch/unknown.conf" /root/unknown.conf
remember

# --- parameters ---

bad_domain() { # WHAT DOMAIN REASON
	refuse 2 "--domain: $1" "^mailsetup: --domain.*$3" --domain "$2"
}
bad_domain 'empty' '' 'empty'
bad_domain 'one label' exemple 'one label'
bad_domain 'a new line' $'exemple.fr\nx' 'invisible character'
bad_domain 'a space' 'exemple .fr' 'space'
bad_domain 'single quotes' "'exemple.fr'" "'"
bad_domain 'double quotes' '"exemple.fr"' '"'
bad_domain 'a dollar' "\$HOME.fr" '\$'
bad_domain 'a semicolon' 'exemple.fr;ls' ';'
bad_domain 'a slash' 'exemple/fr.fr' '/'
bad_domain 'two dots' exemple..fr 'dot|empty|label'
bad_domain 'a path' ../../etc.fr '/|dot|empty'
bad_domain 'a label of 64 bytes' "$(repeat 64 a).fr" '63|64'
bad_domain '254 bytes' "$(repeat 62 abc.)abcd.fr" '253|254'
bad_domain 'an IPv4 address' 192.0.2.1 'IP address'
bad_domain 'an IPv6 address' 2001:db8::1 'IP address'
bad_domain 'a leading hyphen' -exemple.fr 'hyphen|-'
bad_domain 'a public suffix' fr 'one label|suffix'
bad_domain 'bytes that are no UTF-8' $'exempl\xe9.fr' 'UTF-8|character|byte|valid'
bad_domain 'localhost' localhost.localdomain.localhost 'reserved'
refuse 2 '--domain is missing' '^mailsetup: --domain is missing' --hostname mail.exemple.fr

bad() { # OPTION VALUE REASON
	refuse 2 "$1 '$2'" "^mailsetup: $1.*$3" --domain exemple.fr "$1" "$2"
}
bad --hostname '' 'empty'
bad --hostname mail 'one label'
bad --hostname 'mail exemple.fr' 'space'
bad --hostname exemple.fr 'mail domain too'
bad --hostname 198.51.100.10 'IP address'
bad --extra-domain 'toto' 'one label'
bad --network reseau 'network'
bad --network 10.0.0.0/33 'prefix'
bad --network 300.1.1.1/24 'network'
bad --network 192.0.2.1/24 'bits'
bad --network 0.0.0.0/0 'wide'
bad --selector '' 'empty'
bad --selector 'a b' 'space'
bad --selector '../x' '/|dot'
bad --selector "$(repeat 64 a)" '63|64'
bad --dkim-bits 1024 '2048'
bad --dkim-bits beaucoup '2048'
bad --dh-bits 100 '2048'
bad --dh peut-etre 'ffdhe'
bad --size-limit beaucoup 'size'
bad --size-limit 0 '1M'
bad --inbound-tls non 'encrypt'
bad --outbound-tls non 'encrypt'
bad --hosts-entry ici 'IP address'
bad --admin admin '@'
bad --admin 'l admin@exemple.fr' 'space'
bad --admin admin@autre.fr 'not in a domain'
bad --tls-cert /root/cert.pem 'key'
bad --tls-key /root/key.pem 'certificate'
bad --tls-cert /nulle/part.pem 'cannot find'
bad --tls-cert /etc 'no regular file'
bad --domain exemple.org 'given twice'
refuse 2 '--config: nobody writes into that FIFO' '^mailsetup: --config: /root/fifo is not a regular file' --config /root/fifo
refuse 2 '--config: no such file' '^mailsetup: .*/nulle/part' --config /nulle/part
refuse 2 '--config: names file, line and value' '^mailsetup: /root/bad\.conf:2: .*selector' --config /root/bad.conf
refuse 2 '--config: an unknown name' '^mailsetup: /root/unknown\.conf:2: .*domaine' --config /root/unknown.conf
refuse 2 '--admin without a password and without a terminal' '^mailsetup: .*password' --domain exemple.fr --admin admin@exemple.fr
refuse 2 '--password-stdin without a line' '^mailsetup: --password-stdin' --domain exemple.fr --admin admin@exemple.fr --password-stdin
refuse 2 '--password-stdin without --admin' '^mailsetup: --password-stdin' --domain exemple.fr --password-stdin
refuse 2 'an argument too many' "^mailsetup: .*“vite”" --domain exemple.fr vite
expect_match 'an unknown option is named' '^mailsetup.*--vite' on mailsetup install --domain exemple.fr --vite
expect_exit 2 'and is exit 2' on mailsetup install --domain exemple.fr --vite
check 'an unknown command' one_line 2 "^mailsetup: .*“installer”" on mailsetup installer
check 'resume: there is nothing to resume' one_line 2 '^mailsetup: nothing to resume' on mailsetup resume
check 'verify: nothing is installed' one_line 3 '^mailsetup: nothing is installed' on mailsetup verify
check 'no other user but root' one_line 3 '^mailsetup: .*root' as_nobody mailsetup install --domain exemple.fr

refuse 3 '--tls-cert and --tls-key are no pair' '^mailsetup: .*--tls-cert /root/cert\.pem and --tls-key /root/elsewhere-key\.pem' \
	--domain exemple.fr --tls-cert /root/cert.pem --tls-key /root/elsewhere-key.pem
refuse 3 '--tls-cert for another host' '^mailsetup: --tls-cert /root/elsewhere\.pem .*mail\.exemple\.fr' \
	--domain exemple.fr --tls-cert /root/elsewhere.pem --tls-key /root/elsewhere-key.pem
refuse 3 '--tls-cert has expired' '^mailsetup: --tls-cert /root/expired\.pem has expired' \
	--domain exemple.fr --tls-cert /root/expired.pem --tls-key /root/expired-key.pem
refuse 3 '--tls-cert is too weak for TLS' '^mailsetup: --tls-cert /root/weak\.pem: no TLS server takes this' \
	--domain exemple.fr --tls-cert /root/weak.pem --tls-key /root/weak-key.pem
refuse 3 '--tls-cert is no certificate' '^mailsetup: .*--tls-cert /root/bad\.conf' \
	--domain exemple.fr --tls-cert /root/bad.conf --tls-key /root/key.pem

unchanged 'after all of these, no file of the machine has changed'

# --- what is accepted, and becomes what ---

normalised() { # WHAT DOMAIN NORMAL
	refuse 2 "--domain: $1" "use an address in $3," --domain "$2" --admin admin@autre.fr
}
normalised 'a final dot goes' exemple.fr. 'exemple\.fr'
normalised 'upper case becomes lower case' EXEMPLE.Fr 'exemple\.fr'
normalised 'a name with an accent becomes its ASCII form' café.fr 'xn--caf-dma\.fr'

# --- the machine ---

# blocked WHAT REGEX: an install that is well asked for stops at what the machine is like
blocked() {
	remember
	refuse 3 "$1" "$2" --domain exemple.fr
	unchanged "$1: nothing was changed"
}

on systemd-run --quiet --unit=ecoute perl -MIO::Socket::INET -e \
	'my $socket = IO::Socket::INET->new(Listen => 1, LocalPort => 25, LocalAddr => "0.0.0.0") or die; sleep 900'
listens() {
	[[ -n $(on ss -Hlnt 'sport = :25') ]]
}
within 10 listens
blocked 'port 25 is taken' '^mailsetup: port 25 is taken by perl \(pid [0-9]+\)'
accepted() { # INSTALL-ARGUMENT...
	refuse 3 "accepted: $*" '^mailsetup: port 25 is taken' "$@"
}
accepted --domain ExEmPlE.fr. --hostname MAIL.Exemple.FR. --extra-domain TOTO.fr. --network 192.0.2.0/24 --network 2001:db8::/32
accepted --domain müller.example --selector s2026 --dkim-bits 2048 --dh-bits 2048 --size-limit 10M --inbound-tls may --outbound-tls may
accepted --domain exemple.fr --dh generate --dh-bits 2056 --no-learn --hosts-entry 192.168.1.10
accepted --domain exemple.fr --tls-cert /root/cert.pem --tls-key /root/key.pem
accepted --domain "$(repeat 58 abc.)ab.fr" --hostname mail.exemple.fr --selector a
on apt-mark hold postfix >/dev/null
both_told() {
	on mailsetup install --domain exemple.fr >"$scratch/said" 2>&1 || true
	cat "$scratch/said" && grep -q 'port 25 is taken' "$scratch/said" && grep -q 'postfix is on hold' "$scratch/said"
}
check 'every reason is told, not the first only' both_told
on systemctl stop ecoute
blocked 'a package is on hold' '^mailsetup: package postfix is on hold; .apt-mark unhold postfix'
on apt-mark unhold postfix >/dev/null

package() { # NAME FIELD...
	local tree=$scratch/deb/$1
	mkdir -p "$tree/DEBIAN"
	printf '%s\n' "Package: $1" 'Version: 1.0' 'Architecture: all' 'Maintainer: Nobody <nobody@exemple.fr>' "${@:2}" \
		'Description: stands for another one' >"$tree/DEBIAN/control"
	dpkg-deb --root-owner-group --build "$tree" "$scratch/$1.deb" >/dev/null
	lab copy "$host" "$scratch/$1.deb" "/root/$1.deb"
}
package exim4-daemon-light 'Provides: mail-transport-agent' 'Conflicts: mail-transport-agent' 'Replaces: mail-transport-agent'
on dpkg -i /root/exim4-daemon-light.deb >/dev/null
blocked 'another MTA is installed' '^mailsetup: apt would remove exim4-daemon-light'
on dpkg --purge exim4-daemon-light >/dev/null 2>&1

package a-moitie
on dpkg --unpack /root/a-moitie.deb >/dev/null
blocked 'dpkg was interrupted' '^mailsetup: dpkg was interrupted .*dpkg --configure -a'
on dpkg --purge a-moitie >/dev/null 2>&1

on sh -c 'cd /usr/lib && mv os-release /root/kept && sed "s/^VERSION_ID=.*/VERSION_ID=\"99\"/" /root/kept >os-release'
blocked 'an unknown release' '^mailsetup: this is [Dd]ebian.* 99.* knows Debian 11, 12, 13; --force-release'
on mv /root/kept /usr/lib/os-release

on systemd-run --quiet --unit=verrou perl -MFcntl -e \
	'my $lock = pack("s s x4 q q i x4", F_WRLCK, 0, 0, 0, 0);
	open(F, "+>>", "/var/lib/dpkg/lock-frontend") or die;
	fcntl(F, F_SETLK, $lock) or die;
	open(G, ">", "/run/verrou"); sleep 900'
within 10 on test -e /run/verrou
remember
expect_match 'apt is at work: who, and on what' '^mailsetup: .*perl \(process [0-9]+\) holds /var/lib/dpkg/lock-frontend' \
	on mailsetup install --domain exemple.fr
expect_match 'apt is at work: exit 5' '^5$' sh -c 'tests/lab/lab exec "$0" mailsetup install --domain exemple.fr >/dev/null 2>&1; echo $?' "$host"
unchanged 'apt is at work: nothing was changed'
on systemctl stop verrou

on useradd --system --uid 5000 --no-user-group vmail
remember
blocked 'a user vmail of another id' '^mailsetup: user vmail has the id 5000, but mailboxes carry 3000'
on userdel vmail
on groupadd --gid 3000 courrier
remember
blocked 'a group of the id that mailboxes carry' '^mailsetup: group id 3000 belongs to courrier'
on groupdel courrier
remember

on sh -c 'mount --bind /etc /etc && mount -o remount,bind,ro /etc'
blocked '/etc is read-only' '^mailsetup: /etc is on a file system that is mounted read-only'
on umount /etc

on apt-get clean
lab mirror "$host" stop
blocked 'the package source does not answer' '^mailsetup: package source http.* does not answer'

finish
