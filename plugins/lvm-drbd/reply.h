/* The framed reply of the storage host (PROTOCOL.md). All of it or nothing: a reply that was cut
 * says nothing. */
#ifndef LVM_DRBD_REPLY_H
#define LVM_DRBD_REPLY_H

#include "span.h"

enum { LD_FRAMES_MOST = 4096, LD_STREAM_MOST = 256 * 1024, LD_REPLY_MOST = 64 * 1024 * 1024 };

enum ld_status {
    LD_STATUS_UNKNOWN = 0, /* what a command did cannot be said, or the reply could not be read */
    LD_STATUS_DONE,
    LD_STATUS_FAILED,
    LD_STATUS_BUSY,
    LD_STATUS_STALE,
    LD_STATUS_INVALID,
    LD_STATUS_MISSING
};

enum { LD_EXIT_ENDED = -1, LD_EXIT_ABSENT = -2 };

struct ld_frame {
    struct ld_span name; /* "lvs", "events2 r0", "drbdadm secondary r0" */
    int exit;
    struct ld_span out, err;
};

struct ld_reply {
    enum ld_status status;
    struct ld_span words; /* the sentence behind the status */
    struct ld_frame *frames;
    size_t n_frames;
};

/* False: TEXT is no reply; *RET is empty then. *WHY, always set: what is wrong with it. The spans
 * point into TEXT. */
bool ld_reply_read(struct ld_span text, struct ld_reply *ret, const char **why);
void ld_reply_clear(struct ld_reply *r);

/* The first frame of this name; ARG may be NULL. */
const struct ld_frame *ld_frame(const struct ld_reply *r, const char *name, const char *arg);

#endif
