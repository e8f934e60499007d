#!/usr/bin/env bash
# What people see: the real program in tmux, at 60, 80 and 120 columns, in UTF-8 and in the C locale, in each language.
. "$(dirname "$0")/lib.sh"

socket=mailsetup-test-$$
cat >"$scratch/tmux.conf" <<'CONF'
set -g status off
set -g history-limit 50000
CONF
tm() {
	LC_ALL=C.UTF-8 tmux -L "$socket" -f "$scratch/tmux.conf" "$@"
}
clean_up_hosts=$(declare -f clean_up | sed '1s/clean_up/halt_hosts/')
eval "$clean_up_hosts"
clean_up() {
	tm kill-server 2>/dev/null
	halt_hosts
}

# window NAME WIDTH CMD...: a shell command at work in a window of its own, on this machine
window() {
	tm new-session -d -s "$1" -x "$2" -y 50 "${*:3}; printf '\n@@@ end %s\n' \$?; sleep 1000"
}
# Lines as they were written, the terminal's own wrapping undone, without the blanks at their ends.
seen() { # NAME [CAPTURE-OPTION...]
	tm capture-pane -p -J -t "$1" "${@:2}" | sed 's/ *$//'
}
await() { # NAME REGEX SECONDS
	local i
	for ((i = 0; i < $3 * 5; i++)); do
		! seen "$1" -S - | grep -Eq -e "$2" || return 0
		sleep 0.2
	done
	return 1
}
# What is there to be copied is never broken: lines of a diff, records of the DNS, remedies, log lines.
copied='^    [-+@ ]|^ *(→|->) |\bIN (A|AAAA|MX|TXT|PTR|SRV|CAA|TLSA)\b|v=(spf1|DKIM1|DMARC1)'
narrow() { # WIDTH FILE
	! grep -Ev -e "$copied" "$2" | LC_ALL=C.UTF-8 grep -E "^.{$(($1 + 1))}"
}
ascii() { # FILE
	! LC_ALL=C grep -n '[^ -~]' "$1"
}
# No word of mailsetup's own can tell that an escape sequence went wrong: what tmux does not know it shows or swallows.
clean() { # FILE
	! grep -En '\[[0-9;?]*[A-Za-z]$|\[K|\^\[' "$1"
}

# --- all that answers, in one window for each kind of terminal ---

installed_host
on sh -c 'printf "Subject: waits\n\nx\n" | sendmail -f admin@exemple.fr nobody@example.org' || true
on mailsetup user add jean@exemple.fr --name 'Jérôme Dupont, comptabilité' --password-stdin <<<"$password" >/dev/null
commands=(
	'help' 'install --help' 'help user add' 'help migrate-maildir' 'steps' 'steps --verbose' 'steps --tree' 'status' 'status --tree'
	'plan --no-pager' 'verify --no-mail' 'verify --list' 'user list' 'user show jean@exemple.fr' 'domain list' 'alias list' 'virtual-alias list'
	'dkim list' 'dns' 'dns --check' 'queue list' 'doctor' 'doctor --list' 'user show nobody@exemple.fr' 'nonsense' 'user'
)
for c in "${commands[@]}"; do
	printf 'echo "@@@ %s"; mailsetup %s\n' "$c" "$c"
done >"$scratch/commands"
lab copy "$host" "$scratch/commands" /root/commands

# look WIDTH KIND LANGUAGE NAME=VALUE...
look() {
	local name=$2-$3-$1 part
	window "$name" "$1" "tests/lab/lab exec $host env TERM=screen-256color ${*:4} sh /root/commands"
	check "$name: all commands answer" await "$name" '^@@@ end' 120
	seen "$name" -S - >"$scratch/$name"
	csplit -s -z -f "$scratch/$name." "$scratch/$name" '/^@@@ /' '{*}'
	for part in "$scratch/$name."*; do
		tail -n +2 "$part" >"$part.text"
		check "$name: $(sed '1s/^@@@ //;q' "$part") fits" narrow "$1" "$part.text"
		[[ $2 != ascii ]] || check "$name: and is ASCII" ascii "$part.text"
	done
	check "$name: no sequence is shown" clean "$scratch/$name"
	expect_text "$name: the cursor is there" 1 tm display-message -p -t "$name" '#{cursor_flag}'
	tm kill-session -t "$name"
}
for width in 60 80 120; do
	look "$width" utf8 en LC_ALL=C.UTF-8
	look "$width" ascii en LC_ALL=C
	for catalogue in "$scratch"/locale/*/LC_MESSAGES; do
		language=$(basename "$(dirname "$catalogue")")
		look "$width" utf8 "$language" LC_CTYPE=C.UTF-8 "LANG=$language.UTF-8"
	done
done

finish
