#!/usr/bin/env bash
# The manual pages, in each language: sound mdoc(7), and readable in 80 columns.
. "$(dirname "$0")/tap.sh"

build=build/i18n
check 'the program writes its pages' make -s --no-print-directory -j"$(nproc)" "BUILD=$build" all

# References to pages of packages that this machine has not are no fault of ours; nor is it that NAME has another name elsewhere.
lint() { # PAGE
	local faults
	faults=$(mandoc -T lint -W warning "$1" | grep -v 'outdated mandoc.db' || true)
	[[ $1 == */man/mailsetup* ]] || faults=$(grep -Ev 'first section is not "NAME"|outside NAME section|NAME section without' <<<"$faults" || true)
	printf '%s' "$faults"
	[[ -z $faults ]]
}
style() { # PAGE
	local faults
	faults=$(mandoc -T lint -W style "$1" | grep -Ev 'outdated mandoc.db|referenced manual not found' || true)
	printf '%s' "$faults"
	[[ -z $faults ]]
}
formats() { # PAGE
	LC_ALL=C.UTF-8 groff -ww -mdoc -Kutf8 -Tutf8 -rLL=78n "$1" >"$scratch/page" 2>"$scratch/faults"
	cat "$scratch/faults"
	[[ -s $scratch/page && ! -s $scratch/faults ]]
}
# Without the escape sequences of bold and italics.
fits() { # PAGE
	MANWIDTH=80 LC_ALL=C.UTF-8 man --encoding=UTF-8 -l "$1" >"$scratch/page" 2>"$scratch/faults" && cat "$scratch/faults" &&
		[[ ! -s $scratch/faults ]] &&
		(($(wc -l <"$scratch/page") > 50)) && ! LC_ALL=C.UTF-8 grep -E '^.{81}' "$scratch/page"
}

mapfile -t pages < <(find "$build/man" -name 'mailsetup*.[58]' | sort)
check 'two pages in each of two languages' test "${#pages[@]}" -ge 4
for page in "${pages[@]}"; do
	check "$page: mandoc finds no fault" lint "$page"
	check "$page: nor with groff" formats "$page"
	check "$page: fits into 80 columns" fits "$page"
done
check 'nor one of style' style "$build/man/mailsetup.8"
check 'nor in the second page' style "$build/man/mailsetup.conf.5"
expect_exit 1 'the French page is another one' cmp -s "$build/man/mailsetup.8" "$build/man/fr/mailsetup.8"
expect_match 'so is the French one' 'mailsetup - ' lexgrog -w "$build/man/fr/mailsetup.8"
expect_match 'what the program is can be searched for' 'mailsetup - turn a bare Debian machine' lexgrog -w "$build/man/mailsetup.8"

finish
