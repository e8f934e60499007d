# shellcheck shell=bash
# What the suites share: TAP, hosts that go when the suite ends, a layer with an installed server, mail from outside.
# Each suite sources it first and calls `finish` last.

. "$(dirname "${BASH_SOURCE[0]}")/../tap.sh"

cache=${MAILSETUP_LAB:-/var/cache/mailsetup-lab}
hosts=()
host='' # the one at work
release=${RELEASE:-bullseye}

# The names that differ (installer/engine/release.def).
names_of_release() {
	spamd=spamd postfix_daemon=postfix submissions=submissions
	dovecot_sql=/etc/dovecot/conf.d/auth-sql.conf.ext dovecot_sql_path=sqlite_path dovecot_requests=restart_request_count
	spamd_early=/root/.spamassassin welcomelist_from=welcomelist_from dovecot_clear='auth_allow_cleartext = yes'
	release_after=13 release_breaks='Dovecot does not start'
	[[ $release != bullseye ]] || {
		spamd=spamassassin submissions=smtps welcomelist_from=whitelist_from
		release_after=12 release_breaks='spamd goes into a package of its own'
	}
	[[ $release != trixie ]] || release_after=''
	[[ $release == trixie ]] || {
		postfix_daemon=postfix@-
		dovecot_sql=/etc/dovecot/dovecot-sql.conf.ext dovecot_sql_path=connect dovecot_requests=service_count
		dovecot_clear='disable_plaintext_auth = no'
	}
}
names_of_release

# --- hosts ---

clean_up() {
	local name
	for name in "${hosts[@]}"; do
		lab halt "$name" >&2
	done
}

lab() {
	tests/lab/lab "$@"
}

on() { # CMD...: in the host
	tests/lab/lab exec "$host" "$@"
}

outside() { # CMD...: on this machine, in the host's outside world
	tests/lab/lab out "$host" "$@"
}

as_nobody() { # CMD...: in the host
	on setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"
}

the_program() {
	local built=build/$release/mailsetup
	if [[ -n ${MAILSETUP-} ]]; then
		built=$MAILSETUP
	elif [[ ! -x $built || -n $(find installer steps checks assets po Makefile -type f -newer "$built" -print -quit) ]]; then
		lab build "$release" >&2
	fi
	cp "$built" "$scratch/mailsetup"
	cp -r "$(dirname "$built")/locale" "$scratch"
}
the_program

# boot [LAB-BOOT-ARGUMENT...]: sets host
boot() {
	host=t-$suite-$$-${#hosts[@]}
	hosts+=("$host")
	lab boot "$host" "$release" "$@"
	on sh -c 'echo ready' >/dev/null
}

# As `make install` does.
put_program() {
	lab copy "$host" "$scratch/mailsetup" /usr/local/sbin/mailsetup
	lab copy "$host" "$scratch/locale" /usr/local/share/locale
}

fresh_host() {
	boot "$@"
	put_program
}

halt() { # the host at work
	lab halt "$host"
}

# --- another release of Debian ---

full_upgrade() { # of the host at work, once its mirror has the next release
	on env DEBIAN_FRONTEND=noninteractive apt-get -qy --no-install-recommends \
		-o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold full-upgrade
}
to_release() { # RELEASE: where apt takes packages from
	lab mirror "$host" release "$1" && on sed -i "s/ $release / $1 /" /etc/apt/sources.list && on apt-get -q update
}

new_program() { # RELEASE
	release=$1
	names_of_release
	the_program
	put_program
}

admin=admin@exemple.fr
password=secret-de-l-administrateur

# A booted host on which `mailsetup install --domain exemple.fr --admin ...` was done.
installed_host() {
	local layer
	layer=installed-$({ sha256sum <"$scratch/mailsetup" && lab root "$release" bare; } | sha256sum | cut -c1-12)
	# Made once for all suites. Nothing that outlives the lock may inherit it.
	(
		flock -w 1200 9
		[[ -d $cache/layers/$layer ]] || make_installed "$layer" 9>&-
	) 9>"$cache/installed.lock"
	touch "$cache/layers/$layer"
	boot --layer "$layer"
}

make_installed() { # LAYER
	local old
	mkdir -p "$cache/layers"
	# Those of other programs; one that another suite still stands on stays.
	for old in $(find "$cache/layers" -mindepth 1 -maxdepth 1 -name 'installed-*' -mmin +120 -printf '%f\n'); do
		lab drop "$old" 2>/dev/null || true
	done
	host=t-layer-$$
	trap 'lab halt "$host" >&2' EXIT
	lab boot "$host" "$release"
	put_program
	printf '%s\n' "$password" |
		on mailsetup install --domain exemple.fr --admin "$admin" --password-stdin >"$scratch/layer.log" 2>&1 ||
		{ comment <"$scratch/layer.log" && return 1; }
	on apt-get clean
	lab save "$host" "$1"
}

# Everything that mailsetup may not touch when there is nothing to do. Daemons write /var/log; the other file systems are
# the kernel's, or gone at the next boot.
file_list() { # [FIND-TEST...]
	on find / -xdev '(' -path /var/log -o -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /tmp ')' -prune -o \
		"$@" -printf '%p %i %T@ %C@ %m %U:%G %s\n' | LC_ALL=C sort
}

# A manifest as far as it counts (may-differ.txt).
essence() { # FILE
	awk -F '\t' -v OFS='\t' '
		FNR == NR { if ($0 !~ /^#/) { sub(/ # .*/, ""); pattern[++n] = substr($0, index($0, " ") + 1); what[n] = $0; sub(/ .*/, "", what[n]) } next }
		{
			for (i = 1; i <= n; i++)
				if ($0 ~ pattern[i]) {
					if (what[i] == "all") next
					$6 = $7 = "-"
				}
			print
		}' tests/host/may-differ.txt "$1" | LC_ALL=C sort
}
same_machine() { # MANIFEST MANIFEST
	(($(wc -l <"$1") > 1000 && $(grep -c '^all\|^content' tests/host/may-differ.txt) <= 25)) || { echo "nothing to compare in $1" && return 1; }
	diff <(essence "$1") <(essence "$2")
}

json_lines() { # FILE: each line is a JSON document
	/usr/bin/python3 -c 'import json, sys
n = 0
for line in open(sys.argv[1], encoding="utf-8"):
    json.loads(line)
    n += 1
sys.exit(n == 0)' "$1"
}

# The checks of that state in what `verify --json` wrote, without the two that a lab cannot answer.
verdict() { # FILE ok|failed|unknown
	/usr/bin/python3 -c 'import json, sys
events = [json.loads(line) for line in open(sys.argv[1])]
assert events[-1]["event"] == "summary", events[-1]
print(*(e["check"] for e in events if e.get("state") == sys.argv[2] and e["check"] not in ("clock", "outbound")))' "$@"
}

within() { # SECONDS CMD...: polls
	local end=$((SECONDS + $1))
	until "${@:2}"; do
		((SECONDS < end)) || return 1
		sleep 0.3
	done
}

# --- accounts and mail ---

database=/etc/postfix/bdd/postfix.sqlite

sql() { # STATEMENT
	on sqlite3 -cmd '.timeout 5000' "$database" "$1"
}

add_mailbox() { # ADDRESS PASSWORD
	local hash
	hash=$(on doveadm pw -s SHA512-CRYPT -p "$2")
	sql "INSERT INTO postfix_utilisateurs (utilisateur, mot_de_passe, nom_complet, rep_perso, uid, gid, privilege, prefixe, active)
		VALUES ('$1', '$hash', '', '${1#*@}/${1%@*}/', 3000, 3000, 'utilisateur', '', 1)"
}

add_alias() { # ADDRESS DESTINATION
	sql "INSERT INTO postfix_alias_virtuels (courriel, destination, active) VALUES ('$1', '$2', 1)"
}

# The TXT value that the key's own file wants published.
dkim_record() { # DOMAIN [SELECTOR]
	on cat "/etc/dkimkeys/clefs/$1/${2-mail}.txt" | grep -o '"[^"]*"' | tr -d '"\n'
}

publish_key() { # DOMAIN [SELECTOR]
	lab dns "$host" txt "${2-mail}._domainkey.$1" "$(dkim_record "$@")"
}

# A stranger's dialogue; the arguments that come later win.
swaks_out() { # SWAKS-ARGUMENT...
	outside timeout 120 swaks --timeout 60 --server 198.51.100.10 --ehlo mx.dehors.example --from quelqu.un@dehors.example "$@"
}

as_user() { # ADDRESS PASSWORD SWAKS-ARGUMENT...: by port 587
	swaks_out --port 587 --tls --auth PLAIN --auth-user "$1" --auth-password "$2" --from "$1" "${@:3}"
}

# A server of a test listens on port 25 of mx.dehors.example.
sink_listens() {
	[[ -n $(outside ss -Hlnt 'sport = :25') ]]
}

imap() { # ADDRESS PASSWORD FOLDER CURL-ARGUMENT...
	outside curl -sSk --max-time 30 --user "$1:$2" "imaps://198.51.100.10/$3" "${@:4}"
}

imap_find() { # ADDRESS PASSWORD FOLDER SUBJECT: the number of the last such message
	imap "$1" "$2" "$3" -X "SEARCH HEADER Subject \"$4\"" | tr -d '\r' | sed -n 's/^\* SEARCH.* \([0-9]*\)$/\1/p'
}

# Prints the message, which may still be on its way.
read_mail() { # ADDRESS PASSWORD FOLDER SUBJECT
	local n end=$((SECONDS + 40))
	until n=$(imap_find "$@") && [[ -n $n ]]; do
		((SECONDS < end)) || return 1
		sleep 0.5
	done
	imap "$1" "$2" "$3;MAILINDEX=$n"
}

# The certificate of port 993, which mbsync is told to trust.
served_certificate() {
	outside timeout 20 openssl s_client -connect 198.51.100.10:993 </dev/null 2>/dev/null | openssl x509
}

# mbsync(1) from outside, by $scratch/mbsyncrc: all folders of the account, into $scratch/near.
configure_mbsync() { # ADDRESS PASSWORD
	mkdir -p "$scratch/near"
	served_certificate >"$scratch/certificate"
	cat >"$scratch/mbsyncrc" <<END
IMAPAccount far
Host 198.51.100.10
User $1
Pass $2
SSLType IMAPS
SystemCertificates no
CertificateFile $scratch/certificate

IMAPStore far
Account far

MaildirStore near
Path $scratch/near/
Inbox $scratch/near/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns *
Create Near
Sync All
SyncState *
CopyArrivalDate yes
END
}
