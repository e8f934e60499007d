"""A stranger's mail server: hands over numbered messages, one after the other, each again until it is taken, as long as FILE exists.

usage: upgrade.py RECIPIENT WORD FILE    prints the number of messages that were taken
"""
import os
import smtplib
import sys
import time

sys.dont_write_bytecode = True
from stranger import hand_over

recipient, word, running = sys.argv[1:]
taken = 0
end = time.monotonic() + 3000
while os.path.exists(running) and time.monotonic() < end:
    try:
        hand_over(recipient, f"{word}-{taken + 1}")
        taken += 1
    except (OSError, smtplib.SMTPException) as error:
        print(error, file=sys.stderr)
    time.sleep(2)
print(taken)
