#!/usr/bin/env bash
# Mail as its users and the world see it, by programs of others: swaks, curl, openssl, dkimpy. Nothing of mailsetup's own checks.
. "$(dirname "$0")/lib.sh"

installed_host
add_mailbox test@exemple.fr secret-de-test
add_mailbox deux@exemple.fr secret-de-deux
add_mailbox coupe@exemple.fr secret-de-coupe
add_alias contact@exemple.fr test@exemple.fr,deux@exemple.fr
sql "UPDATE postfix_utilisateurs SET active=0 WHERE utilisateur='coupe@exemple.fr'"
sql "INSERT INTO postfix_liste_noire_expediteurs (courriel, code_retour, message, active)
	VALUES ('indesirable@dehors.example', 554, 'Indesirable', 1)"
sql "INSERT INTO postfix_liste_noire_destinataires (courriel, action, active) VALUES ('deux@exemple.fr', 'REJECT', 0)"
test=(test@exemple.fr secret-de-test)
deux=(deux@exemple.fr secret-de-deux)
publish_key exemple.fr

verifies() { # FILE DOMAIN
	grep -q "^DKIM-Signature:.* d=$2;" "$1" && outside /usr/bin/python3 -c 'import dkim, sys
sys.exit(not dkim.verify(open(sys.argv[1], "rb").read()))' "$1"
}

# --- from the world, port 25 ---

queued=' 250 2\.0\.0 Ok: queued as '
expect_match 'port 25 takes mail for a mailbox' "$queued" swaks_out --tls --to test@exemple.fr --header 'Subject: bonjour'
expect_match 'it is in the inbox' '^Subject: bonjour' read_mail "${test[@]}" INBOX bonjour
expect_match 'with the way it came' '^Received: from mx\.dehors\.example \(mx\.dehors\.example \[198\.51\.100\.99\]\)' cat "$scratch/last"
expect_match 'and the spam filter'\''s word' '^X-Spam-Status: No' read_mail "${test[@]}" INBOX bonjour
expect_match 'over IPv6 as well' "$queued" swaks_out --server 2001:db8::10 --tls --to test@exemple.fr --header 'Subject: six'
expect_match 'and that arrives' '^Received: from mx\.dehors\.example .*\[(IPv6:)?2001:db8::99\]' read_mail "${test[@]}" INBOX six
expect_match 'not without TLS' '530 5\.7\.0 Must issue a STARTTLS' swaks_out --to test@exemple.fr
expect_match 'no mail for a mailbox that is not there' '550 5\.1\.1' swaks_out --tls --to personne@exemple.fr
expect_match 'nor for one that is switched off' '550 5\.1\.1' swaks_out --tls --to coupe@exemple.fr
expect_match 'no relaying' '554 5\.7\.1 .*Relay access denied' swaks_out --tls --to autre@dehors.example
expect_match 'nor with a percent sign' '(554|550) 5\.' swaks_out --tls --to autre%dehors.example@exemple.fr
expect_match 'nor with a bang path' ' 5[0-9][0-9] 5' swaks_out --tls --to 'dehors.example!autre'
expect_match 'a sender of the blocklist is refused, with its text' '554 5\.7\.1 .*Indesirable' \
	swaks_out --tls --from indesirable@dehors.example --to test@exemple.fr
expect_match 'a recipient of the blocklist that is switched off is not' ' 250 2\.1\.5' \
	swaks_out --tls --to deux@exemple.fr --quit-after RCPT
sql "UPDATE postfix_liste_noire_destinataires SET active=1"
expect_match 'and is when it is switched on' '554 5\.7\.1' swaks_out --tls --to deux@exemple.fr --quit-after RCPT
sql "UPDATE postfix_liste_noire_destinataires SET active=0"
expect_match 'a sender whose domain does not exist is put off' '450 4\.1\.8' swaks_out --tls --from a@nexiste.example --to test@exemple.fr
expect_match 'HELO must be a name' '504 5\.5\.2' swaks_out --tls --ehlo machine --to test@exemple.fr
expect_match 'VRFY tells nothing' '50[02] 5\.5\.[12]' \
	sh -c 'printf "EHLO mx.dehors.example\r\nVRFY test@exemple.fr\r\nQUIT\r\n" | while IFS= read -r l; do sleep 1; printf "%s\n" "$l"; done |
		tests/lab/lab out "$0" timeout 30 openssl s_client -quiet -starttls smtp -connect 198.51.100.10:25 2>&1' "$host"

# --- addresses ---

expect_match 'an extension after + is accepted' "$queued" swaks_out --tls --to test+liste@exemple.fr --header 'Subject: avec plus'
expect_match 'and lands in the mailbox' '^Subject: avec plus' read_mail "${test[@]}" INBOX 'avec plus'
expect_match 'upper case is the same address' "$queued" swaks_out --tls --to Test@Exemple.FR --header 'Subject: grandes lettres'
expect_match 'and lands in the same mailbox' '^Subject: grandes lettres' read_mail "${test[@]}" INBOX 'grandes lettres'
expect_match 'an alias for two is accepted' "$queued" swaks_out --tls --to contact@exemple.fr --header 'Subject: pour tous'
expect_match 'the first one gets it' '^Subject: pour tous' read_mail "${test[@]}" INBOX 'pour tous'
expect_match 'the second one too' '^Subject: pour tous' read_mail "${deux[@]}" INBOX 'pour tous'
expect_match 'a bounce (empty sender) is accepted' "$queued" swaks_out --tls --from '<>' --to test@exemple.fr --header 'Subject: retour'
expect_match 'the size limit is announced' '250.SIZE 31457280' swaks_out --tls --to test@exemple.fr --quit-after ehlo
too_big() {
	outside timeout 60 /usr/bin/python3 -c 'import smtplib, ssl
with smtplib.SMTP("198.51.100.10", 25, "mx.dehors.example", 30) as s:
    s.starttls(context=ssl._create_unverified_context())
    s.ehlo()
    print(*s.mail("quelqu.un@dehors.example", ["SIZE=31457281"]))
    s.rset()
    print(*s.mail("quelqu.un@dehors.example", ["SIZE=31457000"]))'
}
expect_match 'a message that says it is larger is refused at once' '^552 .*5\.3\.4' too_big
expect_match 'one below is not' '^250 ' cat "$scratch/last"

# --- spam ---

gtube='XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X'
swaks_out --tls --to test@exemple.fr --header 'Subject: reclame' --body "$gtube" >"$scratch/dialogue" || true
expect_match 'spam is filed into Spam' '^X-Spam-Flag: YES' read_mail "${test[@]}" Spam reclame
expect_match 'its subject is marked' '^Subject: \*\*\*\*\*SPAM\*\*\*\*\* reclame' cat "$scratch/last"
expect_text 'and it is not in the inbox' '' imap_find "${test[@]}" INBOX reclame

# --- users, ports 587 and 465 ---

expect_match 'a user sends by 587' "$queued" as_user "${test[@]}" --to deux@exemple.fr --header 'Subject: par 587'
read_mail "${deux[@]}" INBOX 'par 587' >"$scratch/message"
check 'it is signed, and dkimpy verifies it with the key in the DNS' verifies "$scratch/message" exemple.fr
sed 's/^Subject: par/Subject: pas/' "$scratch/message" >"$scratch/altered"
expect_exit 1 '(an altered copy does not verify)' verifies "$scratch/altered" exemple.fr
expect_no_match 'it does not tell the user'\''s address' '198\.51\.100\.99' cat "$scratch/message"
login=(--auth PLAIN --auth-user "${test[0]}" --auth-password "${test[1]}")
expect_match 'by 465' "$queued" \
	swaks_out --port 465 --tls-on-connect "${login[@]}" --from test@exemple.fr --to deux@exemple.fr --header 'Subject: par 465'
read_mail "${deux[@]}" INBOX 'par 465' >"$scratch/message"
check 'signed as well' verifies "$scratch/message" exemple.fr
expect_match '587: a wrong password is refused' '535 5\.7\.8' as_user test@exemple.fr faux --to deux@exemple.fr
expect_match '587: so is a mailbox that is switched off' '535 5\.7\.8' as_user coupe@exemple.fr secret-de-coupe --to deux@exemple.fr
expect_match '587: so is no password' '554 5\.7\.1' swaks_out --port 587 --tls --from test@exemple.fr --to deux@exemple.fr
expect_match '587: not without TLS' '530 5\.7\.0' swaks_out --port 587 --from test@exemple.fr --to deux@exemple.fr
for port in 25 587; do
	expect_no_match "$port: no password is asked for before TLS" '250.AUTH' swaks_out --port "$port" --to test@exemple.fr --quit-after ehlo
done

# --- TLS ---

tls() { # PORT OPENSSL-ARGUMENT...
	outside timeout 20 openssl s_client -connect "198.51.100.10:$1" "${@:2}" </dev/null
}
for port in 465 993; do
	expect_match "$port: TLS 1.3" '^New, TLSv1\.3' tls "$port"
	expect_match "$port: TLS 1.2" '^New, TLSv1\.2' tls "$port" -tls1_2
	expect_match "$port: not TLS 1.1" 'alert protocol version|Cipher is \(NONE\)' tls "$port" -tls1_1 -cipher 'ALL:@SECLEVEL=0'
done

# --- IMAP ---

expect_match 'the folders are there, with their uses' 'LIST .*\\Junk.* Spam' imap "${test[@]}" '' -X 'LIST "" "*" RETURN (SPECIAL-USE)'
for folder in INBOX Sent Drafts Trash Archive Notes; do
	expect_match "folder $folder" " $folder" imap "${test[@]}" '' -X 'LIST "" *'
done
expect_exit 67 'a wrong password is refused' imap test@exemple.fr faux INBOX
expect_exit 67 'another one'\''s as well' imap test@exemple.fr secret-de-deux INBOX
printf 'From: test@exemple.fr\r\nSubject: brouillon\r\n\r\nUn brouillon.\r\n' >"$scratch/draft"
check 'a message can be put into Drafts' imap "${test[@]}" Drafts -T "$scratch/draft"
expect_match 'and read again' '^Subject: brouillon' read_mail "${test[@]}" Drafts brouillon
expect_match '143: STARTTLS' '^\* SEARCH' outside curl -sSk --max-time 20 --ssl-reqd --user "${test[0]}:${test[1]}" \
	imap://198.51.100.10/INBOX -X 'SEARCH ALL'
expect_match '143: LOGIN is off before' 'LOGINDISABLED' outside curl -sv --max-time 20 --user "${test[0]}:${test[1]}" imap://198.51.100.10/INBOX

# --- the user's own filters, port 4190 ---

sieve() {
	outside timeout 60 /usr/bin/python3 -c 'import base64, socket, ssl, sys
user, password = sys.argv[1:]
plain = socket.create_connection(("198.51.100.10", 4190), 30)
f = plain.makefile("rwb")
def answer():
    while True:
        line = f.readline().decode().strip()
        print(line)
        if not line or line.startswith(("OK", "NO", "BYE")): return line
def say(text):
    f.write(text.encode() + b"\r\n")
    f.flush()
    reply = answer()
    if not reply.startswith("OK"): sys.exit(1)
answer()
say("STARTTLS")
f = ssl._create_unverified_context().wrap_socket(plain).makefile("rwb")
answer()
say("AUTHENTICATE \"PLAIN\" \"%s\"" % base64.b64encode(f"\0{user}\0{password}".encode()).decode())
script = "require \"fileinto\"; if header :contains \"subject\" \"facture\" { fileinto \"Archive\"; }\r\n"
say("PUTSCRIPT \"tri\" {%d+}\r\n%s" % (len(script), script))
say("SETACTIVE \"tri\"")' "$@"
}
check 'a filter can be put on the server' sieve "${test[@]}"
swaks_out --tls --to test@exemple.fr --header 'Subject: votre facture' >"$scratch/dialogue" || true
expect_match 'and sorts what comes' '^Subject: votre facture' read_mail "${test[@]}" Archive 'votre facture'
swaks_out --tls --to test@exemple.fr --header 'Subject: facture douteuse' --body "$gtube" >"$scratch/dialogue" || true
expect_match 'spam goes to Spam before it' '^Subject: .*facture douteuse' read_mail "${test[@]}" Spam 'facture douteuse'

# --- to the world ---

# A mail server outside: with TLS when there is a certificate.
receive() { # FILE [CERTIFICATE KEY]
	exec tests/lab/lab out "$host" /usr/bin/python3 -c 'import socket, ssl, sys
server = socket.create_server(("198.51.100.99", 25))
server.settimeout(180)
while True:
    plain, _ = server.accept()
    connection, f = plain, plain.makefile("rwb")
    def say(text):
        f.write(text + b"\r\n")
        f.flush()
    say(b"220 mx.dehors.example")
    body = None
    while line := f.readline():
        if body is not None:
            if line == b".\r\n":
                open(sys.argv[1], "wb").write(body)
                body = None
                say(b"250 ok")
            else:
                body += line[1:] if line.startswith(b"..") else line
        elif line.upper().startswith(b"EHLO") and len(sys.argv) > 2:
            say(b"250-mx.dehors.example\r\n250 STARTTLS")
        elif line.upper().startswith(b"STARTTLS"):
            say(b"220 go on")
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*sys.argv[2:])
            connection = context.wrap_socket(plain, server_side=True)
            f = connection.makefile("rwb")
        elif line.upper().startswith(b"DATA"):
            body = b""
            say(b"354 go on")
        elif line.upper().startswith(b"QUIT"):
            say(b"221 bye")
            break
        else:
            say(b"250 ok")' "$@"
}
in_queue() { # REGEX
	on mailq >"$scratch/queue" && cat "$scratch/queue" && grep -Eq "$1" "$scratch/queue"
}
receive "$scratch/clear" &
server=$!
within 20 sink_listens
as_user "${test[@]}" --to autre@dehors.example --header 'Subject: vers le monde' >"$scratch/dialogue"
# The queue shows what its last address answered, the log each of them.
wants_tls() {
	in_queue 'autre@dehors.example' && on journalctl -q -o cat -t postfix/smtp | grep -F 'TLS is required, but was not offered'
}
check 'mail to a server without TLS waits in the queue' within 60 wants_tls
expect_exit 1 'and was not sent in clear' test -e "$scratch/clear"
kill "$server"
wait "$server" 2>/dev/null || true
openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=mx.dehors.example -keyout "$scratch/mx.key" -out "$scratch/mx.pem" 2>/dev/null
receive "$scratch/encrypted" "$scratch/mx.pem" "$scratch/mx.key" &
server=$!
within 20 sink_listens
on postqueue -f
check 'as soon as it has TLS, it goes' within 60 test -s "$scratch/encrypted"
check 'signed, so that the other side can verify it' verifies "$scratch/encrypted" exemple.fr
check 'the queue is empty then' within 60 in_queue '^Mail queue is empty$'
kill "$server"
wait "$server" 2>/dev/null || true

finish
