#include "base/index.h"

#include <string.h>

/* FNV-1a: short keys, and nobody chooses them to hurt us but who could stop us anyway. */
static uint32_t
hash_of(const char *key)
{
    uint32_t h = 2166136261U;
    for (const unsigned char *c = (const unsigned char *)key; *c; c++)
        h = (h ^ *c) * 16777619U;
    return h;
}

/* Where KEY is, or the free slot where it would be. At least one slot of X is free. */
static struct dr_index_slot *
slot_of(const struct dr_index *x, const char *key, uint32_t hash)
{
    size_t mask = x->room - 1, i = hash & mask;
    while (x->slots[i].key && (x->slots[i].hash != hash || strcmp(x->slots[i].key, key) != 0))
        i = (i + 1) & mask;
    return &x->slots[i];
}

static void
grow(struct dr_arena *a, struct dr_index *x)
{
    struct dr_index bigger = {.n = x->n, .room = x->room ? x->room * 2 : 16};
    bigger.slots = dr_arena_alloc(a, bigger.room, sizeof(*bigger.slots));
    for (size_t i = 0; i < x->room; i++)
        if (x->slots[i].key)
            *slot_of(&bigger, x->slots[i].key, x->slots[i].hash) = x->slots[i];
    *x = bigger;
}

size_t *
dr_index_slot(struct dr_arena *a, struct dr_index *x, const char *key)
{
    if (!key)
        return NULL;
    if (x->n * 4 >= x->room * 3)
        grow(a, x);
    uint32_t hash = hash_of(key);
    struct dr_index_slot *s = slot_of(x, key, hash);
    if (!s->key) {
        *s = (struct dr_index_slot){key, hash, DR_INDEX_NONE};
        x->n++;
    }
    return &s->at;
}

bool
dr_index_put(struct dr_arena *a, struct dr_index *x, const char *key, size_t at)
{
    size_t *place = dr_index_slot(a, x, key);
    if (!place || *place != DR_INDEX_NONE)
        return false;
    *place = at;
    return true;
}

size_t
dr_index_at(const struct dr_index *x, const char *key)
{
    if (!key || !x->n)
        return DR_INDEX_NONE;
    const struct dr_index_slot *s = slot_of(x, key, hash_of(key));
    return s->key ? s->at : DR_INDEX_NONE;
}
