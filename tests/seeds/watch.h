/* Listens to world and store of a house and tells the judge. */
#ifndef TESTS_SEEDS_WATCH_H
#define TESTS_SEEDS_WATCH_H

#include "seeds/check/check.h"
#include "seeds/shape.h"

struct watch;

struct watch *watch_new(struct house *h, const struct shape *s, bool adopted);
void watch_free(struct watch *w);
struct check *watch_check(struct watch *w);
/* FN when a change was sent of which nobody will hear. */
void watch_muted(struct watch *w, void (*fn)(void *user), void *user);
/* A person was told so. */
void watch_told_done(struct watch *w, uint32_t group, uint32_t site);
/* The disk alters a record, or is put right. */
void watch_damage(struct watch *w, uint32_t group, bool damaged);
/* A person acts on a wrong belief from now on. */
void watch_wrong(struct watch *w);
/* The document of a library's call: what it refuses must say why. */
void watch_document(struct watch *w, const char *json);
uint32_t watch_flips(const struct watch *w);

#endif
