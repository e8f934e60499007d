/*
 * Names of mail: domains, host names, addresses, selectors, networks. An allow-list grammar, applied once, where a
 * name enters the program; what comes out holds only [a-z0-9.-] (and for local parts a little more), so it can
 * stand in any configuration file. RFC 1035, 5321, 5890 to 5894 (through libidn2, non-transitional, STD3 rules).
 *
 * Every function writes a normalised copy on success (lower case, no trailing dot, A-labels) and gives ERR_USAGE
 * with the reason otherwise, without naming the option: the caller wraps that. Non-printable bytes of a
 * refused name are shown as \xNN.
 */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

/* At least two labels, 1 to 63 bytes each, 253 in all, LDH, the last not all digits; no IP address, no public
 * suffix, no name reserved against use in mail ("localhost", ".local", ".invalid", ...; RFC 6761's "example" and
 * "test" are accepted, since laboratories use them). */
struct error *domain_normalise(const char *s, char **ret) MUST_USE;
/* As a domain, with at least two labels; a public suffix is refused too. */
struct error *hostname_normalise(const char *s, char **ret) MUST_USE;
/* The domain or address with the letters that its A-labels stand for; NULL where it has none. The caller's. */
char *name_letters(const char *name);
/* local@domain. The local part: 1 to 64 bytes of [a-z0-9._-], no dot at an end or twice, no '-' at the start, no
 * recipient delimiter '+'; folded to lower case, as the guide's tables compare. */
struct error *address_normalise(const char *s, char **ret) MUST_USE;
struct error *local_part_normalise(const char *s, char **ret) MUST_USE;
/* Where mail is forwarded to: as address_normalise, but a local part of another server may hold more of RFC 5322's atext
 * (+ = ~ ' & #), and keeps its case. Nothing that Postfix would take for a command, a file or a route. */
struct error *destination_normalise(const char *s, char **ret) MUST_USE;
/* Such addresses separated by commas, spaces around them allowed; each once, joined by commas alone. */
struct error *destinations_normalise(const char *s, char **ret) MUST_USE;
/* The key of an access(5) table: user@domain with any atext before the @ (strangers' addresses), user@ or a domain; lower case, as
 * Postfix folds what it looks up. sender: also "<>", the sender of bounces, as a row of another hand may have it. */
struct error *access_key_normalise(const char *s, bool sender, char **ret) MUST_USE;
/* What access(5) of Postfix 3.5 does: REJECT, DEFER, ... with what follows it; the verb in upper case. Bare numbers, which Postfix
 * takes for OK, and the names of restrictions are refused. */
struct error *access_action_normalise(const char *s, char **ret) MUST_USE;
/* A line of text for people: valid UTF-8, no control characters, at most size_max bytes. what is its name in the reason. */
struct error *line_check(const char *what, const char *s, size_t size_max) MUST_USE;
/* A DKIM selector: labels of LDH joined by dots (RFC 6376, 3.1). */
struct error *selector_normalise(const char *s, char **ret) MUST_USE;
/* ADDRESS or ADDRESS/PREFIX; host bits must be zero; no 0.0.0.0/0 and nothing wider than /8 (IPv4) or /16 (IPv6).
 * The result is as Postfix's mynetworks wants it: 192.0.2.0/24 or [2001:db8::]/32. */
struct error *network_normalise(const char *s, char **ret) MUST_USE;
/* A unicast IPv4 or IPv6 address. */
struct error *ip_normalise(const char *s, char **ret) MUST_USE;

const char *address_domain(const char *address); /* what follows '@', inside the same string */
/* A copy fit for one line of a terminal: control and non-UTF-8 bytes as \xNN, long texts cut. Owned by the caller. */
char *printable(const char *s);
