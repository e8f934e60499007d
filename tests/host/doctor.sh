#!/usr/bin/env bash
# `mailsetup doctor` against the real messages of a server that is broken in every way that can be had; and the story of a message.
# Under 5 minutes.
. "$(dirname "$0")/lib.sh"

doctor() {
	on mailsetup doctor "$@"
}
json() { # EXPRESSION over `d`, the document on standard input
	/usr/bin/python3 -c 'import json, sys
d = json.load(sys.stdin)
print(eval(sys.argv[1]))' "$1"
}
installed_host
lab copy "$host" "$scratch/mailsetup" /usr/local/sbin/mailsetup
add_mailbox jean@exemple.fr secret-de-jean

# --- healthy ---

expect_exit 0 'a healthy server has no error' doctor
expect_match 'and is said to be so, with how much was read' '^nothing wrong in [0-9]{2,} messages since 20' cat "$scratch/last"
expect_exit 0 'nor in JSON, one document' doctor --json
expect_text 'which counts none' '0 0 True' sh -c '/usr/bin/python3 -c "import json,sys
d = json.load(open(sys.argv[1]))
print(d[\"errors\"], d[\"warnings\"], d[\"complete\"])" "$0"' "$scratch/last"
expect_exit 3 'not for everyone' as_nobody mailsetup doctor
for bad in 7 d -1d 7y 1d2 '' 9999999d; do
	expect_exit 2 "no span of time: '$bad'" doctor --since "$bad"
done
expect_match 'a short one is taken' ' messages since ' doctor --since 1h

# --- stories ---

swaks_out --tls --to jean@exemple.fr --header 'Subject: histoire' --header 'Message-Id: <histoire@dehors.example>' >"$scratch/sent"
id=$(sed -n 's/.*queued as \([0-9A-F]*\).*/\1/p' "$scratch/sent")
check 'a message is sent' test -n "$id"
stored() {
	doctor --mail "$id" --json | grep -q 'lies in the folder'
}
check 'its story goes on to the mailbox' within 30 stored
expect_match 'told in words: where it came from' '^  20.* smtpd +came from mx.dehors.example\[' doctor --mail "$id"
cp "$scratch/output" "$scratch/story"
for words in 'cleanup +is the message <histoire@dehors.example>' 'spamd +is looked at by the spam filter' \
	'spamd +is no spam: -?[0-9]+ points of' 'qmgr +is in the queue: from <quelqu.un@dehors.example>, [0-9]+ bytes, for 1' \
	'dovecot +lies in the folder .?INBOX.? of jean@exemple.fr' 'lmtp +was delivered to <jean@exemple.fr> by ' 'qmgr +is done and leaves the queue'; do
	expect_match "the story has: $words" "$words" cat "$scratch/story"
done
in_order() {
	local last=0 words n
	for words in 'came from' 'is the message' 'is no spam' 'is in the queue' 'was delivered to' 'is done'; do
		n=$(grep -n -m1 "$words" "$scratch/story" | cut -d: -f1) && ((n > last)) && last=$n || { echo "$words: line $n after $last" && return 1; }
	done
}
check 'in their order' in_order
expect_match 'with the lines of the log where they are wanted' ": $id: message-id=<histoire@dehors.example>" doctor --mail "$id" --verbose
expect_match 'by address, too' '^  20.* is the message <histoire@' doctor --mail jean@exemple.fr
expect_match 'in any letters' '^  20.* is the message <histoire@' doctor --mail Jean@Exemple.FR
swaks_out --tls --to personne@exemple.fr >/dev/null || true
expect_match 'mail that was refused is found by its address' 'was refused to .*, from <quelqu.un@dehors.example> to <personne@exemple.fr>: .*User unknown' \
	doctor --mail personne@exemple.fr
expect_exit 2 'of an address without mail, that is said' doctor --mail rien@exemple.fr
expect_match 'by its name' 'knows no message of rien@exemple.fr' cat "$scratch/last"
expect_exit 2 'neither an id nor an address' doctor --mail ALL
printf 'Subject: signe\n\nessai\n' | on sendmail -f jean@exemple.fr x@dehors.example
signed() {
	doctor --mail x@dehors.example >"$scratch/signed" && grep -q 'has to wait for <x@dehors.example>: connect to' "$scratch/signed"
}
check 'mail that goes out has its story' within 20 signed
expect_match 'handed in here' 'pickup +was handed in on this machine by user id 0, from <jean@exemple.fr>' cat "$scratch/signed"
expect_match 'and signed' 'opendkim +was signed for exemple.fr, selector mail' cat "$scratch/signed"
out=$(doctor --mail x@dehors.example --json | json 'd["messages"][0]["id"]')
on mailsetup queue requeue "$out" >/dev/null
on mailsetup queue flush >/dev/null
requeued() {
	doctor --mail "$out" | grep -q "was queued anew, before as $out" && doctor --mail "$out" --json | json 'len(d["messages"][0]["ids"])' | grep -qx 2
}
check 'one that was queued anew is followed to its new id' within 20 requeued
on postsuper -e ALL 2>/dev/null
on postqueue -f
bounced() {
	doctor --mail "$out" >"$scratch/bounced" && grep -q 'its sender is told, by the message' "$scratch/bounced" &&
		grep -q 'lies in the folder INBOX of jean@exemple.fr' "$scratch/bounced"
}
check 'and to the bounce that came of it, into the mailbox' within 20 bounced
gtube='XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X'
swaks_out --tls --to jean@exemple.fr --header 'Subject: pourriel' --header 'Message-Id: <pourriel@dehors.example>' --body "$gtube" >"$scratch/sent" || true
spam=$(sed -n 's/.*queued as \([0-9A-F]*\).*/\1/p' "$scratch/sent")
in_spam() {
	doctor --mail "$spam" | grep -q "lies in the folder Spam of jean@exemple.fr, by a Sieve rule"
}
check 'spam lies in its folder, by the rule' within 30 in_spam
expect_match 'and was judged' 'spamd +is spam: [0-9]+ points of' doctor --mail "$spam"

# --- broken ---

config() { # PARAMETER=VALUE...: of main.cf, at once
	on postconf -e "$@" && on postfix reload >/dev/null 2>&1
}
send() { # SENDER RECIPIENT...
	printf 'Subject: essai\n\nessai\n' | on sendmail -f "$1" "${@:2}"
}
quick() { # SWAKS-ARGUMENT...: whatever the answer
	swaks_out --tls --timeout 8 "$@" >/dev/null 2>&1 || true
}
asks() { # TEXT [SECONDS]: bytes to port 25, in clear
	outside timeout 20 bash -c 'exec 3<>"/dev/tcp/198.51.100.10/$2" && sleep 0.3 && printf "$1" >&3; timeout "$3" cat <&3' - "$1" 25 "${2-3}" >/dev/null 2>&1 || true
}
login() { # PASSWORD
	outside curl -sSk --max-time 10 --user "jean@exemple.fr:$1" imaps://198.51.100.10/ >/dev/null 2>&1 || true
}

# whom the server refuses
quick --to autre@ailleurs.example
quick --from a@nexiste.example --to jean@exemple.fr
quick --ehlo machine --to jean@exemple.fr
quick --to jean@exemple.fr --body "@/etc/services" --header "X: $(printf 'x%.0s' {1..100})" --ehlo mx.dehors.example --pipeline
quick --port 587 --auth PLAIN --auth-user jean@exemple.fr --auth-password faux --to jean@exemple.fr
quick --port 587 --auth PLAIN --auth-user jean@exemple.fr --auth-password secret-de-jean --from admin@exemple.fr --to jean@exemple.fr
login faux
sql "INSERT INTO postfix_liste_noire_expediteurs (courriel, code_retour, message, active) VALUES ('banni@dehors.example', 554, 'Indesirable', 1)"
quick --from banni@dehors.example --to jean@exemple.fr
asks "EHLO a.dehors.example\\r\\n$(printf 'FOO\\r\\n%.0s' {1..23})" 14
asks 'GET / HTTP/1.0\r\n\r\n'
asks 'EHLO a.dehors.example\r\n'
outside sh -c 'openssl s_client -starttls smtp -connect 198.51.100.10:25 -tls1 -cipher DEFAULT@SECLEVEL=0 </dev/null' >/dev/null 2>&1 || true
on postconf -e message_size_limit=2000
on postfix reload >/dev/null 2>&1
printf 'x%.0s' {1..4000} >"$scratch/long"
quick --to jean@exemple.fr --body "@$scratch/long"
config message_size_limit=0

# where mail goes
lab dns "$host" conf 'host-record=muet.example,198.51.100.77'
lab dns "$host" conf 'mx-host=muet.example,muet.example,10'
config smtp_connect_timeout=1s
send jean@exemple.fr x@toto.fr
send jean@exemple.fr x@nexiste.example
send jean@exemple.fr x@dehors.example
send jean@exemple.fr x@muet.example
send jean@inconnu.example x@dehors.example
sleep 5
on postsuper -e ALL 2>/dev/null
on postqueue -f
outside /usr/bin/python3 tests/host/sink.py 198.51.100.99 & sink=$!
within 5 sink_listens
send jean@exemple.fr clair@dehors.example
sleep 2
config smtp_tls_security_level=may
send jean@exemple.fr liste@dehors.example
send jean@exemple.fr refus@dehors.example
send jean@exemple.fr tard@dehors.example
sleep 3
kill "$sink"
lab dns "$host" stop
send jean@exemple.fr x@muet.example
sleep 3
lab dns "$host" reset
config smtp_tls_security_level=encrypt

# what Postfix needs
on postmap -q x zzz:/etc/x 2>/dev/null || true
on sh -c 'sed "s|^dbpath.*|dbpath = /etc/rien/rien.sqlite|" /etc/postfix/sqlite-domaines.cf >/tmp/rien.cf; sed "s|FROM [a-z_]*|FROM rien|" /etc/postfix/sqlite-domaines.cf >/tmp/table.cf
	postmap -q x sqlite:/tmp/rien.cf; postmap -q x sqlite:/tmp/table.cf; postmap -q x hash:/etc/rien; true' >/dev/null 2>&1
on cp /tmp/table.cf /etc/postfix/table.cf
maps=$(on postconf -h virtual_alias_maps)
config virtual_alias_maps=sqlite:/etc/postfix/table.cf
send jean@exemple.fr jean@exemple.fr
sleep 2
config "virtual_alias_maps=$maps" parametre_inconnu=1
on sh -c 'postfix check; postconf -n >/dev/null; systemctl reload postfix' >/dev/null 2>&1 || true
on postconf -X parametre_inconnu
config default_process_limit=beaucoup || true
asks 'QUIT\r\n'
sleep 2
on postconf -X default_process_limit
config smtpd_timeout=toujours
asks 'QUIT\r\n'
sleep 1
on postconf -X smtpd_timeout
on postfix reload >/dev/null 2>&1
on sh -c 'sed -i "s/^smtp      inet  n       -       y       -       -/smtp      inet  n       -       y       -       2/" /etc/postfix/master.cf; postfix reload' >/dev/null 2>&1
outside timeout 20 bash -c 'for i in 1 2 3 4 5; do (exec 3<>/dev/tcp/198.51.100.10/25; sleep 3) & done; wait' || true
on sh -c 'kill -SEGV $(pgrep -x qmgr); sleep 1; sed -i "s/^smtp      inet  n       -       y       -       2/smtp      inet  n       -       y       -       -/" /etc/postfix/master.cf; postfix reload' >/dev/null 2>&1 || true
on systemctl stop postfix
sleep 1
on postqueue -f 2>/dev/null || true
on sh -c 'timeout 4 perl -MIO::Socket::INET -e "my \$s = IO::Socket::INET->new(LocalPort => 25, Listen => 1, ReuseAddr => 1) or die; sleep 4" & sleep 1; systemctl start postfix; wait' || true
on systemctl restart postfix

# certificates
on sh -c 'cd /etc/postfix/tls && cp -p courriel.key garde.key && openssl genrsa -out courriel.key 2048; postfix reload; systemctl reload dovecot' >/dev/null 2>&1
asks 'EHLO a.dehors.example\r\nSTARTTLS\r\n'
login secret-de-jean
on sh -c 'cd /etc/postfix/tls && mv garde.key courriel.key; mv courriel.pem garde.pem; systemctl restart dovecot; postfix reload' >/dev/null 2>&1 || true
asks 'EHLO a.dehors.example\r\nSTARTTLS\r\n'
on sh -c 'cd /etc/postfix/tls && mv garde.pem courriel.pem; systemctl restart dovecot; postfix reload' >/dev/null 2>&1

# Dovecot
on systemctl stop dovecot.socket dovecot
quick --port 587 --auth PLAIN --auth-user jean@exemple.fr --auth-password secret-de-jean --to jean@exemple.fr
send jean@exemple.fr jean@exemple.fr
sleep 2
on sh -c 'echo "protocol imap { mail_max_userip_connections = 1 }" >/etc/dovecot/conf.d/99-essai.conf; printf "protocol imap {\n mail_max_userip_connections = 1\n}\nservice imap-login {\n process_limit = 1\n $0 = 1\n}\n" >/etc/dovecot/conf.d/99-essai.conf; systemctl start dovecot' "$dovecot_requests"
outside /usr/bin/python3 - <<'EOF' || true
import imaplib, ssl
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
kept = []
for _ in range(3):
    try:
        c = imaplib.IMAP4_SSL("198.51.100.10", ssl_context=context, timeout=5)
        kept.append(c)
        c.login("jean@exemple.fr", "secret-de-jean")
    except Exception as e:
        print(e)
EOF
on sh -c 'echo "rien = rien" >/etc/dovecot/conf.d/99-essai.conf; systemctl restart dovecot; rm /etc/dovecot/conf.d/99-essai.conf; systemctl restart dovecot' >/dev/null 2>&1
home=/var/mail/utilisateurs/exemple.fr/jean
on sh -c "mkdir -p $home/sieve; printf 'require \"fileinto\";\nfileinto \"x\"\n' >$home/sieve/.dovecot.sieve; chown -R --reference=$home $home/sieve"
send jean@exemple.fr jean@exemple.fr
sleep 2
on sh -c "rm -r $home/sieve; chown root: $home; chmod 700 $home"
send jean@exemple.fr jean@exemple.fr
login secret-de-jean
sleep 2
on chown --reference=/var/mail/utilisateurs/exemple.fr "$home"
on sh -c 'cp -p "$0" /tmp/sql; sed -i "s|^$1 .*|$1 = /etc/rien/rien.sqlite|" "$0"; systemctl restart dovecot' "$dovecot_sql" "$dovecot_sql_path"
login secret-de-jean
on sh -c 'cp -p /tmp/sql "$0"; systemctl restart dovecot' "$dovecot_sql"

# OpenDKIM
dkim() { # COMMAND: what breaks it; then a message; then the command that puts it right
	on sh -c "$1; systemctl restart opendkim" >/dev/null 2>&1 || true
	send jean@exemple.fr jean@exemple.fr
	sleep 1.5
	on sh -c "$2; systemctl reset-failed opendkim; systemctl restart opendkim" >/dev/null 2>&1
}
key=/etc/dkimkeys/clefs/exemple.fr/mail.private
dkim "chmod 644 $key" "chmod 600 $key"
dkim "mv $key $key.x" "mv $key.x $key"
dkim "sed -i.x 's/^[^ \t]*/autre/' /etc/dkimkeys/TableClefs" "mv /etc/dkimkeys/TableClefs.x /etc/dkimkeys/TableClefs"
dkim "sed -i.x 's|^Socket.*|Socket local:/rien/rien/opendkim.sock|' /etc/opendkim.conf" "mv /etc/opendkim.conf.x /etc/opendkim.conf"
dkim "cp -p /etc/opendkim.conf /etc/opendkim.conf.x; echo Rien rien >>/etc/opendkim.conf; for i in 1 2 3 4 5 6 7; do systemctl restart opendkim; done" "mv /etc/opendkim.conf.x /etc/opendkim.conf"
publish_key exemple.fr
send jean@exemple.fr jean@exemple.fr
sleep 1
printf 'From: <x@exemple.fr>\r\nTo: <jean@exemple.fr>\r\nSubject: faux\r\nDKIM-Signature: v=1; a=rsa-sha256; c=relaxed/simple; d=exemple.fr; s=mail; h=From:Subject; bh=Ck5SoRNWUpSR4X0COv7R5ub2pUTtl6xz4dTFz++ji4M=; b=Glfhla46HJkW\r\n\r\nfaux\r\n' >"$scratch/forged"
quick --to jean@exemple.fr --data "@$scratch/forged"
outside /usr/bin/python3 - "$host" <<'EOF' || true
import smtplib, ssl, subprocess, sys
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
s = smtplib.SMTP("198.51.100.10", 25, timeout=20)
s.ehlo("mx.dehors.example")
s.starttls(context=context)
s.ehlo("mx.dehors.example")
s.mail("quelqu.un@dehors.example")
subprocess.run(["tests/lab/lab", "exec", sys.argv[1], "pkill", "-KILL", "-x", "opendkim"])
s.rcpt("jean@exemple.fr")
s.quit()
EOF
on systemctl stop opendkim
quick --to jean@exemple.fr
on sh -c 'systemctl reset-failed opendkim; systemctl start opendkim' || true

# SpamAssassin
on sh -c 'cp -p /etc/spamassassin/local.cf /tmp/local.cf; echo "rien_du_tout 1" >>/etc/spamassassin/local.cf; chown -R root: /var/lib/spamd; chmod -R go= /var/lib/spamd; systemctl restart "$0"; for i in 1 2 3 4 5 6 7 8 9; do pgrep -f "^spamd child" && break; sleep 1; done' "$spamd" >/dev/null 2>&1
quick --to jean@exemple.fr
on sh -c 'cp -p /tmp/local.cf /etc/spamassassin/local.cf; chown -R spamassassin: /var/lib/spamd; pkill -KILL -f "^spamd child"; sleep 1; systemctl stop "$0"' "$spamd"
quick --to jean@exemple.fr
on systemctl start "$spamd" || true

expect_exit 1 'a broken server ends it with 1' doctor --json
cp "$scratch/output" "$scratch/findings"
names() {
	json '"\n".join(f["name"] for f in d["findings"] if "name" in f)' <"$scratch/findings"
}
names | sort >"$scratch/names"
provoked=(loops_back sasl_socket access_denied bad_parameter blocklisted dictionary_type dkim_config dkim_insecure dkim_key dkim_socket dkim_table
	dns_name dns_nowhere dovecot_config dovecot_login_failed dovecot_permission dovecot_sqlite dovecot_ssl expired helo lmtp_connect lost_connection
	milter_connect milter_read outbound_refused outbound_timeout port_in_use queue_down relay_denied remote_later remote_refused sasl_failed
	sender_domain sender_owner sieve_script spamc_connect spamd_child_died spamd_config sqlite_query table_open throttled tls_client tls_handshake
	tls_not_offered unit_failed unit_limit unknown_user unused_parameter size_limit tls_mismatch tls_key too_many_errors pipelining process_limit
	process_killed sqlite_open sieve_compile dovecot_limit dovecot_store queue_write)
# Postfix 3.10 ends a client that pipelines before it counts its errors; Dovecot 2.4 says at once why it cannot store.
[[ $release != trixie ]] || mapfile -t provoked < <(printf '%s\n' "${provoked[@]}" | grep -vx -e too_many_errors -e dovecot_store)
for name in "${provoked[@]}"; do
	expect_match "its real message is explained: $name" "^$name\$" cat "$scratch/names"
done
check 'at least 25 of them' test "${#provoked[@]}" -ge 25
expect_text 'each with a cause, a remedy, a count and times' '[]' sh -c '/usr/bin/python3 -c "import json, sys
print([f[\"name\"] for f in json.load(open(sys.argv[1]))[\"findings\"] if \"name\" in f and not (f[\"cause\"] and f[\"remedy\"] and f[\"count\"] > 0 and f[\"first\"] <= f[\"last\"])])" "$0"' \
	"$scratch/findings"
doctor --list --json | json '"\n".join(s["name"] for s in d["symptoms"] if s["severity"] != "normal")' | sort | comm -23 - "$scratch/names" | paste -sd' ' |
	sed 's/^/not seen here: /' | comment
json '"\n".join(str(f["count"]) + " " + f["text"] + " | " + f["sample"][:300] for f in d["findings"] if "name" not in f)' <"$scratch/findings" | comment

# --- unknown, hostile, and mail.log ---

on logger -p mail.warning -t postfix/smtpd 'warning: quelque chose 1234 de <a@b.example> nouveau'
on logger -p mail.warning -t postfix/smtpd 'warning: quelque chose 99 de <c@d.example> nouveau'
expect_match 'what is not known is grouped by its text' '^\? postfix/smtpd: warning: quelque chose \* de <\*> nouveau, not known, 2 x' doctor --since 5m
on logger -p mail.info -t postfix/smtpd $'NOQUEUE: reject: RCPT from x[192.0.2.7]: 504 <\033]0;titre\007\033[31m>: Helo command rejected: \303\050; from=<> to=<a@b.example>'
expect_no_match 'nothing of a log reaches the terminal as it is' $'\033\\]|\007|\033\\[31m' sh -c 'tests/lab/lab exec "$0" mailsetup doctor --since 5m || true' "$host"
expect_match 'but is shown' '192\.0\.2\.7, as ' cat "$scratch/last"
old=$(date -d '2 days ago' '+%b %e %H:%M:%S')
old_iso=$(date -d '2 days ago' --iso-8601=seconds)
# The last one: the first came from the install's own verdict, which is left out.
on journalctl -q -o short -t postfix/smtpd | grep 'Relay access denied' | tail -1 >"$scratch/seen"
{
	sed "s/^.* mail postfix/$old mail postfix/" "$scratch/seen"
	sed "s/^.* mail postfix/$old_iso mail postfix/" "$scratch/seen"
	cat "$scratch/seen"
	echo 'no line of a log'
} >"$scratch/mail.log"
count() {
	doctor --json | json '[f["count"] for f in d["findings"] if f.get("name") == "relay_denied"][0]'
}
before=$(count 2>/dev/null || true)
lab copy "$host" "$scratch/mail.log" /var/log/mail.log
expect_text 'of mail.log, what the journal has not is read, and nothing twice' "$((before + 2))" sh -c 'tests/lab/lab exec "$0" mailsetup doctor --json | /usr/bin/python3 -c "import json, sys
print([f[\"count\"] for f in json.load(sys.stdin)[\"findings\"] if f.get(\"name\") == \"relay_denied\"][0])"' "$host"

finish
