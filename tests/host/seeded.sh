#!/usr/bin/env bash
# An installed server, broken in one way after the other: `verify` names each fault by the right check, says nothing wrong of what
# still works, and is content before and after. docs/SEEDED-FAULTS.md is the list of them.
#
#	tests/host/seeded.sh          each fault once, 3 runs on the healthy server
#	tests/host/seeded.sh long     the same, 20 runs on the healthy server
#	tests/host/seeded.sh rows     prints the rows for docs/SEEDED-FAULTS.md (it runs all faults for that)
. "$(dirname "$0")/lib.sh"

mode=${1-}
healthy_runs=3
[[ $mode != long ]] || healthy_runs=20

installed_host
publish_key exemple.fr
key=/etc/postfix/tls/courriel.key
certificate=/etc/postfix/tls/courriel.pem
dkim=/etc/dkimkeys/clefs/exemple.fr/mail.private
mailboxes=/var/mail/utilisateurs

# --- words for breaking and mending, in the host ---

cat >"$scratch/words" <<'WORDS'
kept=/root/kept
files='/etc/postfix /etc/dovecot /etc/dkimkeys /etc/spamassassin /etc/default /etc/tmpfiles.d /etc/opendkim.conf /etc/group /etc/gshadow
	/var/mail/sieve'

# As it was, in place: a database that is open, and a file's second name, stay.
put_back() {
	for path; do
		cp -a --no-target-directory $kept$path $path
	done
}
# Postfix's tools wait until main.cf is two seconds old.
reload_postfix() {
	touch -d '10 seconds ago' /etc/postfix/main.cf
	postfix reload 2>/dev/null
}
set_postfix() { # PARAMETER=VALUE...
	touch -d '10 seconds ago' /etc/postfix/main.cf
	postconf -e "$@" && reload_postfix
}
put_back_postfix() {
	put_back /etc/postfix/main.cf /etc/postfix/master.cf /etc/postfix/header_checks
	reload_postfix
}
set_dovecot() { # LINE...
	printf '%s\n' "$@" >/etc/dovecot/conf.d/99-seeded.conf
	doveadm reload
}
put_back_dovecot() {
	rm -f /etc/dovecot/conf.d/99-seeded.conf
	put_back /etc/dovecot
	doveadm reload
}
put_back_tls() {
	put_back /etc/postfix/tls
	reload_postfix
	doveadm reload
}
# certificate NAME DAYS: a self-signed one, with the server's own key
certificate() {
	openssl req -new -key /etc/postfix/tls/courriel.key -subj "/CN=$1" -out /run/seeded.csr 2>/dev/null
	printf 'subjectAltName=DNS:%s\n' "$1" >/run/seeded.ext
	openssl x509 -req -in /run/seeded.csr -signkey /etc/postfix/tls/courriel.key -days "$2" -sha256 -extfile /run/seeded.ext \
		-out /etc/postfix/tls/courriel.pem 2>/dev/null
}
# The same of yesteryear: OpenSSL 3.4 lets x509 give no days that are less than none.
expired_certificate() { # NAME
	openssl req -new -key /etc/postfix/tls/courriel.key -subj "/CN=$1" -out /run/seeded.csr 2>/dev/null
	printf 'subjectAltName=DNS:%s\n' "$1" >/run/seeded.ext
	printf '[ca]\ndefault_ca=own\n[own]\ndatabase=/run/seeded.index\nnew_certs_dir=/run\nrand_serial=yes\npolicy=any\n[any]\ncommonName=supplied\n' \
		>/run/seeded.cnf
	: >/run/seeded.index
	openssl ca -batch -selfsign -config /run/seeded.cnf -keyfile /etc/postfix/tls/courriel.key -in /run/seeded.csr -md sha256 -notext \
		-startdate 20240101000000Z -enddate 20240102000000Z -extfile /run/seeded.ext -out /run/seeded.pem 2>/dev/null
	cat /run/seeded.pem >/etc/postfix/tls/courriel.pem
}
# The same of an authority.
certificate_of_authority() {
	openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=Authority -days 30 -keyout /run/ca.key -out /run/ca.pem 2>/dev/null
	openssl req -new -key /etc/postfix/tls/courriel.key -subj "/CN=$1" -out /run/seeded.csr 2>/dev/null
	printf 'subjectAltName=DNS:%s\n' "$1" >/run/seeded.ext
	openssl x509 -req -in /run/seeded.csr -CA /run/ca.pem -CAkey /run/ca.key -set_serial 1 -days "$2" -sha256 -extfile /run/seeded.ext \
		-out /etc/postfix/tls/courriel.pem 2>/dev/null
}
sql() {
	sqlite3 -cmd '.timeout 5000' /etc/postfix/bdd/postfix.sqlite "$1"
}
in_a_while() { # CMD...: within 10 s
	for i in $(seq 100); do
		"$@" && return 0
		sleep 0.1
	done
	return 1
}
WORDS
lab copy "$host" "$scratch/words" /root/words
in_host() { # SCRIPT
	on bash -c ". /root/words; set -e; $1"
}
in_host 'for path in $files; do mkdir -p $kept$(dirname $path); cp -a $path $kept$path; done'

# --- what is asked of verify ---

# What the lab cannot have: a clock that is kept right, a way to the world.
always_unknown='clock outbound'

cat >"$scratch/judge.py" <<'JUDGE'
import json, re, sys
# judge.py FILE CHECK REGEX ALSO: CHECK has failed and its evidence fits; besides, only those of ALSO ("*": all) are not ok.
path, check, regex, also, unknown = sys.argv[1:]
findings = {e["check"]: e for e in map(json.loads, open(path)) if e.get("event") == "finding"}
bad = {n for n, e in findings.items() if e["state"] != "ok"}
bad -= {n for n in unknown.split() if findings.get(n, {}).get("state") == "unknown"}
for name in sorted(bad):
    print(name, findings[name]["state"], findings[name]["evidence"], "->", findings[name].get("remedy"))
if not findings:
    sys.exit("no findings")
if check:
    e = findings[check]
    if e["state"] != "failed" or not re.search(regex, e["evidence"]):
        sys.exit(f"{check} does not name it: {e['state']} {e['evidence']}")
    if not e.get("remedy"):
        sys.exit(f"{check} does not say what to do")
    print("EVIDENCE", e["evidence"])
others = bad - {check} - (bad if also == "*" else set(also.split()))
if others:
    sys.exit(f"not its fault: {others}")
JUDGE
judge() { # CHECK REGEX ALSO
	/usr/bin/python3 "$scratch/judge.py" "$scratch/verdict" "$1" "$2" "$3" "$always_unknown"
}

verify() { # OPTION...: into $scratch/verdict
	on mailsetup verify --json "$@" >"$scratch/verdict" 2>"$scratch/verify.log" || true
}
all_green() {
	verify && judge '' '' ''
}
green() { # CHECK
	verify --only "$1" && judge '' '' ''
}

rows=() # of docs/SEEDED-FAULTS.md
left_out=0
cannot_be() { # WHAT: on this release, as the document's second table says
	grep -q "^| $1 | [^|]*\b$release\b" docs/SEEDED-FAULTS.md
}
# fault WHAT CHECK REGEX ALSO BREAK UNDO [VERIFY-OPTION...]: ALSO are the checks that may fail with it
fault() {
	local what=$1 name=$2 evidence
	if cannot_be "$what"; then
		echo "# not on $release: $what"
		rows+=("| $what | \`$name\` | |")
		left_out=$((left_out + 1))
		return
	fi
	in_host "$5" >"$scratch/break.log" 2>&1 || record 1 "($what: broken)" "$(tail -n 3 "$scratch/break.log")"
	verify "${@:7}"
	capture judge "$name" "$3" "$4"
	record "$status" "$what: $name says so" "exit status $status"
	evidence=$(sed -n 's/^EVIDENCE //p' "$scratch/output" | sed 's/mailsetup-verify-[0-9a-f]\{16\}/mailsetup-verify-…/g')
	echo "# $what | $name | $evidence"
	((status == 0)) && rows+=("| $what | \`$name\` | $(cut -c1-160 <<<"${evidence//|/\\|}") |")
	in_host "$6" >"$scratch/undo.log" 2>&1 || record 1 "($what: mended)" "$(tail -n 3 "$scratch/undo.log")"
	capture within 15 green "$name"
	((status == 0)) || record 1 "$what: mended, and $name is content" "exit status $status"
}

for ((i = 1; i <= healthy_runs; i++)); do
	check "healthy, run $i: nothing is said to be wrong" all_green
done

seconds() { # LIMIT VERIFY-OPTION...: how long a run takes, and whether that is less
	local began=${EPOCHREALTIME/./} took
	verify "${@:2}"
	took=$((${EPOCHREALTIME/./} - began))
	printf '%d ms\n' $((took / 1000))
	((took < $1 * 1000000))
}
check 'verify takes less than 20 s' seconds 20
echo "# verify: $(<"$scratch/output")"
check 'verify --no-mail takes less than 3 s' seconds 3 --no-mail
echo "# verify --no-mail: $(<"$scratch/output")"

# --- secrets and mailboxes ---

fault 'private key readable by all' secrets 'courriel\.key has mode 0644' '' "chmod 644 $key" "chmod 600 $key"
fault 'database readable by all' secrets 'postfix\.sqlite has mode 0644' '' "chmod 644 $database" "chmod 640 $database"
fault 'DKIM key readable by all' secrets 'mail\.private has mode 0644' '' "chmod 644 $dkim" "chmod 600 $dkim" --no-mail
fault 'a mailbox belongs to root' mailboxes 'exemple\.fr/admin belongs to 0:0' '' \
	"install -d -o vmail -g vmail -m 700 $mailboxes/exemple.fr && install -d -m 700 $mailboxes/exemple.fr/admin" \
	"rmdir $mailboxes/exemple.fr/admin && rmdir $mailboxes/exemple.fr"

# --- TLS ---

fault 'key of another certificate' tls-certificate 'courriel\.pem and /etc/postfix/tls/courriel\.key' '*' \
	"openssl genrsa -out /run/other.key 2048 2>/dev/null && cat /run/other.key >$key" 'put_back_tls' --no-mail
fault 'certificate expired' tls-certificate 'has expired' '' \
	'expired_certificate mail.exemple.fr && reload_postfix && doveadm reload' 'put_back_tls'
fault 'certificate of an authority, a few days before its end' tls-certificate 'expires in [5-6] days' '' \
	'certificate_of_authority mail.exemple.fr 6 && reload_postfix && doveadm reload' 'put_back_tls' --no-mail
fault 'certificate without the host name' tls-certificate 'does not cover mail\.exemple\.fr' '' \
	'certificate www.exemple.fr 30 && reload_postfix && doveadm reload' 'put_back_tls' --no-mail
fault 'new certificate, Dovecot not told' tls-certificate 'port 993 serves another certificate' '' \
	'certificate mail.exemple.fr 30' 'put_back_tls' --no-mail
fault 'DH file cut off' dh 'dh4096\.pem' '' 'truncate -s 100 /etc/postfix/tls/dh4096.pem' 'put_back_tls' --no-mail
fault 'TLS 1.0 allowed by Dovecot' tls-versions 'port 993 accepts TLS 1\.[01]' 'tls-ciphers' \
	'set_dovecot "ssl_min_protocol = TLSv1" "ssl_cipher_list = ALL:@SECLEVEL=0"' 'put_back_dovecot' --no-mail
fault 'weak cipher allowed by Postfix' tls-ciphers 'port 25 takes AES128-SHA' '' \
	'set_postfix "tls_medium_cipherlist=ECDHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES128-GCM-SHA256:AES128-SHA"' 'put_back_postfix' --no-mail
fault 'weak cipher allowed by Dovecot' tls-ciphers 'port 993 takes AES256-SHA' '' \
	'set_dovecot "ssl_cipher_list = ECDHE+AESGCM:AES256-SHA"' 'put_back_dovecot' --no-mail

# --- milters ---

spam='ham forged gtube'
fault 'directory of the signing socket gone' milters 'cannot connect to .*opendkim\.sock' 'dkim' \
	'mv /var/spool/postfix/var/run/opendkim /run/opendkim.gone' \
	'cp -a /run/opendkim.gone /var/spool/postfix/var/run/opendkim; rm -rf /run/opendkim.gone; systemctl restart opendkim'
fault 'directory of the spam socket closed' milters 'user postfix cannot connect to .*spamass\.sock: Permission denied' "$spam" \
	'chown root /var/spool/postfix/spamass && chmod 700 /var/spool/postfix/spamass' \
	'chown spamass-milter /var/spool/postfix/spamass && chmod 755 /var/spool/postfix/spamass'
# A process of Postfix keeps the groups of its start: one from before would go on signing, one from meanwhile would not sign for minutes.
fault 'postfix no member of group opendkim' milters 'user postfix cannot connect to .*opendkim\.sock: Permission denied' 'dkim' \
	'gpasswd -d postfix opendkim && reload_postfix' 'put_back /etc/group /etc/gshadow && reload_postfix'
fault 'spamass-milter no member of group spamassassin' milters \
	'user spamass-milter cannot connect to .*spamassassin\.sock: Permission denied' "$spam" \
	'gpasswd -d spamass-milter spamassassin' 'put_back /etc/group /etc/gshadow' --no-mail
fault 'OpenDKIM dead' milters 'opendkim\.service is inactive' 'dkim' 'systemctl stop opendkim' 'systemctl start opendkim'
fault 'spamass-milter dead' milters 'spamass-milter\.service is' "$spam" 'systemctl stop spamass-milter' 'systemctl start spamass-milter'
fault 'spamd dead' milters "$spamd\.service is inactive" "$spam" "systemctl stop $spamd" "systemctl start $spamd"
fault 'spamd hangs' milters 'no answer on .*spamassassin\.sock' "$spam" \
	"systemctl kill --signal=STOP $spamd" "systemctl kill --signal=CONT $spamd" --no-mail
fault 'spamass-milter passes over all senders' ham 'nobody has judged it' "$spam" \
	'sed -i "s/-i 127.0.0.1/-i 0.0.0.0\/0/" /etc/default/spamass-milter && systemctl restart spamass-milter' \
	'put_back /etc/default && systemctl restart spamass-milter' --only ham,gtube,milters,inbound
fault 'spam filter marks everything' ham 'an ordinary message from outside is marked' '*' \
	"echo required_score 0.1 >>/etc/spamassassin/local.cf && systemctl restart $spamd" \
	"put_back /etc/spamassassin && systemctl restart $spamd" --only ham,inbound,milters,gtube
fault 'own domain whitelisted whoever sends' forged 'USER_IN_(WHITE|WELCOME)LIST' '' \
	"echo '$welcomelist_from *@exemple.fr' >>/etc/spamassassin/local.cf && systemctl restart $spamd" \
	"put_back /etc/spamassassin && systemctl restart $spamd"
fault 'Bayes database of root' bayes 'spamassassin cannot write .*bayes_seen' '' \
	'install -m 600 /dev/null /var/lib/spamd/bayes_seen' 'rm /var/lib/spamd/bayes_seen' --no-mail
fault 'learning not scheduled' learning 'mailsetup-learn\.timer is disabled' '' \
	'systemctl disable --now mailsetup-learn.timer' 'systemctl enable --now mailsetup-learn.timer' --no-mail
fault 'tmpfiles configuration gone' tmpfiles 'spamassassin\.conf' '' 'rm /etc/tmpfiles.d/spamassassin.conf' 'put_back /etc/tmpfiles.d' \
	--no-mail

# --- daemons ---

fault 'Postfix master killed' units "$postfix_daemon\.service" '*' 'pkill -KILL -o -x master; in_a_while sh -c "! pgrep -x master"' \
	"systemctl restart $postfix_daemon.service"
fault 'Dovecot stopped' units 'dovecot\.service is inactive' '*' 'systemctl stop dovecot' 'systemctl start dovecot'
fault 'Dovecot not started at boot' boot 'dovecot\.service does not start at boot' '' 'systemctl disable dovecot' \
	'systemctl enable dovecot' --no-mail
fault 'delivery socket gone' dovecot-sockets 'cannot connect to .*dovecot-lmtp' '*' 'rm /var/spool/postfix/private/dovecot-lmtp' \
	'systemctl restart dovecot' --only dovecot-sockets,inbound,units,milters
fault 'port 465 not in master.cf' ports 'port 465' \
	'ports-ipv6 tls-certificate tls-versions tls-ciphers submissions sasl sender-login submission-auth' \
	"sed -i '/^$submissions /,\$d' /etc/postfix/master.cf && reload_postfix" 'put_back_postfix'
fault 'ManageSieve switched off' ports 'port 4190' 'ports-ipv6 tls-certificate tls-versions tls-ciphers managesieve auth-clear' \
	'echo "protocols = imap lmtp" >/etc/dovecot/conf.d/99-seeded.conf && systemctl restart dovecot' \
	'rm /etc/dovecot/conf.d/99-seeded.conf && systemctl restart dovecot'
fault 'IPv6 switched off in Postfix' ports-ipv6 '2001:db8|fd|port 25' 'wrong-password relay' \
	"set_postfix inet_protocols=ipv4 && systemctl restart $postfix_daemon.service" \
	"put_back /etc/postfix/main.cf && systemctl restart $postfix_daemon.service" --only ports,ports-ipv6,wrong-password,relay,submission

# --- maps, aliases, blocklists ---

fault 'map with a wrong path of the database' maps 'sqlite-utilisateurs\.cf' '*' \
	'sed -i s/postfix\\.sqlite/posfix.sqlite/ /etc/postfix/sqlite-utilisateurs.cf' 'put_back /etc/postfix/sqlite-utilisateurs.cf' --no-mail
fault 'map with a broken query' maps 'sqlite-alias\.cf: .*no such column' 'alias' \
	'sed -i "s/SELECT destination/SELECT destinatoin/" /etc/postfix/sqlite-alias.cf' 'put_back /etc/postfix/sqlite-alias.cf' --no-mail
fault 'map that finds only what is switched off' maps 'sqlite-domaines\.cf answers .. for exemple\.fr' '*' \
	"sed -i \"s/active='1'/active='0'/\" /etc/postfix/sqlite-domaines.cf" 'put_back /etc/postfix/sqlite-domaines.cf' --no-mail
fault 'database not readable by Postfix' maps 'sqlite-domaines\.cf: .*unable to open database' '*' \
	"chgrp root $database" "chgrp postfix $database" --no-mail
fault 'virtual aliases not in main.cf' virtual-alias '550 5\.1\.1' 'maps' 'set_postfix virtual_alias_maps=' 'put_back_postfix'
fault 'local aliases not in main.cf' alias '550 5\.1\.1' 'maps' 'set_postfix alias_maps=' 'put_back_postfix' \
	--only alias,maps,virtual-alias,inbound
fault 'blocklist of recipients not in main.cf' block-recipient 'is on the blocklist, but the answer is 550 5\.1\.1' 'maps' \
	'set_postfix "smtpd_recipient_restrictions=permit_mynetworks,permit_sasl_authenticated,reject_unauth_destination"' \
	'put_back_postfix' --only block-recipient,block-sender,maps,relay,inbound
fault 'blocklist of senders not in main.cf' block-sender 'is on the blocklist, but the answer is 250' 'maps' \
	'set_postfix smtpd_sender_restrictions=reject_non_fqdn_sender' \
	'put_back_postfix' --only block-recipient,block-sender,maps,relay,sender-login
fault 'no recipient_delimiter' plus-address '550 5\.1\.1' '' 'set_postfix recipient_delimiter=' 'put_back_postfix'
fault 'postmaster is nobody' postmaster "is nobody's, but should be admin@exemple\.fr's" '' \
	"sql \"UPDATE postfix_alias_virtuels SET active=0 WHERE courriel='postmaster@exemple.fr'\"" \
	"sql \"UPDATE postfix_alias_virtuels SET active=1 WHERE courriel='postmaster@exemple.fr'\"" --no-mail

# --- who may do what ---

fault 'relay opened: mynetworks is the world' relay 'OPEN RELAY: from <> to <nobody@example\.net> is accepted' \
	'block-recipient smuggling ports submission-auth' 'set_postfix mynetworks=0.0.0.0/0' 'put_back_postfix'
fault 'relay opened: restrictions that let all pass' relay 'OPEN RELAY' 'block-recipient maps' \
	'set_postfix smtpd_relay_restrictions= "smtpd_recipient_restrictions=check_sender_access static:OK,reject"' 'put_back_postfix' \
	--only relay,submission-auth,sender-login,inbound,submission
fault 'AUTH in clear allowed by Postfix' auth-clear 'port 25 (offers AUTH before STARTTLS|takes a password in clear)' '' \
	'set_postfix smtpd_sasl_auth_enable=yes smtpd_tls_security_level=may smtpd_tls_auth_only=no' 'put_back_postfix' --no-mail
fault 'AUTH in clear allowed by Dovecot' auth-clear 'port 143 (does not say LOGINDISABLED|takes a password in clear)' '' \
	"set_dovecot 'ssl = yes' '$dovecot_clear'" 'put_back_dovecot' --no-mail
fault 'port 587 without authentication' submission-auth 'port 587 takes mail without a password' '' \
	"sed -i '/^submission /,/^$submissions /s/permit_sasl_authenticated,reject/permit/' /etc/postfix/master.cf && reload_postfix" \
	'put_back_postfix'
fault 'port 587 offers no authentication' sasl 'port 587 does not offer PLAIN' 'submission dkim privacy wrong-password sender-login' \
	"sed -i '/^submission /,/^$submissions /s/smtpd_sasl_auth_enable=yes/smtpd_sasl_auth_enable=no/' /etc/postfix/master.cf && reload_postfix" \
	'put_back_postfix'
fault 'any sender for any login' sender-login 'port 587 lets one user send as <postmaster@exemple\.fr>' '' \
	'sed -i "s/smtpd_sender_restrictions=.*/smtpd_sender_restrictions=/" /etc/postfix/master.cf && reload_postfix' 'put_back_postfix'
fault 'any sender for any login, on port 25' sender-login 'port 25 lets one user send as <postmaster@exemple\.fr>' 'block-sender' \
	'set_postfix smtpd_sasl_auth_enable=yes smtpd_sender_restrictions=reject_non_fqdn_sender' 'put_back_postfix' --only sender-login,submission,relay
fault 'VRFY allowed' vrfy 'VRFY is answered with 25' '' 'set_postfix disable_vrfy_command=no' 'put_back_postfix' --no-mail
fault 'no size limit' size-limit 'announces no limit' '' 'set_postfix message_size_limit=0' 'put_back_postfix' --no-mail
# Since 3.9, Postfix ends by itself who talks on without having been answered.
fault 'messages may be smuggled in' smuggling 'CVE-2023-51764' '' \
	'set_postfix smtpd_forbid_bare_newline=no smtpd_forbid_unauth_pipelining=no' 'put_back_postfix'
# Not a fault of this kind: what is put off shows nothing.
in_host 'set_postfix smtpd_end_of_data_restrictions=defer' >/dev/null 2>&1
verify --only smuggling
expect_match 'a message that is put off proves no smuggling' '"check":"smuggling","state":"unknown","evidence":"[^"]*put off[^"]*: 45' \
	cat "$scratch/verdict"
in_host put_back_postfix >/dev/null 2>&1
check 'smuggling is content again' within 15 green smuggling
fault 'header_checks emptied' privacy 'X-Originating-IP is passed on' '' ': >/etc/postfix/header_checks; reload_postfix' 'put_back_postfix'

# --- DKIM ---

fault 'signing table without the domain' dkim 'carries no DKIM signature of exemple\.fr' '' \
	'sed -i s/exemple.fr/exemple.org/ /etc/dkimkeys/TableSignatures && systemctl restart opendkim' \
	'put_back /etc/dkimkeys && systemctl restart opendkim'
fault 'DKIM key replaced' dns-dkim 'holds another key than this server' 'dkim' "openssl genrsa 2048 2>/dev/null >$dkim" 'put_back /etc/dkimkeys'

# --- Sieve, folders ---

fault 'Sieve rule changed, not compiled' sieve-rule 'is older than its source' '' 'touch /var/mail/sieve/before/spam.sieve' \
	'put_back /var/mail/sieve'
fault 'Sieve rule never compiled' sieve-rule 'is not compiled' '' 'rm /var/mail/sieve/before/spam.svbin' 'put_back /var/mail/sieve' --no-mail
fault 'Sieve rule emptied' sieve-rule 'does not file what is marked' 'gtube' \
	': >/var/mail/sieve/before/spam.sieve; sievec /var/mail/sieve/before/spam.sieve' 'put_back /var/mail/sieve'
fault 'folder for sent mail not marked' special-use 'folder Sent is not marked' '' \
	'sed -i "/special_use = .Sent/d" /etc/dovecot/conf.d/15-mailboxes.conf && doveadm reload' 'put_back_dovecot'

# --- disk, queue, clock ---

# shellcheck disable=SC2016
fault 'disk nearly full' disk 'utilisateurs has only [0-9]+ MiB left' '' \
	'mount -t tmpfs -o size=40m,mode=700,uid=3000,gid=3000 none /var/mail/utilisateurs' 'umount /var/mail/utilisateurs'
# Never tried again: its next turn is an hour away. Its time of arrival stands in it in ten digits.
# shellcheck disable=SC2016
fault 'mail stuck in the queue' queue '^1 in the queue for more than 6 days' '' \
	'sendmail -f admin@exemple.fr autre@dehors.example </dev/null
	deferred() { find /var/spool/postfix/deferred -type f | grep -q .; }
	in_a_while deferred
	file=$(find /var/spool/postfix/deferred -type f)
	perl -pi -e "BEGIN { \$t = time() - 7 * 86400 } s/(T.)\d{10} /\$1\$t /" $file
	chown postfix:postfix $file; chmod 700 $file; touch -d "1 hour" $file' 'postsuper -d ALL deferred' --no-mail
fault 'clock behind the files' clock 'state\.db is of' '' 'touch -d "2 days" /var/lib/mailsetup/state.db' \
	'touch /var/lib/mailsetup/state.db' --no-mail

# --- so broken that nothing answers ---

not_waited_for() { # WHAT BREAK UNDO
	in_host "$2" >"$scratch/break.log" 2>&1
	check "$1: verify takes less than 20 s" seconds 20
	echo "# verify: $(<"$scratch/output")"
	in_host "$3" >"$scratch/undo.log" 2>&1
}
not_waited_for 'no accounts database' "mv $database /root/database && systemctl restart postfix" \
	"mv /root/database $database && systemctl restart postfix"
check 'maps says so' judge maps 'there is no accounts database' '*'
expect_match 'the mailbox that cannot be made is one failure' '"submissions","state":"unknown","evidence":"there is no test mailbox, as the check submission says"' \
	cat "$scratch/verdict"
not_waited_for 'OpenDKIM hangs' 'systemctl kill --signal=STOP opendkim' 'systemctl kill --signal=CONT opendkim'
check 'milters says so' judge milters 'no answer on .*opendkim\.sock' '*'
lab dns "$host" stop
not_waited_for 'no resolver answers' true true
lab dns "$host" reset
publish_key exemple.fr
expect_match 'what waits for it is unknown' '"inbound","state":"unknown","evidence":"not waited for, since no resolver answers' cat "$scratch/verdict"
expect_no_match 'and nothing has failed' '"state":"failed"' cat "$scratch/verdict"

check 'all mended: nothing is said to be wrong' within 60 all_green

# --- what a lab does not have: a way to the world ---

lab dns "$host" conf 'mx-host=debian.org,mx.dehors.example,10'
expect_match 'outbound: what cannot be reached is unknown, not failed' '"state":"unknown","evidence":".*Connection refused' \
	on mailsetup verify --only outbound --json
tests/lab/lab out "$host" /usr/bin/python3 -c 'import socket, time
server = socket.create_server(("198.51.100.99", 25))
time.sleep(60)' &
listener=$!
within 20 sink_listens
expect_match 'outbound: and ok where somebody listens' '"state":"ok"' on mailsetup verify --only outbound --json
kill "$listener"
wait "$listener" 2>/dev/null || true

# --- nothing stays ---

expect_match 'the queue is empty' '^Mail queue is empty' on mailq
expect_text 'nothing of verify is left in the database' 0 sql "SELECT
	(SELECT count(*) FROM postfix_utilisateurs WHERE utilisateur LIKE 'mailsetup-verify-%') +
	(SELECT count(*) FROM postfix_alias WHERE alias LIKE 'mailsetup-verify-%') +
	(SELECT count(*) FROM postfix_alias_virtuels WHERE courriel LIKE 'mailsetup-verify-%') +
	(SELECT count(*) FROM postfix_liste_noire_destinataires) + (SELECT count(*) FROM postfix_liste_noire_expediteurs)"

# --- the document ---

names_of() { # of rows: fault and check
	sed -n 's/^| \([^|]*\) | `\([a-z0-9-]*\)` | .*/\1 | \2/p' | LC_ALL=C sort
}
((${#rows[@]})) && printf '%s\n' "${rows[@]}" >"$scratch/rows"
[[ $mode != rows ]] || cp "$scratch/rows" build/seeded-rows
names_of <"$scratch/rows" >"$scratch/found"
names_of <docs/SEEDED-FAULTS.md >"$scratch/documented"
expect_same 'docs/SEEDED-FAULTS.md has these faults and no others' "$scratch/documented" "$scratch/found"
echo "# $((${#rows[@]} - left_out)) faults named by the right check"

finish
