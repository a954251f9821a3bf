/*
 * Stories of the usual house with an engine at each site: what is asked of controllers there, what
 * somebody does past them, where VMs run in the end. No VM ever runs at both, unless a story says
 * so.
 */
#ifndef TESTS_HOUSE_STORY_H
#define TESTS_HOUSE_STORY_H

#include "support/house_internal.h"
#include "support/house_site.h"

#include "base/mem.h"
#include "base/str.h"

#define DB "a1100000-0000-4000-8000-000000000001"
#define ERP1 "a1200000-0000-4000-8000-000000000001"
#define ERP2 "a1300000-0000-4000-8000-000000000001"
#define WEB "a1400000-0000-4000-8000-000000000001"
#define SD_DB "5d200000-0000-4000-8000-000000000001"
#define SD_ERP "5d100000-0000-4000-8000-000000000001"
#define SD_WEB "5d300000-0000-4000-8000-000000000001"

#define STORY_VMS                                                                                  \
    {                                                                                              \
        DB, ERP1, ERP2, WEB                                                                        \
    }

struct story {
    const char *name;
    void (*tell)(struct house *h, struct story *s);
    const char *rhv;
    void (*engines)(struct house_plan *p); /* changes what they begin with */
    const char *fault;                     /* at milan's engine, or with "rome ": at rome's */
    const struct house_plan *plan;         /* the story's own, made when it is told */
    uint64_t doom;
    uint64_t points;
    bool died;
    bool power;          /* two hosts at milan that can be switched off */
    bool twice;          /* VMs may run at both sites for a while */
    uint64_t violations; /* what a site that came back did by itself, before anybody was asked */
    bool good;
    char why[2048];
};

void wrong(struct story *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Apostrophes stand for quotes; the reply is the caller's. */
struct json_object *control(struct house *h, const char *site, const char *text);
void told(struct house *h, const char *site, const char *text);
const char *status_of(struct house *h, const char *site, const char *vm);
const char *domain_at(struct house *h, const char *site, const char *domain);
bool runs(struct house *h, const char *site, const char *vm);
/* What somebody does at the engine, past drstor: the code, and the answer, which is the caller's.
 */
int ask(struct house *h, const char *site, const char *method, const char *path,
        struct json_object **ret);
int by_hand(struct house *h, const char *site, const char *method, const char *path);
/* Groups, domains and VMs are at SITE, and nowhere else. */
void all_at(struct house *h, struct story *s, const char *site, int64_t epoch);
const struct errand *ends_with(struct story *s, struct controller *c,
                               const struct errand_what *what, int exit);
/* By the engine's own clock, when the first call of OP began, or ended. -1: there was none. */
int64_t first_call(struct house *h, const char *site, const char *op, const char *path, bool end);
/* At milan. */
void before(struct house *h, struct story *s, const char *op1, const char *path1, const char *op2,
            const char *path2);
/* The oldest that is open; NULL: none. */
const char *run_of(struct house *h);
void ends(struct story *s, struct errand *e, int exit);
void site(struct house *h, const char *name, enum sim_site_state state);
/* In a house of its own; SHOW: with its history. */
bool play(struct story *s, bool show);
/* In processes of their own; how many of them were good. */
size_t all_good(struct story *list, size_t n);
/* S undisturbed, then dying at every so many of its points. */
void crashes_everywhere(struct story s, const char *figure);

#endif
