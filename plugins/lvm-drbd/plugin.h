/* The plugin's calls: what its files share. No call keeps anything for the next one. */
#ifndef LVM_DRBD_PLUGIN_H
#define LVM_DRBD_PLUGIN_H

#include "state.h"
#include "verdict.h"

#include <drstor/plugin.h>

/* ---- ask.c ----------------------------------------------------------------------------------- */

/*
 * A report of RES, or of every resource when N is 0. Anything but OK: a read that brought nothing,
 * and the sentence was given.
 */
int ld_look(struct drstor_call *call, const char *const *res, size_t n, bool lvs,
            struct ld_host *ret);
/* OK: H really has no resource RES. Anything else: it could not be read, and the sentence was
 * given. */
int ld_absent(struct drstor_call *call, const struct ld_host *h, const char *res);

struct ld_answer {
    char *text;
    size_t n;
    struct ld_reply reply;
};

/*
 * One verb with its words. OK: all of the reply is there, whatever it says. UNKNOWN: the command
 * may have had its effect. Anything else: nothing was done. The sentence was given unless OK.
 */
int ld_send(struct drstor_call *call, const struct drstor_change *change, const char *res,
            const char *verb, const char *const *args, size_t n, struct ld_answer *ret);
/* A read of slot SLOT of a probe volume. */
int ld_probe(struct drstor_call *call, const char *res, uint32_t volume, unsigned slot,
             struct ld_answer *ret);
void ld_answer_clear(struct ld_answer *a);
/* The report that a change's answer carries; false: none, or not a whole one. */
bool ld_carried(const struct ld_answer *a, struct ld_host *ret);
/* A name that a snapshot can have: NAME itself where it fits, else one made from it. */
void ld_name(const char *name, char ret[LD_NAME_MOST + 1]);

/* ---- read.c ---------------------------------------------------------------------------------- */

int ld_discover(void *handle, struct drstor_call *call);
int ld_observe(void *handle, struct drstor_call *call, const char *const *groups, size_t n_groups);
int ld_jobs(void *handle, struct drstor_call *call, const char *group);
int ld_poll(void *handle, struct drstor_call *call, const char *job);
int ld_verify(void *handle, struct drstor_call *call, const char *group);
/* Members whose access is another than in BEFORE (NULL: every one), by report_member. */
size_t ld_report_changed(struct drstor_call *call, const struct ld_resource *r,
                         const struct ld_state *before, const struct ld_state *after);

/* ---- work.c: one change from its first look to its outcome ----------------------------------- */

struct ld_work {
    bool lvs; /* what is looked at includes the logical volumes, which takes longer */
    struct drstor_call *call;
    const struct drstor_change *change;
    struct ld_host host;         /* as last looked at */
    const struct ld_resource *r; /* in it */
    struct ld_state before, now; /* before the first command, and as last looked at */
    struct ld_answer answer;     /* of the last command */
    bool fresh;                  /* and nothing was looked at since */
    enum ld_class class;         /* what it failed with, or NONE */
    bool changed;                /* a command of this call had an effect */
    bool open;                   /* no outcome was given yet */
};

/* Looks. Not OK: the outcome was given. */
int ld_work_begin(struct ld_work *w, struct drstor_call *call, const struct drstor_change *change,
                  bool lvs);
/* Likewise for what both sides do at the same time: token and epoch are not compared. */
int ld_work_begin_any(struct ld_work *w, struct drstor_call *call,
                      const struct drstor_change *change, bool lvs);
/* Looks again. Not OK: the outcome (UNKNOWN after a command) was given. */
int ld_work_look(struct ld_work *w);
/* Looks again and again for at most SECONDS, until DONE holds. Same answers as ld_work_look(). */
int ld_work_wait(struct ld_work *w, unsigned seconds, bool (*done)(const struct ld_work *w));
/*
 * One verb. OK: it ended, and class says how. Not OK: the outcome was given.
 */
int ld_work_do(struct ld_work *w, const char *verb, const char *const *args, size_t n);
/* Ends with DONE. */
int ld_work_done(struct ld_work *w);
/* Ends with UNKNOWN: what was asked for is not what is read. */
int ld_work_unclear(struct ld_work *w, const char *what);
/*
 * Ends because the last command said no: with REFUSED, or with PARTIAL when something of this call
 * had an effect. WHAT: "drbdadm primary r0".
 */
int ld_work_refused(struct ld_work *w, const char *what);
/* Gives the outcome for a sentence that was given: REFUSED, or PARTIAL likewise. */
int ld_work_no(struct ld_work *w, int status);
/* Returns STATUS; call it last. */
int ld_work_end(struct ld_work *w, int status);
/* Somebody proved that the other copy cannot be written. */
bool ld_proven(const struct drstor_change *change);

/* ---- access.c, relation.c, show.c ------------------------------------------------------------ */

#define LD_CHANGE(name)                                                                            \
    int ld_##name(void *handle, struct drstor_call *call, const struct drstor_change *change)
LD_CHANGE(set_access);
LD_CHANGE(force_access);
LD_CHANGE(sync_once);
LD_CHANGE(suspend);
LD_CHANGE(resume);
LD_CHANGE(resync);
LD_CHANGE(expose);
LD_CHANGE(withdraw);
LD_CHANGE(snapshot);
LD_CHANGE(test_start);
LD_CHANGE(test_stop);
LD_CHANGE(probe_write);
LD_CHANGE(tag);
int ld_cancel(void *handle, struct drstor_call *call, const char *job);

/* Takes every LUN over the volumes of W away. OK: none is left. */
int ld_take_luns(struct ld_work *w);
/* "/dev/drbd0 is a LUN" of any volume. */
bool ld_any_lun(const struct ld_work *w);

#endif
