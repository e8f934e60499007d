#!/usr/bin/env bash
# The role of contrib/ansible, run by Debian's own Ansible over ssh against a bare host: what it says of itself is what has happened.
# Under 3 minutes.
. "$(dirname "$0")/lib.sh"

# --- a machine with ssh, and one that administers it ---

fresh_host
on rm /usr/local/sbin/mailsetup
on apt-get install -qq -y --no-install-recommends openssh-server python3 >"$scratch/ssh.log" 2>&1
ssh-keygen -q -t ed25519 -N '' -f "$scratch/key"
lab copy "$host" "$scratch/key.pub" /root/.ssh/authorized_keys
on chmod 600 /root/.ssh/authorized_keys

cat >"$scratch/hosts.yml" <<END
all:
  hosts:
    mail.exemple.fr:
      ansible_host: 198.51.100.10
      ansible_user: root
      ansible_python_interpreter: /usr/bin/python3
      ansible_remote_tmp: /tmp/.ansible
      ansible_ssh_private_key_file: $scratch/key
      ansible_ssh_common_args: -o UserKnownHostsFile=$scratch/known_hosts -o StrictHostKeyChecking=accept-new
END
: >"$scratch/ansible.cfg"
cat >"$scratch/site.yml" <<END
- hosts: all
  gather_facts: false
  roles:
    - mailsetup
END
cat >"$scratch/server.yml" <<END
mailsetup_binary: $scratch/mailsetup
mailsetup_domain: exemple.fr
mailsetup_admin: $admin
mailsetup_admin_password: $password
mailsetup_extra_domains: [toto.fr]
mailsetup_parameters: {no-learn: true, size-limit: 20M}
mailsetup_accounts:
  - {address: jean@exemple.fr, name: 'Jean "le Grand", né Dupont', password: 'mot, de "passe" de jean'}
  - {address: lucie@toto.fr, password: mot-de-passe-de-lucie, privilege: administrateur}
mailsetup_virtual_aliases:
  - {address: contact@exemple.fr, destination: [jean@exemple.fr, lucie@toto.fr]}
mailsetup_aliases:
  - {name: www-data, destination: jean@exemple.fr}
mailsetup_blocked_senders:
  - {address: tata@tata.fr, code: 554, message: 'Parle à ma main, ma tête est malade.'}
END

playbook() { # ARGUMENT...
	outside env HOME="$scratch" ANSIBLE_CONFIG="$scratch/ansible.cfg" ANSIBLE_LOCAL_TEMP="$scratch/ansible" ANSIBLE_ROLES_PATH=contrib/ansible \
		ANSIBLE_NOCOLOR=1 LC_ALL=C.UTF-8 ansible-playbook -i "$scratch/hosts.yml" -e "@$scratch/server.yml" "$@" "$scratch/site.yml"
}
plays() { # ARGUMENT...: what Ansible counts, whatever its exit status; all that it says is in $scratch/play
	playbook "$@" >"$scratch/play" 2>&1 || true
	tail -n 80 "$scratch/play" >"$scratch/output"
	grep -oE '(changed|unreachable|failed)=[0-9]+' "$scratch/play" | paste -sd' ' || true
}
done_well() { # CHANGED WHAT ARGUMENT...
	local got
	got=$(plays "${@:3}")
	record "$([[ $got == "changed=$1 unreachable=0 failed=0" ]] && echo 0 || echo 1)" "$2" "$got"
}
stopped() { # WHAT REGEX ARGUMENT...
	local got
	got=$(plays "${@:3}")
	record "$([[ $got == *failed=1 ]] && grep -Eq -e "$2" "$scratch/play" && echo 0 || echo 1)" "$1" "$got, or nothing fits $2"
}
log_in() { # ADDRESS PASSWORD
	imap "$1" "$2" '' -X 'STATUS INBOX (MESSAGES)'
}

# --- looked at ---

lab manifest "$host" "$scratch/before"
done_well 7 'check mode on a bare machine: a program, a server, a domain, four kinds of rows would come' --check
lab manifest "$host" "$scratch/after"
check 'nothing is touched' same_machine "$scratch/before" "$scratch/after"

# --- made ---

done_well 7 'the first run makes them' -v
expect_no_match 'no password is shown' 'mot, de|mot-de-passe|secret-de-l' cat "$scratch/play"
expect_match 'the accounts' '"address":"jean@exemple.fr","name":"Jean \\"le Grand\\", né Dupont","privilege":"utilisateur","active":true' \
	on mailsetup user list --json
expect_match 'are all there' '"address":"lucie@toto.fr","name":"","privilege":"administrateur"' on mailsetup user list --json
expect_match 'the virtual alias' '"address":"contact@exemple.fr","destinations":\["jean@exemple.fr","lucie@toto.fr"\]' on mailsetup virtual-alias list --json
expect_match 'the parameters' '^message_size_limit = 20971520$' on postconf message_size_limit
expect_match 'the further domain, with its key' '"domain":"toto.fr","selector":"mail","state":"signs"' on mailsetup dkim list --json
check 'an account is of use' log_in jean@exemple.fr 'mot, de "passe" de jean'
check 'and the administrator'\''s' log_in "$admin" "$password"

# --- again, and with more ---

done_well 0 'the second run changes nothing'
done_well 0 'nor would one in check mode' --check
echo 'mailsetup_no_verify: true' >>"$scratch/server.yml" # it was seen twice
on mailsetup domain add titi.fr --quiet
printf 'un-tout-autre-mot\n' | on mailsetup user passwd jean@exemple.fr --password-stdin >/dev/null
done_well 0 'a password that its user has changed is left alone'
check 'and is still the new one' log_in jean@exemple.fr un-tout-autre-mot
expect_match 'and so is a domain that was added by hand' '"domain":"titi.fr","selector":"mail","state":"signs"' on mailsetup dkim list --json
# shellcheck disable=SC2016  # not for this shell
sed -i 's|^  - {address: lucie.*|&\n  - {address: paul@exemple.fr, hash: "HASH"}|' "$scratch/server.yml"
sed -i "s|HASH|$(on doveadm pw -s SHA512-CRYPT -p mot-de-passe-de-paul)|" "$scratch/server.yml"
done_well 1 'one account more would be one change' --check
done_well 1 'and is one'
check 'by its hash' log_in paul@exemple.fr mot-de-passe-de-paul
done_well 0 'the server proves itself' --tags verify

# --- what is wrong ---

sed 's|destination: jean@exemple.fr|destination: lucie@toto.fr|' "$scratch/server.yml" >"$scratch/other.yml"
stopped 'an alias that is there and leads elsewhere is not turned over' 'exists already, with another destination' -e "@$scratch/other.yml"
sed 's|size-limit: 20M|size-limit: much|' "$scratch/server.yml" >"$scratch/other.yml"
stopped 'a bad parameter is named' '--size-limit' -e "@$scratch/other.yml"
stopped 'in check mode, too' '--size-limit' --check -e "@$scratch/other.yml"
on sh -c 'cp -p /etc/postfix/main.cf /root/main.cf && echo "# other" >>/etc/postfix/main.cf'
stopped 'what another hand has changed is not written over' '/etc/postfix/main.cf'
on sh -c 'cat /root/main.cf >/etc/postfix/main.cf && postconf -e disable_vrfy_command=no && postfix reload' 2>/dev/null
stopped 'what does not work is named' 'VRFY' --tags verify
on sh -c 'cat /root/main.cf >/etc/postfix/main.cf && postfix reload' 2>/dev/null

# --- as a package ---

mkdir -p "$scratch/package/DEBIAN" "$scratch/package/usr/sbin"
cp "$scratch/mailsetup" "$scratch/package/usr/sbin/"
printf 'Package: mailsetup\nVersion: 9\nArchitecture: amd64\nMaintainer: nobody <root@localhost>\nDescription: of a test\n' \
	>"$scratch/package/DEBIAN/control"
dpkg-deb --build --root-owner-group "$scratch/package" "$scratch/mailsetup.deb" >/dev/null
sed -i "s|^mailsetup_binary:.*|mailsetup_deb: $scratch/mailsetup.deb|" "$scratch/server.yml"
on rm /usr/local/sbin/mailsetup
done_well 2 'a package is copied and installed'
expect_text 'by apt' 'install ok installed' on dpkg-query -W -f '${Status}' mailsetup
done_well 0 'once'

finish
