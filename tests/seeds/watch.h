/* Listens to world and stores of a house, and to what people are told, and tells the judge. */
#ifndef TESTS_SEEDS_WATCH_H
#define TESTS_SEEDS_WATCH_H

#include "seeds/check/check.h"
#include "seeds/shape.h"

struct watch;

struct watch *watch_new(struct house *h, const struct shape *s, bool adopted);
/* From now on these stores count, and the house's own does not. NAME: of its controller. */
void watch_offices(struct watch *w, struct office *active, const char *name, struct office *standby,
                   const char *standby_name);
void watch_free(struct watch *w);
struct check *watch_check(struct watch *w);
/* FN when a change was sent of which nobody will hear. */
void watch_muted(struct watch *w, void (*fn)(void *user), void *user);
/* The disk alters a record, or is put right. */
void watch_damage(struct watch *w, uint32_t group, bool damaged);
/* A person acts on a wrong belief from now on. */
void watch_wrong(struct watch *w);
/* A person was told that it is for them to say which copy of it counts. */
void watch_left(struct watch *w, uint32_t group);
uint32_t watch_flips(const struct watch *w);

/* ---- heard.c --------------------------------------------------------------------------------- */

/* A person who works at C asks for WHAT; PLAN_JSON: as it says in the plan they have; NULL: none.
 */
void watch_said(struct watch *w, const struct controller *c, const struct errand_what *what,
                const char *plan_json);
/* What E said in the end, to whoever began it at SINCE_NS. */
void watch_heard(struct watch *w, const struct errand *e, uint64_t since_ns);
/* That it is served at SITE now. */
void watch_told_done(struct watch *w, const struct errand *e, uint64_t since_ns, uint32_t group,
                     uint32_t site);

/* ---- of watch.c, for it ---------------------------------------------------------------------- */

void watch_tell(struct watch *w, struct history_entry e);
uint32_t watch_group(const struct watch *w, const char *name); /* UINT32_MAX: none */
uint32_t watch_site(const char *name);
uint32_t watch_person(struct watch *w, const struct controller *c);
uint32_t watch_store(const struct watch *w, const struct controller *c); /* the number of its */
bool watch_is_open(const struct watch *w, const struct controller *c, const char *run);
/* The value of a text member, without reading the rest. */
bool watch_text(const char *json, const char *key, char *to, size_t size);
/* What PLAN_JSON says of each group is shown to whoever works at C. */
void watch_shown(struct watch *w, const struct controller *c, const char *plan_json);

#endif
