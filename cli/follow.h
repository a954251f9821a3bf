/* Shows a run while it goes: a board on a terminal, lines elsewhere, JSON lines, or nothing. */
#ifndef CLI_FOLLOW_H
#define CLI_FOLLOW_H

#include "cli.h"

struct follow;

struct follow *follow_new(struct cli *c);
/* A plan or a report: names what is to come. */
void follow_learn(struct follow *f, const char *json);
/* For drstor_callbacks: one event. */
void follow_event(const char *json, void *follow);
/* The last state stays on the screen; the terminal is as it was. */
void follow_end(struct follow *f);
int64_t follow_seq(struct follow *f);

/* ---- for the thread that takes signals
 * ------------------------------------------------------------- */

/* The board of the run that is followed now, if any: off the screen and back. */
void follow_hide(void);
void follow_show(void);
/* The run that is followed, copied; "" when none has begun. */
void follow_run(char *text, size_t size);

#endif
