#!/usr/bin/python3
"""Makes an archive of one Maildir to measure with: maildir.py COUNT MEAN-SIZE FILE.tar.gz

COUNT messages of MEAN-SIZE bytes on average, in folders, with flags and Dovecot's lists of UIDs, the same on every run. Their text is
random words, which deflate to about half.
"""

import gzip
import random
import sys
import tarfile

FOLDERS = (("", 0.6), (".Sent/", 0.2), (".Archives.2019/", 0.2))
FLAGS = ("S", "RS", "", "FS", "Sa")
POOL = 8 << 20


def pool(chance):
    letters = "eeeaaiiosstnrlucdmpvqfbghjxyzwk"
    words = ["".join(chance.choices(letters, k=chance.randint(2, 10))) for _ in range(20000)]
    lines = bytearray()
    while len(lines) < POOL:
        lines += " ".join(chance.choices(words, k=10)).encode() + b"\r\n"
    return bytes(lines)


def header(name, size, mtime):
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = size, mtime, 0o600
    return info.tobuf(tarfile.GNU_FORMAT)


def member(name, data, mtime):
    return header(name, len(data), mtime) + data + bytes(-len(data) % 512)


def message(chance, text, number, size):
    head = b"From: quelqu.un%d@ancien.example\r\nTo: jean@exemple.fr\r\nSubject: message %d\r\nMessage-ID: <%d.%d@ancien.example>\r\n\r\n" % (
        chance.randrange(500), number, number, chance.getrandbits(64))
    at = chance.randrange(len(text) - size)
    return head + text[at:at + max(2, size - len(head))]


def write(out, count, mean):
    chance = random.Random(count)
    text = pool(chance)
    number = 0
    for folder, share in FOLDERS:
        uids = []
        for uid in range(1, int(count * share + 0.5) + 1):
            number += 1
            data = message(chance, text, number, min(POOL // 2, 250 + int(chance.expovariate(1 / (mean - 250)))))
            name = f"{1500000000 + number}.M{chance.randrange(10 ** 6)}P{number}.ancien,S={len(data)},W={len(data)}"
            out.write(member(f"jean/{folder}cur/{name}:2,{FLAGS[number % len(FLAGS)]}", data, 1400000000 + number * 300))
            uids.append(f"{uid} :{name}\n")
        lists = f"3 V1500000000 N{len(uids) + 1} G{chance.getrandbits(128):032x}\n" + "".join(uids)
        out.write(member(f"jean/{folder}dovecot-uidlist", lists.encode(), 1500000000))
        out.write(member(f"jean/{folder}dovecot-keywords", b"0 $Forwarded\n", 1500000000))
    out.write(bytes(1024))


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    with gzip.GzipFile(sys.argv[3], "wb", 6, mtime=0) as archive:
        write(archive, int(sys.argv[1]), int(sys.argv[2]))
