#!/usr/bin/env python3
"""A Debian mirror of what a root has in its apt cache, so that a host downloads as a real one does.

usage: mirror.py ADDRESS ROOT MISSING    MISSING: a file of patterns; a package that fits one is answered 404
"""

import fnmatch
import hashlib
import os
import shutil
import sys
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

address, root, missing = sys.argv[1:]
archives = f"{root}/var/cache/apt/archives"
lists = f"{root}/var/lib/apt/lists"


def stored():
    """apt writes the epoch of a version in a cached name, a mirror does not: NAME_1%3a2.3_ARCH.deb is NAME_2.3_ARCH.deb."""
    files = {}
    for file in os.listdir(archives):
        if file.endswith(".deb"):
            name, version, arch = file.split("_")
            files[f"{name}_{version.partition('%3a')[2] or version}_{arch}"] = f"{archives}/{file}"
    return files


def indexes():
    """The host asks for an index by its SHA256, compressed first and then as it is; only the latter is here."""
    files = {}
    for entry in os.scandir(lists):
        if entry.is_file() and entry.name.endswith(("_Packages", "_Translation-en")):
            with open(entry.path, "rb") as index:
                files[hashlib.sha256(index.read()).hexdigest()] = entry.path
    return files



def refused(name):
    try:
        with open(missing, encoding="utf-8") as patterns:
            return any(fnmatch.fnmatchcase(name, pattern.strip()) for pattern in patterns)
    except FileNotFoundError:
        return False


def find(path):
    if path.endswith("/InRelease"):
        return next((entry.path for entry in os.scandir(lists) if entry.name.endswith("_InRelease")), None)
    name = os.path.basename(path)
    return None if refused(name) else files.get(name)


class Mirror(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        file = find(urllib.parse.unquote(urllib.parse.urlsplit(self.path).path))
        if file is None:
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        with open(file, "rb") as body:
            self.send_response(200)
            self.send_header("Content-Length", str(os.fstat(body.fileno()).st_size))
            self.end_headers()
            shutil.copyfileobj(body, self.wfile)


server = ThreadingHTTPServer((address, 80), Mirror)  # it listens from here on; the index takes half a second
files = stored() | indexes()
server.serve_forever()
