#!/usr/bin/env bash
# The program as the hosts of the tests get it: made by the compiler of their release (RELEASE, bullseye by default), with its
# libraries. The unit tests run there, too.
. "$(dirname "$0")/tap.sh"

release=${RELEASE:-bullseye}
built=build/$release
lab() {
	tests/lab/lab "$@"
}
in_builder() { # CMD...
	lab run-in-build "$release" "$@"
}

check "mailsetup builds on $release without a warning" lab build "$release"
version=$(make -s --no-print-directory --eval 'print-version: ; @echo $(VERSION)' print-version)
expect_text 'it says its version' "mailsetup $version" in_builder "$built/mailsetup" --version
expect_match 'it is position independent' 'Type: +DYN' readelf -hW "$built/mailsetup"
expect_match 'its stack is not executable' 'GNU_STACK .* RW +0x' readelf -lW "$built/mailsetup"
expect_match 'its relocations are read-only' 'BIND_NOW' readelf -dW "$built/mailsetup"

check "the unit tests build on $release without a warning" lab build "$release" unit-build
for source in tests/unit/test_*.c; do
	name=$(basename "$source" .c)
	# shellcheck disable=SC2016  # for the shell in the builder
	check "$name" in_builder sh -c 'ulimit -c 0 && ulimit -f 4000000 && exec timeout --kill-after=10 300 "$0"' "$built/tests/unit/$name"
	! grep -q nameserver.h "$source" || expect_no_match '(a name server was asked)' 'lookups are skipped' cat "$scratch/last"
done

finish
