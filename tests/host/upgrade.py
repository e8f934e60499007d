"""A stranger's mail server: hands over numbered messages, one after the other, each again until it is taken, as long as FILE exists.

usage: upgrade.py RECIPIENT WORD FILE    prints the number of messages that were taken
"""
import os
import smtplib
import ssl
import sys
import time

recipient, word, running = sys.argv[1:]
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE


def hand_over(number):
    server = smtplib.SMTP("198.51.100.10", 25, local_hostname="mx.dehors.example", timeout=60)
    server.starttls(context=context)
    server.sendmail("quelqu.un@dehors.example", recipient,
                    f"From: quelqu.un@dehors.example\r\nTo: {recipient}\r\nSubject: {word}-{number}\r\n"
                    f"Message-ID: <{word}-{number}@dehors.example>\r\n\r\npendant la mise a niveau\r\n")
    server.close()


taken = 0
while os.path.exists(running):
    try:
        hand_over(taken + 1)
        taken += 1
    except (OSError, smtplib.SMTPException) as error:
        print(error, file=sys.stderr)
    time.sleep(2)
print(taken)
