# Runs in the host: each hostile name through each command that takes a name, in argv and in CSV. It is refused, with one line that
# shows no control byte and no row of any table changed, or it is one row, literally or in the normal form that is given here; deleting
# it leaves the tables as they were. Prints TAP lines without numbers.
use strict;
use warnings;

my $database = '/etc/postfix/bdd/postfix.sqlite';
my @tables = qw(postfix_utilisateurs postfix_alias postfix_alias_virtuels postfix_domaines
	postfix_liste_noire_destinataires postfix_liste_noire_expediteurs);

# --- the names ---

my @domains = ('', '.', 'exemple', 'exemple.fr.', 'EXEMPLE.FR', '-a.fr', 'a-.fr', 'a..fr', 'a' x 64 . '.fr', 'abc.' x 62 . 'abcd.fr',
	'exemple_.fr', '192.0.2.1', '[::1]', '[192.0.2.1]', 'localhost', '*.test', 'exemple.local', 'x.invalid', 'co.uk', 'com.fr',
	"\xc3\xa9t\xc3\xa9.fr", "e\xcc\x81te\xcc\x81.fr", 'xn--zzz-.fr', "ex\xd0\xb5mple.fr", "exemple\xe3\x80\x82fr", "exem\xe2\x80\x8dple.fr",
	"\xe2\x80\xaeexemple.fr", "exemple.fr\nrelay_domains=*", 'exemple.fr; rm -rf /', '$(id).fr', '`id`.fr', '$myhostname', '${a}.fr',
	'%d', '%{user}.fr', "exemple.fr'--", '"exemple.fr"', 'exemple.fr\\', '../etc', '/', 'a/b.fr', 'exemple.fr ', "exemple.fr\t",
	"exemple.fr\r", '#x.fr', '!include /etc/shadow', '<x', '{', "exempl\xe9.fr");
my @users = ('root', 'postmaster', 'abuse', 'vmail', '..', '.hidden', 'a.b.', '-x', 'a@b@c', '"quoted user"', 'a+tag', 'A', 'a' x 65,
	'user%d', 'user$x', 'u:v', 'u|cmd', '|cmd', 'u,v', 'u*', '', "\xc3\xa9t\xc3\xa9", "\xd0\xb0dmin", "\xf0\x9f\x92\xa9",
	"'; DROP TABLE users;--", "' OR 1=1", "x' UNION SELECT", "x'--", '{PLAIN}x', '/etc/passwd', ':include:/etc/shadow', '~root',
	"a\nb", "a\x1b[31m", "a\xff", '%{user}', '$(id)', '`id`', '../../etc', '#x', '<x', '<>');
# What a name becomes, where it is taken and not stored as it is.
my %normal = ('exemple.fr.' => 'exemple.fr', 'EXEMPLE.FR' => 'exemple.fr', "\xc3\xa9t\xc3\xa9.fr" => 'xn--t-9fab.fr',
	"e\xcc\x81te\xcc\x81.fr" => 'xn--t-9fab.fr', "ex\xd0\xb5mple.fr" => 'xn--exmple-4of.fr', "exemple\xe3\x80\x82fr" => 'exemple.fr',
	'a.b.' => 'a.b');
my @bare = (@domains, @users);
my @addresses = ((map { "jean\@$_" } @domains), (map { "$_\@exemple.fr" } @users), '', '-x', 'exemple', 'EXEMPLE.FR', '<>', "' OR 1=1");
sub normal_of {
	my ($name) = @_;
	return $normal{$name} if exists $normal{$name};
	return "$1\@" . ($normal{$2} // $2) if $name =~ /^(jean)@(.*)$/s && exists $normal{$2};
	return $name;
}

# --- the commands; NAME is the name. A second one removes what the first one stored ---

my @commands = (
	[ [qw(user add --password-stdin -- NAME)], [qw(user delete -- NAME)] ],
	[ [qw(alias add -- NAME admin@exemple.fr)], [qw(alias delete -- NAME)] ],
	[ [qw(alias add -- vers NAME)], [qw(alias delete vers)] ],
	[ [qw(virtual-alias add -- NAME admin@exemple.fr)], [qw(virtual-alias delete -- NAME)] ],
	[ [qw(virtual-alias add -- vers@exemple.fr NAME)], [qw(virtual-alias delete vers@exemple.fr)] ],
	[ [qw(block-recipient add -- NAME REJECT)], [qw(block-recipient delete -- NAME)] ],
	[ [qw(block-recipient add -- vers@exemple.fr NAME)], [qw(block-recipient delete vers@exemple.fr)] ],
	[ [ qw(block-recipient add -- vers@exemple.fr), 'REDIRECT NAME' ], [qw(block-recipient delete vers@exemple.fr)] ],
	[ [qw(block-sender add -- NAME 554 non)], [qw(block-sender delete -- NAME)] ],
	[ [qw(block-sender add -- vers@dehors.example NAME non)], [qw(block-sender delete vers@dehors.example)] ],
	[ [qw(block-sender add -- vers@dehors.example 554 NAME)], [qw(block-sender delete vers@dehors.example)] ],
	[ [qw(user add --password-stdin --name NAME -- vers@exemple.fr)], [qw(user delete vers@exemple.fr)] ],
	[ [qw(user add --password-stdin --privilege NAME -- vers@exemple.fr)], [qw(user delete vers@exemple.fr)] ],
	(map { [ [ 'user', $_, '--', 'NAME' ] ] } qw(show enable disable delete)),
	[ [qw(user passwd --password-stdin -- NAME)] ],
	[ [qw(user delete --purge-mail -- NAME)] ],
	(map { my $command = $_; map { [ [ $command, $_, '--', 'NAME' ] ] } qw(show enable disable delete) }
		qw(alias virtual-alias block-recipient block-sender)),
	[ [qw(user import -)], [qw(user delete -- NAME)], "address,password\nNAME,motdepasse\n" ],
	[ [qw(alias import -)], [qw(alias delete -- NAME)], "name,destination\nNAME,admin\@exemple.fr\n" ],
	[ [qw(alias import -)], [qw(alias delete vers)], "name,destination\nvers,NAME\n" ],
	[ [qw(virtual-alias import -)], [qw(virtual-alias delete -- NAME)], "address,destination\nNAME,admin\@exemple.fr\n" ],
	[ [qw(virtual-alias import -)], [qw(virtual-alias delete vers@exemple.fr)], "address,destination\nvers\@exemple.fr,NAME\n" ],
	[ [qw(block-recipient import -)], [qw(block-recipient delete -- NAME)], "address,action\nNAME,REJECT\n" ],
	[ [qw(block-sender import -)], [qw(block-sender delete -- NAME)], "address,code,message\nNAME,554,non\n" ],
	[ [qw(user import -)], [qw(user delete vers@exemple.fr)], "address,name,password\nvers\@exemple.fr,NAME,motdepasse\n" ],
	(map { [ [ 'domain', $_, '--', 'NAME' ] ] } qw(add show enable disable delete)),
	(map { [ [ 'dkim', $_, '--', 'NAME' ] ] } qw(rotate retire)),
	[ [qw(dns --zone -- NAME)] ],
	[ [qw(user import -)], undef, "address,NAME\nvers\@exemple.fr,x\n" ],
);

# --- running them ---

sub slurp {
	my ($path) = @_;
	open(my $f, '<', $path) or die "$path: $!";
	local $/;
	return <$f> // '';
}

sub run {
	my ($input, @argv) = @_;
	open(my $in, '>', '/run/names.in') or die;
	print $in $input;
	close($in);
	my $pid = fork // die;
	if (!$pid) {
		open(STDIN, '<', '/run/names.in');
		open(STDOUT, '>', '/run/names.out');
		open(STDERR, '>', '/run/names.err');
		exec @argv or exit 127;
	}
	waitpid($pid, 0);
	return ($? & 127 ? 128 + ($? & 127) : $? >> 8, slurp('/run/names.out'), slurp('/run/names.err'));
}

sub rows {
	my ($status, $out) = run(join('', map { ".mode quote\n.timeout 5000\nSELECT '$_', * FROM $_;\n" } @tables), 'sqlite3', $database);
	die 'no rows' if $status || !length $out;
	$out =~ s/\{SHA512-CRYPT\}[^']*/HASH/g;
	return $out;
}

sub csv {
	my ($s) = @_;
	$s =~ s/"/""/g;
	return "\"$s\"";
}

# Which rows there are can only have changed where the file has.
sub rows_now {
	my ($rows_before, $file_before) = @_;
	return slurp($database) eq $file_before ? $rows_before : rows();
}

my ($before, $bad, $count, $taken) = (rows(), 0, 0, 0);

sub judge {
	my ($name, $status, $out, $err, $after) = @_;
	return "exit status $status" unless $status == 0 || $status == 2 || $status == 4;
	return 'a control byte in the output' if "$out$err" =~ /[\x00-\x08\x0b-\x1f\x7f]/;
	if ($status) {
		return 'refused, and yet a row has changed' if $after ne $before;
		return 'no reason' unless $err =~ /^(\S.*\n){1,2}$/;
		return 'no reason of ours' unless $err =~ /mailsetup/;
		return '';
	}
	return '' if $after eq $before; # shown, or as it was
	my %seen = map { $_ => 1 } split /^/, $before;
	my $new = join '', grep { !$seen{$_} } split /^/, $after;
	my %now = map { $_ => 1 } split /^/, $after;
	return 'a row of before is gone or changed' if grep { !$now{$_} } split /^/, $before;
	for my $stored ($name, normal_of($name)) {
		(my $quoted = lc $stored) =~ s/'/''/g;
		return '' if index(lc $new, $quoted) >= 0;
	}
	return "stored as $new";
}

# All names in one file: it is refused as a whole, and what it names is refused. Returns those that it does not name.
sub not_named {
	my ($argv, $input, @all) = @_;
	my ($head, $line) = split /(?<=\n)/, $input;
	my ($text, $number, %at) = ($head, 2);
	for my $name (@all) {
		my $quoted = csv($name);
		(my $row = $line) =~ s/NAME/$quoted/;
		$at{$number} = $name;
		$number += ($row =~ tr/\n//);
		$text .= $row;
	}
	my ($status, $out, $err) = run($text, 'mailsetup', @$argv);
	my %named = map { $_ => 1 } $err =~ /^standard input:(\d+): \S/mg;
	$count += @all;
	return ["exit status $status"] unless $status == 2 || $status == 4;
	return ['a control byte in the output'] if "$out$err" =~ /[\x00-\x08\x0b-\x1f\x7f]/;
	return ['refused, and yet a row has changed'] if rows() ne $before;
	return ['a line is named that is none'] if grep { !exists $at{$_} } keys %named;
	return map { $at{$_} } grep { !$named{$_} } sort { $a <=> $b } keys %at;
}

for my $command (@commands) {
	my ($argv, $undo, $input) = @$command;
	my $shown = join(' ', @$argv) . (defined $input ? " <<< $input" : '');
	my ($wrong, $example) = (0, '');
	$shown =~ s/\n/\\n/g;
	my @names = ($argv->[0] =~ /^(alias|domain|dkim|dns)$/ || (grep { /^(554|--name|--privilege)$/ } @$argv)) ? @bare : @addresses;
	if (defined $input && $undo) {
		@names = not_named($argv, $input, @names, @bare, "a\0b\@exemple.fr", "jean\@exemple.fr\0");
		$wrong++, $example = "# a file of all: $names[0][0]\n" if @names == 1 && ref $names[0];
	}
	for my $name (grep { !ref } @names) {
		my @words = map { my $w = $_; $w =~ s/NAME/$name/; $w } @$argv;
		my $fed = "motdepasse\n";
		if (defined $input) {
			my $quoted = csv($name);
			($fed = $input) =~ s/NAME/$quoted/;
		}
		# What is a domain is one domain more, or one key more: tests/host/domains.sh has those.
		next if "@words[0,1]" =~ /^(domain add|dkim rotate)$/ && exists $normal{$name};
		# These are there, for the administrator.
		next if $words[0] eq 'virtual-alias' && $words[1] =~ /^(disable|delete)$/ && $name =~ /^(root|postmaster|abuse)\@exemple\.fr$/;
		my $file = slurp($database);
		my ($status, $out, $err) = run($fed, 'mailsetup', @words);
		my $after = rows_now($before, $file);
		my $why = judge($name, $status, $out, $err, $after);
		$count++;
		if (!$why && $after ne $before) {
			$taken++;
			my @back = map { my $w = $_; my $n = normal_of($name); $w =~ s/NAME/$n/; $w } @{ $undo // [] };
			my ($gone, undef, $reason) = run('', 'mailsetup', @back);
			$why = "not removed again: $gone $reason" if $gone || rows() ne $before;
		}
		if ($why) {
			$wrong++;
			$example .= "# " . join('|', map { my $s = $_; $s =~ s/[^\x20-\x7e]/sprintf('\\x%02x', ord $&)/ge; $s } $name, $why, $out, $err) . "\n"
				if $wrong <= 5;
			run(".timeout 5000\nDELETE FROM postfix_utilisateurs WHERE utilisateur <> 'admin\@exemple.fr'; DELETE FROM postfix_alias;"
				. "DELETE FROM postfix_liste_noire_destinataires; DELETE FROM postfix_liste_noire_expediteurs;"
				. "DELETE FROM postfix_alias_virtuels WHERE destination <> 'admin\@exemple.fr' OR courriel GLOB 'vers*';", 'sqlite3', $database);
			$before = rows(); # the next names are judged for themselves
		}
	}
	$bad += $wrong > 0;
	print $wrong ? "not ok - $shown\n$example" : "ok - $shown\n";
}
print "# $count names, of which $taken were stored and removed again\n";
print $taken > 200 ? "ok - some are stored, so the test can fail\n" : "not ok - too few were stored\n";
exit($bad > 0);
