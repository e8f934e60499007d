#include "migrate/index.h"
#include "base/memory.h"

#include <string.h>
#include <sys/random.h>

/* Open addressing in many small tables: one that grows is copied alone, so the peak stays near the sum. */
#define TABLES 256
#define FIRST  16

struct slot {
	uint32_t low;	  /* of the hash */
	uint32_t flags;
	uint32_t high : 24; /* of the hash */
	uint32_t where : 7;
	uint32_t used : 1;
};
_Static_assert(sizeof(struct slot) == 12, "the memory that a message takes");

struct index {
	uint64_t seed;
	struct table {
		struct slot *v;
		uint32_t n, space;
	} tables[TABLES];
};

struct index *index_new(void)
{
	struct index *x = allocate(sizeof(*x));

	/* Names that collide must not be computable by whoever made the archive. */
	if (getrandom(&x->seed, sizeof(x->seed), 0) != sizeof(x->seed))
		x->seed = (uint64_t)(uintptr_t)x;
	return x;
}

void index_free(struct index *x)
{
	for (size_t i = 0; x && i < TABLES; i++)
		free(x->tables[i].v);
	free(x);
}

static uint64_t mix(uint64_t h)
{
	h ^= h >> 32;
	h *= 0x9e3779b97f4a7c15;
	h ^= h >> 29;
	return h;
}

static uint64_t hash_of(const struct index *x, uint32_t folder, const char *base, size_t size)
{
	uint64_t h = mix(x->seed ^ folder), word;

	for (; size >= sizeof(word); base += sizeof(word), size -= sizeof(word)) {
		memcpy(&word, base, sizeof(word));
		h = mix(h ^ word);
	}
	word = size;
	for (size_t i = 0; i < size; i++)
		word = word << 8 | (unsigned char)base[i];
	return mix(mix(h ^ word) ^ x->seed);
}

/* Where it is, or where it would go. */
static struct slot *slot_of(const struct table *t, uint64_t hash)
{
	uint32_t low = (uint32_t)hash, high = (uint32_t)(hash >> 40);

	for (uint32_t i = (uint32_t)(hash >> 8) % t->space;; i = (i + 1) % t->space)
		if (!t->v[i].used || (t->v[i].low == low && t->v[i].high == high))
			return &t->v[i];
}

static uint64_t hash_in(const struct slot *s)
{
	return (uint64_t)s->high << 40 | s->low;
}

/* The bits of the hash that a slot keeps; its lowest byte chooses the table. */
#define KEPT(hash) ((hash) & 0xffffff00ffffffff)

static void grow(struct table *t)
{
	struct table wider = { .space = t->space ? t->space + t->space / 2 : FIRST, .n = t->n };

	wider.v = allocate(wider.space * sizeof(*wider.v));
	for (uint32_t i = 0; i < t->space; i++)
		if (t->v[i].used)
			*slot_of(&wider, hash_in(&t->v[i])) = t->v[i];
	free(t->v);
	*t = wider;
}

bool index_find(const struct index *x, uint32_t folder, const char *base, size_t size, struct index_entry *ret)
{
	uint64_t hash = KEPT(hash_of(x, folder, base, size));
	const struct table *t = &x->tables[hash % TABLES];

	if (!t->n)
		return false;
	const struct slot *s = slot_of(t, hash);
	*ret = (struct index_entry){ .flags = s->flags, .where = s->where };
	return s->used;
}

void index_add(struct index *x, uint32_t folder, const char *base, size_t size, struct index_entry entry)
{
	uint64_t hash = KEPT(hash_of(x, folder, base, size));
	struct table *t = &x->tables[hash % TABLES];

	if ((uint64_t)t->n * 8 >= (uint64_t)t->space * 7)
		grow(t);
	struct slot *s = slot_of(t, hash);
	t->n += !s->used;
	*s = (struct slot){
		.low = (uint32_t)hash,
		.high = (uint32_t)(hash >> 40),
		.flags = entry.flags,
		.where = entry.where & 0x7f,
		.used = 1,
	};
}
