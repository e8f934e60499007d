#include "engine/params.h"
#include "base/i18n.h"
#include "engine/params_values.h"
#include "mail/name.h"

#include <inttypes.h>

#define FIRST_KEY 257 /* above every short option */
#define NONE	  "none"

enum kind {
	KIND_TEXT,   /* char * */
	KIND_LIST,   /* struct list */
	KIND_FLAG,   /* bool: the second of two words */
	KIND_NUMBER, /* unsigned or uint64_t, from decimal digits */
};
enum flags {
	OPTIONAL = 1, /* "none" empties it */
	HIDDEN = 2,
};

enum param_id {
#define PARAM(field, ...) ID_##field,
#include "engine/params.def"
#undef PARAM
	ID_COUNT,
};
_Static_assert(ID_COUNT <= 32, "given has 32 bits");

const struct param_spec param_specs[] = {
#define PARAM(field_, name_, argument_, kind_, normalise_, flags_, help_)                                      \
	{                                                                                                      \
		.name = (name_),                                                                               \
		.key = FIRST_KEY + ID_##field_,                                                                \
		.argument = (argument_),                                                                       \
		.help = (help_),                                                                               \
		.repeatable = (kind_) == KIND_LIST,                                                            \
		.can_be_none = ((flags_)&OPTIONAL) != 0,                                                       \
		.hidden = ((flags_)&HIDDEN) != 0,                                                              \
	},
#include "engine/params.def"
#undef PARAM
};
const size_t param_count = ID_COUNT;

static const struct rule {
	size_t offset, size;
	enum kind kind;
	unsigned flags;
	struct error *(*normalise)(const char *s, char **ret);
} rules[] = {
#define PARAM(field_, name_, argument_, kind_, normalise_, flags_, help_)                                      \
	{                                                                                                      \
		.offset = offsetof(struct params, field_),                                                     \
		.size = sizeof(((struct params *)NULL)->field_),                                               \
		.kind = (kind_),                                                                               \
		.flags = (flags_),                                                                             \
		.normalise = (normalise_),                                                                     \
	},
#include "engine/params.def"
#undef PARAM
};

void params_init(struct params *p)
{
	*p = (struct params){
		.dh_bits = 4096,
		.selector = text_copy("mail"),
		.dkim_bits = 4096,
		.inbound_tls = text_copy("encrypt"),
		.outbound_tls = text_copy("encrypt"),
		.size_limit = 31457280,
	};
}

static void *field(struct params *p, size_t id)
{
	return (char *)p + rules[id].offset;
}

static const void *field_of(const struct params *p, size_t id)
{
	return (const char *)p + rules[id].offset;
}

static void empty(struct params *p, size_t id)
{
	if (rules[id].kind == KIND_LIST)
		list_free(field(p, id));
	if (rules[id].kind == KIND_TEXT) {
		char **s = field(p, id);

		free(*s);
		*s = NULL;
	}
}

void params_free(struct params *p)
{
	for (size_t id = 0; id < ID_COUNT; id++)
		empty(p, id);
	*p = (struct params){ 0 };
}

/* Takes value, which is normalised. */
static void store(struct params *p, size_t id, char *value)
{
	CLEAN(free) char *owned = value;
	const struct rule *rule = &rules[id];
	uint64_t number = rule->kind == KIND_NUMBER ? strtoull(value, NULL, 10) : 0;

	switch (rule->kind) {
	case KIND_TEXT:
		empty(p, id);
		*(char **)field(p, id) = TAKE(owned);
		break;
	case KIND_LIST:
		if (!list_has(field(p, id), value))
			list_add(field(p, id), value);
		break;
	case KIND_FLAG:
		*(bool *)field(p, id) = strcmp(value, "yes") == 0 || strcmp(value, "generate") == 0;
		break;
	case KIND_NUMBER:
		if (rule->size == sizeof(uint64_t))
			*(uint64_t *)field(p, id) = number;
		else
			*(unsigned *)field(p, id) = (unsigned)number;
		break;
	}
}

static struct error *find(const char *name, size_t *ret)
{
	for (*ret = 0; *ret < ID_COUNT; ++*ret)
		if (strcmp(param_specs[*ret].name, name) == 0)
			return NULL;
	CLEAN(free) char *shown = printable(name);
	return fail(ERR_USAGE, "“%s” is no parameter; `mailsetup help install` lists them", shown);
}

static struct error *name_value(struct error *e, size_t id, const char *value)
{
	CLEAN(free) char *shown = printable(value);

	if (!e || rules[id].flags & HIDDEN)
		return wrap(e, "--%s", param_specs[id].name);
	return wrap(e, "--%s %s", param_specs[id].name, shown);
}

static struct error *set(struct params *p, const char *name, const char *value, bool remembered)
{
	char *normal = NULL;
	size_t id;

	TRY(find(name, &id));
	const struct rule *rule = &rules[id];
	if (rule->flags & OPTIONAL && strcmp(value, NONE) == 0) {
		empty(p, id);
	} else {
		bool skip_file = remembered && rule->normalise == file_normalise;

		TRY(name_value((skip_file ? path_normalise : rule->normalise)(value, &normal), id, value));
		store(p, id, normal);
	}
	p->given |= UINT32_C(1) << id;
	return NULL;
}

struct error *params_set(struct params *p, const char *name, const char *value)
{
	return set(p, name, value, false);
}

struct error *params_restore(struct params *p, const char *name, const char *value)
{
	return set(p, name, value, true);
}

static void get_number(const struct params *p, size_t id, struct list *ret)
{
	const void *f = field_of(p, id);
	uint64_t number = rules[id].size == sizeof(uint64_t) ? *(const uint64_t *)f : *(const unsigned *)f;

	list_addf(ret, "%" PRIu64, number);
}

static void get_flag(const struct params *p, size_t id, struct list *ret)
{
	bool set_ = *(const bool *)field_of(p, id);

	if (id == ID_dh_generate)
		list_add(ret, set_ ? "generate" : "ffdhe");
	else
		list_add(ret, set_ ? "yes" : "no");
}

static void get_text(const struct params *p, size_t id, struct list *ret)
{
	const char *s = *(char *const *)field_of(p, id);

	list_add(ret, s ? s : NONE);
}

static void get_list(const struct params *p, size_t id, struct list *ret)
{
	const struct list *l = field_of(p, id);

	for (size_t i = 0; i < l->n; i++)
		list_add(ret, l->v[i]);
	if (!l->n)
		list_add(ret, NONE);
}

void params_get(const struct params *p, const char *name, struct list *ret)
{
	static void (*const getters[])(const struct params *p, size_t id, struct list *ret) = {
		[KIND_TEXT] = get_text,
		[KIND_LIST] = get_list,
		[KIND_FLAG] = get_flag,
		[KIND_NUMBER] = get_number,
	};

	for (size_t id = 0; id < ID_COUNT; id++)
		if (strcmp(param_specs[id].name, name) == 0 && p->given & UINT32_C(1) << id)
			getters[rules[id].kind](p, id, ret);
}

void params_domains(const struct params *p, struct list *ret)
{
	if (p->domain)
		list_add(ret, p->domain);
	for (size_t i = 0; i < p->extra_domains.n; i++)
		list_add(ret, p->extra_domains.v[i]);
}
