/* What the parts of the HTML page share. */
#ifndef DR_REPORT_HTML_PARTS_H
#define DR_REPORT_HTML_PARTS_H

#include "report/page.h"

struct dr_html {
    struct dr_page page; /* where it is written, and how members are read */
    struct json_object *doc;
    const char *day;   /* of the decision, "2026-11-22": times of that day are told without it */
    bool moves;        /* a service moves: there is a recovery time */
    bool touches_data; /* something can be lost */
};

/*
 * TEMPLATE, where each '$' stands for the next word. Words come from outside: they are escaped
 * here, and there is no other way for them onto the page. NULL is an empty one.
 */
#define dr_html(h, template, ...)                                                                  \
    dr_html_fill(h, template, (const char *const[]){__VA_ARGS__},                                  \
                 sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))
void dr_html_fill(struct dr_html *h, const char *template, const char *const *words, size_t n);
void dr_html_raw(struct dr_html *h, const char *markup); /* ours, as it is */
/* A line below, in small; nothing when WORDS is NULL. CLASS "" is the plain one. */
void dr_html_small(struct dr_html *h, const char *class, const char *words);
const char *dr_html_count(struct dr_html *h, size_t n);
const char *dr_html_of(struct dr_html *h, size_t n, size_t all); /* "3 of 4" */

/* A member that is a time, or a number of seconds, machine-readable too; false: there is none, and
 * nothing was written. */
bool dr_html_time(struct dr_html *h, struct json_object *o, const char *key);
bool dr_html_clock(struct dr_html *h, struct json_object *o, const char *key);
bool dr_html_lasted(struct dr_html *h, struct json_object *o, const char *key);
void dr_html_seconds(struct dr_html *h, int64_t s);
/* The same as a whole cell of a table: a dash when there is none. */
void dr_html_time_cell(struct dr_html *h, struct json_object *o, const char *key);
void dr_html_lasted_cell(struct dr_html *h, struct json_object *o, const char *key);
/* -1: there is none. */
int64_t dr_html_utc(struct json_object *o, const char *key);
/* What a kind of evidence means; NULL: there is no such kind. */
const char *dr_html_evidence_words(const char *kind);
/* The mark of a state or result: "good", "bad", "doubt". */
const char *dr_html_mark(const char *state);

void dr_html_section(struct dr_html *h, const char *id, const char *title);
void dr_html_section_end(struct dr_html *h);
/* HEADS: names of the columns, separated by '|'. */
void dr_html_table(struct dr_html *h, const char *label, const char *heads);
void dr_html_table_end(struct dr_html *h);
/* A term and what it is, in a list of them; nothing when WORDS is NULL. */
void dr_html_term(struct dr_html *h, const char *term, const char *words);

/* ---- the parts, in the order of the page ----------------------------------------------------- */

extern const char dr_html_style[];
void dr_html_summary(struct dr_html *h);
void dr_html_trouble(struct dr_html *h);
void dr_html_timeline(struct dr_html *h);
void dr_html_groups(struct dr_html *h);
void dr_html_vms(struct dr_html *h);
void dr_html_decision(struct dr_html *h);
void dr_html_evidence(struct dr_html *h);
void dr_html_loss(struct dr_html *h);
void dr_html_conditions(struct dr_html *h);
void dr_html_steps(struct dr_html *h);
void dr_html_hooks(struct dr_html *h);

#endif
