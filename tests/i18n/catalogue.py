#!/usr/bin/env python3
"""Names what is wrong with a catalogue.

    catalogue.py POT PO

msgfmt --check compares the directives of formats. Here: nothing missing, untranslated, fuzzy or left over; what a reader copies (commands in
backquotes, option names) and what is filled in ($1) is the same on both sides; French typography.
"""
import re
import sys

from po import entries


def same(pattern, entry, text, original):
    return sorted(set(re.findall(pattern, text))) == sorted(set(re.findall(pattern, original)))


def edges(s):
    return re.match(r'[ \n,;(<]*', s).group(), s.endswith('\n'), s.endswith(' ')


def faults(entry):
    if 'fuzzy' in entry.flags:
        yield 'fuzzy'
    if not entry.translations or not all(entry.translations):
        yield 'untranslated'
        return
    for i, text in enumerate(entry.translations):
        original = entry.plural if i else entry.id
        if not same(r'`[^`]*`', entry, text, original):
            yield 'a command in backquotes differs'
        if not same(r'(?<![\w-])--[a-z][a-z-]*', entry, text, original):
            yield 'an option differs'
        if not same(r'\$[0-9]', entry, text, original):
            yield 'a $N differs'
        if edges(text) != edges(original):
            yield 'begins or ends otherwise (blank, line end, comma, parenthesis)'
        prose = re.sub(r'`[^`]*`|https?://\S*|[\w.%/-]*::?[\w:.%/@-]+', '', text)
        if re.search(r'[^\u00a0\n`]([;?!]|:(?=\s|$))', prose) and not re.search(r'%[-.*0-9a-z]*[;:]$', text):
            yield 'no no-break space before : ; ? or !'
        if re.search(r'«(?!\u00a0)|(?<!\u00a0)»', prose):
            yield 'no no-break space inside of « »'


def main(pot, po):
    wanted, there, bad = {e.id: e for e in entries(pot)}, entries(po), 0
    for entry in there:
        complaints = ['obsolete'] if entry.obsolete else ['not in the sources'] if entry.id not in wanted else list(faults(entry))
        for complaint in complaints:
            bad += 1
            print(f'{complaint}: {entry.id!r}' + ('' if complaint == 'untranslated' else f' {entry.translations!r}'))
    for missing in sorted(set(wanted) - {e.id for e in there if not e.obsolete}):
        bad += 1
        print(f'missing (`make po` adds it): {missing!r}')
    return bad > 0 or len(wanted) < 100


sys.exit(main(*sys.argv[1:]))
