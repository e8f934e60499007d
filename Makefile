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
DEPS    = gcc make pkg-config gettext libc6-dev libcurl4-openssl-dev libssl-dev libsqlite3-dev libsystemd-dev libarchive-dev libseccomp-dev zlib1g-dev \
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
LANGUAGES = $(patsubst po/%.po,%,$(sort $(wildcard po/*.po)))
CATALOGUES = $(LANGUAGES:%=$(BUILD)/locale/%/LC_MESSAGES/mailsetup.mo)
ASSETS  = $(shell find assets -type f | LC_ALL=C sort)
UNIT_TESTS = $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/unit/test_*.c)))
MANUAL = $(foreach d,$(BUILD)/man $(LANGUAGES:%=$(BUILD)/man/%),$(d)/mailsetup.8 $(d)/mailsetup.conf.5)

# `make V=1` shows the commands.
V = 0
ifneq ($(V),1)
Q = @
SAY = @printf '  %-4s %s\n'
else
SAY = @:
endif

all: $(BUILD)/mailsetup $(CATALOGUES) $(MANUAL)

help:
	@sed -n 's/^#: //; T; s|[$$](BUILD)|$(BUILD)|g; p' Makefile

#: make               build $(BUILD)/mailsetup (after `make deps`)
$(BUILD)/mailsetup: $(OBJECTS)
	$(SAY) LINK $@
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# A changed flag, compiler or library (after an upgrade of Debian), or a file that came or went, rebuilds what depends on it.
FLAGS_TEXT = $(CC) $(subst ','\'',$(ALL_CFLAGS)) $(ALL_LDFLAGS) $(ASSETS) \
             $(shell $(CC) -dumpfullversion -dumpversion) $(shell pkg-config --modversion $(PKGS))
$(BUILD)/flags: FORCE
	@mkdir -p $(BUILD)
	@printf '%s\n' '$(FLAGS_TEXT)' | cmp -s - $@ || printf '%s\n' '$(FLAGS_TEXT)' > $@

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(SAY) CC $<
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# Each file under assets/ is embedded as it is, paired with its path on the target.
$(BUILD)/assets.c: $(ASSETS) docs/schema.json $(BUILD)/flags Makefile
	@mkdir -p $(@D)
	@{ printf '#include "ensure/asset.h"\n'; n=0; for f in $(ASSETS); do \
	  printf '__asm__(".section .rodata\\nasset_%d: .incbin \\"%s\\"\\nasset_end_%d: .byte 0\\n.previous");\n' $$n $$f $$n; \
	  printf 'extern const char asset_%d[], asset_end_%d[];\n' $$n $$n; n=$$((n + 1)); done; \
	  printf 'const struct asset assets[] = {\n'; n=0; for f in $(ASSETS); do \
	  path=$${f#assets}; case $$f in *.in) path=$${path%.in} template=true;; *) template=false;; esac; \
	  printf '\t{ "%s", asset_%d, asset_end_%d, %s },\n' $$path $$n $$n $$template; n=$$((n + 1)); done; \
	  printf '\t{ 0 },\n};\n'; \
	  printf '__asm__(".section .rodata\\n.globl json_schema\\njson_schema: .incbin \"docs/schema.json\"\\n.byte 0\\n.previous");\n'; } > $@

$(BUILD)/assets.o: $(BUILD)/assets.c
	$(SAY) CC $<
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/locale/%/LC_MESSAGES/mailsetup.mo: po/%.po
	@mkdir -p $(@D)
	$(SAY) MO $@
	$(Q)msgfmt --check-format --check-domain -o $@ $<

# What of a call is a text, and a format: base/i18n.h.
TEXTS   = _ N_ ngettext:1,2 run_progress:3 PARAM:7
FORMATS = fail:2 fail_errno:2 wrap:2 openssl_fail:1 name_refuse:2 say:3 run_blocker:2 run_notice:2 run_warning:2 run_kept:2 \
          run_difference:5 finding_ok:2 finding_failed:3 finding_unknown:3 tally_ok:2 tally_failed:3 tally_unknown:3 tally_error:4 beneath_error:4
TEXT_SOURCES = $(sort $(wildcard installer/*/*.c installer/*/*.h installer/*/*.def steps/*.c steps/*.h checks/*.c checks/*.h))

#: make po            bring po/ up to date with the texts in the sources
po: $(LANGUAGES:%=po/%.po.merge)
po/%.po.merge: $(BUILD)/mailsetup.pot FORCE
	msgmerge --quiet --update --backup=none --previous --no-wrap --add-location=file --sort-by-file po/$*.po $<
	msgattrib --no-obsolete --no-wrap --add-location=file --sort-by-file -o po/$*.po po/$*.po
pot: $(BUILD)/mailsetup.pot
$(BUILD)/mailsetup.pot: $(TEXT_SOURCES) $(BUILD)/flags
	@xgettext --language=C --from-code=UTF-8 --package-name=mailsetup --package-version=$(VERSION) --no-wrap --add-location=file \
	  --sort-by-file -k $(TEXTS:%=-k%) $(FORMATS:%=-k%) $(foreach f,$(FORMATS),--flag=$(f):c-format) -o $@ $(TEXT_SOURCES)
	@sed -i "/^\"POT-Creation-Date/d" $@

# The program writes its own manual pages, in each language of po/.
$(BUILD)/man/mailsetup.8 $(BUILD)/man/mailsetup.conf.5: $(BUILD)/mailsetup
	@mkdir -p $(@D)
	$(SAY) MAN $@
	$(Q)LC_ALL=C.UTF-8 $< help --man $(basename $(@F)) > $@.new && mv $@.new $@
$(BUILD)/man/%/mailsetup.8 $(BUILD)/man/%/mailsetup.conf.5: $(BUILD)/mailsetup $(BUILD)/locale/%/LC_MESSAGES/mailsetup.mo
	@mkdir -p $(BUILD)/man/$*
	$(SAY) MAN $(BUILD)/man/$*
	$(Q)for page in mailsetup.8 mailsetup.conf.5; do \
	  LC_ALL= LC_CTYPE=C.UTF-8 LANG=$*.UTF-8 LANGUAGE=$* $< help --man $${page%.*} > $(BUILD)/man/$*/$$page || exit; done

$(BUILD)/completion/mailsetup: $(BUILD)/mailsetup
	@mkdir -p $(@D)
	$(SAY) GEN $@
	$(Q)$< help --completion > $@.new && mv $@.new $@

#: make deps          install what building needs (as root, from Debian)
deps:
	@dpkg-query -W -f '' $(DEPS) 2>/dev/null && \
	 ! dpkg-query -W -f '$${db:Status-Abbrev}\n' $(DEPS) | grep -qv '^ii' || \
	 { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $(DEPS); }
deps-list:
	@echo $(DEPS)

#: make install       program, translations, manual pages and completion; DESTDIR= PREFIX=/usr/local
install: $(BUILD)/mailsetup $(CATALOGUES) $(MANUAL) $(BUILD)/completion/mailsetup
	install -D -m 0755 $(BUILD)/mailsetup $(DESTDIR)$(PREFIX)/sbin/mailsetup
	for l in $(LANGUAGES); do install -D -m 0644 -t $(DESTDIR)$(PREFIX)/share/locale/$$l/LC_MESSAGES \
	  $(BUILD)/locale/$$l/LC_MESSAGES/mailsetup.mo || exit 1; done
	for page in $(MANUAL:$(BUILD)/man/%=%); do install -D -m 0644 -t $(DESTDIR)$(PREFIX)/share/man/$$(dirname $$page)/man$${page##*.} \
	  $(BUILD)/man/$$page || exit; done
	install -D -m 0644 -t $(DESTDIR)$(PREFIX)/share/bash-completion/completions $(BUILD)/completion/mailsetup

# Beside $(DEPS), by the same names everywhere.
DEB_DEPS = build-essential debhelper dnsmasq-base fakeroot lintian
deb-deps-list:
	@echo $(DEPS) $(DEB_DEPS)

#: make deb           the Debian package of this release, in $(BUILD)/deb (needs debhelper: `make deb-deps`)
DEB_TREE = $(BUILD)/deb/mailsetup-$(VERSION)
deb:
	rm -rf $(BUILD)/deb
	mkdir -p $(DEB_TREE)
	tar --exclude=./build --exclude=./$(BUILD) --exclude=./.git --exclude=./.ci -cf - . | tar -xf - -C $(DEB_TREE)
	cd $(DEB_TREE) && dpkg-buildpackage -b -us -uc
	rm -rf $(DEB_TREE)
	lintian --fail-on error,warning $(BUILD)/deb/*.changes
deb-deps: deps
	apt-get install -q -y --no-install-recommends $(DEB_DEPS)

#: make demo          boot a throwaway Debian, install into it, send real mail through it (RELEASE=bullseye, bookworm, trixie)
demo:
	tests/lab/lab deps
	tests/demo $(RELEASE)

#: make pictures      docs/pictures anew, from a real run on a throwaway host (as root)
pictures:
	tests/lab/lab deps
	docs/pictures/make

#: make check         all tests: unit, command line, real Debian 11 hosts (as root; under 40 minutes)
check: deps
	tests/lab/lab deps
	tests/run check

#: make check-long    all of that on Debian 11, 12 and 13, and what takes hours: every fault, a sweep of kills, upgrades, valgrind
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

#: make bench         install and import of mail against the guide's own commands, on hosts of one release (RELEASE=bullseye, bookworm, trixie)
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

.DELETE_ON_ERROR:

FORCE:
.PHONY: all help po pot deps deps-list deb deb-deps deb-deps-list install demo pictures check check-long unit unit-run unit-build bench clean FORCE
.SECONDARY:

-include $(OBJECTS:.o=.d) $(UNIT_TESTS:=.d)
