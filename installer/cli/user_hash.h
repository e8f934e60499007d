/*
 * The passwords of a file of accounts, hashed on all processors.
 */
#pragma once

#include "cli/rows.h"

/* The fields of an account. */
enum user_field {
	USER_ADDRESS,
	USER_NAME,
	USER_PRIVILEGE,
	USER_HASH,
	USER_PASSWORD,
	USER_ACTIVE,
};

/* Each row gets its hash, from its password where none is given. Where the account is there already, the password must be its own
 * (ERR_CONFLICT), and the hash is that one, so that the row is the same. */
struct error *users_hash(struct accounts *a, struct row_input *in, size_t n) MUST_USE;
