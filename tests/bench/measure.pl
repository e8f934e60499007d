# The wall time in milliseconds and the peak memory in KiB of a command; its limits are the first two arguments. Exit 1 above them.
# Its standard input is /root/password, its output goes nowhere.
use strict;
use warnings;
use Time::HiRes qw(time);

my ($most_ms, $most_kb) = splice(@ARGV, 0, 2);
my $begun = time;
my $pid = fork // die;
if (!$pid) {
	open(STDOUT, '>', '/dev/null');
	open(STDIN, '<', '/root/password');
	exec @ARGV or exit 127;
}
my ($status, $usage) = ("\0" x 4, "\0" x 144);
syscall(61, $pid, $status, 0, $usage); # wait4(2), for ru_maxrss
my $ms = int((time - $begun) * 1000);
my $kb = unpack('x32 q', $usage);
print "$ms ms, $kb KiB (at most $most_ms, $most_kb)\n";
exit(unpack('l', $status) || $ms > $most_ms || $kb > $most_kb ? 1 : 0);
