#!/usr/bin/env python3
"""A mail server without TLS whose answer stands in the address: sink.py ADDRESS... Ends after 90 s.

liste@ is refused for a blocklist, refus@ for good, tard@ for now; all else is taken. The script of a test kills it.
"""

import socketserver
import sys
import threading
import time

ANSWERS = {
    "liste": "550 5.7.1 Service unavailable; client [198.51.100.10] blocked using zen.spamhaus.org",
    "refus": "550 5.1.1 no such user here",
    "tard": "451 4.7.1 Greylisting in action, please come back later",
}


class Dialogue(socketserver.StreamRequestHandler):
    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def handle(self):
        self.say("220 mx.dehors.example ESMTP")
        for line in self.rfile:
            word = line[:4].upper()
            if word == b"EHLO":
                self.say("250 mx.dehors.example")
            elif word == b"RCPT":
                self.say(ANSWERS.get(line.decode().split("<")[1].split("@")[0], "250 2.1.5 Ok"))
            elif word == b"DATA":
                self.say("354 go on")
                for text in self.rfile:
                    if text == b".\r\n":
                        break
                self.say("250 2.0.0 Ok: queued as AUSSEN")
            elif word == b"QUIT":
                self.say("221 2.0.0 Bye")
                return
            else:
                self.say("250 2.0.0 Ok")


socketserver.ThreadingTCPServer.allow_reuse_address = True
server = socketserver.ThreadingTCPServer((sys.argv[1], 25), Dialogue)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
time.sleep(90)
