#!/usr/bin/env bash
# Every command with --json, on a real host, where it does what it is asked and where it does not: docs/schema.json describes each line,
# and no key that is not described. Under 3 minutes.
. "$(dirname "$0")/lib.sh"

said=$scratch/said
mkdir "$said"
: >"$said/cases"
n=0

# says STATUS WHAT ARGUMENT...: with --json. Standard input is its own.
says() {
	local status=0 name=$3
	[[ ! ${4-} =~ ^[a-z]+$ ]] || ! grep -qx -e "$3-$4" "$said/leaves" || name=$3-$4
	[[ $name != --* ]] || name=${name#--}
	n=$((n + 1))
	on timeout 120 mailsetup "${@:3}" --json >"$said/$n" 2>"$said/$n.talk" || status=$?
	printf '%s %s %s %s %s\n' "$n" "$name" "$1" "$status" "$2" >>"$said/cases"
}
asks() { # the same, with nothing on standard input
	says "$@" </dev/null
}
last() { # EXPRESSION over `d`, the last line of what was said last: "True" where it is so
	/usr/bin/python3 -c 'import json, sys
d = json.loads(open(sys.argv[1], encoding="utf-8").read().splitlines()[-1])
print(eval(sys.argv[2]))' "$said/$n" "$1"
}
so() { # WHAT EXPRESSION
	expect_text "$1" True last "$2"
}

fresh_host
on mailsetup help --json >"$said/help"
tests/host/schema.py leaves "$said" >"$said/leaves"
check '(commands are found)' grep -qx user-add "$said/leaves"
check 'help --schema is the schema' cmp docs/schema.json <(on mailsetup help --schema)

# --- a bare machine ---

asks 0 'all' help
asks 0 'of one action' help user add
asks 2 'of none' help nix
asks 0 'is one document' --version
asks 0 'all of them' steps
asks 2 'an argument too many' steps x
asks 0 'what would be done' plan --domain exemple.fr
so 'plan counts what it shows' 'd["changes"] == sum(len(s["differences"]) for s in d["steps"]) > 50'
asks 2 'without a domain' plan
asks 0 'nothing is installed' status
asks 2 'an unknown option' status --nonsense
asks 2 'a tree, which is no JSON' status --tree
for name in user alias virtual-alias block-sender block-recipient domain; do
	asks 3 'of no server' "$name" list
done
asks 3 'of no server' dkim list
asks 3 'of no server' dns
asks 3 'of no server' check-upgrade 12
asks 3 'of no server' export /root/server
asks 2 'of no file' install --from /root/server
asks 3 'of no server' verify
asks 0 'lists its checks' verify --list
asks 3 'of no server' queue list
asks 2 'nothing to go on with' resume
asks 0 'nothing to take back' rollback --yes
so 'and says that nothing was changed' 'not d["changed"]'

# --- an install that stops, and goes on ---

on apt-get clean
lab mirror "$host" miss 'dovecot-sqlite_*'
says 1 'a package is missing' install --domain exemple.fr --admin "$admin" --password-stdin <<<"$password"
expect_match 'the step that failed is named' '"event":"step-failed","step":"packages"' cat "$said/$n"
so 'the error says what to do' '"resume" in d["next"]'
lab mirror "$host" reset
asks 0 'to the end' resume
so 'it has changed something' 'd["changed"] and d["changes"] > 10'
asks 0 'again' install
so 'nothing was changed' 'not d["changed"] and d["changes"] == 0'

on sqlite3 /var/lib/mailsetup/state.db "INSERT INTO note (name, value) VALUES ('moved', '1+records+networks')"
asks 0 'the end of a move' install
so 'says what is left of it' 'd["left"] == ["mail", "records", "networks", "queue"] and d["networks"] == []'
asks 0 'and once told' install
so 'does not say it again' '"left" not in d'

# --- questions ---

asks 0 'of a server' status
so 'each step has its time' 'all(s["finished"] and s["seconds"] >= 0 for s in d["steps"] if s["status"] == "done")'
asks 0 'nothing to do' plan
# After the newest there is none: that answer cannot be seen, as the judgement says.
never_asked=''
[[ -n $release_after ]] || never_asked='a command that was not asked: check-upgrade'
upgrade() { # ASKS WHAT
	[[ -z $release_after ]] || "$@" check-upgrade "$release_after"
}
upgrade asks 0 'what the next Debian would bring'
[[ -z $release_after ]] || so 'what breaks is named' "any('$release_breaks' in b for b in d['breaks']) and d['blockers'] == []"
asks 2 'of the one that is there' check-upgrade "$release"
asks 2 'of no release' check-upgrade 99
says 0 'a server in a file' export /root/server --passphrase-stdin <<<'quatre mots bien secrets'
so 'export counts' 'd["file"] == "/root/server" and d["accounts"] == 1 <= d["rows"] and d["dkim_keys"] == 1'
asks 4 'not over a file' export /root/server
asks 2 'without a passphrase' export /root/other
says 4 'onto an installed machine' install --from /root/server --passphrase-stdin <<<'quatre mots bien secrets'
says 4 'nor is one shown' plan --from /root/server --passphrase-stdin <<<'quatre mots bien secrets'
asks 0 'proves' verify --only vrfy,relay
asks 2 'a check that is none' verify --only nonsense
asks 0 'the records' dns
asks 0 'are asked for' dns --check
so 'the required ones are right' 'd["ok"] is True and d["right"] > 2'
asks 0 'nobody answers' dns --check --server 198.51.100.77
so 'that is no good news' 'd["ok"] is None and d["unknown"] > 2 and all(r["note"] for r in d["records"])'
lab dns "$host" stop
lab dns "$host" reset
asks 2 'of another domain' dns dehors.example
asks 0 'the last week' doctor
asks 2 'a span that is none' doctor --since yesterday
asks 0 'what it knows' doctor --list

# --- rows ---

rows() { # KIND KEY [ARGUMENT-OF-ADD...]
	local kind=$1 key=$2
	asks 0 'all of them' "$kind" list
	asks 0 'one' "$kind" show "$key"
	asks 2 'none' "$kind" show nobody.example
	asks 0 'off' "$kind" disable "$key"
	so "$kind disable says that it changed something" 'd["changed"]'
	asks 0 'off already' "$kind" disable "$key"
	so 'and not the second time' 'not d["changed"]'
	asks 2 'none' "$kind" disable nobody.example
	asks 0 'on' "$kind" enable "$key"
	asks 2 'none' "$kind" enable nobody.example
	asks 0 'gone' "$kind" delete "$key"
	asks 2 'none' "$kind" delete nobody.example
}
csv() { # KIND LINE LINE BAD-LINE
	local kind=$1
	says 0 'a file' "$kind" import - < <(printf '%s\n' "$2" "$3")
	so "$kind import counts" 'd["changed"] and d["added"] == 1'
	says 0 'the same again' "$kind" import - < <(printf '%s\n' "$2" "$3")
	so 'and finds what is there' 'not d["changed"] and d["present"] == 1'
	says 2 'with a bad line' "$kind" import - < <(printf '%s\n' "$2" "$3" "$4")
	expect_match 'which is named' '"event":"bad-line","line":3' cat "$said/$n"
}

says 0 'made' user add jean@exemple.fr --name 'Jean Dupont' --password-stdin <<<'un-mot-de-passe'
says 4 'there already' user add jean@exemple.fr --password-stdin <<<'un-mot-de-passe'
says 0 'another one' user passwd jean@exemple.fr --password-stdin <<<'un-autre-mot'
says 2 'of nobody' user passwd nobody@exemple.fr --password-stdin <<<'un-autre-mot'
csv user address,name,password 'lucie@exemple.fr,Lucie,le-mot-de-lucie' 'paul@nulle.part,Paul,le-mot-de-paul'
asks 0 'made' alias add www-data jean@exemple.fr
asks 4 'there already' alias add www-data jean@exemple.fr
rows alias www-data
csv alias name,destination 'cron,jean@exemple.fr' 'a@b@c,jean@exemple.fr'
asks 0 'gone' alias delete cron
asks 0 'made' virtual-alias add contact@exemple.fr jean@exemple.fr,lucie@exemple.fr
asks 2 'of another domain' virtual-alias add contact@nulle.part jean@exemple.fr
rows virtual-alias contact@exemple.fr
csv virtual-alias address,destination 'info@exemple.fr,lucie@exemple.fr' 'boucle@exemple.fr,rien'
asks 0 'made' block-sender add tata@tata.fr 554 Parle à ma main.
asks 2 'a code that is none' block-sender add tata@tata.fr 200 oui
rows block-sender tata@tata.fr
csv block-sender address,code,message 'titi.fr,554,non' 'toto.fr,200,oui'
asks 0 'made' block-recipient add ancien@exemple.fr 550 5.1.6 parti
asks 2 'an action that is none' block-recipient add ancien@exemple.fr PERHAPS
rows block-recipient ancien@exemple.fr
csv block-recipient address,action 'vieux@exemple.fr,REJECT' 'neuf@exemple.fr,PERHAPS'
asks 0 'made' domain add toto.fr
so 'a domain is named' 'd["changed"] and d["domain"] == "toto.fr"'
asks 4 'there already' domain add toto.fr
rows domain toto.fr

# --- keys ---

asks 0 'of all domains' dkim list
asks 0 'a new key' dkim rotate exemple.fr
so 'with its record' 'd["signs"] == "mail" and d["owner"] == d["selector"] + "._domainkey.exemple.fr." and d["value"].startswith("v=DKIM1")'
asks 3 'that is not published' dkim rotate exemple.fr
asks 0 'that signs nevertheless' dkim rotate exemple.fr --force
asks 0 'of which one has signed' dkim list
asks 0 'the old one' dkim retire exemple.fr mail
so 'both are named, and when it signed' '(d["domain"], d["selector"]) == ("exemple.fr", "mail") and d["signed_until"].endswith("Z")'
asks 2 'none' dkim retire exemple.fr mail

# --- the queue ---

deferred() {
	on mailsetup queue list --json | grep -q '"queue":"deferred".*"reason":"[^"]'
}
printf 'Subject: un\n\nle corps\xff\n' | on sendmail -f jean@exemple.fr un@dehors.example
check 'a message waits' within 20 deferred
asks 0 'one message' queue list
id=$(last 'd["messages"][0]["id"]')
asks 0 'of which all is shown' queue show "$id"
asks 0 'whose story is told' doctor --mail "$id"
for action in hold release requeue flush delete; do
	asks 2 'none' queue "$action" ABCDEF01234
done
asks 2 'none' queue show ABCDEF01234
asks 0 'one' queue hold "$id"
asks 0 'one' queue release "$id"
asks 0 'all' queue flush
asks 0 'one' queue requeue "$id"
asks 0 'all' queue delete --all --yes

# --- accounts, mail ---

on sh -c 'mkdir -p /root/Maildir/cur /root/Maildir/new /root/Maildir/tmp && cd /root &&
	for i in 1 2 3; do printf "Subject: %s\n\ncorps\n" $i >Maildir/cur/100000000$i.M1P1.h:2,S; done && tar -czf old.tar.gz Maildir && rm -r Maildir'
asks 0 'looked at' migrate-maildir --user jean@exemple.fr --dry-run /root/old.tar.gz
so 'a dry run changes nothing' 'd["dry_run"] and not d["changed"] and d["imported"] == 3'
asks 0 'imported' migrate-maildir --user jean@exemple.fr /root/old.tar.gz
so 'an import says so' 'd["changed"] and d["imported"] == 3 and d["proven"]'
asks 0 'again' migrate-maildir --user jean@exemple.fr /root/old.tar.gz
so 'and nothing the second time' 'not d["changed"] and d["present"] == 3'
asks 2 'no archive' migrate-maildir /root/nothing.tar
asks 0 'those that can be taken back' migrate-maildir --list
asks 0 'taken back' migrate-maildir --undo 1
asks 2 'none' migrate-maildir --undo 9
asks 0 'gone' virtual-alias delete info@exemple.fr
rows user lucie@exemple.fr

# --- the same in every language ---

# differs ARGUMENT...: with --json, in C and as a French user has it
differs() {
	on env LC_ALL=C mailsetup "$@" --json >"$scratch/c" 2>&1 </dev/null || true
	on env LANG=fr_FR.UTF-8 mailsetup "$@" --json >"$scratch/fr" 2>&1 </dev/null || true
	[[ -s $scratch/c ]] && ! cmp -s "$scratch/c" "$scratch/fr"
}
same_in_french() {
	local line words bad=''
	for line in status steps plan dns 'dkim list' 'verify --list' 'doctor --list' 'user list' 'user show' 'user show né@exemple.fr' help \
		'help user add' 'queue list' nonsénse 'install --nonsense' 'install --size-limit x' 'rollback nix' 'dns --zone'; do
		read -ra words <<<"$line"
		! differs "${words[@]}" || bad+=" '$line'"
	done
	echo "differ:$bad"
}
expect_text 'JSON is the same in French' 'differ:' same_in_french
french() {
	cmp -s <(on env LC_ALL=C mailsetup steps) <(on env LANG=fr_FR.UTF-8 mailsetup steps)
}
expect_exit 1 '(and texts are not)' french

# --- drift, and back ---

on sh -c 'cp -p /etc/postfix/main.cf /root/main.cf && echo "# other" >>/etc/postfix/main.cf'
asks 4 'another hand' status
so 'shows the difference' 'd["differences"][0]["drift"] and "+# other" in d["differences"][0]["diff"]'
asks 4 'another hand' plan
upgrade asks 3 'which is to be decided before an upgrade'
asks 4 'another hand' install
on sh -c 'cat /root/main.cf >/etc/postfix/main.cf'
on sh -c 'cp -a /var/lib/mailsetup /root/state && echo nonsense >/var/lib/mailsetup/state.db'
asks 4 'a damaged store' status
asks 0 'made anew' status --rebuild
so 'says where the damaged one is' 'd["installed"] and d["damaged_store"].startswith("/var/lib/mailsetup/")'
on sh -c 'rm -r /var/lib/mailsetup && mv /root/state /var/lib/mailsetup'
asks 2 'a step that is none' rollback nix
asks 0 'one step' rollback learning --yes
so 'has changed something' 'd["changed"] and d["changes"] > 0'
asks 4 'all; what others have put into the database is kept' rollback --yes
asks 0 'nothing is left' rollback --yes
so 'nothing was changed' 'not d["changed"]'

# --- the judgement ---

tests/host/schema.py cases "$said" >"$scratch/verdicts"
while read -r bad what; do
	: >"$scratch/output"
	record "$bad" "$what"
done <"$scratch/verdicts"
check '(all were judged)' test "$(wc -l <"$scratch/verdicts")" = "$n"
expect_text 'docs/schema.json is whole: each command is in it and was asked, and nothing else' "$never_asked" tests/host/schema.py schema "$said"
expect_text 'docs/JSON.md says what is so' '' tests/host/schema.py page "$said"

finish
