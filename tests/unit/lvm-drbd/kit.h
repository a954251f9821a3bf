/*
 * A storage host made of a scene: a file of what the tools say in one situation. What they print is
 * as it was recorded of DRBD 8.4.11 and 9.2.14, or put together from such lines.
 *
 *     # why it is worth a look
 *     generation 8.4                     or 9
 *     resource r0                        or r1
 *     expect access=none sync=broken     how it has to be judged
 *     == events2                         and frames: role, gi, status, show, handler
 */
#ifndef TESTS_UNIT_LVM_DRBD_KIT_H
#define TESTS_UNIT_LVM_DRBD_KIT_H

#include "state.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { KIT_UTC = 1767225600, KIT_SEEN = 1767220000 };

struct kit_host {
    const char *scene;     /* "8.4-primary" */
    const char *lio, *lvs; /* frames; NULL: the usual ones */
    const char *holders;
    uint64_t token, epoch;
    int busy;
    int never_seen;
};

/* The file of a scene; the caller frees it. */
char *kit_scene(const char *name);
/* The frame of a scene, or NULL; the caller frees it. */
char *kit_frame(const char *scene, const char *name);
/* The word of its head behind KEY ("expect"); the caller frees it. */
char *kit_head(const char *scene, const char *key);
/* The reply to a report; the caller frees it. */
char *kit_report(const struct kit_host *k);
/* A reply of one frame. */
char *kit_said(const char *status, const char *frame, int exit, const char *out, const char *err);
/* Reads a report into H, and asserts that it is one. */
const struct ld_resource *kit_read(const struct kit_host *k, struct ld_host *h);
struct ld_state kit_state(const struct kit_host *k);

extern const char kit_lvs[], kit_lio[], kit_xml_r0[];

#endif
