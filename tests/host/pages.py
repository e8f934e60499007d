#!/usr/bin/env python3
"""Runs what the pages tell their reader to type, and compares what is seen with what is printed there. Speaks TAP.

usage: pages.py [--update] HOST BARE-HOST TRANSCRIPT PAGE [SHORT-PAGE...]
       pages.py --same PAGE PAGE        whether both have the same commands in the same order
       pages.py --links PAGE...         whether what they link to in this tree is there

A block ```console is a session. Its lines with a prompt are commands, and what follows is what they print:
    "# " as root on the server, "$ " on a machine elsewhere; "> " goes on with the command, as a here-document does.
A block ```sh is commands without output; they must succeed. They share one directory with the sessions: `cd` lasts.

In what is printed, "…" stands for anything: for any lines where it stands alone, within a line for any characters. What
differs between two runs is masked on both sides, see MASKS. A password is asked for by a real terminal, and typed.

Comments that no reader sees stand before the block that they are for:
    <!-- not run: WHY -->            the block is shown only; these are counted
    <!-- server: COMMAND -->         done on the server first, unseen: what the text around tells, such as an accident
    <!-- lab: COMMAND -->            the same on this side, with the functions of lib.sh: publish_key, outside, lab ...
    <!-- bare server -->             this block and its comments are for a second server, where nothing is installed
    <!-- told below -->              its commands are not run here, but told again further down, as in a SHORT-PAGE

The commands of PAGE are run. A SHORT-PAGE tells parts of the same: each of its commands is one of PAGE's, and what it
prints is compared with what was seen there. --update rewrites what PAGE prints, with its cuts, from what was seen.
"""

import codecs, difflib, fcntl, json, os, pty, re, select, signal, struct, subprocess, sys, termios, time

COLUMNS = 80
PATIENCE = 600  # seconds for one command
PASSWORD = "un-secret-de-plus"

MASKS = [
    (r" *\b\d+\.\d s\b", " SECONDS"),
    (r" *\b\d+ s\b", " SECONDS"),
    (r"\b20\d\d-\d\d-\d\d([ T]\d\d:\d\d(:\d\d)?)?", "DATE"),
    (r"\b[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d\b", "DATE"),
    (r"\b\d\d:\d\d:\d\d\b", "TIME"),
    (r" *\b[\d.]+ ([kMG]i?)?[Bo]\b", " SIZE"),
    (r"\bsize=\d+|\b\d+ (bytes|octets)\b", "SIZE"),
    (r"\b[0-9A-F]{10,12}\b", "QUEUE-ID"),
    (r"\b20\d{12}\.", "DATE."),
    (r"\b\d+ x\b", "N x"),
    (r"\[\d+\]|\b(pid|process|processus) \d+", "PID"),
    (r"\bp=[A-Za-z0-9+/=]+", "p=KEY"),
    (r"(mailsetup-verify-)[0-9a-f]+", r"\1RANDOM"),
    (r"\b198\.18\.\d+\.\d+\b", "STRANGER"),
    (r"\b\d[\w.:+~-]*deb\d+u\d+\b", "VERSION"),
]


def masked(line):
    for pattern, name in MASKS:
        line = re.sub(pattern, name, line)
    return line.rstrip()


# --- what a page has ---


class Command:
    def __init__(self, page, number, where, text, indent=""):
        self.page, self.number, self.where, self.text, self.indent = page, number, where, text, indent
        self.printed = []  # its lines on the page, without the block's indent
        self.first = self.last = number  # the lines of the page that hold `printed`: [first, last)
        self.before = []  # (kind, command): preparations
        self.bare = False
        self.seen = None


class Page:
    def __init__(self, path):
        self.path = path
        self.lines = open(path, encoding="utf-8").read().split("\n")
        self.commands = []
        self.retold = []  # commands that are run elsewhere
        self.skipped = []  # (line number, why, number of commands)
        self.read()

    def read(self):
        before, why, bare, below, at = [], None, False, False, 0
        while at < len(self.lines):
            line = self.lines[at]
            at += 1
            if comment := re.fullmatch(r"\s*<!-- (not run|server|lab): (.*) -->", line):
                if comment[1] == "not run":
                    why = comment[2]
                else:
                    before.append((comment[1], comment[2]))
            elif re.fullmatch(r"\s*<!-- bare server -->", line):
                bare = True
            elif re.fullmatch(r"\s*<!-- told below -->", line):
                below = True
            elif fence := re.fullmatch(r"(\s*)```(console|sh)", line):
                end = self.lines.index(fence[1] + "```", at)
                found = (self.session if fence[2] == "console" else self.script)(at, end, fence[1])
                if why is not None:
                    self.skipped.append((at, why, len(found)))
                elif below:
                    self.retold += found
                elif found:
                    found[0].before = before
                    for command in found:
                        command.bare = bare
                    self.commands += found
                before, why, bare, below, at = [], None, False, False, end + 1
            elif fence := re.match(r"(\s*)```(.*)", line):
                if fence[2] not in ("", "mermaid", "yaml"):
                    raise SystemExit(f"{self.path}:{at}: a block of another kind: {line}")
                at = self.lines.index(fence[1] + "```", at) + 1
        if before or why:
            raise SystemExit(f"{self.path}: a comment at its end is for no block")

    def session(self, at, end, indent):
        found = []
        for number in range(at, end):
            line = self.lines[number][len(indent):]
            if prompt := re.match(r"(old)?([#$]) (.*)", line):
                where = "elsewhere" if prompt[2] == "$" else "server"
                found.append(Command(self, number + 1, where, prompt[3], indent))
                found[-1].first = found[-1].last = number + 1
            elif not found:
                raise SystemExit(f"{self.path}:{number + 1}: output without a command")
            elif not found[-1].printed and (line.startswith("> ") or found[-1].text.endswith("\\")):
                found[-1].text += "\n" + line.removeprefix("> ")
                found[-1].first = found[-1].last = number + 1
            else:
                found[-1].printed.append(line)
                found[-1].last = number + 1
        return found

    def script(self, at, end, indent):
        found = []
        for number in range(at, end):
            text = re.sub(r"\s+# .*", "", self.lines[number][len(indent):])
            if text and not text.startswith("#"):
                found.append(Command(self, number + 1, "script", text))
        return found


# --- running ---


class Terminal:
    """As much of one as programs here use: what stands on each line in the end."""

    def __init__(self):
        self.lines, self.column = [""], 0
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.rest = ""

    def feed(self, data):
        text = self.rest + self.decoder.decode(data)
        token = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1b[=>78]|[\r\n\b\a]|[^\x1b\r\n\b\a]+")
        at = 0
        while at < len(text) and (found := token.match(text, at)):
            self.put(found[0])
            at = found.end()
        self.rest = text[at:]

    def put(self, piece):
        line = self.lines[-1]
        if piece == "\n":
            self.lines.append("")
            self.column = 0
        elif piece == "\r":
            self.column = 0
        elif piece == "\b":
            self.column = max(0, self.column - 1)
        elif piece.startswith("\x1b"):
            if piece.endswith("K"):
                self.lines[-1] = "" if piece == "\x1b[2K" else line[: self.column]
        elif piece != "\a":
            self.lines[-1] = line[: self.column].ljust(self.column) + piece + line[self.column + len(piece):]
            self.column += len(piece)


def answer_to(line):
    """What somebody types after that, or None when it is no question."""
    if re.search(r"(?i)(word|phrase|again|passe|fois).*:$", line.rstrip()):
        return PASSWORD
    if question := re.search(r"\[(.)/.\]$", line.rstrip()):
        return question[1]
    return None


def on_terminal(argv):
    """Runs it as somebody at a terminal does. Returns its lines and its exit status."""
    terminal = Terminal()
    child, fd = pty.fork()
    if child == 0:
        os.environ["TERM"] = "xterm"
        os.execvp(argv[0], argv)
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
    end = time.monotonic() + PATIENCE
    while True:
        if select.select([fd], [], [], 0.5)[0]:
            try:
                data = os.read(fd, 65536)
            except OSError:  # the other side is closed
                break
            if not data:
                break
            terminal.feed(data)
        elif (answer := answer_to(terminal.lines[-1])) is not None:
            os.write(fd, answer.encode() + b"\n")
        if time.monotonic() > end:
            os.kill(child, signal.SIGTERM)
            terminal.feed(b"\n(no end after %d s)" % PATIENCE)
            break
    os.close(fd)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    lines = [line.rstrip() for line in terminal.lines]
    while lines and not lines[-1]:
        lines.pop()
    return lines, status


class Lab:
    def __init__(self, host, bare):
        self.hosts = {False: host, True: bare}
        self.environment = [
            "PAGER=cat", "SYSTEMD_PAGER=cat", "SYSTEMD_COLORS=0", "SOURCE=/root/mailsetup.git",
            "LANG=" + os.environ.get("PAGES_LANG", "C.UTF-8"),
        ]

    def argv(self, command):
        where = "/run/pages.directory"
        if command.where == "elsewhere":
            return ["tests/lab/lab", "out", self.hosts[command.bare], "env", "LC_ALL=C.UTF-8", "bash", "-c", command.text]
        # The directory outlives the command, as in the shell that somebody types into.
        script = f'cd "$(cat {where} 2>/dev/null || echo /root)"\n{command.text}\nstatus=$?\npwd >{where}\nexit $status'
        return ["tests/lab/lab", "exec", self.hosts[command.bare], "env", *self.environment, "bash", "-c", script]

    def prepare(self, command):
        for kind, text in command.before:
            if kind == "server":
                argv = ["tests/lab/lab", "exec", self.hosts[command.bare], "bash", "-c", text]
            else:
                argv = ["bash", "-euc", text]
            environment = dict(os.environ, host=self.hosts[command.bare])
            done = subprocess.run(argv, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, errors="replace", timeout=PATIENCE)
            if done.returncode:
                print(f"# before line {command.number}: {text}: exit status {done.returncode}")
                print("".join(f"# {line}\n" for line in done.stdout.split("\n")[-10:]), end="")

    def run(self, command):
        self.prepare(command)
        began = time.monotonic()
        command.seen, command.status = on_terminal(self.argv(command))
        command.seconds = time.monotonic() - began


# --- comparing ---


def fits(printed, seen):
    parts = [re.escape(masked(part)) if not part.endswith(" ") else re.escape(masked(part) + " ") for part in printed.split("…")]
    return re.fullmatch(".*".join(parts), masked(seen)) is not None or fits_cut(printed, seen)


def fits_cut(printed, seen):
    """A mask may be cut in the middle: there its beginning is enough."""
    if "…" not in printed:
        return False
    pattern = ".*".join(re.escape(part) for part in printed.split("…"))
    return re.fullmatch(pattern, seen) is not None


def align(printed, seen):
    """Pairs (printed, seen) of lines that fit, in order, and None for each side's own: the most pairs there are."""
    n, m = len(printed), len(seen)
    equal = [[p != "…" and fits(p, s) for s in seen] for p in printed]
    best = [[0] * (m + 1) for _ in range(n + 1)]
    for i in range(n - 1, -1, -1):
        for j in range(m - 1, -1, -1):
            best[i][j] = 1 + best[i + 1][j + 1] if equal[i][j] else max(best[i + 1][j], best[i][j + 1])
    i = j = 0
    while i < n or j < m:
        if i < n and j < m and equal[i][j]:
            yield printed[i], seen[j]
            i, j = i + 1, j + 1
        elif j == m or (i < n and best[i + 1][j] >= best[i][j + 1]):
            yield printed[i], None
            i += 1
        else:
            yield None, seen[j]
            j += 1


def differences(printed, seen):
    """Lines for a person, or none when what was seen is what is printed."""
    if glob(printed, seen):
        return []
    shown, gap = [], []
    for left, right in [*align(printed, seen), ("", "")]:
        if left is None or right is None:
            gap.append("- " + left if left is not None else "+ " + right)
            continue
        # What a cut stands for is no difference, unless a line next to it does not fit.
        if "- …" in gap and all(line == "- …" or line[0] == "+" for line in gap):
            gap = ["  …"]
        shown += gap + ["  " + left]
        gap = []
    return shown[:-1]


def glob(printed, seen):
    """printed fits seen as a whole; a line "…" is any number of lines."""
    i = j = 0
    star = None
    while j < len(seen):
        if i < len(printed) and printed[i] == "…":
            star, i = (i, j), i + 1
        elif i < len(printed) and fits(printed[i], seen[j]):
            i, j = i + 1, j + 1
        elif star is not None:
            star = (star[0], star[1] + 1)
            i, j = star[0] + 1, star[1]
        else:
            return False
    return all(line == "…" for line in printed[i:])


# --- updating ---


def like(printed, seen):
    """The line that was seen, cut where the printed one was."""
    limit = max(len(printed) - 1, 40) if printed.endswith("…") else 0
    if not limit or len(seen) <= limit:
        return seen
    return seen[:limit].rstrip() + "…"


def renewed(printed, seen):
    """What the page shall print: lines that fit stay as they are, the others are taken anew, cuts stay cuts."""
    out, lost, new, cut = [], [], [], False

    def close():
        """The gap between two lines that fit."""
        nonlocal lost, new, cut
        kept = []
        at = 0
        if not cut:
            kept = [s if len(s) <= 130 else s[:100].rstrip() + "…" for s in new]
        else:
            for old in lost:
                scores = [(difflib.SequenceMatcher(None, old, s).ratio(), -k) for k, s in enumerate(new[at:])]
                score, k = max(scores, default=(0, 0))
                if score < 0.5:
                    continue
                if k < 0:
                    kept.append("…")
                kept.append(like(old, new[at - k]))
                at += 1 - k
            if at < len(new):
                kept.append("…")
        out.extend(kept)
        lost, new, cut = [], [], False

    for left, right in align(printed, seen):
        if left is not None and right is not None:
            close()
            out.append(left)
        elif left == "…":
            cut = True
        elif left is not None:
            lost.append(left)
        else:
            new.append(right)
    close()
    return out


def rewrite(page):
    for command in reversed(page.commands):
        if command.where != "script" and command.seen is not None and not glob(command.printed, command.seen):
            lines = [(command.indent + line).rstrip() for line in renewed(command.printed, command.seen)]
            page.lines[command.first:command.last] = lines
    with open(page.path, "w", encoding="utf-8") as file:
        file.write("\n".join(page.lines))


# --- the test ---


class Tap:
    def __init__(self):
        self.failed = 0

    def record(self, good, what, notes=()):
        self.failed += not good
        print(("ok - " if good else "not ok - ") + what)
        for note in notes:
            print("# " + note)
        sys.stdout.flush()


def judge(tap, command, page):
    what = f"{page.path}:{command.number}: {command.text.splitlines()[0]}"
    if command.where == "script":
        tap.record(command.status == 0, what, () if command.status == 0 else
                   [f"exit status {command.status}"] + command.seen[-20:])
        return
    different = differences(command.printed, command.seen)
    tap.record(not different, what, different)


def retold(tap, main, page, commands):
    """Each of the commands is one of the main page's, and printed as it was seen there, or one of the times."""
    for command in commands:
        same = [one for one in main.commands if one.text == command.text and one.seen is not None]
        fit = [one for one in same if not command.printed or glob(command.printed, one.seen)]
        what = f"{page.path}:{command.number}: {command.text.splitlines()[0]}"
        command.seen = (fit or same or [command])[0].seen
        tap.record(bool(fit), what, [] if fit else differences(command.printed, command.seen) if same
                   else [f"it is none of the commands of {main.path}"])


def same(one, other):
    """The commands of a page and of its translation, compared."""
    texts = [[line for c in page.retold + page.commands for line in (c.where + ": " + c.text).split("\n")]
             for page in (Page(one), Page(other))]
    shown = list(difflib.unified_diff(*texts, one, other, lineterm="", n=1))
    print("\n".join(shown))
    sys.exit(len(shown) > 0 or len(texts[0]) < 2)


def slugs(path):
    """The anchors of a page's headings, as the usual viewers of Markdown make them."""
    text = re.sub(r"(?ms)^ *```.*?^ *```$", "", open(path, encoding="utf-8").read())
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in re.findall(r"(?m)^#+ (.*)$", text)}


def links(paths):
    broken = [f"{path}: {link}" for path in paths
              for link in re.findall(r"\]\(([^)\s]+)\)", open(path, encoding="utf-8").read())
              if "://" not in link and not leads_somewhere(path, *link.partition("#")[::2])]
    print("\n".join(broken))
    sys.exit(len(broken) > 0)


def leads_somewhere(path, file, anchor):
    target = os.path.join(os.path.dirname(path), file) if file else path
    return os.path.exists(target) and (not anchor or anchor in slugs(target))


def main():
    words = sys.argv[1:]
    if words[0] == "--same":
        same(*words[1:])
    if words[0] == "--links":
        links(words[1:])
    update = "--update" in words
    words = [word for word in words if word != "--update"]
    host, bare, transcript, *paths = words
    tap = Tap()
    story, *short = [Page(path) for path in paths]
    lab = Lab(host, bare)
    for command in story.commands:
        lab.run(command)
        judge(tap, command, story)
        print(f"# {command.seconds:.1f} s")
    for page, commands in [(story, story.retold)] + [(page, page.retold + page.commands) for page in short]:
        retold(tap, story, page, commands)
    for page in (story, *short):
        for number, why, count in page.skipped:
            print(f"# {count} commands not run, {page.path}:{number}: {why}")
    with open(transcript, "w", encoding="utf-8") as file:
        json.dump([{"line": c.number, "command": c.text, "printed": c.printed, "seen": c.seen} for c in story.commands], file, ensure_ascii=False, indent=1)
    if update:
        for page in (story, *short):
            rewrite(page)
    sys.exit(tap.failed > 0)


if __name__ == "__main__":
    main()
