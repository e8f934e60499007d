#!/usr/bin/env bash
# Rules of the house that reading the source can prove: seconds, no host.
. "$(dirname "$0")/tap.sh"

code=(installer steps checks)

# forbid WHAT REGEX GREP-ARGUMENT...: grep must find nothing, and have looked at something
forbid() {
	expect_exit 1 "$1" grep -rnE -e "$2" "${@:3}"
}

# --- what steps and the others may call ---

forbid 'steps speak to the machine through verbs only' '#include *<(unistd|fcntl|sqlite3|systemd/sd-bus)\.h>|\bsd_bus_' steps
forbid 'no shell, no function that overruns or races' '\b(system|popen|strcpy|strcat|sprintf|vsprintf|gets|mktemp|tmpnam)\(' \
	--include='*.c' --include='*.h' "${code[@]}"

# --- dependencies point one way ---

only() { # FOLDER REGEX-OF-FOLDERS
	expect_exit 1 "$1 includes only $2" grep -rnP "# *include *\"(?!($2)/)" --include='*.[ch]' "$1"
}
only installer/base 'base'
only installer/host 'base|host'
only installer/mail 'base|host|mail'
only installer/engine 'base|host|mail|engine'
only installer/ensure 'base|host|mail|engine|ensure'
only installer/migrate 'base|host|mail|engine|migrate'
only installer/doctor 'base|host|doctor'
only steps 'base|host|mail|engine|ensure|checks(?=/check\.h")|steps'
only checks 'base|host|mail|engine|checks'

# --- headers ---

read -ra flags < <(make -s --no-print-directory --eval 'print-flags: ; @echo $(ALL_CFLAGS)' print-flags)
alone() {
	local header bad=0 n=0
	while read -r header; do
		n=$((n + 1))
		echo "#include \"$header\"" | gcc "${flags[@]//\'/}" -Werror -fsyntax-only -x c - || bad=1
	done < <(find "${code[@]}" -name '*.h' | sort)
	((n > 40 && bad == 0))
}
check 'every header compiles alone' alone
once() {
	find "${code[@]}" -name '*.h' -exec grep -L '^#pragma once$' {} +
}
expect_text 'every header has its #pragma once' '' once

# --- texts ---

forbid 'no no-break space in an asset' $'\xc2\xa0' assets
# Where this machine gets its packages from is nobody's business; Debian's own servers are known to all.
mirrors=$(apt-get indextargets --format '$(REPO_URI)' 2>/dev/null |
	sed -n 's|^[a-z+]*://\([^/:]*[a-z][^/:]*\.[^/:]*\).*|\1|p' | grep -v '\.debian\.org$' | sort -u | sed 's/\./\\./g' | paste -sd '|') || true
if [[ -n $mirrors ]]; then
	forbid 'no name of a package mirror' "$mirrors" --exclude-dir=.git --exclude-dir=build .
fi

# --- scripts ---

scripts() {
	find . '(' -name .git -o -path ./build ')' -prune -o -type f -exec \
		awk 'FNR == 1 { if (/^#!.*(ba)?sh$|^# shellcheck shell=bash$/) print FILENAME; nextfile }' {} +
}
sound() {
	local script n=0 bad=0
	while read -r script; do
		n=$((n + 1))
		bash -n "$script" || bad=1
	done < <(scripts)
	((n > 8 && bad == 0))
}
check 'every shell script can be parsed' sound

finish
