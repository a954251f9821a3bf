/*
 * What is left of a site, in all combinations; and a person who reads what is printed and does just
 * that. What the person is told to do is parsed from the words, so a remedy that is not one fails.
 */
#ifndef TESTS_FAULT_MATRIX_H
#define TESTS_FAULT_MATRIX_H

#include "support/house.h"

#include <stdio.h>

/* Up; its management silent; refuses to demote; refuses to withdraw, too; its login fails; off. */
enum array_state {
    ARRAY_UP,
    ARRAY_SILENT,
    ARRAY_STUBBORN,
    ARRAY_REFUSING,
    ARRAY_LOCKED,
    ARRAY_DEAD,
    ARRAYS
};
enum hosts_state { HOSTS_UP, HOSTS_DOWN, HOSTS_UNSEEN, HOSTS };
enum engine_state { ENGINE_UP, ENGINE_SILENT, ENGINES };
enum link_state { LINK_UP, LINK_CUT, LINKS };

/* What is true of a site, whatever anybody sees of it. */
struct ground {
    struct house *h;
    const char *site;
    enum array_state array;
    enum hosts_state hosts;
    enum engine_state engine;
    enum link_state link;
    bool hidden; /* hosts that are up answer nobody, and the engine sees none of them */
};

/* ground.c: milan and rome, an engine each, groups erp (async), db (sync, stops when alone), web
 * (sync), mes (active-active, milan preferred, no arbiter), lab (active-active, rome preferred). */
bool ground_plan(struct house_plan *p, bool probes, const char *safety); /* NULL: the usual */
void ground_set(const struct ground *g);
/* May hosts of the site write what is there? */
bool ground_may_write(const struct ground *g);
/* Writable and seen by hosts. */
bool ground_writable(struct house *h, const char *group, const char *site);
/* Writable and seen by hosts, as the record has it, at the site it names; NULL: not so. */
const char *ground_serves(struct house *h, const char *group);
/* Hosts of SITE begin to write the group. */
void ground_write(struct house *h, const char *site);
/* Something that must never be, or NULL. */
const char *ground_trouble(struct house *h, const struct ground *g, const char *group);

/* follow.c */

struct follow {
    struct ground *ground; /* of the old site */
    const char *group;
    int which; /* of several ways out that are printed: 0 the first, 1 the last one that is true */
    unsigned rounds;
    char rules[64]; /* "R021 R024": what was refused on the way */
};

/* Gives COMMAND, and follows what is printed until it is done; false: why is on stderr. */
bool follow_command(struct controller *c, const char *command, struct follow *f);

#endif
