/*
 * Finds by a string where something is in a list: for lists that are walked for each of their own
 * entries otherwise. Zeroes are an empty one. Keys are borrowed; what it holds itself lives in the
 * arena that was given first.
 */
#ifndef DR_BASE_INDEX_H
#define DR_BASE_INDEX_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

struct dr_index_slot {
    const char *key;
    uint32_t hash;
    size_t at;
};

struct dr_index {
    struct dr_index_slot *slots;
    size_t n, room;
};

#define DR_INDEX_NONE SIZE_MAX

/* The first of equal keys stays: false when KEY is there already, and when it is NULL. */
bool dr_index_put(struct dr_arena *a, struct dr_index *x, const char *key, size_t at);
/* Where KEY's place is kept, NONE when it is new: to be changed. NULL when KEY is. */
size_t *dr_index_slot(struct dr_arena *a, struct dr_index *x, const char *key);
/* NONE: no such key, or NULL. */
size_t dr_index_at(const struct dr_index *x, const char *key);

#endif
