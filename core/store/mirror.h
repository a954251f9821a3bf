/*
 * A standby's store as the copy of the active controller's: records, runs with their steps, the
 * audit chain, locks and counters. Not facts: a silence is measured by the one who declares it.
 *
 * What is sent are lines as in an export, begun by one that says who sends and after which audit
 * line. The audit chain is the position: what it does not continue is not taken. To be repeated as
 * often as one likes; what came before, or comes twice, changes nothing.
 */
#ifndef DR_STORE_MIRROR_H
#define DR_STORE_MIRROR_H

#include "base/str.h"
#include "model/controller.h"
#include "store/store.h"

/* ---- who is the active controller ------------------------------------------------------------ */

/* OK also when nothing is stored: then `active` is NULL. */
int dr_store_controller(struct dr_store *s, struct dr_arena *a, struct dr_controller *ret,
                        struct drstor_error **err);
int dr_store_controller_set(struct dr_store *s, const struct dr_controller *c,
                            struct drstor_error **err);
/*
 * From now on locks give tokens above every one that another controller ever gave: arrays that keep
 * them refuse that one (S8). Above this store's own, and above a number made of the time: a
 * controller that works since a moment before this one, and took fewer than a million locks each
 * second, is below it, also when nothing is known of it.
 */
int dr_store_token_leap(struct dr_store *s, int64_t *ret_token, struct drstor_error **err);

/* ---- the sender ------------------------------------------------------------------------------ */

/* How far the standby is known to follow. */
struct dr_mirror_state {
    int64_t seq, at;      /* audit line that it has, and when it said so; at -1: never */
    int64_t behind_since; /* UTC; -1: it is not */
    const char *why;
};
extern const struct dr_type dr_mirror_state_type;
int dr_store_mirror_state(struct dr_store *s, struct dr_arena *a, struct dr_mirror_state *ret,
                          struct drstor_error **err);
int dr_store_mirror_note(struct dr_store *s, const struct dr_mirror_state *state,
                         struct drstor_error **err);

/*
 * Everything that changed after audit line AFTER (0: everything), as of one moment, added to RET as
 * lines with their ends. *RET_HEAD: of the chain then.
 */
int dr_store_mirror(struct dr_store *s, const struct dr_controller *sender, int64_t after,
                    struct dr_str *ret, struct dr_audit_head *ret_head, struct drstor_error **err);

/* ---- the receiver ---------------------------------------------------------------------------- */

enum dr_mirror_result {
    DR_MIRRORED_UNKNOWN = 0,
    DR_MIRRORED_DONE,       /* it is on disk here; or was already */
    DR_MIRRORED_GAP,        /* send again, after `head` */
    DR_MIRRORED_TAKEN_OVER, /* the sender is not the active controller any more: `controller` is */
    DR_MIRRORED_REFUSED     /* not taken, and will not be by trying again: see `text` */
};
extern const struct dr_names dr_mirror_result_names;

struct dr_mirrored {
    enum dr_mirror_result result;
    struct dr_audit_head head; /* of the chain here */
    struct dr_controller controller;
    const char *text, *hint;
};

/*
 * TEXT of N bytes, as dr_store_mirror() made it, into the store of controller NAME, STANDBY by its
 * configuration: whole or not at all. Lives in A.
 */
int dr_store_import(struct dr_store *s, struct dr_arena *a, const char *name, bool standby,
                    const char *text, size_t n, struct dr_mirrored *ret, struct drstor_error **err);

#endif
