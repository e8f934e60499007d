/*
 * The machine of somebody who ran a mail server by hand before mailsetup came.
 */
#pragma once

void taken_over_make(const char *bare, const char *root);
