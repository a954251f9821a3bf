/* The page a document is written on, and how members of a document are read for it. */
#ifndef DR_REPORT_PAGE_H
#define DR_REPORT_PAGE_H

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"

#include <stdbool.h>

struct dr_page {
    struct dr_arena *arena;
    struct dr_str out;
    unsigned width;      /* 0: none */
    const char *columns; /* what was asked for; NULL: the usual ones */
};

/* Wrapped at the page's width; lines after the first begin INDENT + HANG cells in. */
void dr_page_say(struct dr_page *p, unsigned indent, unsigned hang, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void dr_page_gap(struct dr_page *p); /* one empty line, not at the top */

/* Clean text of a member that is a string, a number or a boolean; NULL when there is none. */
const char *dr_page_text(struct dr_page *p, struct json_object *o, const char *key);
/* The same of a value. */
const char *dr_page_value(struct dr_page *p, struct json_object *v);
/* Never NULL: "unknown" when there is none. */
const char *dr_page_known(struct dr_page *p, struct json_object *o, const char *key);
/* "14 s", "unknown" */
const char *dr_page_duration(struct dr_page *p, struct json_object *o, const char *key);
/* "2026-11-22 14:03:21 UTC", or what is written there, or NULL. */
const char *dr_page_time(struct dr_page *p, struct json_object *o, const char *key);
/* "14:03:21", or as above. */
const char *dr_page_clock(struct dr_page *p, struct json_object *o, const char *key);
bool dr_page_true(struct json_object *o, const char *key); /* false when it is not there */
/* "a, b, c" of a list of texts, or of objects with a name or a group; "" when empty. At most MOST,
 * then "and 3 more"; 0: all. */
const char *dr_page_list(struct dr_page *p, struct json_object *list, size_t most);
/* The name of an element: a text, or the member group, name or id of an object. */
const char *dr_page_name(struct dr_page *p, struct json_object *element);
/* S without a full stop at its end. */
const char *dr_page_bare(struct dr_page *p, const char *s);
/* One sentence about a goal: "planned promote of erp to rome". */
const char *dr_page_goal(struct dr_page *p, struct json_object *doc);
/* The same for a headline: many groups are a number. */
const char *dr_page_goal_short(struct dr_page *p, struct json_object *doc);
/* "up to 42 s (method)", "nothing is lost (method)", "unknown (method)" */
const char *dr_page_loss(struct dr_page *p, struct json_object *loss);
/* One line per refusal: rule, what, evidence, remedy. */
void dr_page_refusals(struct dr_page *p, struct json_object *refusals);

/* Elements that are null are left out. A break only ends one element. */
#define dr_page_each(list, i, element)                                                             \
    for (size_t i = 0; i < dr_json_length(list); i++)                                              \
        for (struct json_object *element = json_object_array_get_idx((list), i); element;          \
             element = NULL)

/* "journal 57:ab12...", the head of the audit chain after an act, as journal verify takes it. */
void dr_page_journal(struct dr_page *p, struct json_object *doc);
/* How far the standby is behind, if it is. */
void dr_page_mirror(struct dr_page *p, struct json_object *of);
/* What a person does next, told by the report or by its exit; NULL: nothing. */
const char *dr_page_next_of(struct dr_page *p, struct json_object *doc);
/* The loss that was accepted, as the journal keeps it or as it was given; NULL: none was. */
const char *dr_page_bound(struct dr_page *p, struct json_object *consent);
bool dr_page_vm_up(struct dr_page *p, struct json_object *vm);
/* What became of one group, told by its steps: the worst word wins. */
struct dr_page_group {
    const char *result, *stopped; /* STOPPED: at which step, and why; NULL: it was not */
    size_t steps, done, vms, up;
};
struct dr_page_group dr_page_group_of(struct dr_page *p, struct json_object *doc, const char *name);
/* "next: ..." after a gap; NULL: nothing. */
void dr_page_next(struct dr_page *p, const char *next);
/* HEAD and a line for each of the sentences in LIST; nothing when there is none. */
void dr_page_sentences(struct dr_page *p, const char *head, struct json_object *list);
/* One sentence about a piece of evidence, whatever shape it has; NULL: it says nothing. */
const char *dr_page_evidence(struct dr_page *p, struct json_object *o);
/* Of a run: what was wanted for each group, what it rested on, and every step with its times. */
void dr_page_flips(struct dr_page *p, struct json_object *doc);
/* OVER: of a run, where what was open once is told by its evidence. */
void dr_page_facts(struct dr_page *p, struct json_object *doc, bool over);
void dr_page_steps(struct dr_page *p, struct json_object *doc);

/* ---- one function per kind ------------------------------------------------------------------- */

int dr_text_status(struct dr_page *p, struct json_object *doc, struct drstor_error **err);
int dr_text_observe(struct dr_page *p, struct json_object *doc, struct drstor_error **err);
int dr_text_plan(struct dr_page *p, struct json_object *doc, struct drstor_error **err);
int dr_text_report(struct dr_page *p, struct json_object *doc, struct drstor_error **err);
int dr_text_run(struct dr_page *p, struct json_object *doc, struct drstor_error **err);
int dr_text_abort(struct dr_page *p, struct json_object *doc, struct drstor_error **err);
int dr_text_verify(struct dr_page *p, struct json_object *doc, struct drstor_error **err);
int dr_text_check(struct dr_page *p, struct json_object *doc, struct drstor_error **err);
int dr_text_map(struct dr_page *p, struct json_object *doc, struct drstor_error **err);
int dr_text_yaml(struct dr_page *p, struct json_object *doc, struct drstor_error **err);
int dr_text_guard(struct dr_page *p, struct json_object *doc, struct drstor_error **err);
int dr_text_takeover(struct dr_page *p, struct json_object *doc, struct drstor_error **err);
int dr_text_journal(struct dr_page *p, struct json_object *doc, struct drstor_error **err);
int dr_text_runs(struct dr_page *p, struct json_object *doc, struct drstor_error **err);
int dr_text_events(struct dr_page *p, struct json_object *doc, struct drstor_error **err);
int dr_text_problems(struct dr_page *p, struct json_object *doc, struct drstor_error **err);
int dr_text_plugins(struct dr_page *p, struct json_object *doc, struct drstor_error **err);
int dr_text_adopt(struct dr_page *p, struct json_object *doc, struct drstor_error **err);
int dr_text_explain(struct dr_page *p, struct json_object *doc, struct drstor_error **err);
int dr_text_trust(struct dr_page *p, struct json_object *doc, struct drstor_error **err);
int dr_text_any(struct dr_page *p, struct json_object *doc, struct drstor_error **err);

#endif
