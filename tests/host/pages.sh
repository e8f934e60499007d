#!/usr/bin/env bash
# What README.md and INSTALL.md tell their reader to type, run on hosts where nothing is installed, from the clone to the
# rollback, and compared with what they print (pages.py says how). Under 6 minutes.
#
#   tests/host/pages.sh [fr] [--update]     fr: LISEZMOI.md and INSTALL.fr.md, the program speaking French
#                                           --update: rewrites what the pages print, from what was seen
. "$(dirname "$0")/lib.sh"

# What can be cloned: this work tree, changes that are not committed yet included.
bare_repository() {
	local commit
	commit=$(git stash create)
	git init -q --bare "$scratch/mailsetup.git"
	git push -q "file://$scratch/mailsetup.git" "${commit:-HEAD}:refs/heads/main"
	git -C "$scratch/mailsetup.git" symbolic-ref HEAD refs/heads/main
}

# --- for the preparations that the pages ask for ---

world_listens() { # on port 25 of mx.dehors.example
	sink_listens || {
		outside timeout 900 /usr/bin/python3 -c 'import os, socket, sys
print(os.getpid(), file=open(sys.argv[1], "w"))
listener = socket.create_server(("198.51.100.99", 25))
while True: listener.accept()[0].close()' "$scratch/listener" >/dev/null 2>&1 &
		within 10 sink_listens
	}
}
world_is_deaf() {
	kill "$(<"$scratch/listener")" && rm "$scratch/listener"
}
stands_there() { # [--unpack] PACKAGE [FIELD...]: a package without content
	local how=--install
	[[ $1 != --unpack ]] || { how=$1 && shift; }
	rm -rf "$scratch/deb" && mkdir -p "$scratch/deb/DEBIAN"
	printf '%s\n' "Package: $1" 'Version: 1.0' 'Architecture: all' 'Maintainer: Nobody <nobody@exemple.fr>' "${@:2}" \
		'Description: stands for another one' >"$scratch/deb/DEBIAN/control"
	dpkg-deb --root-owner-group --build "$scratch/deb" "$scratch/$1.deb"
	lab copy "$host" "$scratch/$1.deb" /tmp/
	on dpkg "$how" "/tmp/$1.deb"
}
old_archive() { # /root/old.tar.gz, as an old server has it
	local box=$scratch/old/exemple.fr n
	mkdir -p "$box"/{lucie,lucie/.Sent,louis}/{cur,new,tmp}
	message() { # FILE
		printf 'From: quelqu.un@dehors.example\nTo: lucie@exemple.fr\nSubject: %s\nMessage-ID: <%s@dehors.example>\n\nBonjour.\n' \
			"${1##*/}" "${1##*/}" >"$1"
	}
	for n in {100..183}; do message "$box/lucie/cur/1700000$n.M1P1.ancien:2,S"; done
	for n in {200..241}; do message "$box/lucie/.Sent/cur/1700000$n.M1P1.ancien:2,S"; done
	for n in {300..311}; do message "$box/louis/new/1700000$n.M1P1.ancien"; done
	: >"$box/lucie/cur/1.vide"
	: >"$box/lucie/dovecot.index.cache"
	tar -C "$scratch/old" -czf "$scratch/old.tar.gz" exemple.fr
	lab copy "$host" "$scratch/old.tar.gz" /root/
}
export -f lab on outside within sql dkim_record publish_key sink_listens swaks_out world_listens world_is_deaf stands_there old_archive
export scratch

clean_up() {
	[[ ! -e $scratch/listener ]] || kill "$(<"$scratch/listener")" 2>/dev/null
	local name
	for name in "${hosts[@]}"; do
		lab halt "$name" >&2
	done
}

pages=(INSTALL.md README.md)
export PAGES_LANG=C.UTF-8
if [[ ${1-} == fr ]]; then
	pages=(INSTALL.fr.md LISEZMOI.md)
	PAGES_LANG=fr_FR.UTF-8
	shift
	check 'both languages have the same commands in the same order' /usr/bin/python3 tests/host/pages.py --same INSTALL.md INSTALL.fr.md
	check 'in the short pages, too' /usr/bin/python3 tests/host/pages.py --same README.md LISEZMOI.md
fi

check 'their links lead somewhere' /usr/bin/python3 tests/host/pages.py --links "${pages[@]}" CONTRIBUTING.md docs/*.md tests/lab/README.md

bare_repository
boot
bare=$host
put_program
boot
lab copy "$host" "$scratch/mailsetup.git" /root/mailsetup.git

mkdir -p build
/usr/bin/python3 -u tests/host/pages.py "$@" "$host" "$bare" "build/${pages[0]}.json" "${pages[@]}" | tee "$scratch/tap" || true
number=$((number + $(grep -cE '^(not )?ok ' "$scratch/tap")))
failed=$((failed + $(grep -c '^not ok ' "$scratch/tap" || true)))
graph() { # the edges that the short page draws, and those of the program
	diff <(sed -n '/^```mermaid/,/^```$/s/^ *\(.*\) --> \(.*\)/\1 \2/p' "${pages[1]}" | sort) \
		<(on mailsetup steps --dot | sed -n 's/.*"\(.*\)" -> "\(.*\)";/\1 \2/p' | sort)
}
commands_told() { # in the table of the short page
	local name
	while read -r name; do
		grep -q "^| .*\`$name[ \`].* |" "${pages[1]}" || { echo "$name is missing" && return 1; }
	done < <(sed -n 's/^COMMAND(\(.*\))/\1/p' installer/cli/commands.def | tr _ -)
}
check "every command is in ${pages[1]}" commands_told
host=$bare
check "the picture in ${pages[1]} is the graph" graph
check 'few commands are shown without being run' test "$(grep -c '^# .* commands not run' "$scratch/tap")" -lt 10

finish
