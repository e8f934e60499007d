#!/usr/bin/env bash
# What mailsetup does otherwise than the guide: one behaviour, or more, for each line of INSTALL.md's table.
. "$(dirname "$0")/lib.sh"

installed_host
add_mailbox test@exemple.fr secret-de-test
add_mailbox deux@exemple.fr secret-de-deux
add_alias contact@exemple.fr test@exemple.fr
test=(test@exemple.fr secret-de-test)
administrator=("$admin" "$password")
publish_key exemple.fr

# The headers of a message, each on one line.
header_of() { # ADDRESS PASSWORD FOLDER SUBJECT
	read_mail "$@" | tr -d '\r' | sed '/^$/q' | sed -e ':a' -e 'N' -e '$!ba' -e 's/\n[ \t]\{1,\}/ /g'
}

signed() { # ADDRESS PASSWORD FOLDER SUBJECT
	read_mail "$@" >"$scratch/message" && grep -q '^DKIM-Signature:.*' "$scratch/message" &&
		outside /usr/bin/python3 -c 'import dkim, sys
sys.exit(not dkim.verify(open(sys.argv[1], "rb").read()))' "$scratch/message"
}

# --- 1: packages ---

before_services() {
	on journalctl --all -o json >"$scratch/journal" && /usr/bin/python3 -c 'import json, sys
started, services = [], None
for line in open(sys.argv[1]):
    entry = json.loads(line)
    message, time = str(entry.get("MESSAGE")), int(entry["__REALTIME_TIMESTAMP"])
    if entry.get("MAILSETUP_STEP") == "services" and entry.get("MAILSETUP_EVENT") == "step-begin": services = time
    if "daemon started -- version" in message or "starting up for imap" in message: started.append((time, message))
first = min(started)
print("step services begins at", services, "- first daemon:", first)
sys.exit(not (services and first[0] > services))' "$scratch/journal"
}
one_run() {
	on cat /var/log/apt/history.log >"$scratch/output" && (($(grep -c '^Install:' "$scratch/output") == 1)) &&
		grep '^Install:' "$scratch/output" | grep ' postfix:' | grep -q ' spamass-milter:'
}
check 'departure 1: one apt transaction installed all' one_run
expect_match 'departure 1: spamass-milter is set up, in one run with postfix' '^ii' on dpkg-query -W -f '${db:Status-Abbrev}\n' spamass-milter
check 'departure 1: no daemon started before the step services' before_services
expect_exit 1 'departure 1: policy-rc.d is gone' on test -e /usr/sbin/policy-rc.d

# --- 2: Diffie-Hellman ---

if [[ $release == bullseye ]]; then
	lab fetch "$host" /etc/postfix/tls/dh4096.pem "$scratch/dh.pem"
	expect_match 'departure 2: the group is ffdhe4096 of RFC 7919' 'ffdhe4096' openssl dhparam -in "$scratch/dh.pem" -noout -text
else
	expect_exit 1 'departure 2: OpenSSL 3 needs no file' on test -e /etc/postfix/tls/dh4096.pem
fi
tls() { # PORT OPENSSL-ARGUMENT...
	outside timeout 20 openssl s_client -connect "198.51.100.10:$1" "${@:2}" </dev/null
}
expect_match 'departure 2: port 25 uses it' 'Server Temp Key: DH, 4096 bits' \
	tls 25 -starttls smtp -tls1_2 -cipher DHE-RSA-AES128-GCM-SHA256
expect_match 'departure 2: it took no minutes' 'step dh done in [0-9]{1,2}\.[0-9] s' on journalctl -o cat MAILSETUP_STEP=dh

# --- 3: port 587 ---

expect_match 'departure 3: no mail by 587 without a password' '554 5\.7\.1 .*Client host rejected' \
	swaks_out --port 587 --tls --to test@exemple.fr
expect_match 'departure 3: nor by 465' '554 5\.7\.1 .*Client host rejected' swaks_out --port 465 --tls-on-connect --to test@exemple.fr
check 'departure 3: with a password it goes' as_user "${test[@]}" --to deux@exemple.fr
expect_match 'departure 3: 587 has a name of its own in the log' 'postfix/submission/smtpd.*sasl_username=test@exemple.fr' \
	on journalctl --all -o short -t postfix/submission/smtpd

# --- 4: senders ---

login=(--auth PLAIN --auth-user "${test[0]}" --auth-password "${test[1]}")
other_sender='553 5\.7\.1 .*not owned by user test@exemple\.fr'
expect_match 'departure 4: a user cannot send as another by 587' "$other_sender" \
	as_user "${test[@]}" --from deux@exemple.fr --to "$admin"
expect_match 'departure 4: nor by 465' "$other_sender" \
	swaks_out "${login[@]}" --port 465 --tls-on-connect --from deux@exemple.fr --to "$admin"
expect_no_match 'departure 21: on port 25 nobody logs in' '<[-~].*AUTH' \
	swaks_out --tls --quit-after ehlo --to "$admin"
on systemctl stop dovecot dovecot.socket
expect_match 'departure 21: it takes mail while Dovecot is stopped' ' queued as ' swaks_out --tls --to "$admin" --header 'Subject: dovecot-dort'
on systemctl start dovecot
on postqueue -f
check 'departure 21: which is delivered later' within 30 read_mail "${administrator[@]}" INBOX dovecot-dort
expect_match 'departure 4: nor under a stranger'\''s address' '553 5\.7\.1' \
	as_user "${test[@]}" --from autre@dehors.example --to "$admin"
check 'departure 4: he can as an alias that leads to him' as_user "${test[@]}" --from contact@exemple.fr --to deux@exemple.fr
expect_match 'departure 4: but not as one that leads to another' '553 5\.7\.1' \
	as_user deux@exemple.fr secret-de-deux --from contact@exemple.fr --to "$admin"

# --- 5: whitelist ---

swaks_out --tls --from deux@exemple.fr --to test@exemple.fr --header 'From: deux@exemple.fr' --header 'Subject: forge' >/dev/null
forged=$(header_of "${test[@]}" INBOX forge)
expect_match 'departure 5: mail forged as the own domain is scored' '^X-Spam-Status: .*SPF_FAIL' echo "$forged"
expect_no_match 'departure 5: and not whitelisted' 'WHITELIST|WELCOMELIST|score=-' echo "$forged"
as_user "${test[@]}" --to test@exemple.fr --header 'Subject: authentique' >/dev/null
expect_match 'departure 5: the own domain is, where DKIM proves it' '^X-Spam-Status: .*USER_IN_DKIM_(WHITE|WELCOME)LIST' \
	header_of "${test[@]}" INBOX authentique

# --- 6: signed on the host ---

local_mail() { # FROM TO SUBJECT
	printf 'From: %s\nTo: %s\nSubject: %s\nDate: %s\nMessage-Id: <%s@exemple.fr>\n\nMail of the machine.\n' \
		"$1" "$2" "$3" "$(LC_ALL=C date -R)" "$RANDOM$RANDOM" | on sendmail -f "$1" "$2"
}
local_mail deux@exemple.fr test@exemple.fr 'machine'
check 'departure 6: mail sent on the host is signed, and the signature verifies' signed "${test[@]}" INBOX machine
local_mail root@mail.exemple.fr test@exemple.fr 'racine'
check 'departure 6: root'\''s as well' signed "${test[@]}" INBOX racine

# --- 7: the database ---

expect_match 'departure 7: nobody cannot read the database' '[Pp]ermission denied|unable to open' as_nobody sqlite3 "$database" 'SELECT * FROM postfix_utilisateurs'
expect_exit 1 'departure 7: not a byte of it' as_nobody cat "$database"
expect_exit 1 'departure 7: nor can the mailboxes'\'' user' on setpriv --reuid=vmail --regid=vmail --clear-groups cat "$database"

# --- 11: header checks without postmap ---

expect_exit 1 'departure 11: no useless header_checks.db' on test -e /etc/postfix/header_checks.db
as_user "${test[@]}" --to test@exemple.fr --header 'Subject: discret' --header 'User-Agent: Outil/1.0' \
	--header 'X-Originating-IP: 192.0.2.7' >/dev/null
discreet=$(header_of "${test[@]}" INBOX discret)
expect_match 'departure 11: the message is there' '^Subject: discret' echo "$discreet"
expect_no_match 'departure 11: its telling headers are not' '^User-Agent:|^X-Originating-IP:|198\.51\.100\.99' echo "$discreet"

# --- 12: who may relay ---

outside ip addr add 192.168.77.5/32 dev outside
expect_match 'departure 12: 192.168.0.0/16 does not relay without a password' '554 5\.7\.1 .*Relay access denied' \
	swaks_out --tls --local-interface 192.168.77.5 --to autre@dehors.example
check 'departure 12: (it reaches the server)' \
	swaks_out --tls --local-interface 192.168.77.5 --to test@exemple.fr --header 'Subject: prive'
expect_match 'departure 12: nor does the host'\''s own network' '554 5\.7\.1 .*Relay access denied' \
	swaks_out --tls --to autre@dehors.example
expect_match 'departure 12: nor over IPv6' '554 5\.7\.1 .*Relay access denied' \
	swaks_out --server 2001:db8::10 --tls --to autre@dehors.example

# --- 13: the certificate ---

served() { # PORT OPENSSL-ARGUMENT...
	tls "$@" 2>/dev/null | openssl x509 -noout -ext subjectAltName
}
expect_match 'departure 13: IMAPS serves a certificate with subjectAltName' 'DNS:mail\.exemple\.fr' served 993
expect_match 'departure 13: SMTP as well' 'DNS:mail\.exemple\.fr' served 25 -starttls smtp
lab fetch "$host" /etc/postfix/tls/courriel.pem "$scratch/courriel.pem"
check 'departure 13: a client that trusts it accepts it' \
	outside curl -sS --max-time 20 --cacert "$scratch/courriel.pem" --user "${test[0]}:${test[1]}" imaps://mail.exemple.fr/INBOX
expect_exit 60 'departure 13: (one that does not refuses it)' \
	outside curl -sS --max-time 20 --user "${test[0]}:${test[1]}" imaps://mail.exemple.fr/INBOX

# --- 14: postmaster ---

for name in postmaster@exemple.fr abuse@exemple.fr root@exemple.fr postmaster@mail.exemple.fr; do
	swaks_out --tls --to "$name" --header "Subject: pour $name" >"$scratch/dialogue" || true
	expect_match "departure 14: mail to $name reaches the administrator" "^Subject: pour $name" \
		header_of "${administrator[@]}" INBOX "pour $name"
done
local_mail root@mail.exemple.fr root 'pour root'
expect_match 'departure 14: so does the machine'\''s own to root' '^Subject: pour root' header_of "${administrator[@]}" INBOX 'pour root'
expect_match 'departure 14: verify knows where postmaster leads' "postmaster@exemple.fr leads to $admin" \
	on mailsetup verify --only postmaster --json
sql "UPDATE postfix_alias_virtuels SET active=0 WHERE courriel='postmaster@exemple.fr'"
expect_match 'departure 14: and says so where it leads nowhere' 'postmaster@exemple\.fr.*(refused|nobody|no )' \
	on mailsetup verify --only postmaster
sql "UPDATE postfix_alias_virtuels SET active=1 WHERE courriel='postmaster@exemple.fr'"

# --- 15: SMTP smuggling ---

smuggle() {
	outside timeout 60 /usr/bin/python3 -c 'import socket, ssl
def reply(f):
    while True:
        line = f.readline()
        if line[3:4] != b"-": return line
def say(f, text):
    f.write(text)
    f.flush()
    return reply(f)
for n, end in enumerate((b"\n.\n", b"\n.\r\n", b"\r\n.\n")):
    plain = socket.create_connection(("198.51.100.10", 25), 20)
    f = plain.makefile("rwb")
    reply(f)
    say(f, b"EHLO mx.dehors.example\r\n")
    say(f, b"STARTTLS\r\n")
    f = ssl._create_unverified_context().wrap_socket(plain).makefile("rwb")
    envelope = [b"MAIL FROM:<quelqu.un@dehors.example>\r\n", b"RCPT TO:<test@exemple.fr>\r\n", b"DATA\r\n"]
    for command in [b"EHLO mx.dehors.example\r\n"] + envelope: say(f, command)
    f.write(b"Subject: porteur %d\r\n\r\none" % n + end + b"".join(envelope) + b"Subject: passager %d\r\n\r\ntwo\r\n.\r\n" % n)
    f.flush()
    print(n, reply(f))
    f.close()
    plain.close()'
}
check 'departure 15: (three ways of smuggling a message are tried)' smuggle
as_user "${test[@]}" --to test@exemple.fr --header 'Subject: apres la contrebande' >/dev/null
read_mail "${test[@]}" INBOX 'apres la contrebande' >/dev/null
expect_text 'departure 15: no smuggled message is delivered' '* SEARCH' \
	sh -c 'tr -d "\r"' < <(imap "${test[@]}" INBOX -X 'SEARCH HEADER Subject passager')

# --- 18 and beyond ---

expect_no_match 'departure 18: Postfix does not run with the defaults of version 2' 'backwards-compatible' \
	on journalctl --all -o cat SYSLOG_IDENTIFIER=postfix + SYSLOG_IDENTIFIER=postfix/postfix-script
expect_match 'departure 18: (its journal is there)' 'starting the Postfix mail system|^updating /etc/' \
	on journalctl --all -o cat SYSLOG_IDENTIFIER=postfix + SYSLOG_IDENTIFIER=postfix/postfix-script
expect_no_match 'departure 20: SMTPUTF8 is not offered' 'SMTPUTF8' swaks_out --tls --to test@exemple.fr --quit-after ehlo
expect_match 'departure 24: mail from a private address is scored' '^X-Spam-Status:' \
	header_of "${test[@]}" INBOX 'prive'
expect_no_match 'departure 24: such an address is not trusted' 'ALL_TRUSTED' cat "$scratch/last"
# Who has the database open, by name.
database_users() {
	# shellcheck disable=SC2016  # for the shell in the host
	on sh -c 'find /proc/[0-9]*/fd -lname "*/postfix.sqlite" 2>/dev/null | cut -d/ -f3 | sort -u |
		while read -r pid; do cat "/proc/$pid/comm"; done | sort -u'
}
capture database_users
expect_match 'departure 28: proxymap has the database open' '^proxymap$' cat "$scratch/last"
expect_no_match 'departure 28: no other daemon of Postfix has' '^(smtpd|cleanup|trivial-rewrite|lmtp|qmgr|smtp)$' cat "$scratch/last"
writes() {
	# shellcheck disable=SC2016  # for the shell in the host
	on sh -c 'n=0
		while [ "$n" -lt 150 ]; do
			n=$((n + 1))
			sqlite3 -cmd ".timeout 5000" "$0" "UPDATE postfix_alias_virtuels SET active=1 WHERE courriel=\"contact@exemple.fr\""
		done' "$database"
}
lookups() {
	local n
	for n in {1..8}; do
		swaks_out --tls --to contact@exemple.fr --quit-after RCPT || return 1
	done
}
writes &
writer=$!
began=$SECONDS
check 'departure 26: addresses are found while the database is written to' lookups
check 'departure 26: without a pause of a minute' test $((SECONDS - began)) -lt 55
wait "$writer"

# --- 16: modes of mailboxes ---

mailboxes=/var/mail/utilisateurs
expect_match 'departure 16: messages were delivered' "^[1-9]" on sh -c "find $mailboxes -type f -path '*/test/*' -name '*mail*' | wc -l"
expect_text 'departure 16: each message is 0600' '' on find "$mailboxes" -type f '(' -path '*/cur/*' -o -path '*/new/*' ')' ! -perm 0600
expect_text 'departure 16: no file there is executable, or written by others' '' on find "$mailboxes" -type f -perm /0133
expect_text 'departure 16: each directory is 0700' '' on find "$mailboxes" -type d ! -perm 0700
expect_text 'departure 16: all belong to vmail' '' on find "$mailboxes" ! '(' -uid 3000 -gid 3000 ')'

# --- 17: the old bytes ---

expect_text 'departure 17: no .ori copies' '' on find / -xdev -name '*.ori'
expect_exit 0 'departure 17: the undo journal has the old bytes' on grep -aqE 'mail_location = mbox:|mail_driver = mbox' /var/lib/mailsetup/state.db

# --- 30: what Postfix's package finds ---

expect_match 'departure 30: the package leaves main.cf alone' 'main_mailer_type: No configuration' on debconf-show postfix
expect_text 'departure 30: /etc/mailname is there' mail.exemple.fr on cat /etc/mailname
# Debian 13's package makes none: nothing reads them.
[[ $release == trixie ]] || check 'departure 30: so are the aliases of local users' on test -s /etc/aliases.db
expect_no_match 'departure 30: Postfix finds nothing to say about its files' . on postfix check

# --- 8, 9, 10: learning, and a reboot ---

# More than 200 of each: below that, SpamAssassin does not use what it learned.
make_messages() {
	/usr/bin/python3 -c 'import pathlib, random, sys
random.seed(1)
words = {"spam": [f"pilule{n}" for n in range(60)], "ham": [f"reunion{n}" for n in range(60)]}
for kind, folder in (("spam", ".Spam/cur"), ("ham", "cur")):
    directory = pathlib.Path(sys.argv[1]) / folder
    directory.mkdir(parents=True)
    for n in range(230):
        body = " ".join(random.choice(words[kind]) for _ in range(40))
        (directory / f"17000000{n:02d}.M{n}P1.mail:2,S").write_text(
            f"From: {kind}{n}@dehors.example\nTo: deux@exemple.fr\nSubject: {random.choice(words[kind])} {n}\n"
            f"Message-Id: <{kind}{n}@dehors.example>\nDate: Mon, 06 Jul 2026 10:{n % 60:02d}:00 +0200\n\n{body}\n")' "$1"
}
learned() { # spam|ham
	on setpriv --reuid=spamassassin --regid=spamassassin --clear-groups env HOME=/var/lib/spamd sa-learn --dump magic |
		awk -v what="non-token data: n$1" 'index($0, what) { print $3 }'
}
# The same but for the words of the body. The headers of this suite's mail were learned as ham by now, so that the words of
# spam alone do not make it certain.
judged() { # SUBJECT WORD
	local body
	body=$(for n in {0..29}; do printf '%s%d ' "$2" "$n"; done)
	swaks_out --tls --to test@exemple.fr --header "Subject: $1" --body "$body" >/dev/null &&
		{ header_of "${test[@]}" INBOX "$1" || header_of "${test[@]}" Spam "$1"; }
}
make_messages "$scratch/maildir"
lab copy "$host" "$scratch/maildir" /var/mail/utilisateurs/exemple.fr/deux
on chown -R vmail:vmail /var/mail/utilisateurs/exemple.fr/deux
expect_text 'departure 8: the timer is enabled' enabled on systemctl is-enabled mailsetup-learn.timer
expect_match 'departure 8: and has its next time' 'NextElapseUSecRealtime=..*' \
	on systemctl show -p NextElapseUSecRealtime mailsetup-learn.timer
expect_exit 1 'departure 8: there is no cron job that never runs' on sh -c 'ls /etc/cron.d /etc/cron.daily 2>/dev/null | grep -i bay'
expect_match 'departure 9: (before, spamd has learned too little to judge)' '^X-Spam-Status:' judged jour-0 pilule
expect_no_match 'departure 9: (and does not)' 'BAYES_' cat "$scratch/last"
check 'departure 8: the job runs' on timeout 300 systemctl start mailsetup-learn.service
check 'departure 8: it has learned the spam' test "$(learned spam)" -ge 230
check 'departure 8: and the ham' test "$(learned ham)" -ge 230
expect_match 'departure 9: spamd, not restarted, knows the spam' '^X-Spam-Status: .*BAYES_(50|60|80|95|99)' judged jour-1 pilule
expect_match 'departure 9: and the ham' '^X-Spam-Status: .*BAYES_(00|05|20)' judged jour-2 reunion
counted=$(learned spam)
lab reboot "$host"
expect_text 'departure 9: it survives a reboot' "$counted" learned spam
expect_match 'departure 9: and spamd knows the spam again' '^X-Spam-Status: .*BAYES_(50|60|80|95|99)' judged jour-3 pilule
expect_match 'departure 9: and the ham' '^X-Spam-Status: .*BAYES_(00|05|20)' judged jour-4 reunion
expect_text 'departure 10: the socket'\''s directory is there after a reboot' 'spamassassin:spamassassin 750' \
	on stat -c '%U:%G %a' /run/spamassassin
expect_text 'departure 10: from /etc/tmpfiles.d' /etc/tmpfiles.d/spamassassin.conf on grep -rl /run/spamassassin /etc/tmpfiles.d /usr/lib/tmpfiles.d
expect_exit 0 'after the reboot, verify finds nothing wrong' on mailsetup verify

# --- 23: without DNS ---

lab dns "$host" stop
expect_match 'departure 23: a user sends while there is no DNS' ' queued as ' as_user "${test[@]}" --to deux@exemple.fr
expect_exit 0 'without any DNS, verify proves what can be proven' on mailsetup verify
expect_match 'and does not count as failed what it cannot know' '^[2-4][0-9] ok, 0 failed, [0-9]+ unknown' cat "$scratch/last"

finish
