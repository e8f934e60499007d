"""The laws of the write order, over the events of one run of mailsetup; `order` beside makes the events."""
import collections, os, re

LAWS = {1: "no file is renamed before it is synced", 2: "all is synced at each commit of the state store, and SQLite's own order",
        3: "each change comes after its intent and within its step", 4: "no target is written in place"}

STATE = "/var/lib/mailsetup/state.db"
ACCOUNTS = "/etc/postfix/bdd/postfix.sqlite"
DATABASES = (STATE, ACCOUNTS)
JOURNALS = tuple(d + "-journal" for d in DATABASES)
# Means nothing after a power cut.
LOCK = "/run/mailsetup.lock"
# fake_units.c runs inside mailsetup: what systemd does on a real host.
SYSTEMD = re.compile(r"/(fake|etc/rc\d\.d|etc/systemd/system/[^/]+\.wants)(/|$)")
# Where apt's downloader puts what only its arrival matters of (package_source.c): made and removed without a step.
SOURCE = "/run/mailsetup-source"
SEEDS = {"/etc/postfix": "apt", "/etc/postfix/main.cf": "apt"}  # the transaction's own record covers them (packages.c)
# What others do for mailsetup, by the name it has in the seam log, and the intent that it needs if not its target's own.
PROGRAMS = {"apt-install": "apt", "apt-purge": "apt", "dpkg-configure": "apt", "useradd": None, "groupadd": None,
            "unit-enable": None, "unit-disable": None, "unit-start": None, "unit-restart": None, "unit-refresh": None, "unit-stop": None}
ROW = re.compile(re.escape(ACCOUNTS) + r"|\w+/\w+/.+")
TEMPORARY = re.compile(r"/\.[^/]+\.mailsetup$")

Event = collections.namedtuple("Event", "what path other line")


class Caught(Exception):
    """In a control: the first breach that the whole trace does not have. Its argument is the law."""


class Machine:
    """One run of mailsetup, event by event: what a power cut could still take from it, and each breach of the laws."""

    def __init__(self, intended=(), known=None):
        self.known = known                     # in a control: the breaches of the whole trace
        self.breaches, self.count, self.files = [], collections.Counter(), set()  # breaches: (law, line, why)
        self.touched, self.entries = {}, {}    # not synced: file -> line; (directory, name) -> line
        self.journals = set()                  # those that are there
        self.intended = set(intended)          # targets whose intent is committed and synced
        self.said, self.committed = [], False  # what the seam said of the open transaction; committed but not synced
        self.accounts_due = sum(bool(ROW.fullmatch(target)) for target in intended)  # changes of theirs, each with its intent
        self.store, self.step = os.path.dirname(STATE), None

    def breach(self, event, law, why):
        if self.known is not None and why not in self.known:
            raise Caught(law)
        self.breaches.append((law, event.line, why))

    def take(self, event):
        """Each kind of event has its method below."""
        getattr(self, event.what)(event, event.path)

    def entry(self, event, path):
        self.entries[os.path.split(path)] = event.line
        self.count["directory changes"] += 1

    def settled(self, event, law, among=None):
        """All that was touched (or only these files) is synced, and so is the directory of each."""
        for key, line in [*self.touched.items(), *self.entries.items()]:
            path = key if isinstance(key, str) else os.path.join(*key)
            if among is None or path in among:
                self.breach(event, law, f"{path} is not synced since " + ("its content or owner changed" if path == key else
                            "its name came or went") + f" in line {line}")
                (self.touched if path == key else self.entries).pop(key)

    def effect(self, event, target):
        """Something on the machine changes."""
        if target in (STATE, self.store):
            return  # there is nothing to commit to before it stands, and after it went
        self.count["effects"] += 1
        if self.said:
            self.breach(event, 3, f"{target} changes before this is committed and synced: {self.said}")
        if target != SOURCE and SEEDS.get(target, target) not in self.intended:
            self.breach(event, 3, f"{target} changes without an intent")
        if target != SOURCE and not self.step:
            self.breach(event, 3, f"{target} changes outside of every step")

    def log(self, event, action):
        target = event.other
        if action == "database":
            self.accounts_due -= 1
            if self.accounts_due < 0:
                self.breach(event, 3, f"{ACCOUNTS} changes without an intent")
        if not action.startswith("commit-"):
            self.count["seam " + action] += 1
            if action in PROGRAMS and (self.step or not action.startswith("unit-")):  # units: a rollback's end has no step
                # The packages' own record is the intent: their daemons stop with them.
                stopped_with_its_package = action == "unit-stop" and self.step == "packages"
                self.effect(event, "apt" if stopped_with_its_package else PROGRAMS[action] or target)
            return
        # Only the parameters are many deletions in one transaction.
        if self.said and (self.step or action != "commit-delete"):
            self.breach(event, 3, f"never committed: {self.said}")
        self.said.append((action, target))
        self.count["intents"] += action == "commit-intent"
        if action == "commit-step" and target != self.step:
            self.step = target
        elif action in ("commit-step", "commit-delete") and target == self.step:
            self.step = None  # done, or undone: no effect from here on

    def create(self, event, path):
        if path not in self.journals:
            self.entry(event, path)
            self.touched[path] = event.line
        if path in JOURNALS:
            self.journals.add(path)

    def write(self, event, path):
        if not TEMPORARY.search(path) and path not in DATABASES + JOURNALS:
            self.breach(event, 4, f"{path} is written in place")
        if path in DATABASES:  # SQLite's own order: the old pages are safe before the new are written
            self.settled(event, 2, [path + "-journal"])
        if path == ACCOUNTS and self.said:
            self.breach(event, 3, f"{path} changes before this is committed and synced: {self.said}")
        self.touched[path] = event.line
        self.files.add(path)

    def attributes(self, event, path):
        if not TEMPORARY.search(path) and path not in DATABASES + JOURNALS:
            self.effect(event, path)
        self.touched[path] = event.line

    def sync(self, event, path):
        self.touched.pop(path, None)
        self.entries = {k: v for k, v in self.entries.items() if k[0] != path}
        if path == STATE + "-journal" and self.committed:
            fresh = {target for action, target in self.said if action == "commit-intent"} - self.intended
            self.intended |= fresh | {target.split(": ")[0] for target in fresh}  # a line of a file: "PATH: LINE"
            self.accounts_due += sum(bool(ROW.fullmatch(target)) for target in fresh)
            self.said, self.committed = [], False

    def commit(self, event, path):
        """SQLite cuts its journal to nothing, or removes it: what it holds is valid from here on."""
        if path == STATE + "-journal":
            self.settled(event, 2)
            self.committed = True
            self.count["commits"] += 1
        else:
            self.settled(event, 2, [ACCOUNTS])
        self.touched[path] = event.line

    def rename(self, event, path):
        if path in self.touched:
            self.breach(event, 1, f"{path} is renamed, but not synced since line {self.touched.pop(path)}")
        self.effect(event, event.other)
        self.entries.pop(os.path.split(path), None)
        self.entry(event, event.other)
        self.count["renames"] += 1

    def remove(self, event, path):
        if path == STATE:
            self.settled(event, 2)  # forgets all intents: as much as a commit
        elif path not in JOURNALS and not TEMPORARY.search(path):
            self.effect(event, path)
        self.journals.discard(path)
        self.touched.pop(path, None)
        self.entries = {k: v for k, v in self.entries.items() if k[0] != path}  # a removed directory's own
        self.entry(event, path)

    def mkdir(self, event, path):
        self.effect(event, path)
        self.count["mkdirs"] += 1
        self.entry(event, path)
        self.touched[path] = event.line

    def symlink(self, event, path):
        self.entry(event, path)

    def unknown(self, event, path):
        self.breach(event, 4, f"{path} is changed by a call that this proof does not know: {event.other}")

    def exit(self, event, path):
        self.settled(event, 2)
