#!/usr/bin/env bash
# Languages: every text of the sources is in the catalogue and translated; the program finds its language on any machine, and what
# machines read has none.
. "$(dirname "$0")/tap.sh"

build=build/i18n
program=$build/mailsetup
check 'the program and its catalogues build' make -s --no-print-directory -j"$(nproc)" "BUILD=$build" all pot

# --- the catalogue ---

read -ra keywords < <(make -s --no-print-directory --eval 'print: ; @echo $(TEXTS) $(FORMATS)' print)
mapfile -t sources < <(make -s --no-print-directory --eval 'print: ; @printf "%s\n" $(TEXT_SOURCES)' print)
check 'every text in the sources can be translated' python3 tests/i18n/literals.py "$build/mailsetup.pot" "${keywords[@]}" -- "${sources[@]}"
for po in po/*.po; do
	check "$po: directives, header, plurals" msgfmt --check-format --check-domain -o /dev/null "$po"
	check "$po is complete, and says what the English says" python3 tests/i18n/catalogue.py "$build/mailsetup.pot" "$po"
done

# --- its place and its choice ---

help_says() { # WHAT REGEX NAME=VALUE...
	expect_match "$1" "$2" env -i PATH="$PATH" "${@:3}" "$program" help
}
french='^Commandes'
english='^Commands:$'
help_says 'LANG chooses French, though no such locale was generated' "$french" LANG=fr_FR.UTF-8
help_says 'so does a country of its own' "$french" LANG=fr_CA.UTF-8
help_says 'so does LC_MESSAGES' "$french" LANG=en_US.UTF-8 LC_MESSAGES=fr_FR.UTF-8
help_says 'so does a locale of Latin-1' "$french" LANG=fr_FR
help_says 'LANGUAGE goes on to a language that is there' "$french" LANG=de_DE.UTF-8 LANGUAGE=de:fr
help_says 'but not beyond English' "$english" LANG=fr_FR.UTF-8 LANGUAGE=en:fr
help_says 'LC_ALL=C is English' "$english" LC_ALL=C LANG=fr_FR.UTF-8 LANGUAGE=fr
help_says 'no variable is English' "$english" HOME=/root
help_says 'an unknown language is English' "$english" LANG=de_DE.UTF-8
expect_match 'an error is French' '^mailsetup: .*commande' env LC_ALL=fr_FR.UTF-8 "$program" frobnicate

installed() {
	make -s --no-print-directory "BUILD=$build" install DESTDIR="$scratch/root" PREFIX=/usr &&
		LC_ALL=fr_FR.UTF-8 "$scratch/root/usr/sbin/mailsetup" help | grep -q "$french"
}
check 'an installed program finds its catalogue' installed
alone() {
	mkdir "$scratch/alone" && cp "$program" "$scratch/alone" && LC_ALL=fr_FR.UTF-8 "$scratch/alone/mailsetup" help | grep -q "$english"
}
check 'without one it speaks English' alone

# --- machines ---

same() { # ARGUMENT...
	LC_ALL=C "$program" "$@" >"$scratch/c" 2>&1
	LC_ALL=fr_FR.UTF-8 "$program" "$@" >"$scratch/fr" 2>&1
	cmp "$scratch/c" "$scratch/fr"
}
check 'steps --json has no language' same steps --json
check 'verify --list --json has none' same verify --list --json
check 'doctor --list --json has none' same doctor --list --json
check 'an error as JSON has none' same --json frobnicate
check 'nor has one of a parameter' same install --json --domain 'a b'
check 'the completion has none' same help --completion

finish
