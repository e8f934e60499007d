#!/usr/bin/python3
"""Judges what `mailsetup ... --json` wrote by docs/schema.json.

schema.py cases FOLDER   FOLDER/cases has "NUMBER NAME WANTED-EXIT EXIT WHAT" a line, FOLDER/NUMBER the standard output;
                         prints "0|1 NAME: WHAT (WHY)" for each
schema.py leaves FOLDER    of FOLDER/help, names the leaf commands
schema.py page FOLDER    says what of docs/JSON.md is not so
schema.py schema FOLDER    says what is wrong with the schema itself, or with how it goes with the commands of FOLDER/help and
                         the names of FOLDER/cases
"""
import json
import re
import sys

from jsonschema import Draft202012Validator

SCHEMA = json.load(open("docs/schema.json", encoding="utf-8"))
LAST = ("done", "summary", "error")


def leaves(commands):
    for command in commands:
        if "actions" in command:
            yield from leaves(command["actions"])
        else:
            yield command["name"].replace(" ", "-")


def references(node):
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"].rpartition("/")[2]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def objects(node):
    """Every schema of an object."""
    if isinstance(node, dict):
        if node.get("type") == "object":
            yield node
        for value in node.values():
            yield from objects(value)
    elif isinstance(node, list):
        for value in node:
            yield from objects(value)


def validator(name):
    return Draft202012Validator({**SCHEMA, "$ref": "#/$defs/" + name})


def unique(pairs):
    assert len({key for key, _ in pairs}) == len(pairs), f"a key twice: {pairs}"
    return dict(pairs)


def judge(name, wanted, status, output):
    """Why it is not good, or None."""
    if status != wanted:
        return f"exit status {status} instead of {wanted}"
    if not output.endswith("\n"):
        return "no line is whole"
    if name not in SCHEMA["$defs"]:
        return "docs/schema.json does not know it"
    lines = []
    for line in output[:-1].split("\n"):
        try:
            lines.append(json.loads(line, object_pairs_hook=unique))
        except (ValueError, AssertionError) as why:
            return f"{why}: {line[:100]}"
        for error in validator(name).iter_errors(lines[-1]):
            return f"not as docs/schema.json has it: {line[:300]}; {error.message[:200]}"
    events = [line.get("event") for line in lines]
    if events == [None]:
        return None
    if None in events or events[-1] not in LAST or any(event in LAST for event in events[:-1]):
        return f"neither one document nor events with one last word: {events[-3:]}"
    if (events[-1] == "error") != (status != 0 and not events[-1] in ("summary", "done")):
        return f"exit status {status} with {events[-1]}"
    if events[-1] == "error" and lines[-1]["code"] != status:
        return f"code {lines[-1]['code']} with exit status {status}"
    return None


def cases(folder):
    for line in open(folder + "/cases", encoding="utf-8"):
        number, name, wanted, status, what = line.rstrip("\n").split(" ", 4)
        yield number, name, int(wanted), int(status), what


def page(names):
    """Of each line of JSON in docs/JSON.md that is not as the schema has it, why; and of a key that it names and nothing has."""
    name, text, n = None, open("docs/JSON.md", encoding="utf-8").read(), 0
    keys = {key for o in objects(SCHEMA) for key in o["properties"]}
    values = {value for o in objects(SCHEMA) for p in o["properties"].values() for value in p.get("enum", [p.get("const")])}
    for line in text.splitlines():
        if line.startswith("# mailsetup "):
            words = line.split()[2:4]
            name = "-".join(words) if "-".join(words) in names else words[0]
            name = name if name in names else "steps"  # an error is the same for all
        elif line.startswith("{"):
            n += 1
            yield from (f"{line}: {error.message}" for error in validator(name).iter_errors(json.loads(line)))
    for row in re.findall(r"^\|[^|]*\|([^|]*)\|", text, re.M):
        yield from (f"`{key}`: nothing is called so" for key in re.findall(r"`([a-z_]+)`", row) if key not in keys | values | {"true", "false", "null"})
    if n < 10:
        yield "no examples"


def main(what, folder):
    commands = json.load(open(folder + "/help", encoding="utf-8"))["commands"]
    if what == "leaves":
        print(*leaves(commands), sep="\n")
    elif what == "cases":
        for number, name, wanted, status, words in cases(folder):
            why = judge(name, wanted, status, open(f"{folder}/{number}", encoding="utf-8").read())
            print(int(why is not None), f"{name}: {words}" + (f" ({why})" if why else ""))
    elif what == "page":
        print(*page(set(leaves(commands))), sep="\n", end="")
    else:
        Draft202012Validator.check_schema(SCHEMA)
        names = set(leaves(commands)) | {"version"}
        known, used = set(SCHEMA["$defs"]), set(references(SCHEMA))
        well = {name for _, name, wanted, _, _ in cases(folder) if wanted == 0}
        badly = {name for _, name, wanted, _, _ in cases(folder) if wanted != 0}
        for text, bad in (
            ("a command without a schema", names - known),
            ("a schema of nothing", known - names - used),
            ("a reference to nothing", used - known),
            ("an object that may hold anything", [o for o in objects(SCHEMA) if o.get("additionalProperties") is not False]),
            ("what must be there and is not described", [o["required"] for o in objects(SCHEMA) if set(o["required"]) - set(o["properties"])]),
            ("a command that was not asked", names - well),
            ("a command whose error was not seen", names - badly - {"version"}),
        ):
            if bad:
                print(f"{text}: {', '.join(map(str, sorted(bad, key=str)))}")


main(*sys.argv[1:])
