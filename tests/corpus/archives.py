#!/usr/bin/python3
"""Writes hostile, damaged and odd archives, and what must become of them: archives.py FOLDER

FOLDER/table has a line for each: NAME, EXPECTED-EXIT, EXPECTED-REGEX, IMPORTED-COUNT, with tabs between. The name begins with the
number of its group; EXPECTED-EXIT lists all that are right ("1,3"); the regex is for what `migrate-maildir --json` writes;
IMPORTED-COUNT (a number, or a range "2-3") is for exit 0 and 1, and after any other exit nothing may have come over.

Nearly every archive begins and ends with a good message, so that an entry that is skipped takes nothing else with it.
"""

import bz2
import gzip
import io
import os
import random
import struct
import sys
import zipfile
import zlib

BLOCK = 512
FILE, LINK, SYMLINK, CHAR, BLOCKDEV, DIRECTORY, FIFO = b"0", b"1", b"2", b"3", b"4", b"5", b"6"
MTIME = 1500000000


# --- tar, by hand: tarfile would not write what is wrong ---

def octal(value, width):
    return value if isinstance(value, bytes) else b"%0*o\0" % (width - 1, value)


def padded(data):
    return data + bytes(-len(data) % BLOCK)


def header(name, size=0, kind=FILE, link=b"", mode=0o600, uid=1000, gid=1000, mtime=MTIME, device=(0, 0), checksum=None,
           gnu=False):
    prefix = b""
    if len(name) > 100:
        at = name.rfind(b"/", 0, 156)
        prefix, name = (name[:at], name[at + 1:]) if 0 < at and len(name) - at <= 101 else (b"", name[:100])
    block = bytearray(b"".join((
        name.ljust(100, b"\0"), octal(mode, 8), octal(uid, 8), octal(gid, 8), octal(size, 12).ljust(12, b"\0"),
        octal(mtime, 12).ljust(12, b"\0"), b" " * 8, kind, link[:100].ljust(100, b"\0"),
        b"ustar  \0" if gnu else b"ustar\x0000", b"quelquun".ljust(32, b"\0"), b"root".ljust(32, b"\0"),
        octal(device[0], 8), octal(device[1], 8), prefix.ljust(155, b"\0"), bytes(12))))
    assert len(block) == BLOCK
    block[148:156] = b"%06o\0 " % (sum(block) if checksum is None else checksum)
    return bytes(block)


def base256(value, width=12):
    return (value % (1 << (8 * width))).to_bytes(width, "big") if value < 0 else \
        bytes([0x80]) + value.to_bytes(width - 1, "big")


def member(name, data=b"", **fields):
    return header(name, fields.pop("size", len(data)), **fields) + padded(data)


def pax(records, kind=b"x", size=None):
    body = b""
    for key, value in records:
        rest = b" " + key + b"=" + value + b"\n"
        n = len(rest)
        while len(b"%d" % n) + len(rest) != n:
            n = len(b"%d" % n) + len(rest)
        body += b"%d" % n + rest
    return header(b"PaxHeaders/x", len(body) if size is None else size, kind=kind) + padded(body)


def symlink(name, to):
    return member(name, kind=SYMLINK, link=to)


def hardlink(name, to, **fields):
    return member(name, kind=LINK, link=to, **fields)


def directory(name, **fields):
    return member(name, kind=DIRECTORY, **{"mode": 0o755, **fields})


END = bytes(2 * BLOCK)


# --- mail ---

def mail(subject, body=b"Bonjour.\r\n"):
    return b"From: quelqu.un@ancien.example\r\nTo: corpus@exemple.fr\r\nSubject: %s\r\nDate: Fri, 14 Jul 2017 02:40:00 +0000\r\n" \
        b"Message-ID: <%s@ancien.example>\r\n\r\n%s" % (subject, subject, body)


FIRST = member(b"Maildir/cur/1500000001.M1P1.ancien:2,S", mail(b"premier"))
LAST = member(b"Maildir/cur/1500000002.M2P2.ancien:2,RS", mail(b"dernier"))
EVIL = mail(b"evil")
NAME = b"Maildir/cur/1500000009.M9P9.ancien:2,S"


def around(*members):
    return FIRST + b"".join(members) + LAST + END


def message(name, data=EVIL, **fields):
    return around(member(name, data, **fields))


def packed(data):
    return gzip.compress(data, 6, mtime=0)


# --- the cases: name, archive, exit, regex, imported ---

ANY = "."


def paths():
    outside = [
        ("01-absolute", b"/etc/cron.d/evil"), ("01-absolute-mail", b"/var/mail/utilisateurs/exemple.fr/corpus/cur/evil:2,S"),
        ("01-absolute-double", b"//etc/evil"), ("02-parent", b"../evil"), ("02-parent-of-mailbox", b"../victime/cur/1.evil:2,S"),
        ("03-parent-inside", b"a/../../evil"), ("03-parent-in-cur", b"Maildir/cur/../../../victime/cur/1.evil:2,S"),
        ("03-parent-last", b"Maildir/cur/.."), ("04-name-parent", b".."),
    ]
    for name, path in outside:
        yield name, message(path), "3", ANY, "0"
    yield "02-parent-directory", around(directory(b"../evil/")), "3", ANY, "0"
    yield "04-name-dot", message(b"."), "0,1,3", ANY, "2"
    yield "04-name-empty", message(b""), "0,1,3", ANY, "2"
    yield "04-dot-slash-0777", around(directory(b"./", mode=0o777), directory(b"./Maildir/", mode=0o777)), "0", ANY, "2"
    yield "04-dot-slash-names", around(member(b"./Maildir//./cur/1500000009.M9P9.ancien:2,S", EVIL)), "0", ANY, "3"


def links():
    through = [
        ("05-through-symlink", [symlink(b"Maildir/.Sent", b"/etc"), member(b"Maildir/.Sent/cur/1.evil:2,S", EVIL)]),
        ("05-through-symlink-in-cur", [symlink(b"Maildir/cur/d", b"../../victime"), member(b"Maildir/cur/d/cur/1.evil:2,S", EVIL)]),
        ("07-cur-is-parent", [symlink(b"Maildir/cur", b".."), member(b"Maildir/cur/1.evil:2,S", EVIL)]),
        ("07-directory-replaced", [directory(b"Maildir/cur/"), symlink(b"Maildir/cur", b"../../victime/cur"),
                                   member(b"Maildir/cur/1.evil:2,S", EVIL)]),
        ("11-hard-link-to-symlink", [symlink(b"Maildir/cur/a.b:2,S", b"/etc/passwd"), hardlink(NAME, b"Maildir/cur/a.b:2,S")]),
        ("13-hard-link-before-symlink", [hardlink(b"Maildir/.d/cur/1.evil:2,S", b"Maildir/cur/1500000001.M1P1.ancien:2,S"),
                                         symlink(b"Maildir/.d/cur", b"/etc"), symlink(b"Maildir/.d", b"/etc"),
                                         member(b"Maildir/.d/cur/2.evil:2,S", EVIL)]),
        ("14-symlink-chain", [symlink(b"Maildir/.a", b"Maildir/.b"), symlink(b"Maildir/.b", b".c"), symlink(b"Maildir/.c", b"/etc"),
                              member(b"Maildir/.a/cur/1.evil:2,S", EVIL)]),
        ("14-symlink-loop", [symlink(b"Maildir/.a", b".b"), symlink(b"Maildir/.b", b".a"), member(b"Maildir/.a/cur/1.evil:2,S", EVIL)]),
    ]
    for name, members in through:
        yield name, around(*members), "0,1,3", ANY, "2-4"
    yield "06-symlink-absolute", around(symlink(NAME, b"/etc/passwd")), "1,3", "symbolic link", "2"
    yield "06-symlink-sieve", around(symlink(b"Maildir/.dovecot.sieve", b"/etc/passwd"), symlink(b"Maildir/sieve/x.sieve", b"/etc/passwd"),
                                     symlink(b"Maildir/dovecot-uidlist", b"/etc/passwd")), "0,1,3", ANY, "2"
    yield "08-file-symlink-file", around(member(NAME, EVIL), symlink(NAME, b"/etc/passwd"), member(NAME, mail(b"second"))), "1,3", ANY, "4"
    yield "09-hard-link-passwd", around(hardlink(NAME, b"/etc/passwd")), "1,3", ANY, "2"
    yield "10-hard-link-victim", around(hardlink(NAME, b"../victime/cur/1500000001.M1P1.victime:2,S")), "1,3", ANY, "2"
    yield "10-hard-link-other-mailbox", around(hardlink(NAME, b"exemple.fr/victime/cur/1500000001.M1P1.victime:2,S")), "1,3", ANY, "2"
    yield "12-hard-link-with-data", around(hardlink(NAME, b"Maildir/cur/1500000001.M1P1.ancien:2,S", size=len(EVIL)) + padded(EVIL)), \
        "0,1,3", ANY, "2-3"
    yield "12-hard-link-with-data-pax", around(pax([(b"size", b"%d" % len(EVIL)), (b"linkpath", b"/etc/passwd")]) +
                                               hardlink(NAME, b"x", size=len(EVIL)) + padded(EVIL)), "0,1,3", ANY, "2"
    yield "12-hard-link-good", around(hardlink(b"Maildir/.Copie/cur/1500000009.M9P9.ancien:2,S",
                                               b"Maildir/cur/1500000001.M1P1.ancien:2,S")), "0", ANY, "3"
    deep = b"/".join([b"d" * 80] * 100)
    yield "15-symlink-path-8k", around(pax([(b"path", b"Maildir/" + deep), (b"linkpath", b"../" * 2000 + b"etc")]) + symlink(b"x", b"y"),
                                       pax([(b"path", b"Maildir/" + deep + b"/cur/1.evil:2,S")]) + member(b"x", EVIL)), "0,1,2,3", ANY, "2-3"


def special():
    yield "16-char-device", around(member(NAME, kind=CHAR, device=(1, 5))), "1,3", ANY, "2"
    yield "16-block-device", around(member(NAME, kind=BLOCKDEV, device=(8, 0)), member(b"Maildir/sda", kind=BLOCKDEV)), "1,3", ANY, "2"
    yield "17-fifo", around(member(NAME, kind=FIFO)), "1,3", ANY, "2"
    yield "17-fifo-uidlist", around(member(b"Maildir/dovecot-uidlist", kind=FIFO), member(b"Maildir/subscriptions", kind=FIFO)), \
        "0,1,3", ANY, "2"
    yield "17-socket-type", around(member(NAME, kind=b"s")), "0,1,3", ANY, "2"
    yield "18-modes", around(directory(b"Maildir/.Sent/", mode=0o7777), directory(b"Maildir/.Sent/cur/", mode=0o7777),
                             member(b"Maildir/.Sent/cur/1500000009.M9P9.ancien:2,S", EVIL, mode=0o7777),
                             member(b"Maildir/cur/1500000008.M8P8.ancien:2,S", EVIL, mode=0)), "0", ANY, "4"
    yield "19-uid-0-xattr-acl", around(
        pax([(b"SCHILY.xattr.security.capability", b"\x01\0\0\x02\x20\0\0\0" + bytes(12)), (b"SCHILY.xattr.user.x", b"y" * 3000),
             (b"SCHILY.acl.access", b"user::rwx,user:nobody:rwx,group::rwx,mask::rwx,other::rwx"), (b"uid", b"0"), (b"gid", b"0"),
             (b"LIBARCHIVE.xattr.user.z", b"eA=="), (b"RHT.security.selinux", b"x")]) + member(NAME, EVIL, uid=0, gid=0, mode=0o4755)), \
        "0", ANY, "3"


def names():
    refused = [
        ("20-newline", b"Maildir/cur/a\nimported 9 messages:2,S"), ("20-escape", b"Maildir/cur/\x1b[2J\x1b]0;evil\x07:2,S"),
        ("20-trailing-space", b"Maildir/cur/1500000009.M9P9.ancien "), ("20-newline-in-root", b"Mail\ndir/cur/1.evil:2,S"),
        ("20-newline-in-folder", b"Maildir/.a\nb/cur/1.evil:2,S"), ("20-escape-in-folder", b"Maildir/.\x1b[31m/cur/1.evil:2,S"),
        ("20-tab", b"Maildir/cur/a\tb:2,S"), ("21-invalid-utf-8", b"Maildir/cur/\xff\xfe\x80:2,S"),
        ("21-latin-1", b"Maildir/cur/\xe9t\xe9:2,S"), ("21-latin-1-folder", b"Maildir/.\xe9t\xe9/cur/1.evil:2,S"),
        ("21-rtl", "Maildir/cur/a\u202efdp.exe:2,S".encode()), ("21-rtl-folder", "Maildir/.a\u202eb/cur/1.evil:2,S".encode()),
        ("20-hidden", b"Maildir/cur/.cache"),
    ]
    for name, path in refused:
        # A root that no mailbox may have may also be one more mailbox, which --user does not fit.
        yield name, message(path), "1,2,3", ANY, "2"
    yield "20-dash-rf", message(b"Maildir/cur/-rf"), "0,1", ANY, "2-3"
    yield "20-nul-in-pax-path", around(pax([(b"path", b"Maildir/cur/1.evil\0../../../etc/evil")]) + member(b"x", EVIL)), "0,1,3", ANY, "2-3"
    yield "21-nfc-nfd", around(member("Maildir/cur/\u00e9:2,S".encode(), EVIL), member("Maildir/cur/e\u0301:2,S".encode(), mail(b"deux"))), \
        "1", ANY, "2"
    yield "21-nfc-nfd-sieve", around(member("Maildir/sieve/\u00e9.sieve".encode(), b"keep;\r\n"),
                                     member("Maildir/sieve/e\u0301.sieve".encode(), b"discard;\r\n")), "0,1", ANY, "2"
    for n, want in ((255, "2-3"), (256, "2"), (300, "2")):
        long = b"1500000009." + b"x" * (n - 11)
        yield f"22-name-{n}", around(pax([(b"path", b"Maildir/cur/" + long)]) + member(b"x", EVIL)), "0,1" if n == 255 else "1,3", ANY, want
    folder = b"Maildir/." + b"f" * 254 + b"/cur/1.evil:2,S"
    yield "22-folder-255", around(pax([(b"path", folder)]) + member(b"x", EVIL)), "0,1", ANY, "2-3"
    for n in (4096, 5000):
        path = (b"Maildir/" + b"d" * 99 + b"/" * 1) + (b"e" * 99 + b"/") * (n // 100)
        path = path[:n - 16] + b"/cur/1.evil:2,S"
        yield f"22-path-{n}", around(pax([(b"path", path)]) + member(b"x", EVIL)), "0,1,2,3", ANY, "2-3"
    yield "22-depth-2100", around(pax([(b"path", b"Maildir/" + b"d/" * 2100 + b"cur/1.evil:2,S")]) + member(b"x", EVIL)), "0,1,2,3", ANY, "2-3"


def damaged():
    whole = message(NAME, mail(b"longue", random.Random(1).randbytes(60000).hex().encode()))
    gz = packed(whole)
    for at in range(BLOCK, len(gz), BLOCK * max(1, len(gz) // BLOCK // 14)):
        yield f"24-cut-gz-{at}", gz[:at], "3", ANY, "0"
    for n in (1, 4, 8, 9):
        yield f"24-cut-gz-last-{n}", gz[:-n], "3", ANY, "0"
    blocks = len(FIRST) // BLOCK
    for n in (1, blocks, blocks + 1, blocks + 9):
        yield f"24-cut-tar-{n}-blocks", whole[:n * BLOCK], "3", ANY, "0"
    yield "24-cut-tar-in-block", whole[:-len(END) - 100], "3", ANY, "0"
    yield "24-no-end", whole[:-len(END)], "3", ANY, "0"
    yield "24-cut-bz2", bz2.compress(whole)[:-300], "3", ANY, "0"
    yield "24-wrong-crc", gz[:-8] + bytes(4) + gz[-4:], "3", ANY, "0"
    yield "24-wrong-length", gz[:-4] + bytes(4), "3", ANY, "0"
    flipped = bytearray(gz)
    flipped[len(gz) // 2] ^= 0x10
    yield "24-flipped-bit", bytes(flipped), "3", ANY, "0"
    yield "24-garbage-after-gz", gz + b"garbage" * 200, "3", ANY, "0"
    yield "24-garbage-after-tar", whole + b"garbage!" * 128, "3", ANY, "0"
    yield "24-zeros-after-gz", gz + bytes(4096), "0", ANY, "3"
    yield "24-members-of-gz", packed(whole[:3000]) + packed(whole[3000:]), "0", ANY, "3"
    yield "24-empty-gz-member", gz + packed(b""), "0", ANY, "3"
    yield "24-two-tars", whole + member(NAME, mail(b"autre")) + END, "0", ANY, "3-4"
    yield "24-two-tars-gz", gz + packed(member(NAME, mail(b"autre")) + END), "0", ANY, "3-4"


def fields():
    evil = padded(EVIL)
    yield "25-bad-checksum", around(header(NAME, len(EVIL), checksum=1) + evil), "3", ANY, "0"
    yield "25-mtime-negative", message(NAME, mtime=base256(-1000)), "0,1", ANY, "2-3"
    yield "25-mtime-2-40", message(NAME, mtime=base256(1 << 40)), "0,1", ANY, "2-3"
    yield "25-mtime-pax-max", around(pax([(b"mtime", b"9223372036854775807.999999999999")]) + member(NAME, EVIL)), "0,1", ANY, "2-3"
    yield "25-size-garbage", around(header(NAME, b"1zZ!8*&%$#@ ") + evil), "0,1,3", ANY, "0-3"
    yield "25-size-negative", around(header(NAME, base256(-512)) + evil), "3", ANY, "0"
    yield "25-size-negative-octal", around(header(NAME, b"-0000000777\0") + evil), "0,1,3", ANY, "0-3"
    yield "23-size-2-62", around(header(NAME, base256(1 << 62)) + evil), "3", ANY, "0"
    yield "23-size-pax-2-62", around(pax([(b"size", b"%d" % (1 << 62))]) + header(NAME, len(EVIL)) + evil), "3", ANY, "0"
    yield "23-size-8-gb-octal", around(header(NAME, b"77777777777\0") + evil), "3", ANY, "0"
    exa = b"1152921504606846976"
    yield "23-sparse-1-eib", around(pax([(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"), (b"GNU.sparse.name", NAME),
                                         (b"GNU.sparse.realsize", exa)]) + member(b"x", padded(b"1\n" + exa + b"\n0\n"))), "0,1,3", ANY, "2"
    yield "23-sparse-0-1", around(pax([(b"GNU.sparse.size", exa), (b"GNU.sparse.numblocks", b"1"), (b"GNU.sparse.map", b"0,1")]) +
                                  member(NAME, b"x")), "0,1,3", ANY, "2"
    old = bytearray(header(NAME, BLOCK, kind=b"S", gnu=True))
    old[386:410] = octal(0, 12) + octal(BLOCK, 12)
    old[483:495] = base256(1 << 60)
    old[148:156] = b" " * 8
    old[148:156] = b"%06o\0 " % sum(old)
    yield "23-sparse-gnu", around(bytes(old) + bytes(BLOCK)), "0,1,3", ANY, "2"
    yield "26-pax-2-gib", FIRST + pax([(b"path", b"x")], size=2 << 30) + LAST + END, "3", ANY, "0"
    yield "26-gnu-long-name-2-gib", FIRST + header(b"././@LongLink", 2 << 30, kind=b"L", gnu=True) + padded(b"x" * 600) + LAST + END, "3", ANY, "0"
    yield "26-pax-length-lies", FIRST + header(b"PaxHeaders/x", 20, kind=b"x") + padded(b"9999999999 path=evil\n") + LAST + END, "0,1,3", ANY, "0-3"
    yield "26-global-path", around(pax([(b"path", b"../../../etc/evil")], kind=b"g") + member(NAME, EVIL)), "0,1,3", ANY, "2-3"
    yield "26-global-size", around(pax([(b"size", b"%d" % (1 << 40))], kind=b"g") + member(NAME, EVIL)), "0,1,3", ANY, "2-3"
    yield "26-pax-over-ustar", around(pax([(b"path", NAME)]) + member(b"../../evil", EVIL)), "0", ANY, "3"
    yield "26-ustar-under-pax", around(pax([(b"path", b"../../evil")]) + member(NAME, EVIL)), "3", ANY, "0"
    yield "26-pax-twice", around(pax([(b"path", NAME), (b"path", b"/etc/evil")]) + member(NAME, EVIL)), "3", ANY, "0"


def other_formats():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as z:
        z.writestr("Maildir/cur/1.evil:2,S", EVIL)
    cpio = b"070701" + b"%08x" * 13 % (1, 0o100644, 0, 0, 1, 0, len(EVIL), 0, 0, 0, 0, 7, 0) + b"a.evil\0" + bytes(3) + EVIL
    formats = [
        ("zip", stream.getvalue()), ("cpio", cpio + bytes(2048)), ("7z", b"7z\xbc\xaf\x27\x1c\0\x04" + random.Random(2).randbytes(4000)),
        ("mtree", b"#mtree\n./etc/passwd type=file contents=/etc/passwd\n"), ("html", b"<!DOCTYPE html><html>404</html>" * 60),
        ("mbox", b"From quelqu.un@ancien.example Fri Jul 14 02:40:00 2017\n" + EVIL * 40), ("empty", b""), ("one-byte", b"\x1f"),
        ("gz-header", b"\x1f\x8b\x08"), ("zeros", bytes(10240)), ("no-message", directory(b"Maildir/cur/") + END),
        ("random", random.Random(3).randbytes(20000)), ("shell", b"#!/bin/sh\nrm -rf /\n" * 100), ("ar", b"!<arch>\n" + bytes(600)),
        ("xz-magic", b"\xfd7zXZ\0" + bytes(600)), ("lzop-magic", b"\x89LZO\0\r\n\x1a\n" + bytes(600)),
        ("uu", b"begin 644 x\n" + b"#0V%T\n" * 100 + b"end\n"), ("rpm-magic", b"\xed\xab\xee\xdb" + bytes(600)),
        ("lrzip-magic", b"LRZI" + bytes(600)), ("gz-of-zip", packed(stream.getvalue())),
    ]
    for name, data in formats:
        yield f"27-{name}", data, "3", ANY, "0"


def oddities():
    imported = [
        ("29-flags-unknown", b"Maildir/cur/1500000009.M9P9.ancien:2,ZZ"), ("29-semicolon", b"Maildir/cur/1500000009.M9P9.ancien;2,S"),
        ("29-exclamation", b"Maildir/cur/1500000009.M9P9.ancien!2,S"), ("29-no-flags", b"Maildir/cur/1500000009.M9P9.ancien"),
        ("29-experimental", b"Maildir/cur/1500000009.M9P9.ancien:1,x"), ("29-new", b"Maildir/new/1500000009.M9P9.ancien"),
        ("29-mutf-7-folder", b"Maildir/.&AOk-t&AOk-/cur/1500000009.M9P9.ancien:2,S"),
        ("29-wrong-sizes", b"Maildir/cur/1500000009.M9P9.ancien,S=7,W=999999:2,S"),
        ("29-uidlist-as-message", b"Maildir/cur/dovecot-uidlist:2,S"),
    ]
    for name, path in imported:
        yield name, message(path), "0", ANY, "3"
    for name, path in (("29-mutf-7-unterminated", b"Maildir/.&AOk/cur/1.evil:2,S"), ("29-mutf-7-of-ascii", b"Maildir/.&AGE-/cur/1.evil:2,S"),
                       ("29-folder-empty-part", b"Maildir/.a..b/cur/1.evil:2,S"), ("29-folder-dot-last", b"Maildir/.a./cur/1.evil:2,S"),
                       ("29-slash-in-folder", b"Maildir/.a/b/cur/1.evil:2,S"), ("29-layout-fs", b"Maildir/Sent/cur/1.evil:2,S")):
        yield name, message(path), "0,1,2,3", ANY, "2-3"
    # Dovecot takes no folder whose name begins so.
    yield "29-tilde-folder", message(b"Maildir/.~root/cur/1500000009.M9P9.ancien:2,S"), "1", ANY, "2"
    yield "29-tilde-inside", message(b"Maildir/.a~b/cur/1500000009.M9P9.ancien:2,S"), "0", ANY, "3"
    yield "29-tmp-leftovers", around(member(b"Maildir/tmp/1500000009.M9P9.ancien", EVIL), member(b"Maildir/.Sent/tmp/a", EVIL)), "0", ANY, "2"
    uidlist = b"3 V1500000000 N90 G" + b"ab" * 16 + b"\n17 :1500000001.M1P1.ancien\n80 :1500000002.M2P2.ancien\n99 :absent\n"
    yield "29-foreign-uidlist", around(member(b"Maildir/dovecot-uidlist", uidlist),
                                       member(b"Maildir/dovecot-keywords", b"0 $Forwarded\n1 travail\n25 z\n26 trop\nx y\n")), "0", ANY, "2"
    yield "29-broken-uidlist", around(member(b"Maildir/dovecot-uidlist", b"3 V1 N2 G\n9 :../../x\n4 :y\n\xff\0\n99999999999999999999 :z\n")), \
        "0,1", ANY, "2"
    yield "29-uidlist-of-nul", around(member(b"Maildir/dovecot-uidlist", bytes(70000)), member(b"Maildir/subscriptions", b"../../x\n/etc\n\0\n"),
                                      member(b"Maildir/dovecot-keywords", b"\xff" * 70000)), "0,1", ANY, "2"
    yield "29-mbox-inside", around(member(b"Maildir/mbox", b"From a\n" + EVIL)), "0", ANY, "2"
    yield "29-empty-message", around(member(NAME, b"")), "1", "empty", "2"
    yield "29-compressed-message", around(member(NAME, packed(EVIL))), "1", "ompress", "2"
    yield "29-top-level-cur", member(b"cur/1500000009.M9P9.ancien:2,S", EVIL) + END, "0", ANY, "1"
    yield "30-same-twice", around(member(NAME, EVIL), member(NAME, EVIL)), "0", ANY, "3"
    yield "30-same-name-other-bytes", around(member(NAME, EVIL), member(NAME, mail(b"autre"))), "0", ANY, "4"
    yield "30-two-mailboxes", around(member(b"autre/cur/1.evil:2,S", EVIL)), "2", ANY, "0"


def cases():
    for group in (paths, links, special, names, damaged, fields, other_formats, oddities):
        yield from group()


# --- what is too large to hold in memory ---

def gzip_of(parts):
    """Chunks of a gzip stream. A part is (bytes, how often): what is repeated is deflated once."""
    yield b"\x1f\x8b\x08\0\0\0\0\0\0\x03"
    crc = length = 0
    for data, times in parts:
        deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
        chunk = deflate.compress(data) + deflate.flush(zlib.Z_FULL_FLUSH)
        for _ in range(times):
            crc = zlib.crc32(data, crc)
            length += len(data)
            yield chunk
    yield zlib.compressobj(9, zlib.DEFLATED, -15).flush()
    yield struct.pack("<II", crc, length & 0xFFFFFFFF)


MIB = 1 << 20
LINE = b"Une ligne comme une autre, et encore une, et une de plus pour finir.\r\n"


def large():
    zeros = bytes(16 * MIB)

    def bomb(name, size):
        return [(FIRST + header(name, size), 1), (zeros, size // len(zeros)), (LAST + END, 1)]

    text = (LINE * (16 * MIB // len(LINE) + 1))[:16 * MIB]
    big = [(FIRST + header(NAME, 208 * MIB), 1), (mail(b"grand") + text[len(mail(b"grand")):], 1), (text, 12), (LAST + END, 1)]
    yield "23-bomb-100-mib-tmp", gzip_of(bomb(b"Maildir/tmp/a", 112 * MIB)), "0,3", ANY, "2"
    yield "23-bomb-3-gib-tmp", gzip_of(bomb(b"Maildir/tmp/a", 3072 * MIB)), "0,3", ANY, "2"
    yield "23-bomb-3-gib-message", gzip_of(bomb(NAME, 3072 * MIB)), "1,3", ANY, "2"
    yield "23-bomb-nested", [packed(packed(b"".join(gzip_of(bomb(b"Maildir/tmp/a", 112 * MIB)))))], "0,3", ANY, "2"
    yield "23-empty-200000", gzip_of([(FIRST, 1)] + [(b"".join(member(b"Maildir/cur/%d.e:2,S" % n) for n in range(i, i + 10000)), 1)
                                                     for i in range(0, 200000, 10000)] + [(LAST + END, 1)]), "1", "empty", "2"
    yield "23-other-200000", gzip_of([(FIRST, 1)] + [(b"".join(member(b"d%d/x" % n) for n in range(i, i + 10000)), 1)
                                                     for i in range(0, 200000, 10000)] + [(LAST + END, 1)]), "0,3", ANY, "2"
    yield "23-roots-20000", gzip_of([(FIRST, 1), (b"".join(member(b"d%d/cur/1.e:2,S" % n, EVIL) for n in range(20000)), 1), (LAST + END, 1)]), \
        "2,3", ANY, "0"
    yield "23-folders-20000", gzip_of([(FIRST, 1), (b"".join(directory(b"Maildir/.d%d/cur/" % n) for n in range(20000)), 1), (LAST + END, 1)]), \
        "0,1,3", ANY, "2"
    yield "29-mail-200-mb", gzip_of(big), "0", ANY, "3"


def main(folder):
    os.makedirs(folder, exist_ok=True)
    table = []
    for name, content, *expected in list(cases()) + list(large()):
        with open(os.path.join(folder, name), "wb") as f:
            for chunk in [content] if isinstance(content, bytes) else content:
                f.write(chunk)
        table.append("\t".join((name, *expected)))
    assert len({line.split("\t")[0] for line in table}) == len(table)
    with open(os.path.join(folder, "table"), "w", encoding="utf-8") as f:
        f.write("".join(line + "\n" for line in sorted(table)))


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    main(sys.argv[1])
