#!/bin/sh
# The guide's way, by hand: seven runs of apt with daemons that start at once, keys by openssl and opendkim-genkey, the
# files, the restarts. Runs inside a fresh host; DH parameters and the files are given (/root/given), as copying them in
# costs no more than typing them. The argument is the name of spamd's unit, and of its package where it has one.
set -e
export DEBIAN_FRONTEND=noninteractive
apt_install() {
	apt-get install -y -q --no-install-recommends "$@"
}
given=/root/given spamd=$1

printf 'postfix postfix/main_mailer_type select Internet Site\npostfix postfix/mailname string mail.exemple.fr\n' |
	debconf-set-selections
apt_install openssl dnsutils
mkdir -p /etc/postfix/tls
openssl req -x509 -nodes -days 3650 -newkey rsa:4096 -subj /CN=mail.exemple.fr -out /etc/postfix/tls/courriel.pem \
	-keyout /etc/postfix/tls/courriel.key
[ ! -e $given/dh4096.pem ] || cp $given/dh4096.pem /etc/postfix/tls/

apt_install postfix
cp $given/etc/postfix/* /etc/postfix/
apt_install sqlite3 postfix-sqlite
mkdir -p /etc/postfix/bdd
sqlite3 /etc/postfix/bdd/postfix.sqlite < /etc/postfix/postfix.sql

apt_install dovecot-core dovecot-imapd dovecot-sqlite dovecot-lmtpd
mkdir -p /var/mail/utilisateurs
chown 3000:3000 /var/mail/utilisateurs
apt_install dovecot-sieve dovecot-managesieved
cp -r $given/etc/dovecot/* /etc/dovecot/
mkdir -p /var/mail/sieve/before
cp $given/var/mail/sieve/before/spam.sieve /var/mail/sieve/before/
chown -R dovecot: /var/mail/sieve
systemctl restart dovecot.service
sievec /var/mail/sieve/before/spam.sieve
chown dovecot: /var/mail/sieve/before/spam.*

apt_install opendkim opendkim-tools
mkdir -p /etc/dkimkeys/clefs/exemple.fr
opendkim-genkey -b 4096 -D /etc/dkimkeys/clefs/exemple.fr -r -d exemple.fr -s mail
echo "mail._domainkey.exemple.fr exemple.fr:mail:/etc/dkimkeys/clefs/exemple.fr/mail.private" >> /etc/dkimkeys/TableClefs
echo "exemple.fr mail._domainkey.exemple.fr" >> /etc/dkimkeys/TableSignatures
echo "exemple.fr" >> /etc/dkimkeys/HotesDeConfiance
chown -R opendkim:opendkim /etc/dkimkeys/clefs /etc/dkimkeys/TableClefs /etc/dkimkeys/TableSignatures \
	/etc/dkimkeys/HotesDeConfiance
cp $given/etc/opendkim.conf /etc/opendkim.conf
mkdir -p /var/spool/postfix/var/run/opendkim
chown opendkim:opendkim /var/spool/postfix/var/run/opendkim
usermod -a -G opendkim postfix
systemctl restart opendkim.service

apt_install spamassassin spamc spamass-milter $([ $spamd = spamassassin ] || echo $spamd)
useradd --system --home-dir /run/spamassassin --shell /usr/sbin/nologin --user-group spamassassin
systemctl enable $spamd.service
mkdir -p /run/spamassassin
chown spamassassin:spamassassin /run/spamassassin
cp $given/etc/default/* /etc/default/
cp $given/etc/spamassassin/local.cf /etc/spamassassin/local.cf
usermod -a -G spamassassin spamass-milter
usermod -a -G spamass-milter postfix

for unit in spamass-milter $spamd opendkim dovecot postfix; do
	systemctl restart $unit.service
done
