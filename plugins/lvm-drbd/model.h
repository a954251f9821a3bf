/*
 * What was read of one storage host, in DRBD's, LVM's and LIO's own words. Nothing is judged here:
 * that is state.h. A field that was not read is 0, UNKNOWN or empty.
 */
#ifndef LVM_DRBD_MODEL_H
#define LVM_DRBD_MODEL_H

#include "reply.h"

struct json_object;

enum {
    LD_VOLUMES_MOST = 32, /* of one resource */
    LD_HOSTS_MOST = 8,    /* in one resource's configuration */
    LD_NAME_MOST = 64     /* of a resource or a snapshot */
};

enum ld_role { LD_ROLE_UNKNOWN = 0, LD_ROLE_SECONDARY, LD_ROLE_PRIMARY };

enum ld_disk {
    LD_DISK_UNKNOWN = 0, /* DUnknown too */
    LD_DISK_UPTODATE,
    LD_DISK_CONSISTENT,
    LD_DISK_OUTDATED,
    LD_DISK_INCONSISTENT,
    LD_DISK_DISKLESS /* also failed, detaching, attaching, negotiating: nothing to be read now */
};

enum ld_link {
    LD_LINK_UNKNOWN = 0,
    LD_LINK_CONNECTED,
    LD_LINK_CONNECTING, /* and what lasts a second on the way there or down */
    LD_LINK_STANDALONE  /* it does not try */
};

enum ld_replication {
    LD_REPLICATION_UNKNOWN = 0,
    LD_REPLICATION_OFF,
    LD_REPLICATION_ESTABLISHED, /* an online verify too */
    LD_REPLICATION_AGREEING,    /* seconds, before a resync */
    LD_REPLICATION_SOURCE,
    LD_REPLICATION_TARGET,
    LD_REPLICATION_PAUSED_SOURCE,
    LD_REPLICATION_PAUSED_TARGET,
    LD_REPLICATION_AHEAD,
    LD_REPLICATION_BEHIND
};

enum ld_said { LD_SAID_UNKNOWN = 0, LD_SAID_NO, LD_SAID_YES };

enum ld_fencing {
    LD_FENCING_UNKNOWN = 0,
    LD_FENCING_NONE,     /* dont-care */
    LD_FENCING_OUTDATES, /* resource-only: it goes on writing meanwhile */
    LD_FENCING_STOPS /* resource-and-stonith: nothing is written before the handler has spoken */
};

struct ld_volume {
    uint32_t number, minor;
    struct ld_span backing; /* "/dev/vg0/r0v0", as configured */
    bool up;                /* the kernel has it */
    enum ld_role role;      /* this volume's own, see ld_roles_read() */
    enum ld_role peer_role;
    enum ld_disk disk, peer_disk;
    enum ld_replication replication;
    enum ld_said quorum;
    bool paused;                                 /* resync-suspended is not "no" */
    bool counted;                                /* the three below were read */
    uint64_t size_kib, out_of_sync_kib, waiting; /* pending + unacked */
    bool identified;                             /* the two below were read */
    uint64_t current, bitmap;                    /* without bit 0, which is the role */
    int64_t done_permille;                       /* of a resync, as generation 9 says; -1 */
};

struct ld_resource {
    struct ld_span name;
    bool configured; /* in the configuration of this host */
    bool readable;   /* the kernel answered for it */
    bool up;
    struct ld_volume volumes[LD_VOLUMES_MOST];
    size_t n_volumes;
    struct ld_span hosts[LD_HOSTS_MOST];
    size_t n_hosts;
    size_t n_peers; /* connections; 1 is what this plugin is about */
    enum ld_link link;
    enum ld_role role; /* as events2 has it: of the whole on 9, of any volume on 8.4 */
    enum ld_role peer_role;
    struct ld_span suspended; /* "no", "user", "fencing,quorum" ... */
    char protocol;            /* 'A', 'B', 'C'; 0 */
    enum ld_fencing fencing;
    struct ld_span fence_peer; /* the handler; empty: none */
    enum ld_said two_primaries;
    enum ld_said quorum_used;
    bool kept; /* the three below were read */
    bool busy; /* a change is under way at the host */
    uint64_t token, epoch;
    int64_t unseen_s; /* since a report last found it connected and the same at both sides; -1 */
};

struct ld_lv {
    struct ld_span vg, name, path, tags, origin, attr, active, invalid, permissions;
    uint64_t bytes;
};

struct ld_backstore {
    struct ld_span name, dev, serial;
    enum ld_said enabled;
};

struct ld_lun {
    struct ld_span target, backstore;
    uint64_t number;
};

struct ld_portal {
    struct ld_span target, address;
};

struct ld_host {
    char *text; /* what the spans point into */
    struct ld_reply reply;
    struct json_object *lvs_json;
    struct ld_span name, boot;
    uint64_t utc;
    unsigned version; /* of the shim */
    unsigned kernel;  /* 0xMMmmpp of the loaded module; 0: not read */
    bool lvs_read, lio_read;
    struct ld_lv *lvs;
    size_t n_lvs;
    struct ld_backstore *backstores;
    size_t n_backstores;
    struct ld_lun *luns;
    size_t n_luns;
    struct ld_portal *portals; /* a target without one is here, too, with an empty address */
    size_t n_portals;
    struct ld_resource *resources;
    size_t n_resources;
};

/* ---- parsers, one per tool; false: what it said cannot be read as that ----------------------- */

bool ld_version_read(struct ld_span text, unsigned *ret_kernel);
/* The same of /proc/drbd, both generations. */
bool ld_proc_version_read(struct ld_span text, unsigned *ret_kernel);
/* R: has its name and volumes (of ld_config_read). One with more than one connection is read as far
 * as it goes; n_peers tells. */
bool ld_events_read(struct ld_span text, struct ld_resource *r);
/*
 * `drbdadm role`: a line for each volume, in the order of the configuration (8.4), or one word (9).
 * On 8.4 status and events2 do not tell the truth (a call that failed half way leaves some volumes
 * Primary).
 */
bool ld_roles_read(struct ld_span text, bool nine, struct ld_resource *r);
/* The same of /proc/drbd of 8.4, which has a row for each minor with that volume's own role. */
bool ld_proc_roles_read(struct ld_span text, struct ld_resource *r);
bool ld_identifiers_read(struct ld_span text, struct ld_resource *r);
/* `drbdsetup status --json`, generation 9: how far a resync is. */
bool ld_status_read(struct ld_span text, struct ld_resource *r);
/* `drbdadm dump-xml`: what HOST has of it. */
bool ld_config_read(struct ld_span text, struct ld_span host, struct ld_resource *r);
/* `drbdsetup show`: what is in force goes before what is configured. */
bool ld_show_read(struct ld_span text, struct ld_resource *r);
bool ld_lvs_read(struct ld_span text, struct ld_host *h);
/* Free bytes of volume group VG. */
bool ld_vg_free(const struct ld_host *h, struct ld_span vg, uint64_t *ret_bytes);
bool ld_lio_read(struct ld_span text, struct ld_host *h);
bool ld_kept_read(struct ld_span text, struct ld_resource *r);
/* NOW: the host's clock, as the same report has it. */
void ld_seen_read(struct ld_span text, uint64_t now, struct ld_resource *r);

/*
 * All of a report. TEXT is taken over. False: it is no reply; *WHY says what is wrong with it. True
 * also when the host could not do what was asked: see reply.status.
 */
bool ld_host_read(char *text, size_t n, struct ld_host *ret, const char **why);
void ld_host_clear(struct ld_host *h);
const struct ld_resource *ld_host_resource(const struct ld_host *h, const char *name);
bool ld_host_nine(const struct ld_host *h);

#endif
