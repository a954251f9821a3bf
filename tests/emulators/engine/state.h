/*
 * The state of the emulated engine. Private to the library.
 *
 * An operation (struct emu_op) is one request, or something the engine does by itself. Its route's
 * start function validates and takes locks; what takes time continues in op->step, called when
 * op->wake_ns is reached. Nothing here knows JSON text or XML: answers are trees of json-c values
 * with native booleans and integers, turned into bytes by the representation (json_repr.c).
 */
#ifndef TESTS_EMULATORS_ENGINE_STATE_H
#define TESTS_EMULATORS_ENGINE_STATE_H

#include "emu.h"
#include "util.h"

#define EMU_ID 64
#define EMU_NAME 256
#define EMU_ARGS 4
#define EMU_HOSTS 64
#define EMU_API "/ovirt-engine/api"
#define EMU_BLANK_TEMPLATE "00000000-0000-0000-0000-000000000000"

enum sd_status {
    SD_UNATTACHED = 1,
    SD_LOCKED,
    SD_MAINTENANCE,
    SD_ACTIVATING,
    SD_ACTIVE,
    SD_PREPARING,
    SD_DETACHING,
    SD_INACTIVE,
    SD_UNKNOWN,
};

enum dc_status {
    DC_UNINITIALIZED = 1,
    DC_MAINTENANCE,
    DC_CONTEND,
    DC_UP,
    DC_NOT_OPERATIONAL,
    DC_PROBLEMATIC,
};

enum vm_status {
    VM_DOWN = 1,
    VM_WAIT_FOR_LAUNCH,
    VM_POWERING_UP,
    VM_UP,
    VM_POWERING_DOWN,
    VM_PAUSED,
    VM_IMAGE_LOCKED,
    VM_UNKNOWN,
    VM_SUSPENDED,
    VM_SAVING_STATE,
    VM_RESTORING_STATE,
    VM_MIGRATING,
    VM_REBOOT_IN_PROGRESS,
    VM_NOT_RESPONDING,
};

struct emu_host {
    struct emu_host *next;
    char id[EMU_ID];
    char name[EMU_NAME];
    char cluster[EMU_ID];
    char status[32];
    int spm_id; /* lowest free number in its data centre: the slot of its host-id lease */
    int spm_priority;
    int64_t memory;
    int imports;     /* block imports scanning its LUNs now */
    bool alive;      /* the machine runs, whatever the engine believes */
    int64_t lost_ns; /* when it was last heard of; 0: it is not lost */
    uint64_t run;    /* changes with every turn of its life: a late step does nothing */
    struct json_object *conf;
    struct json_object *logins; /* iSCSI targets this host has logged in to */
};

struct emu_dc {
    struct emu_dc *next;
    char id[EMU_ID];
    char name[EMU_NAME];
    char spm[EMU_ID]; /* host id, or empty */
    enum dc_status status;
    struct json_object *conf;
};

/* When a host holds its host-id lease on a domain, so that VM leases there can be served. */
struct emu_join {
    char host[EMU_ID];
    int64_t ready_ns;
};

struct emu_sd {
    struct emu_sd *next;
    char id[EMU_ID];
    char name[EMU_NAME];
    char dc[EMU_ID]; /* empty: unattached */
    char storage_type[16];
    char type[16];
    char format[8];
    char vg[EMU_ID];
    enum sd_status status;
    bool master;
    int64_t size;
    int64_t lost_ns;          /* monitoring: when the storage was first seen gone; 0 = fine */
    struct json_object *luns; /* as the hosts saw them at import */
    struct json_object *conf; /* the flags a client may set */
    struct emu_join joins[EMU_HOSTS];
    size_t joins_count;
    uint64_t joins_run; /* a join begun before this number is void */
};

/* A VM or a template. CONF has the form of an OVF entry (README.md). */
struct emu_vm {
    struct emu_vm *next;
    bool template;
    char id[EMU_ID];
    char name[EMU_NAME];
    char cluster[EMU_ID];
    char host[EMU_ID];
    char stop_reason[EMU_NAME];
    enum vm_status status;
    bool writer;     /* registered at the storage */
    bool paused_eio; /* by the loss of its storage */
    bool run_once;
    bool start_paused;
    char ghost[EMU_ID]; /* a host where a process goes on that the engine takes for dead */
    int64_t stopped_ns;
    uint64_t run; /* changes at every start and stop: a late step of an old run does nothing */
    int64_t started_ns;
    int64_t created_ns;
    struct json_object *conf;
};

/* An entity known only from the OVF_STORE of one domain. */
struct emu_unregistered {
    struct emu_unregistered *next;
    bool template;
    char id[EMU_ID];
    char sd[EMU_ID];
    struct json_object *conf;
};

struct emu_lock {
    struct emu_lock *next;
    char key[EMU_NAME + 16];
    bool exclusive;
    struct emu_op *op;
};

struct emu_lane {
    struct emu_lane *next;
    char key[EMU_ID + 16];
    struct emu_op *holder;
};

enum fault_kind {
    FAULT_LOCKED = 1,
    FAULT_EXEC,
    FAULT_ACTIVATION,
    FAULT_500,
    FAULT_502,
    FAULT_503,
    FAULT_504,
    FAULT_DROP,
    FAULT_401,
    FAULT_SLOW,
    FAULT_NAME,
    FAULT_PARTIAL,
    FAULT_OVF,
    FAULT_NOT_READY,
    FAULT_FALLS,
    FAULT_DC_PROBLEMATIC,
    FAULT_NO_HOST,
};

struct emu_fault {
    struct emu_fault *next;
    enum fault_kind kind;
    char op[32];
    char object[EMU_ID]; /* empty: any */
    bool after;          /* the effect takes place first */
    int64_t skip;
    int64_t times; /* < 0: for ever */
    int64_t delay_ns;
    int64_t until_ns;
};

enum answer_kind {
    ANSWER_NONE,   /* no body */
    ANSWER_OBJECT, /* one object of type TYPE */
    ANSWER_LIST,   /* an array of objects of type TYPE, PLURAL in XML */
    ANSWER_RAW,
};

enum emu_media {
    MEDIA_NONE,
    MEDIA_JSON,
    MEDIA_XML,
};

struct emu_answer {
    enum answer_kind kind;
    int status;
    bool drop;
    struct json_object *tree;
    const char *type;
    const char *plural;
    char *raw;
    const char *content_type;
    char location[EMU_NAME];
};

struct emu_op {
    struct emu_op *next;
    struct emu_engine *e;
    uint64_t xid; /* 0: nobody waits */
    const struct emu_route *route;
    const char *name;
    char method[8];
    char *path;
    struct json_object *query;
    struct json_object *body;
    char *body_raw;
    char *args[EMU_ARGS];
    size_t args_count;
    char correlation[40];
    char accept[64];
    enum emu_media media; /* of the answer */
    char body_root[64];   /* the root element, when the body is XML */
    bool all_content;
    bool filter;        /* the restricted view */
    bool inner;         /* asked by the engine itself, for ?follow */
    char async[EMU_ID]; /* answered with 202; the end is kept under this id */
    char cookie[EMU_ID];

    /* injected */
    uint32_t faults; /* 1 << enum fault_kind */
    struct emu_fault hit;

    bool replied;
    bool ended;
    bool silent_job; /* the job ends with the operation, not with the reply */
    int64_t ready_ns;
    struct emu_answer answer;
    struct json_object *log;

    void (*step)(struct emu_op *op);
    int phase;
    int64_t wake_ns;
    const char *lane_wanted;
    char lane_key[EMU_ID + 16];
    uint64_t sequence;

    /* what the operation is about */
    struct emu_dc *dc;
    struct emu_sd *sd;
    struct emu_vm *vm;
    struct emu_host *host;
    struct json_object *job;
    struct json_object *work;
    enum sd_status before;
    bool first;
    bool flag;
    uint64_t run;
};

struct emu_route {
    const char *method;
    const char *pattern; /* '*' = one segment, becomes an argument */
    const char *name;
    void (*start)(struct emu_op *op);
    unsigned flags;
};

#define ROUTE_ACTION 1u /* the answer, and a fault, is an action */
#define ROUTE_FREE 2u   /* no token needed */
#define ROUTE_SSO 4u    /* a mutating method that changes no state of the engine */

struct emu_latency {
    int64_t request;    /* every request */
    int64_t import_vg;  /* per volume group the host sees */
    int64_t connect;    /* hosts to the storage of a domain, before an attach */
    int64_t lease_free; /* host-id lease, slot free or ours */
    int64_t lease_held; /* slot of another host, not released */
    int64_t lease_dead; /* until the holder of another slot is known dead */
    int64_t volumes;    /* listing volumes and reading the OVF_STORE */
    int64_t activate;
    int64_t contend; /* choosing the SPM */
    int64_t ovf;     /* writing the OVF_STORE of one domain */
    int64_t deactivate;
    int64_t detach;
    int64_t remove;
    int64_t register_vm;
    int64_t image_locked; /* after a register */
    int64_t schedule;     /* a start request until the process is created */
    int64_t launch;       /* wait_for_launch */
    int64_t boot;         /* powering_up until the guest agent answers */
    int64_t stop;
    int64_t refresh;  /* until the engine has seen a VM go */
    int64_t shutdown; /* a guest that listens */
    int64_t iscsi;
    int64_t monitor;    /* between two looks at the domains */
    int64_t sd_failure; /* a domain is gone this long before it is inactive */
    int64_t recovery;   /* between two looks when all domains are inactive */
    int64_t ha_runner;  /* between two tries of the HA auto-start runner */
    int64_t no_agent;   /* powering_up until a guest without agent counts as up */
    int64_t suspend;
    int64_t migrate;
    int64_t host_up;    /* an activated host, until it is up */
    int64_t host_boot;  /* a host that was switched on */
    int64_t install;    /* a host that was added */
    int64_t power;      /* a power management call */
    int64_t fence;      /* a lost host with power management, until it is fenced */
    int64_t ovf_period; /* between two OVF updates of the engine itself */
};

struct emu_engine {
    struct json_object *conf;
    struct lunview *luns;
    char site[EMU_NAME];
    double factor;
    bool integers_native; /* 64-bit integers as numbers, as before 4.2.3 */
    struct emu_latency latency;
    int64_t session_idle_ns;
    int64_t start_ns;
    int64_t epoch_ms;

    int64_t now;
    uint64_t last_xid;
    uint64_t last_id;
    uint64_t last_sequence;
    int64_t last_event;

    struct emu_host *hosts;
    struct emu_dc *dcs;
    struct emu_sd *sds;
    struct emu_vm *vms;
    struct emu_unregistered *unregistered;
    struct emu_lock *locks;
    struct emu_lane *lanes;
    struct emu_fault *faults;
    struct emu_op *ops;
    bool monitoring;
    bool links; /* objects tell their links and actions */

    struct json_object *collections; /* plain ones, by their path: arrays of trees */
    struct json_object *sessions;    /* token -> last use */
    struct json_object *actions;     /* id -> what an asynchronous action has come to */
    struct json_object *jobs;
    struct json_object *events;
    struct json_object *lun_disks; /* direct LUN disks */
    struct json_object *floating;  /* disks without a VM */
    struct json_object *log;
    struct json_object *counters;
    struct json_object *op_counts;
    struct json_object *vm_starts;
};

#endif
