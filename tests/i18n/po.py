"""The entries of a .po or .pot file."""
import ast


class Entry:
    def __init__(self):
        self.flags = set()
        self.obsolete = False
        self.texts = {}

    id = property(lambda self: self.texts.get('msgid', ''))
    plural = property(lambda self: self.texts.get('msgid_plural', ''))
    translations = property(lambda self: [t for name, t in sorted(self.texts.items()) if name.startswith('msgstr')])


def entries(path):
    """All but the header."""
    found, entry, last = [], Entry(), None
    for line in list(open(path, encoding='utf-8')) + ['\n']:
        line = line.strip()
        if line.startswith('#~'):
            entry.obsolete = True
            line = line[2:].strip()
        if line.startswith('#,'):
            entry.flags |= {flag.strip() for flag in line[2:].split(',')}
        elif line.startswith('"'):
            entry.texts[last] += ast.literal_eval(line)
        elif line.startswith('msg'):
            last, text = line.split(' ', 1)
            entry.texts[last] = ast.literal_eval(text)
        elif not line:
            if entry.id:
                found.append(entry)
            entry = Entry()
    return found
