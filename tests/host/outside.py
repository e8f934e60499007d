#!/usr/bin/env python3
"""What a stranger must never get from a server, at no moment of its making: outside.py ADDRESS

Asks every mail port that is open: no relaying, no password in clear, no submission without one. Prints what it asked; exit
status 1 names what was given. A port that is closed gives nothing.
"""

import smtplib
import socket
import ssl
import sys

TIMEOUT = 20
FOREIGN = "quelqu.un@ailleurs.example"
wrong = []
asked = []


def tls():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def must(port, condition, what):
    if not condition:
        wrong.append(f"port {port}: {what}")


def relay(port, smtp):
    smtp.ehlo("mx.dehors.example")
    for sender in ("quelqu.un@dehors.example", "admin@exemple.fr", ""):
        code, _ = smtp.mail(sender)
        if code // 100 == 2:
            code, answer = smtp.rcpt(FOREIGN)
            must(port, code // 100 != 2, f"relays from <{sender}>: {code} {answer}")
        smtp.rset()


def ask_smtp(address, port):
    with smtplib.SMTP(address, port, timeout=TIMEOUT) as smtp:
        smtp.ehlo("mx.dehors.example")
        must(port, not smtp.has_extn("auth"), "offers AUTH in clear")
        code, _ = smtp.docmd("AUTH PLAIN AGFkbWluAGFkbWlu")
        must(port, code not in (235, 334, 535), f"takes a password in clear: {code}")
        relay(port, smtp)
        if smtp.has_extn("starttls"):
            smtp.starttls(context=tls())
            relay(port, smtp)


def ask_smtps(address, port):
    with smtplib.SMTP_SSL(address, port, timeout=TIMEOUT, context=tls()) as smtp:
        relay(port, smtp)


def dialogue(address, port, request):
    with socket.create_connection((address, port), timeout=TIMEOUT) as connection:
        stream = connection.makefile("rwb")
        greeting = stream.readline()
        if request:
            stream.write(request)
            stream.flush()
            return greeting + stream.readline() + stream.readline()
        text = greeting
        while line := stream.readline():
            text += line
            if line.startswith(b"OK"):
                break
        return text


def ask_imap(address, port):
    answer = dialogue(address, port, b"a LOGIN admin@exemple.fr admin\r\n")
    must(port, b"a OK" not in answer and b"AUTHENTICATIONFAILED" not in answer, f"takes a password in clear: {answer}")
    must(port, b"AUTH=PLAIN" not in answer.split(b"\n")[0], "offers AUTH=PLAIN in clear")


def ask_sieve(address, port):
    answer = dialogue(address, port, b"")
    must(port, b'"SASL" "PLAIN' not in answer, f"offers PLAIN in clear: {answer}")


def ask(address, port, question):
    try:
        socket.create_connection((address, port), timeout=TIMEOUT).close()
    except OSError:
        return
    asked.append(port)
    try:
        question(address, port)
    except (OSError, smtplib.SMTPException, EOFError):
        pass  # a daemon that is starting, or going: it gave nothing


for port, question in ((25, ask_smtp), (587, ask_smtp), (465, ask_smtps), (143, ask_imap), (4190, ask_sieve)):
    ask(sys.argv[1], port, question)
print(f"{len(asked)} ports asked: {asked}")
for line in wrong:
    print(line)
sys.exit(bool(wrong))
