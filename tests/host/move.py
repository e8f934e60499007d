"""A stranger's mail server with a queue: a message a second, kept until the other side has taken it, on disk as long as FILE exists.

usage: move.py RECIPIENT FILE QUEUE [TOTAL]    QUEUE: a folder, which outlives this program; TOTAL: ends when so many were handed over in all
"""
import os
import smtplib
import sys
import time

sys.dont_write_bytecode = True
from stranger import hand_over

recipient, running, queue = sys.argv[1:4]
total = int(sys.argv[4]) if len(sys.argv) > 4 else None


def names(end):
    return sorted((name for name in os.listdir(queue) if name.endswith(end)), key=lambda name: int(name.split(".")[0]))


os.makedirs(queue, exist_ok=True)
end = time.monotonic() + 600
while os.path.exists(running) and time.monotonic() < end:
    number = len(os.listdir(queue)) + 1
    if total is None or number <= total:
        open(f"{queue}/{number}.waits", "x").close()
    try:
        for name in names(".waits"):
            hand_over(recipient, f"voyage-{name.split('.')[0]}")
            os.rename(f"{queue}/{name}", f"{queue}/{name.split('.')[0]}.taken")
    except (OSError, smtplib.SMTPException) as error:
        print(error, file=sys.stderr)
    if total is not None and len(names(".taken")) >= total:
        break
    time.sleep(1)
