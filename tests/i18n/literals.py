#!/usr/bin/env python3
"""Names each string literal that people read and that is not in the catalogue.

    literals.py POT KEYWORD... -- FILE...

A literal with two words in it is taken for a text, and so is a word with a space beside it: a piece of a sentence. What has words and
is none is told apart by how it begins (commands, SQL), by the call that it stands in, or by name: below. A text that a macro breaks in
two is named as well: xgettext sees its first part only.
"""
import ast
import re
import sys

from po import entries

TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)+\'|[A-Za-z_]\w*|\s+|\\\n|.', re.S)
WORDS = re.compile(r"[A-Za-z]{2,}[,;:.!?)]?'? [a-z(‘“`']*[a-z]{2,}|^[A-Z]?[a-z]+( [a-z%]+)+|^[a-z]{2,} $|^ [a-z]{2,} ?$")

COMMANDS = re.compile(r'([#$] )?(mailsetup|systemctl|journalctl|postconf|doveconf|postmap|postqueue|chown|chmod|cat|grep|ss|sievec|timedatectl|apt-get|'
                      r'apt-cache|systemd-tmpfiles|setfacl|\.name)\b(?!:)')
SQL = re.compile(r'(SELECT|INSERT|UPDATE|DELETE|CREATE|PRAGMA|BEGIN|ALTER|DROP) |seq, step, verb')
CALLS = {
    'SYMPTOM', 'WORDS',  # expressions for lines of logs; their texts are marked
    'accounts_prepare', 'accounts_execute', 'database_run', 'column_of_all',  # SQL
    '__asm__', 'json_pack', 'json_unpack', 'strstr', 'strcasestr', 'seam', '_Static_assert', 'dialogue_ask',
    'ask_message', 'ask_message_with', 'judged',  # the mail that checks send
}
EXCEPTIONS = {
    'checks/ask.c': 'Date: |a %s',  # mail
    'checks/managesieve.c': 'require ',
    'checks/sieve_rule.c': 'X-Spam-Flag|store message in folder',
    'checks/smuggling.c': 'The next line',
    'installer/base/memory.c': 'mailsetup: out of memory',  # no memory for a translation
    'installer/cli/cmd_check_upgrade.c': 'make deps ',  # commands
    'installer/cli/complete.c': '# Completion',
    'installer/cli/cmd_steps.c': 'digraph',
    'installer/cli/manual.c': r'\.[A-Z]',  # mdoc
    'installer/cli/manual_text.c': 'domain  ',  # a config file
    'installer/cli/rows.h': ' [a-z]+$',  # commands
    'installer/cli/roff.c': r'\.[A-Z]',
    'installer/cli/sink_journal.c': 'step %s ',  # for the journal, in English
    'installer/engine/release.def': '# ',  # of files
    'installer/ensure/diff.c': 'on this machine|as mailsetup|nothing on this machine',  # of a diff, which a plan file holds
    'installer/ensure/packages.c': '#!/bin/sh',
    'installer/host/certificate.c': 'mail server$',  # in a certificate
    'installer/host/key.c': 'two halves',  # is signed
    'installer/host/package_parse.c': "E: |' has no",  # apt's own words
    'installer/host/process_child.c': 'cannot execute',  # between fork and exec
    'installer/host/queue.c': 'postsuper: ',
    'installer/host/seam.c': 'mailsetup: %s=',  # of tests
    'installer/mail/dkim.c': r'%s" \)  ; -----',
    'installer/cli/cmd_domain.c': 'virtual alias $',
    'steps/': '# |#!|[#^?]*!include',  # of files
}
ACTION = re.compile(r'[a-z-]+ (add|delete|list|show|rotate|retire|hold|release|requeue|flush|enable|disable|import|passwd|export)$')


def literals(path):
    """(line, text, is it broken by a macro, name of the call around it) of each literal, joined with its neighbours."""
    calls, name, run, line = [], '', [], 1

    def whole():
        texts = [token for token in run if token[0] == 'text']
        if texts:
            yield texts[0][2], ''.join(t for _, t, _ in texts), len(texts) < len(run), calls[-1] if calls else ''
        run.clear()

    for match in TOKEN.finditer(open(path, encoding='utf-8').read()):
        token, at = match.group(), line
        line += token.count('\n')
        if token.isspace() or token.startswith(('//', '/*')) or token == '\\\n':
            continue
        if token.startswith('"') and len(token) > 1:
            run.append(('text', ast.literal_eval(token), at))
        elif re.match(r'[A-Z][A-Z0-9_]+$', token) and token not in ('N_', 'NULL'):
            run.append(('macro', token, at))
            name = token
        else:
            if token == '(' and run and run[-1][0] == 'macro':
                run.pop()
            yield from whole()
            if token == '(':
                calls.append(name)
            elif token == ')' and calls:
                calls.pop()
            name = token if re.match(r'[A-Za-z_]', token) else ''
    yield from whole()


def is_no_text(path, text, call):
    return (call in CALLS or COMMANDS.match(text) or SQL.match(text) or ACTION.match(text) or
            any(path.startswith(where) and re.match(what, text) for where, what in EXCEPTIONS.items()))


def main(pot, *arguments):
    split = arguments.index('--')
    keywords, paths = {k.split(':')[0] for k in arguments[:split]}, arguments[split + 1:]
    known = {text for e in entries(pot) for text in (e.id, e.plural)}
    bad = read = 0
    for path in paths:
        for line, text, broken, call in literals(path):
            read += 1
            if text in known and not (broken and call in keywords) or not WORDS.search(text) or is_no_text(path, text, call):
                continue
            bad += 1
            print(f'{path}:{line}: {"broken by a macro" if broken else "not in the catalogue"}: {text!r}')
    return bad > 0 or read < 1000


sys.exit(main(*sys.argv[1:]))
