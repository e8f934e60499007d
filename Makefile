# mailsetup: build, test, demo. `make help` lists the targets.

PREFIX  = /usr/local
DESTDIR =
BUILD   = build
VERSION = 0.1.0
RELEASE = bullseye

CC      = gcc
CFLAGS  = -O2 -g
PKGS    = libcurl libcrypto libssl sqlite3 libsystemd libarchive libseccomp zlib libidn2 libpsl jansson opendkim libmnl

# What building needs, by the same names on Debian 11, 12 and 13.
DEPS    = gcc make pkg-config libc6-dev libcurl4-openssl-dev libssl-dev libsqlite3-dev libsystemd-dev libarchive-dev libseccomp-dev zlib1g-dev \
          libcmocka-dev libidn2-dev libpsl-dev libjansson-dev libopendkim-dev libunbound-dev libmnl-dev libcrypt-dev

STRICT  = -std=gnu17 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
          -Wformat=2 -Wvla -Wundef -Werror=implicit-function-declaration -Werror=incompatible-pointer-types
HARDEN  = -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
ALL_CFLAGS = $(STRICT) $(HARDEN) $(CFLAGS) $(WERROR) -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 \
             -DMAILSETUP_VERSION='"$(VERSION)"' -DOPENSSL_API_COMPAT=0x10100000L \
             -I. -Iinstaller -I$(BUILD) $(shell pkg-config --cflags $(PKGS)) $(EXTRA_CFLAGS)
LIBS    = $(shell pkg-config --libs $(PKGS)) -lunbound -lcrypt -pthread
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now,-z,noexecstack $(LDFLAGS)

SOURCES = $(sort $(wildcard installer/*/*.c steps/*.c checks/*.c))
OBJECTS = $(SOURCES:%.c=$(BUILD)/%.o) $(BUILD)/assets.o
ASSETS  = $(shell find assets -type f | LC_ALL=C sort)
UNIT_TESTS = $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/unit/test_*.c)))

# `make V=1` shows the commands.
V = 0
ifneq ($(V),1)
Q = @
SAY = @printf '  %-4s %s\n'
else
SAY = @:
endif

all: $(BUILD)/mailsetup

help:
	@sed -n 's/^#: //p' Makefile

#: make               build $(BUILD)/mailsetup (after `make deps`)
$(BUILD)/mailsetup: $(OBJECTS)
	$(SAY) LINK $@
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# A changed flag, or a file that came or went, rebuilds what depends on it.
FLAGS_TEXT = $(CC) $(subst ','\'',$(ALL_CFLAGS)) $(ALL_LDFLAGS) $(ASSETS)
$(BUILD)/flags: FORCE
	@mkdir -p $(BUILD)
	@printf '%s\n' '$(FLAGS_TEXT)' | cmp -s - $@ || printf '%s\n' '$(FLAGS_TEXT)' > $@

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(SAY) CC $<
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# Each file under assets/ is embedded as it is, paired with its path on the target.
$(BUILD)/assets.c: $(ASSETS) $(BUILD)/flags
	@mkdir -p $(@D)
	@{ printf '#include "ensure/asset.h"\n'; n=0; for f in $(ASSETS); do \
	  printf '__asm__(".section .rodata\\nasset_%d: .incbin \\"%s\\"\\nasset_end_%d: .byte 0\\n.previous");\n' $$n $$f $$n; \
	  printf 'extern const char asset_%d[], asset_end_%d[];\n' $$n $$n; n=$$((n + 1)); done; \
	  printf 'const struct asset assets[] = {\n'; n=0; for f in $(ASSETS); do \
	  path=$${f#assets}; case $$f in *.in) path=$${path%.in} template=true;; *) template=false;; esac; \
	  printf '\t{ "%s", asset_%d, asset_end_%d, %s },\n' $$path $$n $$n $$template; n=$$((n + 1)); done; \
	  printf '\t{ 0 },\n};\n'; } > $@

$(BUILD)/assets.o: $(BUILD)/assets.c
	$(SAY) CC $<
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

#: make deps          install what building needs (as root, from Debian)
deps:
	@dpkg-query -W -f '' $(DEPS) 2>/dev/null && \
	 ! dpkg-query -W -f '$${db:Status-Abbrev}\n' $(DEPS) | grep -qv '^ii' || \
	 { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $(DEPS); }
deps-list:
	@echo $(DEPS)

#: make install       program, manual pages and completion; DESTDIR= PREFIX=/usr/local
install: $(BUILD)/mailsetup
	install -D -m 0755 $(BUILD)/mailsetup $(DESTDIR)$(PREFIX)/sbin/mailsetup
	install -D -m 0644 -t $(DESTDIR)$(PREFIX)/share/man/man8 docs/mailsetup.8
	install -D -m 0644 -t $(DESTDIR)$(PREFIX)/share/man/man5 docs/mailsetup.conf.5
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	$(BUILD)/mailsetup help --completion > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/mailsetup

# Beside $(DEPS), by the same names everywhere.
DEB_DEPS = build-essential debhelper dnsmasq-base fakeroot lintian
deb-deps-list:
	@echo $(DEPS) $(DEB_DEPS)

#: make deb           the Debian package of this release, in $(BUILD)/deb (needs debhelper: `make deb-deps`)
DEB_TREE = $(BUILD)/deb/mailsetup-$(VERSION)
deb:
	rm -rf $(BUILD)/deb
	mkdir -p $(DEB_TREE)
	tar --exclude=./build --exclude=./.git --exclude=./.ci -cf - . | tar -xf - -C $(DEB_TREE)
	cd $(DEB_TREE) && dpkg-buildpackage -b -us -uc
	rm -rf $(DEB_TREE)
	lintian --fail-on error,warning $(BUILD)/deb/*.changes
deb-deps: deps
	apt-get install -q -y --no-install-recommends $(DEB_DEPS)

#: make demo          boot a throwaway Debian, install into it, send real mail through it (RELEASE=bullseye, bookworm, trixie)
demo:
	tests/lab/lab deps
	tests/demo $(RELEASE)

#: make check         all tests: unit, command line, real Debian 11 hosts (as root; under 40 minutes)
check: deps
	tests/lab/lab deps
	tests/run check

#: make check-long    all of that, and what takes hours: every fault, a sweep of kills over real hosts, valgrind
check-long: deps
	tests/lab/lab deps
	tests/run check-long

#: make unit          the unit tests alone, with the address and undefined-behaviour sanitizers
unit:
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/asan unit-run \
	  EXTRA_CFLAGS='-fsanitize=address,undefined -fno-omit-frame-pointer -O1'
unit-run: $(UNIT_TESTS)
	@tests/run unit $(UNIT_TESTS)
unit-build: $(UNIT_TESTS)

#: make bench         install and import of mail against the guide's own commands, on the same hosts; the undo journal's cost; 10,000 accounts
bench:
	tests/lab/lab deps
	tests/bench/run
	tests/bench/migrate
	tests/bench/accounts

$(BUILD)/tests/unit/test_%: $(BUILD)/tests/unit/test_%.o $(filter-out $(BUILD)/installer/cli/main.o,$(OBJECTS))
	$(SAY) LINK $@
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS) $(shell pkg-config --libs cmocka)

#: make clean         remove $(BUILD)
clean:
	rm -rf $(BUILD)

FORCE:
.PHONY: all help deps deps-list deb deb-deps deb-deps-list install demo check check-long unit unit-run unit-build bench clean FORCE
.SECONDARY:

-include $(OBJECTS:.o=.d) $(UNIT_TESTS:=.d)
