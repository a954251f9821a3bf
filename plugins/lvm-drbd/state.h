/*
 * What one copy is, in the words of the contract: the only place where DRBD's states are judged.
 * Pure; whatever is not provable from what was read is UNKNOWN.
 */
#ifndef LVM_DRBD_STATE_H
#define LVM_DRBD_STATE_H

#include "model.h"

#include <drstor/types.h>

enum {
    /*
     * Of an asynchronous copy, what the socket buffers may hold back. Data that the peer does not
     * take for ko-count times timeout (7 times 6 s) ends the connection, so nothing in them is
     * older than that.
     */
    LD_ASYNC_BEHIND_S = 60,
    LD_GENERATION_MOST = LD_VOLUMES_MOST * 17,
    LD_WORDS_MOST = 256
};

struct ld_member_state {
    enum drstor_access access;
    enum drstor_sync sync;
};

struct ld_state {
    struct ld_member_state members[LD_VOLUMES_MOST];
    enum drstor_access access;
    enum drstor_sync sync;
    enum drstor_relation relation;
    enum drstor_arbiter arbiter;
    enum drstor_leg leg;
    enum drstor_tristate stops_when_alone, peer_seen;
    int64_t lag_bytes, progress_permille;
    int64_t point_utc, peer_seen_utc, epoch;
    char generation[LD_GENERATION_MOST]; /* empty: not read */
    char preferred[LD_WORDS_MOST];       /* empty: none */
    bool primary, secondary;             /* every volume is */
    bool peer_primary;                   /* any volume is, over there */
    bool torn;                           /* some volumes Primary, others not */
    bool crossed;                        /* volumes are resynchronised in different directions */
    bool frozen;                         /* Primary, and its writes wait */
    bool wrote_alone; /* a volume has a generation that the other side may lack */
    bool resyncing;
};

/* NOW_UTC: of the controller's clock, taken before the host was asked. */
void ld_state_of(const struct ld_resource *r, bool nine, int64_t now_utc, struct ld_state *ret);

/* The first volume that is not UpToDate here; NULL: every one is. */
const struct ld_volume *ld_volume_behind(const struct ld_resource *r);
const char *ld_disk_name(enum ld_disk disk);
const char *ld_link_name(enum ld_link link);

/*
 * How hosts see volume V of R, or its clone NAME: the serial that its backstore at H has, or the
 * one that it would get. RET_SERIAL: 25 hex digits; RET_WWID: "3", NAA 6001405 and those. False:
 * the configuration does not name two hosts.
 */
enum { LD_SERIAL_SIZE = 26, LD_WWID_SIZE = 34 };
bool ld_identity(const struct ld_host *h, const struct ld_resource *r, const struct ld_volume *v,
                 const char *clone, char ret_serial[LD_SERIAL_SIZE], char ret_wwid[LD_WWID_SIZE]);
/* The backstore over V, or over its clone NAME; NULL: none. */
const struct ld_backstore *ld_backstore_of(const struct ld_host *h, const struct ld_resource *r,
                                           const struct ld_volume *v, const char *clone);
/* Is B over V, or over its clone NAME? */
bool ld_backstore_is(const struct ld_backstore *b, const struct ld_resource *r,
                     const struct ld_volume *v, const char *clone);
/* Is V (or its clone) a LUN of TARGET? NULL: of any. */
bool ld_shown(const struct ld_host *h, const struct ld_resource *r, const struct ld_volume *v,
              const char *clone, const char *target);
/* The logical volume that carries all of drstor:res=R, drstor:vol=V and drstor:KIND=NAME. */
const struct ld_lv *ld_image(const struct ld_host *h, struct ld_span res, uint32_t volume,
                             const char *kind, const char *name);
bool ld_lv_tagged(const struct ld_lv *lv, const char *key, struct ld_span value);
/* The logical volume below V. */
const struct ld_lv *ld_backing(const struct ld_host *h, const struct ld_volume *v);

#endif
