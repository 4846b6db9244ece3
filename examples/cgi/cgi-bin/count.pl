#!/usr/bin/perl
# Content is read from standard input, while it arrives: the most frequent words of a text of any length.

use strict;
use warnings;

if ($ENV{REQUEST_METHOD} ne 'POST') {
    print "Status: 405 Method Not Allowed\nAllow: POST\nContent-Type: text/plain\n\nPost a text.\n";
    exit;
}

my %count;
while (my $line = <STDIN>) {
    $count{lc $_}++ for $line =~ /[a-z]+/gi;
}

print "Content-Type: text/plain\n\n";
my @words = sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count;
print "$count{$_} $_\n" for grep { defined } @words[0 .. 4];
