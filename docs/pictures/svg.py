#!/usr/bin/env python3
"""A terminal's text with its colours, as `tmux capture-pane -e -p` writes it, made a picture.

    svg.py COLUMNS TITLE <captured >picture.svg

It has its own dark background, so it reads the same on a light and on a dark page. Each run of equal looks is set to the width of its
cells, whatever the reader's font.
"""
import re
import sys
import unicodedata
from xml.sax.saxutils import escape

CELL, LINE, SIZE, PAD, BAR = 8.4, 18, 14, 16, 34
BACKGROUND, FRAME, PLAIN, DIM = "#1b1f27", "#39404d", "#d8dee9", "#8b95a7"
COLOURS = {31: "#ff7b72", 32: "#7ee787", 33: "#e3b341", 34: "#79c0ff", 35: "#d2a8ff", 36: "#76e3ea"}
ESCAPE = re.compile(r"\x1b\[([0-9;]*)m|\x1b\([A-Z0-9]|\x1b\[[^A-Za-z]*[A-Za-z]|[\x0e\x0f]")


class Look:
    def __init__(self):
        self.colour, self.bold, self.dim = None, False, False

    def change(self, codes):
        for code in [int(c or 0) for c in codes.split(";")]:
            if code == 0:
                self.__init__()
            elif code == 1:
                self.bold = True
            elif code == 2:
                self.dim = True
            elif code == 22:
                self.bold = self.dim = False
            elif code == 39:
                self.colour = None
            elif code in COLOURS:
                self.colour = COLOURS[code]

    def attributes(self):
        fill = self.colour or (DIM if self.dim else PLAIN)
        return f'fill="{fill}"' + (' font-weight="bold"' if self.bold else "")


def runs(line, look):
    """(column, text, attributes) of each run; the look goes on from line to line."""
    column, at = 0, 0
    for match in list(ESCAPE.finditer(line)) + [None]:
        text = line[at : match.start() if match else len(line)]
        if text:
            yield column, text, look.attributes()
            column += sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
        if match:
            at = match.end()
            if match.group(1) is not None:
                look.change(match.group(1))


def pieces(column, text):
    """Without the blanks, which may be many: (column, word or words with single blanks)."""
    for match in re.finditer(r"\S+(?: \S+)*", text):
        yield column + match.start(), match.group()


def main():
    columns, title = int(sys.argv[1]), sys.argv[2]
    lines = sys.stdin.read().rstrip("\n").split("\n")
    width, height = columns * CELL + 2 * PAD, len(lines) * LINE + BAR + PAD
    print(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" viewBox="0 0 {width:.0f} {height}" role="img">\n'
        f"<title>{escape(title)}</title>\n"
        f'<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}" stroke="{FRAME}"/>\n'
        + "".join(f'<circle cx="{20 + 18 * i}" cy="17" r="5.5" fill="{c}"/>\n' for i, c in enumerate(("#ff5f57", "#febc2e", "#28c840")))
        + f'<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, \'DejaVu Sans Mono\', monospace" font-size="{SIZE}" xml:space="preserve">'
    )
    look = Look()
    for n, line in enumerate(lines):
        for column, text, attributes in runs(line, look):
            for at, words in pieces(column, text):
                print(
                    f'<text x="{PAD + at * CELL:.1f}" y="{BAR + (n + 0.75) * LINE:.1f}" textLength="{len(words) * CELL:.1f}" '
                    f'lengthAdjust="spacingAndGlyphs" {attributes}>{escape(words)}</text>'
                )
    print("</g>\n</svg>")


main()
