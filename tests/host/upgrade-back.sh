#!/usr/bin/env bash
# A server is taken back after its Debian was upgraded: the machine is what it would be, had it been upgraded without mailsetup.
RELEASE=bullseye
. "$(dirname "$0")/lib.sh"

install_here() {
	printf '%s\n' "$password" | on mailsetup install --domain exemple.fr --admin "$admin" --password-stdin --no-verify
}
layers=()
clean_up() {
	local name
	for name in "${hosts[@]}"; do
		lab halt "$name" >&2
	done
	for name in "${layers[@]}"; do
		lab drop "$name" >&2
	done
}
save() { # sets layer
	layer=t-$suite-$$-${#layers[@]}
	layers=("$layer" "${layers[@]}")
	lab save "$host" "$layer"
}
boot_saved() {
	host=t-$suite-$$-${#hosts[@]}
	hosts+=("$host")
	lab boot "$host" --layer "$layer"
	lab mirror "$host" release "$release"
}
upgraded() { # RELEASE: the host at work
	check "(apt takes packages from $1)" to_release "$1"
	capture full_upgrade
	check "(the host is $1)" on grep -q "VERSION_CODENAME=$1" /etc/os-release
	new_program "$1"
}
# What the old release has left goes from all that are compared. A package that is only suggested is such a thing, too: perl, which a
# bare machine has from its upgrade to 12 and keeps for that reason.
tidy() {
	on apt-get -qy --purge -o APT::AutoRemove::SuggestsImportant=false autoremove
}
taken_back() { # WHEN BARE
	expect_match "$1: rollback says that all is as before" '^Everything is as it was before' on mailsetup rollback --yes
	expect_text "$1: dpkg has nothing to complain of" '' on dpkg --audit
	check "$1: (apt-get autoremove)" tidy
	lab manifest "$host" "$scratch/rolled"
	check "$1: the machine is as an upgrade would have left it, each file of it" same_machine "$2" "$scratch/rolled"
	halt
}

release=bullseye
names_of_release
the_program
fresh_host
for next in bookworm trixie; do
	upgraded "$next"
	check "$next: a bare machine is upgraded" tidy
	lab reboot "$host"
	lab manifest "$host" "$scratch/bare.$next"
done
halt

release=bullseye
names_of_release
the_program
fresh_host
check 'install for what follows' install_here
upgraded bookworm
save
boot_saved
taken_back 'from 11 to 12, at once' "$scratch/bare.bookworm"
boot_saved
check 'from 11 to 12: install' on mailsetup install --no-verify
check 'from 11 to 12: (autoremove)' tidy
save
boot_saved
taken_back 'from 11 to 12, after install' "$scratch/bare.bookworm"
boot_saved
upgraded trixie
save
boot_saved
taken_back 'from 12 to 13, at once, with a Dovecot that does not start' "$scratch/bare.trixie"
boot_saved
check 'from 12 to 13: install' on mailsetup install --no-verify
taken_back 'from 12 to 13, after install' "$scratch/bare.trixie"

finish
