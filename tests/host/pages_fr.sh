#!/usr/bin/env bash
# The French pages, run as the English ones are.
exec "$(dirname "$0")/pages.sh" fr "$@"
