# shellcheck shell=bash
# Roots: a complete Debian in a directory, made once, never changed afterwards.

# Raised when a root is made differently from the same packages.
recipe=3

lab_packages=(
	ansible-core bind9-dnsutils bind9-utils ca-certificates curl dbus debian-archive-keyring dnsmasq-base groff-base
	iproute2 isync libio-socket-inet6-perl libio-socket-ssl-perl libnet-dns-perl libnet-ssleay-perl locales man-db mandoc
	mmdebstrap nsd openssh-client openssl procps python3 python3-dkim python3-jsonschema strace swaks systemd-container
	tmux util-linux zstd
)

# Beside what building needs: the unit tests ask it.
builder_tools=(dnsmasq-base)

server_packages=(systemd systemd-sysv dbus ca-certificates iproute2 netbase procps)

# Downloaded, not installed, with what building needs: what mailsetup and the guide ask for, in any release (spamd: 12 and later), and strace
# to look at it.
mail_packages=(
	openssl bind9-dnsutils dnsutils cron postfix sqlite3 postfix-sqlite dovecot-core dovecot-imapd dovecot-sqlite
	dovecot-lmtpd dovecot-sieve dovecot-managesieved opendkim opendkim-tools spamassassin spamd spamc spamass-milter
	libmail-spf-perl strace
	openssh-server python3 python3-apt # of a host that Ansible can reach
)

cmd_deps() {
	local missing=() package
	for package in "${lab_packages[@]}"; do
		[[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] ||
			missing+=("$package")
	done
	((${#missing[@]} > 0)) || return 0
	# A name server for tests to start: it shall never answer on this machine's own port 53.
	if [[ " ${missing[*]} " == *' nsd '* && ! -e /etc/systemd/system/nsd.service ]]; then
		mkdir -p /etc/systemd/system
		ln -s /dev/null /etc/systemd/system/nsd.service
	fi
	export DEBIAN_FRONTEND=noninteractive
	apt-get -q update
	apt-get -qy install --no-install-recommends "${missing[@]}"
}

# The machine's own Debian mirror. The security suite is left out: it answers 404 for packages that it lists.
mirror() {
	local uri
	# shellcheck disable=SC2016  # apt's own placeholders
	uri=$(apt-get indextargets --format '$(REPO_URI) $(ORIGIN)' 'Created-By: Packages' |
		awk '$2 == "Debian" && $1 !~ /security/ && !seen++ { print $1 }')
	[[ -n $uri ]] || die "no Debian mirror in this machine's apt settings (is apt-get update done?)"
	printf '%s\n' "$uri"
}

build_packages() { # build|package
	local list=() word target=deps-list
	[[ $1 == build ]] || target=deb-deps-list
	read -ra list < <(make -C "$checkout" -s "$target" 2>/dev/null) || true
	((${#list[@]} > 0)) || die "make $target names no package"
	for word in "${list[@]}"; do
		[[ $word =~ ^[a-z0-9][a-z0-9+.-]+$ ]] || die "make $target: '$word' is not a package name"
	done
	printf '%s\n' "${list[@]}" "${builder_tools[@]}" | sort -u
}

# The same for a foreign architecture: Debian's cross compiler, that architecture's libraries, and an emulator that runs what comes of them.
cross_packages() {
	build_packages build | grep -vxFf <(printf '%s\n' "${builder_tools[@]}") | sed 's/-dev$/&:arm64/'
	printf '%s\n' gcc-aarch64-linux-gnu qemu-user-static
}

# What a host may ask for: mailsetup's packages, and what building mailsetup on it needs.
host_downloads() {
	local packages
	packages=$(build_packages build)
	printf '%s\n' "${mail_packages[*]} git ${packages//$'\n'/ }"
}

# A -dev package depends on its library in exactly its own version: this finds the library's name in any release.
runtime_libraries() { # BUILDER
	local dev
	mapfile -t dev < <(build_packages build | grep -e '-dev$' | grep -v cmocka)
	dpkg-query --admindir="$1/var/lib/dpkg" -W -f '${Depends}\n' "${dev[@]}" |
		tr ',' '\n' | sed -n 's/^ *\([^ ]*\) (= .*/\1/p' | grep -v -e '-dev$' | sort -u
}

# Prints the path of the root, made if need be.
ensure_root() { # RELEASE KIND
	local release=$1 kind=$2 packages downloads='' key dir builder
	[[ $release =~ ^[a-z]+$ ]] || die "not a release: '$release'"
	case $kind in
	build | package) packages=$(build_packages "$kind") ;;
	cross) packages=$(cross_packages) ;;
	bare)
		builder=$(ensure_root "$release" build)
		packages=$(printf '%s\n' "${server_packages[@]}" && runtime_libraries "$builder")
		downloads=$(host_downloads)
		;;
	upgrade)
		packages=$(ensure_root "$(release_before "$release")" bare)
		downloads=$(host_downloads)
		;;
	*) die "a root is 'build', 'package', 'cross', 'bare' or 'upgrade', not '$kind'" ;;
	esac
	key=$(printf '%s\n' "$recipe" "$release" "$kind" "$packages" "$downloads" | sha256sum | cut -c1-12)
	dir=$cache/roots/$release-$kind-$key
	[[ -d $dir ]] || make_root "$release" "$kind" "$dir" "$packages" >&2
	printf '%s\n' "$dir"
}

make_root() { # RELEASE KIND DIR PACKAGES
	local release=$1 kind=$2 dir=$3 packages=$4 uri tmp=$3.partial options=()
	uri=$(mirror)
	mkdir -p "$cache/roots"
	exec {lock}>"$dir.lock"
	flock -w 1800 "$lock" || die "another caller has been building $dir for half an hour"
	if [[ ! -d $dir ]]; then
		rm -rf --one-file-system "$tmp"
		if [[ $kind == upgrade ]]; then
			download_upgrade "$release" "$packages" "$tmp"
			mv -T "$tmp" "$dir"
			exec {lock}>&-
			return
		fi
		if [[ $kind == bare ]]; then
			# The debs that made the root itself go; those that a host will ask for come. mmdebstrap fetches no
			# translations, but an apt-get update in the host wants them.
			# shellcheck disable=SC2016  # for mmdebstrap's own shell
			options=(--skip=cleanup/apt/lists,cleanup/apt/cache --customize-hook='
				export APT_CONFIG=$MMDEBSTRAP_APT_CONFIG
				apt-get clean
				apt-get -qq -o Acquire::Languages=en update
				apt-get -qqy --no-install-recommends --download-only install $(
					apt-cache --no-all-versions show '"$(host_downloads)"' 2>/dev/null | sed -n "s/^Package: //p")')
		fi
		[[ $kind != cross ]] || options=(--architectures=amd64,arm64)
		unshare --mount mmdebstrap --quiet --variant=minbase --mode=root --components=main "${options[@]}" \
			--include="${packages//$'\n'/,}" "$release" "$tmp" "$uri"
		[[ $kind != bare ]] || make_it_a_server "$tmp"
		mv -T "$tmp" "$dir"
	fi
	exec {lock}>&-
}

release_before() { # RELEASE
	case $1 in
	bookworm) echo bullseye ;;
	trixie) echo bookworm ;;
	*) die "the lab knows no upgrade to '$1'" ;;
	esac
}

# No root to boot: the lists of a release, and the packages that a mail server of the one before takes from it, which was built there. apt
# itself says which, in that server's place.
download_upgrade() { # RELEASE BARE-ROOT-OF-THE-ONE-BEFORE DIR
	local part packages
	read -ra packages < <(host_downloads)
	mkdir -p "$3/upper" "$3/work" "$3/mnt"
	# shellcheck disable=SC2016  # for the inner shell
	unshare --mount sh -euc '
		mount -t overlay lab "$2/mnt" -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work"
		mount -t proc proc "$2/mnt/proc"
		mount --rbind /dev "$2/mnt/dev"
		cp /etc/resolv.conf "$2/mnt/etc/resolv.conf"
		cd "$2/mnt"
		shift 2
		DEBIAN_FRONTEND=noninteractive exec chroot . sh -eus "$@"
		' lab "$2" "$3" "$1" "${packages[@]}" <<'IN_CHROOT'
release=$1
shift
known() {
	apt-cache --no-all-versions show "$@" 2>/dev/null | sed -n 's/^Package: //p'
}
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
chmod 0755 /usr/sbin/policy-rc.d
apt-get -qqy --no-install-recommends install $(known "$@") </dev/null
apt-get -qq clean
sed -i "s/^\(deb [^ ]*\) [a-z]*/\1 $release/" /etc/apt/sources.list
apt-get -qq -o Acquire::Languages=en update
apt-get -qqy --no-install-recommends --download-only full-upgrade </dev/null
apt-get -qqy --no-install-recommends --download-only install $(known "$@") </dev/null
IN_CHROOT
	for part in lib/apt/lists cache/apt/archives; do
		mkdir -p "$3/var/${part%/*}"
		mv "$3/upper/var/$part" "$3/var/$part"
	done
	# What the overlay hides of the root below.
	find "$3/var" -type c -delete
	rm -rf "$3/upper" "$3/work" "$3/mnt"
}

make_it_a_server() { # DIR
	echo mail >"$1/etc/hostname"
	printf '127.0.0.1\tlocalhost\n127.0.1.1\tmail.exemple.fr mail\n::1\tlocalhost ip6-localhost ip6-loopback\n' \
		>"$1/etc/hosts"
	echo 'nameserver 198.51.100.1' >"$1/etc/resolv.conf"
	: >"$1/etc/machine-id"
	# apt's own index of the lists takes a second to make: once here instead of in every host.
	chroot "$1" apt-get -qq check
}

cmd_root() {
	(($# == 2)) || usage
	ensure_root "$@"
}

cmd_run_in_build() {
	run_in build "$@"
}

cmd_run_in_package() {
	run_in package "$@"
}

cmd_run_in_cross() {
	run_in cross "$@"
}

# The checkout has the same path inside, so that what the compiler and gcov write down is true on both sides. Whatever
# else the command writes goes to a tmpfs: the root stays as it was made, and any number of commands share it.
# The inner shell stays as PID 1: a program that is PID 1 itself does not die of its own signals.
run_in() { # KIND RELEASE CMD...
	(($# >= 3)) || usage
	local root
	root=$(ensure_root "$2" "$1")
	shift 2
	mkdir -p "$cache/scratch"
	# shellcheck disable=SC2016  # for the inner shell
	exec unshare --mount --net --pid --fork --kill-child sh -euc '
		root=$1 checkout=$2 top=$3
		shift 3
		ip link set lo up
		mount -t tmpfs lab "$top"
		mkdir "$top/upper" "$top/work" "$top/mnt"
		mount -t overlay lab "$top/mnt" -o "lowerdir=$root,upperdir=$top/upper,workdir=$top/work"
		mount -t proc proc "$top/mnt/proc"
		mount --rbind /dev "$top/mnt/dev"
		mkdir -p "$top/mnt$checkout"
		mount --bind "$checkout" "$top/mnt$checkout"
		cd "$top/mnt"
		pivot_root . mnt
		umount --lazy /mnt
		cd "$checkout"
		env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
			TERM="${TERM:-dumb}" "$@"
		' lab "$root" "$checkout" "$cache/scratch" "$@"
}

cmd_build() {
	local release=${1:-bullseye}
	(($# == 0)) || shift
	# Held to the end: make knows nothing of another make in the same folder.
	mkdir -p "$checkout/build"
	exec {lock}>"$checkout/build/$release.lock"
	flock -w 1800 "$lock" || die "another build for $release has been at work for half an hour"
	cmd_run_in_build "$release" make -j2 "BUILD=build/$release" WERROR=-Werror "$@"
}
