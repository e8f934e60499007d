#!/usr/bin/env bash
# Makes the small root of a bare Debian: tests/crash/before.sh FOLDER PROGRAM [RELEASE]
set -euo pipefail
root=$1 program=$2 name=${3-bullseye}
mkdir -p "$root"
cd "$root"
mkdir -p etc/{default,init.d,rc{0,1,2,3,4,5,6}.d,systemd/system/{multi-user,timers}.target.wants,tmpfiles.d} lib/systemd/system proc run tmp usr/{bin,lib/apt,sbin,share/doc} \
	var/{cache,lib/{dpkg,systemd},log,mail,spool} fake/{packages,auto,active}
chmod 1777 tmp

cat >etc/passwd <<'END'
root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
mail:x:8:8:mail:/var/mail:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
END
cat >etc/group <<'END'
root:x:0:
daemon:x:1:
adm:x:4:admin
mail:x:8:
nogroup:x:65534:
END
printf '127.0.0.1\tlocalhost\n# by hand' >etc/hosts
echo mail >etc/hostname
declare -A numbers=([bullseye]=11 [bookworm]=12 [trixie]=13)
printf 'PRETTY_NAME="Debian GNU/Linux %s (%s)"\nVERSION_ID="%s"\nVERSION_CODENAME=%s\nID=debian\n' \
	"${numbers[$name]}" "$name" "${numbers[$name]}" "$name" >usr/lib/os-release
printf 'MemTotal:        4000000 kB\n' >proc/meminfo
for file in etc/default/cron etc/init.d/cron lib/systemd/system/cron.service usr/share/doc/base-files var/log/syslog; do
	echo "$file" >"$file"
done
chmod 0640 etc/default/cron
chgrp 4 var/log/syslog
chgrp 8 var/mail
chmod 2775 var/mail
# The administrator's own: it is taken away for the transaction, and comes back.
printf '#!/bin/sh\nexit 0\n' >usr/sbin/policy-rc.d
chmod 0754 usr/sbin/policy-rc.d

for name in apt-get apt-cache dpkg-query dpkg apt-mark useradd usermod userdel groupadd groupdel gpasswd \
	systemd-tmpfiles update-rc.d; do
	ln -s "$program" "usr/sbin/$name"
done
ln -s "$program" usr/lib/apt/apt-helper
find . -exec touch -h -d '2021-08-14 12:00:00.123456789 UTC' {} +
