#!/usr/bin/env bash
# What people see: the real program in tmux, at 60, 80 and 120 columns, in UTF-8 and in the C locale, in each language.
. "$(dirname "$0")/lib.sh"

socket=mailsetup-test-$$
cat >"$scratch/tmux.conf" <<'CONF'
set -g exit-empty off
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
copied='^    [-+@ ]|^ *(→|->) |[[:space:]]IN[[:space:]]+(A|AAAA|MX|TXT|PTR|SRV|CAA|TLSA)[[:space:]]|v=(spf1|DKIM1|DMARC1)'
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
	[[ $3 == en ]] || expect_exit 1 "$name: it speaks another language" diff -q "$scratch/$name.01.text" "$scratch/$2-en-$1.01.text"
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

# --- colours, quiet, and where there is no terminal ---

escape=$'\033'
coloured() { # NAME=VALUE...
	window colours 80 "tests/lab/lab exec $host env TERM=screen-256color LC_ALL=C.UTF-8 $* mailsetup status" && await colours '^@@@ end' 30
	local status=$?
	seen colours -e -S - >"$scratch/colours"
	tm kill-session -t colours
	((status == 0)) && grep -q "$escape" "$scratch/colours"
}
check 'a terminal has colours' coloured
expect_exit 1 'none with NO_COLOR' coloured NO_COLOR=1
expect_exit 1 'nor on a dumb terminal' coloured TERM=dumb
# A pseudo-terminal that keeps every byte.
raw() { # NAME=VALUE... mailsetup ARGUMENT...
	on env "$@" >"$scratch/raw" 2>&1 </dev/null
	! grep -q -e "$escape" -e $'\r' "$scratch/raw" || { cat -v "$scratch/raw" | head; return 1; }
}
check 'no escape sequence into a pipe' raw TERM=screen-256color mailsetup status
check 'nor from verify' raw TERM=screen-256color mailsetup verify --no-mail
check 'nor from an install' raw TERM=screen-256color mailsetup install --no-verify
silent() {
	window silent 80 "tests/lab/lab exec $host env TERM=screen-256color LC_ALL=C.UTF-8 mailsetup $*" && await silent '^@@@ end' 60
	seen silent -S - >"$scratch/silent"
	tm kill-session -t silent
	cat "$scratch/silent"
	[[ $(tr -d '\n' <"$scratch/silent") == '@@@ end 0' ]]
}
for c in 'install --quiet' 'install --quiet --no-verify' 'verify --quiet --no-mail' 'plan --quiet' 'user disable jean@exemple.fr --quiet' \
	'user enable jean@exemple.fr --quiet' 'user delete jean@exemple.fr --quiet'; do
	check "$c shows nothing" silent "$c"
done
halt

# --- an install, looked at while it runs, in a window that changes its width ---

boot
put_program
live='^\[ ?[0-9]+/[0-9]+\]   [a-z]'
printf '%s\n' "$password" >"$scratch/password"
window install 80 "tests/lab/lab exec $host env TERM=screen-256color LC_ALL=C.UTF-8 mailsetup install --domain exemple.fr --admin $admin --password-stdin <$scratch/password"
frames=0
lives=0
bars=0
resized=0
bad=
for ((i = 0; i < 1200; i++)); do
	seen install -S - >"$scratch/frame"
	! grep -q '^@@@ end' "$scratch/frame" || break
	frames=$((frames + 1))
	n=$(grep -Ec "$live" "$scratch/frame" || true)
	((n <= 1)) || bad+="frame $frames has $n live lines
$(cat "$scratch/frame")
"
	lives=$((lives + n))
	# The live line is the last one, and has not been broken.
	((n == 0)) || grep . "$scratch/frame" | tail -n 1 | grep -Eq "$live" || bad+="frame $frames: something stands below the live line
$(cat "$scratch/frame")
"
	if ((n == 1)) && grep -E "$live" "$scratch/frame" | grep -q '█'; then
		bars=$((bars + 1))
		case $bars in
		3) tm resize-window -t install -x 60 && resized=$((resized + 1)) ;;
		8) tm resize-window -t install -x 120 && resized=$((resized + 1)) ;;
		13) tm resize-window -t install -x 70 && resized=$((resized + 1)) ;;
		esac
		# What was drawn in a wider window stands until the next redraw.
		sleep 0.5
	fi
	sleep 0.1
done
printf '%s' "$bad" >"$scratch/output"
record "$([[ -z $bad ]] && echo 0 || echo 1)" "one live line at most, never broken, in $frames looks"
record "$( ((lives >= 5 && bars >= 3)) && echo 0 || echo 1)" "it was seen $lives times, with its bar $bars times"
record "$( ((resized >= 1)) && echo 0 || echo 1)" "the window changed its width $resized times meanwhile"
check 'the install ended well' grep -q '^@@@ end 0$' "$scratch/frame"
expect_exit 1 'nothing of the live line is left' grep -E "$live|█|░" "$scratch/frame"
expect_text 'each step has its line, once' 20 grep -Ec '^\[ ?[0-9]+/20\] ✓ ' "$scratch/frame"
expect_text 'the cursor is there' 1 tm display-message -p -t install '#{cursor_flag}'

finish
