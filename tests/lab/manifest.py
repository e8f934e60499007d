#!/usr/bin/env python3
"""Writes one line for each file beneath a root: path, type, mode, owner, size, content, extended attributes.

No times: what a manifest is compared for is whether a machine is as it was, and a file put back has a new mtime.
"""

import hashlib
import os
import stat
import sys

SKIP = {"proc", "sys", "dev", "run", "tmp"}


def escaped(text):
    return os.fsencode(text).decode("utf-8", "backslashreplace").replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


def digest(path):
    sha = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            sha.update(block)
    return sha.hexdigest()


def attributes(path):
    pairs = ((name, os.getxattr(path, name, follow_symlinks=False).hex()) for name in os.listxattr(path, follow_symlinks=False))
    return ",".join(f"{name}={value}" for name, value in sorted(pairs)) or "-"


def describe(path, shown):
    st = os.lstat(path)
    kind, size, content = stat.filemode(st.st_mode)[0], "-", "-"
    if stat.S_ISREG(st.st_mode):
        size, content = st.st_size, digest(path)
        if st.st_nlink > 1:
            kind = f"{kind}{st.st_nlink}"
    elif stat.S_ISLNK(st.st_mode):
        content = escaped(os.readlink(path))
    elif stat.S_ISCHR(st.st_mode) or stat.S_ISBLK(st.st_mode):
        content = f"{os.major(st.st_rdev)}:{os.minor(st.st_rdev)}"
    return f"file\t{escaped(shown)}\t{kind}\t{stat.S_IMODE(st.st_mode):04o}\t{st.st_uid}:{st.st_gid}\t{size}\t{content}\t{attributes(path)}"


def walk(path, shown):
    for entry in sorted(os.scandir(path), key=lambda e: os.fsencode(e.name)):
        below = f"{shown}/{entry.name}"
        try:
            line = describe(entry.path, below)
        except FileNotFoundError:
            continue  # the host is running: its daemons remove files meanwhile
        print(line)
        if entry.is_dir(follow_symlinks=False) and not (shown == "" and entry.name in SKIP):
            walk(entry.path, below)


sys.stdout.reconfigure(errors="surrogateescape")
walk(sys.argv[1], "")
