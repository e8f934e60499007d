#!/usr/bin/env bash
# All options at once, from a file, and what each of them does.
. "$(dirname "$0")/lib.sh"

fresh_host

openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=courrier.exemple.fr \
	-addext subjectAltName=DNS:courrier.exemple.fr -keyout "$scratch/own.key" -out "$scratch/own.pem" 2>/dev/null
openssl genrsa -out "$scratch/other.key" 2048 2>/dev/null
# As some certificate authorities hand it out: the key in the same file.
cat "$scratch/own.key" "$scratch/own.pem" >"$scratch/both.pem"
for name in own.key both.pem other.key; do
	lab copy "$host" "$scratch/$name" "/root/$name"
done
cat >"$scratch/mail.conf" <<'CONF'
# Two domains, one certificate.
domain = Exemple.fr.
hostname = courrier.exemple.fr
extra-domain = toto.fr
network = 203.0.113.0/24
network = 2001:db8:1::/48
selector = s2026
dkim-bits = 2048
dh-bits = 2048
hosts-entry = 198.51.100.10
size-limit = 2M
inbound-tls = may
outbound-tls = may
no-learn
tls-cert = /root/both.pem
tls-key = /root/own.key
CONF
lab copy "$host" "$scratch/mail.conf" /root/mail.conf
policy='#!/bin/sh
exit 0'
on sh -c 'printf "%s\n" "$0" >/usr/sbin/policy-rc.d && chmod 755 /usr/sbin/policy-rc.d' "$policy"
lab dns "$host" conf 'host-record=courrier.exemple.fr,198.51.100.10,2001:db8::10'

# --- refused before anything is changed ---

file_list >"$scratch/before"
expect_exit 3 'a certificate with the key of another is refused' \
	on mailsetup install --config /root/mail.conf --tls-key /root/other.key
expect_match 'by name' '^mailsetup: .*--tls-cert /root/both\.pem and --tls-key /root/other\.key' cat "$scratch/last"
file_list >"$scratch/after"
expect_same 'and nothing was changed' "$scratch/before" "$scratch/after"

# --- installed ---

expect_exit 0 'install --config exits 0' on mailsetup install --config /root/mail.conf --no-verify
cp "$scratch/output" "$scratch/said"
expect_text 'departure 1: the administrator'\''s own policy-rc.d is back' "$policy" on cat /usr/sbin/policy-rc.d
for domain in exemple.fr toto.fr; do
	publish_key "$domain" s2026
done
expect_exit 1 'verify: the DNS leads mail to another host name' on mailsetup verify --json
cp "$scratch/output" "$scratch/verdict"
expect_match 'verify: it says so' '"check":"dns-mx","state":"failed"' cat "$scratch/verdict"
expect_text 'verify: and finds nothing else wrong' dns-mx verdict "$scratch/verdict" failed
expect_text 'verify: and knows all the rest but two' 'postmaster dns-ptr' verdict "$scratch/verdict" unknown
expect_match 'verify: nobody has postmaster yet' '"check":"postmaster",.*"state":"unknown"' cat "$scratch/verdict"
expect_match 'verify: the keys of both domains are in the DNS' 's2026\._domainkey\.exemple\.fr.*s2026\._domainkey\.toto\.fr' \
	on mailsetup verify --only dns-dkim --json

# --- what each option does ---

add_mailbox jean@toto.fr secret-de-jean
add_mailbox test@exemple.fr secret-de-test
jean=(jean@toto.fr secret-de-jean)

expect_text 'extra-domain: both are in the database, the first is the default' $'exemple.fr|1|1\ntoto.fr|0|1' \
	sql 'SELECT domaine, defaut, active FROM postfix_domaines ORDER BY id'
swaks_out --tls --to jean@toto.fr --header 'Subject: vers toto' >"$scratch/dialogue" || true
expect_match 'extra-domain: its mail is delivered' '^Subject: vers toto' read_mail "${jean[@]}" INBOX 'vers toto'
signed_by() { # DOMAIN: the message in $scratch/message
	grep -q "^DKIM-Signature:.* d=$1; s=s2026;" "$scratch/message" &&
		outside /usr/bin/python3 -c 'import dkim, sys
sys.exit(not dkim.verify(open(sys.argv[1], "rb").read()))' "$scratch/message"
}
as_user "${jean[@]}" --to jean@toto.fr --header 'Subject: de toto' >"$scratch/dialogue"
read_mail "${jean[@]}" INBOX 'de toto' >"$scratch/message"
check 'extra-domain: what it sends is signed by its own key' signed_by toto.fr
as_user test@exemple.fr secret-de-test --to jean@toto.fr --header 'Subject: de exemple' >"$scratch/dialogue"
read_mail "${jean[@]}" INBOX 'de exemple' >"$scratch/message"
check 'selector: the first domain signs with it, too' signed_by exemple.fr
expect_no_match 'extra-domain: the two keys differ' "$(dkim_record exemple.fr s2026 | tail -c 60)" dkim_record toto.fr s2026
expect_match 'selector: the record to publish has its name' '^s2026\._domainkey\.toto\.fr\.' cat "$scratch/said"
key_bits() {
	on openssl rsa -in /etc/dkimkeys/clefs/toto.fr/s2026.private -noout -text
}
expect_match 'dkim-bits: the key has so many' 'Private-Key: \(2048 bit' key_bits

outside ip addr add 203.0.113.7/32 dev outside
expect_match 'network: it relays without a password' ' queued as ' \
	swaks_out --tls --local-interface 203.0.113.7 --from test@exemple.fr --to autre@dehors.example
expect_match 'network: nobody else does' '554 5\.7\.1 .*Relay access denied' swaks_out --tls --to autre@dehors.example
expect_match 'network: and not even it by 587' '554 5\.7\.1' \
	swaks_out --port 587 --tls --local-interface 203.0.113.7 --from test@exemple.fr --to autre@dehors.example

tls() { # PORT OPENSSL-ARGUMENT...
	outside timeout 20 openssl s_client -connect "198.51.100.10:$1" "${@:2}" </dev/null
}
expect_match 'dh-bits: port 25 uses a group of so many' 'Server Temp Key: DH, 2048 bits' \
	tls 25 -starttls smtp -tls1_2 -cipher DHE-RSA-AES128-GCM-SHA256
print_of() {
	openssl x509 -noout -fingerprint -sha256
}
own=$(print_of <"$scratch/own.pem")
served() { # PORT OPENSSL-ARGUMENT...
	tls "$@" 2>/dev/null | print_of
}
expect_text 'tls-cert: IMAPS serves it' "$own" served 993
expect_text 'tls-cert: port 465 serves it' "$own" served 465
expect_text 'tls-cert: port 25 serves it' "$own" served 25 -starttls smtp
check 'tls-cert: a client that trusts it reads mail under the host name' \
	outside curl -sS --max-time 20 --cacert "$scratch/own.pem" --user "${jean[0]}:${jean[1]}" imaps://courrier.exemple.fr/INBOX
expect_exit 1 'tls-cert: the key that stood beside it is not in the public file' on grep -q 'PRIVATE KEY' /etc/postfix/tls/courriel.pem
expect_text 'tls-key: only root reads the copy' 'root:root 600' on stat -c '%U:%G %a' /etc/postfix/tls/courriel.key
expect_match 'hostname: the server greets with it' '^<- +220 courrier\.exemple\.fr ' swaks_out --to jean@toto.fr --quit-after banner
expect_match 'hosts-entry: the host finds itself by the address' '^198\.51\.100\.10 ' on getent ahostsv4 courrier.exemple.fr

expect_match 'inbound-tls: mail in clear is taken on port 25' ' queued as ' swaks_out --to jean@toto.fr
expect_no_match 'inbound-tls: never a password' '<[-~].*AUTH' swaks_out --to jean@toto.fr --tls --quit-after ehlo
expect_no_match 'inbound-tls: in clear it is not even offered' '<-.*AUTH' swaks_out --to jean@toto.fr --quit-after ehlo
expect_match 'inbound-tls: port 587 still demands TLS' '530 5\.7\.0' swaks_out --port 587 --to jean@toto.fr
expect_match 'size-limit: it is announced' '250.SIZE 2097152' swaks_out --to jean@toto.fr --quit-after ehlo
big() { # BYTES
	head -c "$1" /dev/zero | tr '\0' 'x' | fold -w 76 >"$scratch/big"
	swaks_out --tls --to jean@toto.fr --header 'Subject: gros' --body "$scratch/big"
}
expect_match 'size-limit: a larger message is refused' '552 5\.3\.4' big 2500000
expect_match 'size-limit: a smaller one is not' ' queued as ' big 1000000

# A server outside without TLS: what goes there shows outbound-tls. (exec: so that it is what is killed.)
(exec tests/lab/lab out "$host" /usr/bin/python3 -c 'import socket, sys
server = socket.create_server(("198.51.100.99", 25))
server.settimeout(120)
while True:
    connection, _ = server.accept()
    f = connection.makefile("rwb")
    def say(text):
        f.write(text + b"\r\n")
        f.flush()
    say(b"220 mx.dehors.example")
    body = False
    for line in f:
        sys.stdout.buffer.write(line)
        sys.stdout.flush()
        if body:
            if line == b".\r\n":
                body = False
                say(b"250 ok")
        elif line.upper().startswith(b"DATA"):
            body = True
            say(b"354 go on")
        elif line.upper().startswith(b"QUIT"):
            say(b"221 bye")
            break
        else:
            say(b"250 ok")' >"$scratch/sink" 2>&1) &
sink=$!
arrived() {
	within 60 grep -q '^Subject: sortant' "$scratch/sink" && cat "$scratch/sink"
}
within 20 sink_listens
as_user "${jean[@]}" --to autre@dehors.example --header 'Subject: sortant' >"$scratch/dialogue"
expect_match 'outbound-tls: mail goes to a server that has no TLS' '^DKIM-Signature:.* d=toto\.fr' arrived
kill "$sink"
wait "$sink" 2>/dev/null || true

# The exit status of systemctl differs with its version.
timer() { # QUESTION
	on systemctl "$1" mailsetup-learn.timer 2>&1 || true
}
expect_match 'no-learn: there is no timer' 'not-found|No such file' timer is-enabled
expect_exit 1 'no-learn: nor its files' on test -e /etc/systemd/system/mailsetup-learn.service

# --- remembered ---

expect_match 'a later install needs no parameter and changes nothing' '^Nothing had to be changed' on mailsetup install --no-verify
expect_exit 0 'a parameter given later is taken up' on mailsetup install --size-limit 3M --no-verify
expect_match 'and in force' '250.SIZE 3145728' swaks_out --to jean@toto.fr --quit-after ehlo
expect_text 'the others are as before' $'exemple.fr\ntoto.fr' sql 'SELECT domaine FROM postfix_domaines WHERE active ORDER BY id'
# A parameter that is changed or withdrawn later, and what the first value had made.
expect_exit 0 'no-learn is withdrawn' on mailsetup install --no-learn=no --no-verify
expect_text 'it learns' enabled on systemctl is-enabled mailsetup-learn.timer
expect_exit 0 'and given again' on mailsetup install --no-learn --no-verify
expect_match 'no-learn later: the timer is gone' 'not-found|No such file' timer is-enabled
expect_text 'no-learn later: it does not run' inactive timer is-active
expect_exit 1 'no-learn later: nor are its files there' on test -e /etc/systemd/system/mailsetup-learn.timer
on sh -c 'printf "127.0.1.1\tcourrier.exemple.fr courrier\n" >>/etc/hosts'
expect_exit 0 'tls-cert is withdrawn' on mailsetup install --tls-cert none --tls-key none --no-verify
expect_text 'tls-cert: the copies that serve stay' "$own" served 993
expect_exit 0 'hosts-entry is changed' on mailsetup install --hosts-entry 192.0.2.77 --no-verify
expect_text "hosts-entry: one line, before Debian's own" '192.0.2.77' \
	on sh -c "getent ahostsv4 courrier.exemple.fr | cut -d' ' -f1 | sort -u"
expect_text 'hosts-entry: the short name is there' '192.0.2.77' on sh -c "getent ahostsv4 courrier | cut -d' ' -f1 | sort -u"
expect_exit 0 'hosts-entry is withdrawn' on mailsetup install --hosts-entry none --no-verify
expect_text "hosts-entry: Debian's line is back" $'127.0.1.1\tcourrier.exemple.fr courrier' on grep courrier /etc/hosts
for address in jean@toto.fr test@exemple.fr; do
	expect_exit 0 "admin $address" on mailsetup install --admin "$address" --no-verify
	expect_text "admin: postmaster's mail goes to $address" "$address" \
		sql "SELECT DISTINCT destination FROM postfix_alias_virtuels WHERE courriel LIKE 'postmaster@%'"
done
sql "UPDATE postfix_alias_virtuels SET destination = 'jean@toto.fr' WHERE courriel = 'abuse@toto.fr'"
expect_exit 0 'admin is changed once more' on mailsetup install --admin jean@toto.fr --no-verify
expect_exit 0 'and back' on mailsetup install --admin test@exemple.fr --no-verify
expect_text 'admin: an alias that somebody has led elsewhere stays' jean@toto.fr \
	sql "SELECT destination FROM postfix_alias_virtuels WHERE courriel = 'abuse@toto.fr'"
expect_exit 3 'a published DKIM key is not made anew' on mailsetup install --dkim-bits 3072 --no-verify
expect_match 'and what to do is said' '^mailsetup: --dkim-bits 3072: the key of exemple.fr has 2048 bits and stays.*--selector' cat "$scratch/last"
expect_exit 0 'a new selector makes a new one' on mailsetup install --dkim-bits 3072 --selector s2027 --no-verify
expect_match 'of that size' 'Private-Key: \(3072 bit' on openssl rsa -in /etc/dkimkeys/clefs/toto.fr/s2027.private -noout -text
check 'the old one is there still' on test -s /etc/dkimkeys/clefs/toto.fr/s2026.private

expect_text 'the mailboxes too' $'jean@toto.fr\ntest@exemple.fr' sql 'SELECT utilisateur FROM postfix_utilisateurs ORDER BY id'

finish
