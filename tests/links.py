#!/usr/bin/env python3
"""Prints each link of the pages that leads to no file, or to no heading of one. Exit status 1 where there is one, or where no link was found."""
import glob, os, re, sys


def anchor(heading):
    """As the viewers of Markdown name it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(path):
    with open(path, encoding="utf-8") as file:
        prose = re.sub(r"^```.*?^```", "", file.read(), flags=re.M | re.S)
    return {anchor(heading) for heading in re.findall(r"^#+ (.*)", prose, re.M)}


pages = [page for page in glob.glob("**/*.md", recursive=True) if not page.startswith("build/")]
links, lost = 0, []
for page in pages:
    with open(page, encoding="utf-8") as file:
        found = re.findall(r"\]\(([^)#\s]*)(?:#([^)]*))?\)", file.read())
    for path, name in found:
        if "://" in path or path.startswith("mailto:"):
            continue
        links += 1
        target = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
        if not os.path.exists(target) or name and target.endswith(".md") and name not in anchors(target):
            lost.append(f"{page}: {path}{'#' + name if name else ''}")
print(*lost, sep="\n")
sys.exit(bool(lost) or not links)
