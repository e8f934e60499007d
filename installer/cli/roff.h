/*
 * Text for a manual page: mdoc(7), in the encoding of the locale. Names that the page's readers type or look up are found by their
 * form (`so`, --option, /path, page(8)) and set in bold or italics.
 */
#pragma once

#include "base/bytes.h"

#include <stdio.h>

/* Text of any length as lines of at most 78 bytes, a new one after each sentence. placeholders: words that are set in italics, or
 * NULL. */
void roff_text(FILE *f, const char *s, const struct list *placeholders);
/* The same on one line, without its end. */
void roff_inline(FILE *f, const char *s, const struct list *placeholders);
/* A section's heading. Since 1.23, groff writes headings in small letters as well: "\['E]" has one, and "\[u00C9]", which É becomes, none. */
void roff_heading(FILE *f, const char *s);
/* Lines as they are, in a display. */
void roff_literal(FILE *f, const struct list *lines);
/* Words as arguments of a macro, each with a space before: none is taken for a macro itself. */
void roff_words(FILE *f, const char *s);
/* "[STEP]", "ADDRESS[,ADDRESS...]" as arguments of a macro that is parsed: brackets become Oo and Oc. */
void roff_operands(FILE *f, const char *s);
/* The placeholders in such a text: its words without a small letter. */
void roff_placeholders(const char *operands, struct list *ret);
