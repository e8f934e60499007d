#!/usr/bin/env bash
# One install, and its rollback, in the small root under valgrind: no error.
. "$(dirname "$0")/tap.sh"

command -v valgrind >/dev/null || apt-get -o DPkg::Lock::Timeout=600 install -q -y --no-install-recommends valgrind >"$scratch/apt" 2>&1
check 'the matrix builds' make --no-print-directory -s -j"$(nproc)" -f tests/crash/crash.mk BUILD=build/crash \
	EXTRA_CFLAGS=-DMAILSETUP_SEAM build/crash/tests/crash/matrix
tests/crash/before.sh "$scratch/before" "$PWD/build/crash/tests/crash/matrix"
# Killed children are no part of it, and the fakes free nothing.
check 'install and rollback' valgrind --quiet --error-exitcode=99 --leak-check=no --trace-children=no \
	build/crash/tests/crash/matrix "$scratch" tests/crash/may-differ.txt 1 'nothing but the first runs'
expect_match '(both were run)' '^ok .*install, then rollback, gives the same machine' cat "$scratch/last"
finish
