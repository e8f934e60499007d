"""What upgrade.py and move.py share: a message from a stranger's mail server to the host, over TLS."""
import smtplib
import ssl

context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE


def hand_over(recipient, name):
    """Returns when it was taken; NAME is its subject. OSError, smtplib.SMTPException."""
    server = smtplib.SMTP("198.51.100.10", 25, local_hostname="mx.dehors.example", timeout=60)
    server.starttls(context=context)
    server.sendmail("quelqu.un@dehors.example", recipient,
                    f"From: quelqu.un@dehors.example\r\nTo: {recipient}\r\nSubject: {name}\r\n"
                    f"Message-ID: <{name}@dehors.example>\r\n\r\nentre-temps\r\n")
    server.close()
