/*
 * The plugin, loaded as a file, before a storage host that answers by a script: an act for each
 * line that is sent, in that order, and no other. What it is sent is checked; what it says comes
 * from scenes.
 */
#ifndef TESTS_UNIT_LVM_DRBD_SCRIPT_H
#define TESTS_UNIT_LVM_DRBD_SCRIPT_H

#include "fake_host.h"
#include "kit.h"

struct act {
    /* "report r0", "probe r0 1 0", or of a change all from RES on: "r0 secondary" */
    const char *want;
    struct kit_host report; /* with a scene: that is the answer */
    const char *status;     /* else this, */
    const char *frame;      /* with a frame of this name when there is one, */
    int exit;
    const char *out, *err;
    const char *carries; /* and behind it the report of this scene */
    int lost;            /* or: nothing, and this status of host->ssh() */
};

/* Acts of a test, up to one without WANT. */
void script_set(const struct act *acts);
/* Every act was played; how many there were. */
unsigned script_end(void);
const struct drstor_plugin *script_plugin(void);
/* The usual wish: token 7, epoch 3. */
struct drstor_change script_change(void);

#endif
