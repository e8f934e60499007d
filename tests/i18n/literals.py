#!/usr/bin/env python3
"""Names each string literal that people may read and that is not in the catalogue.

    literals.py POT FILE...

A literal with two words in it is taken for a text. What is none, and has words nevertheless (SQL, commands, protocols), is told apart by
where it stands or how it begins: see below. A text that a macro breaks in two is named as well: xgettext sees its first part only.
"""
import ast
import re
import sys

TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|(?:u8|L)?"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)+\'|[A-Za-z_]\w*|\s+|\\\n|.', re.S)
WORDS = re.compile(r"[A-Za-z]{2,}[,;:.!?)]?'? [a-z(‘“`']*[a-z]{2,}|^[A-Z]?[a-z]+( [a-z%]+)+")


def unquote(s):
    return ast.literal_eval(s.replace('\\?', '?'))


def messages(pot):
    """The msgids and plurals of a catalogue."""
    found, current = set(), None
    for line in open(pot, encoding='utf-8'):
        word, _, rest = line.strip().partition(' ')
        if word in ('msgid', 'msgid_plural'):
            if current is not None:
                found.add(current)
            current = unquote(rest)
        elif word == 'msgstr' or word.startswith('msgstr['):
            if current is not None:
                found.add(current)
            current = None
        elif line.startswith('"') and current is not None:
            current += unquote(line.strip())
    return found


def literals(path):
    """(line, text, is it broken by a macro, names of the calls around it) of each literal, with its neighbours joined."""
    source = open(path, encoding='utf-8').read()
    calls, name, run, line = [], '', [], 1

    def whole():
        if any(kind == 'text' for kind, _, _ in run):
            first = next(at for kind, _, at in run if kind == 'text')
            yield (first, ''.join(t for kind, t, _ in run if kind == 'text'), any(kind == 'macro' for kind, _, _ in run),
                   [c for c in calls if c])
        run.clear()

    for match in TOKEN.finditer(source):
        token, at = match.group(), line
        line += token.count('\n')
        if token.isspace() or token.startswith(('//', '/*')) or token == '\\\n':
            continue
        if token.endswith('"') and len(token) > 1:
            run.append(('text', unquote(token[token.index('"'):]), at))
            name = ''
            continue
        if re.match(r'[A-Z][A-Z0-9_]*$', token) and token not in ('N_', 'NULL'):
            run.append(('macro', token, at))
            name = token
            continue
        if run and run[-1][0] == 'macro' and token == '(':
            run.pop()
        yield from whole()
        if token == '(':
            calls.append(name)
        elif token == ')' and calls:
            calls.pop()
        name = token if re.match(r'[A-Za-z_]\w*$', token) else ''
    yield from whole()


def main(pot, *paths):
    known = messages(pot)
    for path in paths:
        for line, text, broken, calls in literals(path):
            if text in known and not broken:
                continue
            if calls[-1:] in (['SYMPTOM'], ['WORDS']) or calls[-1:]==['accounts_prepare']: continue
            if WORDS.search(text):
                print(f'{path}:{line}: {"broken: " if broken else ""}{calls[-1:]} {text!r}')


main(*sys.argv[1:])
