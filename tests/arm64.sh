#!/usr/bin/env bash
# Another processor: the program is built for arm64 by Debian's cross compiler, from the same source by the same Makefile, and run by an
# emulator of that processor. What an emulator of programs cannot do is not run: seccomp, and a program that starts itself again.
. "$(dirname "$0")/tap.sh"

release=${RELEASE:-bookworm}
built=build/arm64
lab() {
	tests/lab/lab "$@"
}
in_cross() { # CMD...
	lab run-in-cross "$release" "$@"
}
make_arm64() { # TARGET...
	in_cross env PKG_CONFIG_LIBDIR=/usr/lib/aarch64-linux-gnu/pkgconfig:/usr/share/pkgconfig \
		make -j2 CC=aarch64-linux-gnu-gcc "BUILD=$built" WERROR=-Werror "$@"
}
emulated() { # PROGRAM ARGUMENT...
	in_cross timeout --kill-after=10 300 qemu-aarch64-static "$@"
}

check "mailsetup builds for arm64 on $release without a warning" make_arm64 "$built/mailsetup"
expect_match 'it is of that processor' 'Machine: +AArch64' readelf -hW "$built/mailsetup"
expect_match 'it is position independent' 'Type: +DYN' readelf -hW "$built/mailsetup"
expect_match 'its stack is not executable' 'GNU_STACK .* RW +0x' readelf -lW "$built/mailsetup"
expect_match 'its relocations are read-only' 'BIND_NOW' readelf -dW "$built/mailsetup"

version=$(make -s --no-print-directory --eval 'print-version: ; @echo $(VERSION)' print-version)
expect_text 'it says its version' "mailsetup $version" emulated "$built/mailsetup" --version
expect_match 'it explains itself' '^Usage: mailsetup COMMAND' emulated "$built/mailsetup" help
expect_match 'it has its texts and its assets' 'Postfix configuration' emulated "$built/mailsetup" steps
expect_match 'it writes its manual' '^\.Dt MAILSETUP 8' emulated "$built/mailsetup" help --man
expect_exit 2 'a wrong option is refused' emulated "$built/mailsetup" plan --no-such-option
expect_exit 3 'a plan on a machine that it cannot take is refused' \
	emulated "$built/mailsetup" plan --domain exemple.fr --admin moi@exemple.fr
expect_match 'with the reason' 'systemd is not running this machine' cat "$scratch/last"

check 'the unit tests build for arm64 without a warning' make_arm64 unit-build
for source in tests/unit/test_*.c; do
	name=$(basename "$source" .c)
	case $name in
	test_beneath | test_directory | test_file | test_file_image)
		# The emulator has no seccomp, by which the other groups make system calls fail.
		tests=$(grep -cP '^\t\tTEST\(' "$source")
		expect_match "$name, one group of three" "^\[  PASSED  \] $tests test" emulated "$built/tests/unit/$name"
		;;
	test_network)
		# One test looks for its own name in /proc, where the emulator stands.
		expect_match "$name, but one" '^ 1 FAILED TEST' emulated "$built/tests/unit/$name"
		expect_match "(that one)" '"qemu-aarch64-static" != "test_network"' cat "$scratch/last"
		;;
	test_unpack*)
		# libseccomp has made the filter for this processor; only the kernel could take it.
		expect_match "$name, up to the loading of the filter" 'cannot load the filter of system calls: Operation canceled' \
			emulated "$built/tests/unit/$name"
		expect_no_match '(no other error)' '^ERROR: [^c]' cat "$scratch/last"
		;;
	*)
		check "$name" emulated "$built/tests/unit/$name"
		;;
	esac
done

finish
