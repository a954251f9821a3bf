/*
 * lunview: the storage an emulated engine's hosts see at one site.
 *
 * The engine emulator knows LUNs only through this interface. Backends: the simulated world file
 * (tests/support/lunview_world.c), later the control port of an array emulator.
 *
 * Threads: every call may come from any thread; a backend does its own locking. Calls return 0 or
 * a negative errno value. json_object results are owned by the caller.
 */
#ifndef TESTS_EMULATORS_LUNVIEW_H
#define TESTS_EMULATORS_LUNVIEW_H

#include <json-c/json.h>

struct lunview {
    void *ctx;

    /*
     * The LUNs hosts of SITE can see now:
     *   [ { "wwid": "3600...", "serial": "...", "size": bytes, "access":
     * "none|read-only|read-write", "exposed_to": ["rhv-rome"], "lun": n, "content": {...} } ]
     * "content" is the opaque document stored on the volume (see engine/README.md: domain id, pool,
     * master flag, OVF list, leases, write counter). A LUN exposed to no host group is left out.
     */
    int (*list)(void *ctx, const char *site, struct json_object **ret_luns);

    /*
     * Replaces the document on one LUN as a host of SITE would: -ENOENT when no such LUN is seen,
     * -EROFS when it is not read-write there. CONTENT is borrowed.
     */
    int (*write)(void *ctx, const char *site, const char *wwid, struct json_object *content);

    /*
     * A running VM is a writer on every LUN that holds one of its disks, from start to stop.
     * WHO names it ("engine-rome/vm-id"). The storage itself counts what it must never see: writers
     * at two sites of the same pair of volumes. -EROFS when the LUN is not writable there.
     */
    int (*writer_add)(void *ctx, const char *site, const char *wwid, const char *who);
    int (*writer_remove)(void *ctx, const char *site, const char *wwid, const char *who);
};

#endif
