/* What a failed command of DRBD or LVM means, and what a person reads of it. Pure. */
#ifndef LVM_DRBD_VERDICT_H
#define LVM_DRBD_VERDICT_H

#include "reply.h"

enum ld_class {
    LD_CLASS_OTHER = 0,
    LD_CLASS_NONE,          /* it did not fail */
    LD_CLASS_HELD,          /* somebody has the device open */
    LD_CLASS_NO_GOOD_DATA,  /* no UpToDate disk here, or the last one */
    LD_CLASS_PEER_PRIMARY,  /* the other side is Primary */
    LD_CLASS_TORN,          /* another volume is Primary at the other side (8.4) */
    LD_CLASS_PEER_DECLINES, /* the other side has a reader, or its own reason (9) */
    LD_CLASS_NO_QUORUM,
    LD_CLASS_ALREADY, /* it is so already */
    LD_CLASS_RETRY,   /* DRBD is in the middle of something */
    LD_CLASS_PRIMARY, /* not while it is Primary */
    LD_CLASS_NOT_UP,
    LD_CLASS_NO_CONFIG, /* no such resource */
    LD_CLASS_CONFIG,    /* the configuration is wrong, of any resource */
    LD_CLASS_NO_MODULE,
    LD_CLASS_NO_SPACE,
    LD_CLASS_GONE, /* the volume below it is not there */
    LD_CLASS_ENDED /* it was ended before it was over */
};

enum ld_class ld_classify(const struct ld_frame *f);
/* "the device is held open": goes behind "drbdadm secondary r0 was refused: ". */
const char *ld_class_text(enum ld_class c);
const char *ld_class_hint(enum ld_class c); /* NULL: none */
/* "(-12)", "exit 5": for host->array_said(). */
void ld_code(const struct ld_frame *f, char *ret, size_t size);
/* The first frame that failed; NULL: none. */
const struct ld_frame *ld_failed(const struct ld_reply *r);
/* "the LIO backstore drstor.r0.0, the mount /srv": who holds it; empty: not known. */
void ld_holders(const struct ld_reply *r, char *ret, size_t size);

#endif
