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
	in_cross qemu-aarch64-static "$@"
}

check "mailsetup builds for arm64 on $release without a warning" make_arm64 "$built/mailsetup"
expect_match 'it is of that processor' 'Machine: +AArch64' readelf -hW "$built/mailsetup"
expect_match 'it is position independent' 'Type: +DYN' readelf -hW "$built/mailsetup"
expect_match 'its stack is not executable' 'GNU_STACK .* RW +0x' readelf -lW "$built/mailsetup"
expect_match 'its relocations are read-only' 'BIND_NOW' readelf -dW "$built/mailsetup"
finish
