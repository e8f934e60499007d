#!/usr/bin/env bash
# Hostile names and passwords, through every command that takes one: refused, or stored literally, never interpreted.
. "$(dirname "$0")/lib.sh"

password_of_admin=$password
installed_host

settings() {
	on sh -c 'cd / && find etc/postfix etc/dovecot etc/dkimkeys etc/opendkim* -type f ! -path "*/bdd/*" -exec sha256sum {} + | sort'
}
settings >"$scratch/settings"
lab copy "$host" tests/host/names.pl /root/names.pl
on perl /root/names.pl >"$scratch/names" || true
[[ -s $scratch/names ]] || record 1 'names.pl ran'
while IFS= read -r line; do
	case $line in
	'ok - '*) record 0 "${line#ok - }" ;;
	'not ok - '*) : >"$scratch/output" && record 1 "${line#not ok - }" ;;
	*) printf '%s\n' "$line" ;;
	esac
done <"$scratch/names"

# --- the maps, asked for such names by a stranger ---

maps_hold() {
	local name map
	for name in "' OR 1=1 --" "x' UNION SELECT 'y" '%s' '%u' "admin@exemple.fr' --" '\' "a,admin@exemple.fr"; do
		for map in utilisateurs alias alias-vituels domaines expediteurs liste-noire-destinataires liste-noire-expediteurs; do
			[[ -z $(on postmap -q "$name" "sqlite:/etc/postfix/sqlite-$map.cf" 2>&1) ]] || { echo "$map gives something for $name" && return 1; }
		done
	done
}
check 'the maps give nothing for them' maps_hold

# --- passwords ---

printf 'motdepasse\n' | on mailsetup user add jean@exemple.fr --password-stdin >/dev/null
try_password() { # PASSWORD
	printf '%s\n' "$1" | on mailsetup user passwd jean@exemple.fr --password-stdin
}
holds() { # PASSWORD: set, then Dovecot takes it; a long one not without its last byte (which takes Dovecot seconds to say)
	try_password "$1" >/dev/null && on doveadm auth test -- jean@exemple.fr "$1" &&
		{ ((${#1} < 73)) || ! on doveadm auth test -- jean@exemple.fr "${1%?}"; }
}
long=$(printf 'x%.0s' {1..73})
for password in "${long}" "$(printf 'y%.0s' {1..511})" 'deux:points:ici' '{PLAIN}motdepasse' '-motdepasse' "' OR 1=1 --" $'\u00e9t\u00e9-d-ici' \
	$'e\u0301te\u0301-d-ici' '%{user}%d$x`id`' '  espaces  ' "guillemets\"'\\"; do
	check "password ${password:0:24}: taken literally" holds "$password"
done
check 'NFC is not NFD' sh -c '! tests/lab/lab exec "$0" doveadm auth test -- jean@exemple.fr "$1"' "$host" $'\u00e9t\u00e9-d-ici'
hash_now() {
	sql "SELECT mot_de_passe FROM postfix_utilisateurs WHERE utilisateur = 'jean@exemple.fr'"
}
hash_now >"$scratch/hash"
for password in '' court "$(printf 'z%.0s' {1..512})" "$(printf 'z%.0s' {1..4096})" $'tabu\tlation' $'octets\xff\xfe-ici' $'echap\x1b[31m-ici'; do
	expect_exit 2 "password of ${#password} characters that is none: refused" try_password "$password"
done
with_nul() {
	printf 'motde\0passe-ici\n' | on mailsetup user passwd jean@exemple.fr --password-stdin
}
expect_exit 2 'a NUL byte in a password: refused' with_nul
in_csv() {
	printf 'address,password\nx@exemple.fr,"mot\nde-passe-ici"\n' | on mailsetup user import -
}
expect_exit 2 'a line end in a password of a file: refused' in_csv
hash_now >"$scratch/hash-after"
expect_same 'and the password is what it was' "$scratch/hash" "$scratch/hash-after"

# --- all is as before ---

settings >"$scratch/settings-after"
expect_same 'no file of the mail programs has changed' "$scratch/settings" "$scratch/settings-after"
check 'Dovecot answers' imap "$admin" "$password_of_admin" '' -X NOOP
expect_match 'Postfix too' ' 250 2\.1\.5' swaks_out --tls --to "$admin" --quit-after RCPT

finish
