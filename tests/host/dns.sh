#!/usr/bin/env bash
# The DNS records: what `mailsetup dns` says is loaded into a real name server and asked for; --check tells right, missing, wrong and
# unknown apart, for each kind of record.
. "$(dirname "$0")/lib.sh"

installed_host
on mailsetup domain add toto.fr >"$scratch/added" 2>&1

# --- a name server of its own, at 198.51.100.99 ---

zones=$scratch/zones
mkdir "$zones"
head_of_zone() { # ZONE
	printf '$ORIGIN %s.\n$TTL 300\n@ IN SOA ns.dehors.example. root.dehors.example. 1 3600 600 86400 300\n@ IN NS ns.dehors.example.\n' "$1"
}
cat >"$zones/nsd.conf" <<CONF
server:
  ip-address: 198.51.100.99
  username: ""
  chroot: ""
  zonesdir: "$zones"
  database: ""
  zonelistfile: "$zones/zone.list"
  xfrdfile: "$zones/xfrd.state"
  xfrdir: "$zones"
  pidfile: "$zones/nsd.pid"
  server-count: 1
remote-control:
  control-enable: no
zone:
  name: exemple.fr
  zonefile: exemple.fr
zone:
  name: toto.fr
  zonefile: toto.fr
zone:
  name: 100.51.198.in-addr.arpa
  zonefile: reverse4
zone:
  name: 8.b.d.0.1.0.0.2.ip6.arpa
  zonefile: reverse6
CONF
nsd=''
stop_nsd() {
	[[ -z $nsd ]] || { kill "$nsd" && wait "$nsd" 2>/dev/null; } || true
	nsd=''
}
answers() {
	[[ -n $(outside dig +short +tries=1 +time=1 @198.51.100.99 exemple.fr SOA) ]]
}
serve() {
	stop_nsd
	(exec tests/lab/lab out "$host" nsd -d -c "$zones/nsd.conf" >"$scratch/nsd.log" 2>&1) &
	nsd=$!
	within 10 answers
}
clean_up() {
	local name
	stop_nsd
	for name in "${hosts[@]}"; do
		lab halt "$name" >&2
	done
}

# --- what it says loads, and comes back as it was said ---

all=(mailsetup dns --caa letsencrypt.org --tlsa)
on "${all[@]}" --zone >"$scratch/all"
for domain in exemple.fr toto.fr; do
	{ head_of_zone "$domain" && on "${all[@]}" --zone "$domain"; } >"$zones/$domain"
	check "--zone $domain: BIND takes it" named-checkzone -q "$domain" "$zones/$domain"
	{ head_of_zone "$domain" && cat "$scratch/all"; } >"$scratch/whole"
	expect_match "--zone: the whole text loads as the zone of $domain" '^OK$' named-checkzone -i local "$domain" "$scratch/whole"
done
{ head_of_zone 100.51.198.in-addr.arpa && grep -o '^; .*in-addr\.arpa\.	.*' "$scratch/all" | sed 's/^; //'; } >"$zones/reverse4"
{ head_of_zone 8.b.d.0.1.0.0.2.ip6.arpa && grep -o '^; .*ip6\.arpa\.	.*' "$scratch/all" | sed 's/^; //'; } >"$zones/reverse6"
check 'the reverse names are comments, and load in their own zone' \
	named-checkzone -q 100.51.198.in-addr.arpa "$zones/reverse4"
printf 'autre.exemple.fr. IN A 198.51.100.10\n' >>"$zones/exemple.fr"
cp -r "$zones" "$scratch/good"
check '(the name server runs)' serve
on "${all[@]}" --json >"$scratch/records"
check '--json is one document' test "$(wc -l <"$scratch/records")" = 1
# Each record of the document against dig's answer.
ask_each() {
	outside /usr/bin/python3 - "$scratch/records" <<'PY'
import json, subprocess, sys
bad = n = 0
for r in json.load(open(sys.argv[1]))["records"]:
    out = subprocess.run(["dig", "+short", "@198.51.100.99", r["owner"], r["type"]], capture_output=True, text=True).stdout
    lines = [l for l in out.splitlines()]
    if r["type"] == "TXT":
        got = [[s for s in l[1:-1].split('" "')] for l in lines]
        ok = r["strings"] in got and "".join(r["strings"]) == r["value"]
    elif r["type"] == "TLSA":
        ok = any(l.lower().split(" ", 3)[3].replace(" ", "") == r["value"].split(" ")[3] for l in lines)
    else:
        ok = r["value"] in lines
    n += 1
    if not ok:
        bad += 1
        print(r["owner"], r["type"], r["value"], "is not in", lines)
print(n, "records")
sys.exit(bad or n < 30)
PY
}
check 'each record is answered as it was said, string by string' ask_each
expect_text 'the DKIM record is the key of the file' "$(dkim_record toto.fr)" \
	sh -c "tests/lab/lab out $host dig +short @198.51.100.99 mail._domainkey.toto.fr TXT | sed 's/\" \"//g; s/\"//g'"
expect_match '--one-line: name, type and value, the key in one piece' \
	"$(printf '^mail\\._domainkey\\.toto\\.fr\tTXT\tv=DKIM1;[^"]{700,}$')" on mailsetup dns --one-line
expect_match '--one-line: no final dots' "$(printf '^exemple\\.fr\tMX\t10 mail\\.exemple\\.fr$')" cat "$scratch/last"
expect_match 'in words: each with its reason' '^; without|^; many|^; SPF: only this server' on mailsetup dns
expect_match 'TLSA: it is the served key' "3 1 1 $(outside openssl s_client -connect 198.51.100.10:993 </dev/null 2>/dev/null |
	openssl x509 -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum | cut -d' ' -f1)" cat "$scratch/all"
expect_match 'TLSA: it says that it needs DNSSEC' 'DNSSEC' on mailsetup dns --tlsa

# --- right ---

checked() { # ARGUMENT...
	on mailsetup dns --check --server 198.51.100.99 "$@"
}
expect_exit 0 'all published: --check exits 0' checked --json
expect_no_match 'and all of it is right' '"verdict": ?"(missing|wrong|unknown)"' cat "$scratch/last"
expect_match 'in words' '^[0-9]+ right, 0 missing, 0 wrong, 0 unknown$' checked --caa letsencrypt.org --tlsa

# --- missing, wrong ---

# case_of STATUS WHAT VERDICT LINE-REGEX ZONE SED-SCRIPT: what --check says when the zone is changed so
case_of() {
	sed -i "$6" "$zones/$5"
	if cmp -s "$zones/$5" "$scratch/good/$5"; then
		record 1 "$2" 'the zone is as it was'
		return
	fi
	serve
	capture checked
	record "$((status != $1)) " "$2: exit status $1" "exit status $status"
	expect_match "$2: $3" "^[^a-z]* *$3 +$4" cat "$scratch/last"
	cp "$scratch/good/$5" "$zones/$5"
}
host_re='mail\.exemple\.fr'
case_of 1 'A gone' missing "$host_re A" exemple.fr '/\tIN\tA\t/d'
case_of 1 'A of another machine' wrong "$host_re A: .*no address of this machine" exemple.fr 's/\tA\t198.51.100.10$/\tA\t198.51.100.44/'
expect_match 'what was found stands beside it' 'found: +198\.51\.100\.44' cat "$scratch/last"
case_of 1 'MX gone' missing 'toto\.fr MX' toto.fr '/\tMX\t/d'
case_of 1 'MX elsewhere' wrong 'toto\.fr MX: mail goes there' toto.fr 's/10 mail.exemple.fr./10 mx.ailleurs.fr./'
case_of 0 'MX to this machine by another name' wrong 'toto\.fr MX: .*not by its host name' toto.fr 's/10 mail.exemple.fr./10 autre.exemple.fr./'
case_of 0 'SPF gone' missing 'toto\.fr TXT \(recommended\)' toto.fr '/v=spf1/d'
case_of 0 'SPF of another' wrong 'toto\.fr TXT .*does not let 198\.51\.100\.10 send' toto.fr 's/v=spf1 mx -all/v=spf1 ip4:192.0.2.1 -all/'
case_of 0 'SPF twice' wrong 'toto\.fr TXT .*2 SPF records' toto.fr '/v=spf1/{p;s/mx/a/}'
case_of 0 'SPF by another record' right 'toto\.fr TXT' toto.fr 's/v=spf1 mx -all/v=spf1 include:exemple.fr ?all/'
case_of 0 'SPF that cannot be followed' unknown 'toto\.fr TXT' toto.fr 's/v=spf1 mx -all/v=spf1 exists:%{i}.toto.fr -all/'
case_of 0 'DKIM gone' missing 'mail\._domainkey\.toto\.fr TXT' toto.fr '/_domainkey/d'
case_of 0 'DKIM of another key' wrong 'mail\._domainkey\.toto\.fr TXT .*another key' toto.fr 's/AwEAAQ==/AwEAAw==/'
case_of 0 'DKIM written otherwise' right 'mail\._domainkey\.toto\.fr TXT' toto.fr 's/v=DKIM1; h=sha256; k=rsa; s=email; p=/v=DKIM1; p= /'
case_of 0 'DMARC gone' missing '_dmarc\.toto\.fr TXT' toto.fr '/_dmarc/d'
case_of 0 'DMARC without a policy' wrong '_dmarc\.toto\.fr TXT .*policy' toto.fr 's/p=quarantine/q=quarantine/'
case_of 0 'DMARC of their own' right '_dmarc\.toto\.fr TXT' toto.fr 's/v=DMARC1;.*"/v=DMARC1; p=reject; sp=none"/'
case_of 0 'SRV gone' missing '_imaps\._tcp\.toto\.fr SRV \(optional\)' toto.fr '/_imaps/d'
case_of 0 'SRV elsewhere' wrong '_imaps\._tcp\.toto\.fr SRV' toto.fr 's/0 1 993 mail.exemple.fr./0 1 993 imap.ailleurs.fr./'
case_of 0 'TLSA of another key' wrong "_25\._tcp\.$host_re TLSA" exemple.fr 's/3 1 1 ..../3 1 1 0000/'
case_of 0 'PTR gone' missing '198\.51\.100\.10 PTR' reverse4 '/PTR/d'
case_of 0 'PTR of another' wrong '198\.51\.100\.10 PTR .*does not lead back' reverse4 's/mail.exemple.fr./nulle-part.exemple.fr./'
case_of 0 'PTR of another name' wrong '198\.51\.100\.10 PTR .*leads back, but is not the host name' reverse4 's/mail.exemple.fr./autre.exemple.fr./'
case_of 1 'PTR that does not lead back' wrong '198\.51\.100\.10 PTR .*does not lead back' exemple.fr 's/\tA\t198.51.100.10$/\tA\t198.51.100.44/'
sed -i '/_25._tcp/d' "$zones/exemple.fr"
serve
expect_no_match 'no TLSA that nobody asked for: not a word' 'TLSA' checked
expect_match 'one that was asked for is missing' '^[^a-z]*missing .*TLSA' checked --tlsa
cp "$scratch/good/exemple.fr" "$zones/exemple.fr"
on ip -6 addr del 2001:db8::10/64 dev eth0
serve
expect_exit 1 'a machine without IPv6: an AAAA in the DNS is wrong' checked
expect_match 'and named' "wrong +$host_re AAAA: which is no address" cat "$scratch/last"
sed -i '/AAAA/d' "$zones/exemple.fr"
serve
expect_exit 0 'without it, none is missed' checked
on ip -6 addr add 2001:db8::10/64 dev eth0 nodad

# --- no answer ---

began=$SECONDS
expect_exit 0 'nobody answers: unknown is no failure' on mailsetup dns --check --server 198.51.100.98
took=$((SECONDS - began))
expect_match 'all of it is unknown' '^0 right, 0 missing, 0 wrong, [0-9]+ unknown$' cat "$scratch/last"
check 'and it ended in some seconds' test "$took" -le 9

# --- behind a NAT ---

on sh -c 'ip addr add 192.168.7.2/24 dev eth0 && ip addr del 198.51.100.10/24 dev eth0 && ip -6 addr del 2001:db8::10/64 dev eth0'
expect_match 'an address that is not known is a comment' '^; mail\.exemple\.fr\..*<the server' on mailsetup dns --zone exemple.fr
{ head_of_zone exemple.fr && on mailsetup dns --zone; } >"$scratch/nat"
expect_match 'and the text loads all the same' '^OK$' named-checkzone -i local exemple.fr "$scratch/nat"

# --- words that are refused ---

expect_exit 2 '--server is for --check' on mailsetup dns --server 192.0.2.1
expect_exit 2 'a server is an address' on mailsetup dns --check --server ns.exemple.fr
expect_exit 2 'with a port' on mailsetup dns --check --server 192.0.2.1@x
expect_exit 2 'one form at a time' on mailsetup dns --zone --one-line
expect_exit 2 'a domain of this server' on mailsetup dns autre.fr
expect_match 'by name' '^mailsetup: dns autre\.fr: .*no active domain' cat "$scratch/last"
expect_exit 2 'a name that is none' on mailsetup dns 'a b;c'

finish
