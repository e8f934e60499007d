/*
 * Passwords as the guide's database holds them: "{SHA512-CRYPT}" and a crypt(3) hash.
 */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

/* Any UTF-8, 8 to 511 bytes (the limit of crypt); no control characters. ERR_USAGE with the reason. */
struct error *password_check(const struct bytes *password) MUST_USE;
struct error *password_hash(const struct bytes *password, char **ret) MUST_USE;
bool password_matches(const struct bytes *password, const char *stored);
/* Of a hash that was made elsewhere: {SHA512-CRYPT}$6$[rounds=N$]SALT$HASH, at most a million rounds. No other scheme: {PLAIN} and
 * the like would be a password in clear. */
struct error *password_hash_check(const char *stored) MUST_USE;
