/*
 * The state of the emulated engine and the operations on it. Private to the library.
 *
 * An operation (struct emu_op) is one request, or something the engine does by itself. Its route's
 * start function validates and takes locks; what takes time continues in op->step, called when
 * op->wake_ns is reached. Nothing here knows JSON text or XML: answers are trees of json-c values
 * with native booleans and integers, turned into bytes by the representation (json_repr.c).
 */
#ifndef TESTS_EMULATORS_ENGINE_ENGINE_H
#define TESTS_EMULATORS_ENGINE_ENGINE_H

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
    int imports; /* block imports scanning its LUNs now */
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
    bool writer;  /* registered at the storage */
    bool paused_eio;   /* by the loss of its storage */
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
    bool filter;      /* the restricted view */
    bool inner;       /* asked by the engine itself, for ?follow */
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
    int64_t ha_runner;  /* between two tries of the HA auto-start runner */
    int64_t no_agent;   /* powering_up until a guest without agent counts as up */
    int64_t suspend;
    int64_t migrate;
    int64_t host_up;   /* an activated host, until it is up */
    int64_t host_boot; /* a host that was switched on */
    int64_t install;   /* a host that was added */
    int64_t power;     /* a power management call */
    int64_t fence;     /* a lost host with power management, until it is fenced */
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
    struct json_object *sessions; /* token -> last use */
    struct json_object *actions;  /* id -> what an asynchronous action has come to */
    struct json_object *jobs;
    struct json_object *events;
    struct json_object *lun_disks; /* direct LUN disks */
    struct json_object *floating;  /* disks without a VM */
    struct json_object *log;
    struct json_object *counters;
    struct json_object *op_counts;
    struct json_object *vm_starts;
};

/* engine.c */
void op_sleep(struct emu_op *op, int64_t ms);
bool op_lane(struct emu_op *op, const char *key); /* false: come back in the same phase */
void op_lane_release(struct emu_op *op);
void op_end(struct emu_op *op);
struct emu_op *op_background(struct emu_engine *e, const char *name, void (*step)(struct emu_op *));
bool op_has(const struct emu_op *op, enum fault_kind kind);
int64_t emu_scaled(const struct emu_engine *e, int64_t ms);
int64_t emu_epoch_ms(const struct emu_engine *e, int64_t at_ns);
void emu_new_id(struct emu_engine *e, char ret[EMU_ID]);
void emu_route(struct emu_op *op);
void op_inner_get(struct emu_op *op, const char *href, struct emu_answer *ret);

/* lock.c */
int op_lock(struct emu_op *op, bool exclusive, const char *type, const char *id);
void op_unlock(struct emu_op *op);

/* answer.c */
void op_object(struct emu_op *op, int status, const char *type, struct json_object *tree);
void op_list(struct emu_op *op, const char *type, const char *plural, struct json_object *array);
void op_action(struct emu_op *op, struct json_object *extra);
__attribute__((format(printf, 3, 4))) void op_fault(struct emu_op *op, int status,
                                                    const char *format, ...);
void op_empty(struct emu_op *op, int status);
void op_raw(struct emu_op *op, int status, const char *content_type, const char *text);
struct json_object *tree_new(const char *id, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
struct json_object *tree_ref(const char *id, const char *collection);
void answer_clear(struct emu_answer *a);

/* media.c, json_repr.c, xml_repr.c, xml_read.c */
enum emu_media media_choose(const char *accept);
enum emu_media media_of(const char *content_type, const char *body);
char *json_repr(const struct emu_engine *e, const struct emu_answer *a);
char *xml_repr(const struct emu_answer *a);
bool repr_is_date(const char *key);
struct json_object *xml_read(const char *text, size_t length, char *ret_root, size_t size);

/* follow.c */
void tree_decorate(const struct emu_engine *e, const char *type, struct json_object *o);
struct json_object *op_follow(struct emu_op *op, struct json_object *tree);

/* request.c */
int request_parse(struct emu_op *op, const struct emu_request *req);
void request_unescape(char *s);
const char *request_header(const struct emu_request *req, const char *name);
struct json_object *request_form(const char *text);

/* fault.c */
void fault_match(struct emu_op *op);
bool fault_before(struct emu_op *op); /* true: answered, the operation does not start */
int fault_add(struct emu_engine *e, struct json_object *conf, const char **ret_reason);
void fault_proxy(struct emu_op *op);
void fault_clear(struct emu_engine *e);

/* sso.c */
void sso_token(struct emu_op *op);
void sso_logout(struct emu_op *op);
bool sso_valid(struct emu_op *op, const struct emu_request *req);

/* search.c: which texts FIELD of OBJECT has; appended to TEXTS as strings */
typedef void (*search_get)(struct emu_engine *e, void *object, const char *field,
                           struct json_object *texts);
bool search_valid(const char *expression);
bool search_match(struct emu_engine *e, const char *expression, bool case_sensitive, search_get get,
                  void *object);
bool op_search(struct emu_op *op, search_get get, void *object); /* true without ?search */
bool op_search_ok(struct emu_op *op);                            /* false: answered with 400 */

/* event.c, job.c */
struct json_object *event_add(struct emu_engine *e, struct emu_op *op, int code,
                              const char *severity, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void event_list(struct emu_op *op);
void event_get(struct emu_op *op);
void event_post(struct emu_op *op);
void event_remove(struct emu_op *op);
void job_start(struct emu_op *op, const char *format, ...) __attribute__((format(printf, 2, 3)));
void job_end(struct emu_op *op, bool good);
void job_list(struct emu_op *op);
void job_get(struct emu_op *op);
void job_steps(struct emu_op *op);
void job_step_get(struct emu_op *op);
void job_post(struct emu_op *op);
void job_clear(struct emu_op *op);
void job_step_post(struct emu_op *op);
void job_end_post(struct emu_op *op);
void job_step_end_post(struct emu_op *op);

/* content.c: the document on the LUNs */
struct json_object *content_luns(struct emu_engine *e, const struct emu_host *host);
struct json_object *content_groups(struct emu_engine *e, const struct emu_host *host);
struct json_object *content_group(struct emu_engine *e, const char *sd_id);
struct json_object *content_read(struct emu_engine *e, const char *sd_id);
int content_write(struct emu_engine *e, const char *sd_id, struct json_object *doc);
int content_wipe(struct emu_engine *e, const char *sd_id);
int content_create(struct emu_engine *e, struct emu_sd *sd, struct json_object *wwids);
void content_pool(struct json_object *doc, const struct emu_dc *dc, bool master);
struct json_object *host_visible_luns(struct emu_engine *e, const struct emu_host *host,
                                      struct json_object *luns);

/* lease.c */
int64_t lease_slot_wait_ms(struct emu_engine *e, struct json_object *doc, const struct emu_host *h);
int64_t lease_cluster_wait_ms(struct emu_engine *e, struct json_object *doc,
                              const struct emu_host *h);
void lease_take_slot(struct json_object *doc, const struct emu_host *h);
void lease_take_cluster(struct json_object *doc, const struct emu_host *h);
void lease_release_all(struct emu_engine *e, struct json_object *doc, const char *dc);
void lease_join_hosts(struct emu_engine *e, struct emu_sd *sd);
void lease_join_host(struct emu_engine *e, struct emu_sd *sd, const struct emu_host *h);
void lease_host_leaves(struct emu_engine *e, const struct emu_host *h);
void lease_leave_hosts(struct emu_sd *sd);
bool lease_host_ready(struct emu_engine *e, struct emu_sd *sd, const struct emu_host *h);
bool lease_vm_ready(struct emu_engine *e, struct emu_sd *sd, const struct emu_host *h,
                    const char *vm_id);
void lease_vm(struct emu_engine *e, struct emu_vm *vm, bool take);

/* ovf.c */
struct json_object *ovf_store(struct emu_engine *e, const struct emu_sd *sd);
int ovf_write(struct emu_engine *e, struct emu_sd *sd);
bool ovf_current(struct emu_engine *e, struct emu_sd *sd);
void ovf_period_start(struct emu_engine *e);
void ovf_read(struct emu_engine *e, struct emu_sd *sd, struct json_object *doc);
struct emu_unregistered *unregistered_get(struct emu_engine *e, bool template, const char *sd,
                                          const char *id);
void unregistered_drop(struct emu_engine *e, const char *sd, bool template, const char *id);
void unregistered_list(struct emu_op *op);
void unregistered_item(struct emu_op *op);
void unregistered_delete(struct emu_op *op);
void unregistered_disk_register(struct emu_op *op);
void sd_disks(struct emu_op *op);
void sd_update_ovf(struct emu_op *op);

/* register.c, mapping.c */
void register_start(struct emu_op *op);
bool mapping_check(struct json_object *registration, const char **ret_reason);
const char *mapping_name(struct json_object *registration, const char *kind, const char *from);
struct json_object *mapping_vnic(struct emu_engine *e, struct json_object *body,
                                 struct json_object *nic);
struct json_object *mapping_lun(struct json_object *registration, const char *wwid);

/* domain.c, import.c, attach.c, detach.c */
struct emu_sd *sd_get(struct emu_engine *e, const char *id);
struct emu_sd *sd_by_name(struct emu_engine *e, const char *name);
struct emu_sd *sd_new(struct emu_engine *e, struct json_object *doc, struct json_object *luns);
void sd_delete(struct emu_engine *e, struct emu_sd *sd);
struct emu_sd *sd_master(struct emu_engine *e, const char *dc);
const char *sd_status_name(enum sd_status s);
struct json_object *sd_tree(struct emu_engine *e, struct emu_sd *sd, bool attached);
void sd_search(struct emu_engine *e, void *object, const char *field, struct json_object *texts);
size_t sd_count(struct emu_engine *e, const char *dc, enum sd_status status); /* 0: any */
void sd_list(struct emu_op *op);
void sd_item(struct emu_op *op);
void sd_put(struct emu_op *op);
void sd_post(struct emu_op *op);
void sd_refresh_luns(struct emu_op *op);
void sd_reduce_luns(struct emu_op *op);
void sd_flags(struct emu_sd *sd, struct json_object *body);
int sd_extend(struct emu_op *op, struct json_object *units);
void sd_remove(struct emu_op *op);
void sd_is_attached(struct emu_op *op);
void attached_list(struct emu_op *op);
void attached_item(struct emu_op *op);
void attached_disks(struct emu_op *op);
void attach_start(struct emu_op *op);
void activate_start(struct emu_op *op);
void activation_done(struct emu_op *op);
void deactivate_start(struct emu_op *op);
void detach_start(struct emu_op *op);
bool op_spm(struct emu_op *op);     /* the lane of its data centre; false: come back */
int op_attached(struct emu_op *op); /* dc and sd from the arguments; < 0: answered 404 */
bool op_dc_usable(struct emu_op *op, const char *what); /* false: answered 409 */
void monitor_start(struct emu_engine *e);

/* datacenter.c */
struct emu_dc *dc_get(struct emu_engine *e, const char *id);
struct emu_dc *dc_new(struct emu_engine *e, struct json_object *conf);
const char *dc_status_name(enum dc_status s);
void dc_elect(struct emu_engine *e, struct emu_dc *dc);
void dc_spm(struct emu_engine *e, struct emu_dc *dc, const struct emu_host *h);
void dc_list(struct emu_op *op);
void dc_item(struct emu_op *op);
void dc_setmaster(struct emu_op *op);
void dc_add(struct emu_op *op);
void dc_put(struct emu_op *op);
void dc_remove(struct emu_op *op);
void dc_clean_tasks(struct emu_op *op);

/* host.c */
struct emu_host *host_get(struct emu_engine *e, const char *id_or_name);
struct emu_host *host_new(struct emu_engine *e, struct json_object *conf);
const char *host_dc(struct emu_engine *e, const struct emu_host *h);
bool host_up(const struct emu_host *h);
struct emu_host *host_up_in_dc(struct emu_engine *e, const char *dc); /* the SPM first */
void host_list(struct emu_op *op);
void host_item(struct emu_op *op);
void host_storage(struct emu_op *op);
void host_discover(struct emu_op *op);
void host_login(struct emu_op *op);
void host_unregistered(struct emu_op *op);
bool op_host(struct emu_op *op);    /* false: answered with 404 */
bool op_host_up(struct emu_op *op); /* false: answered */
void host_free(struct emu_host *h);
void host_add(struct emu_op *op);
void host_put(struct emu_op *op);
void host_remove(struct emu_op *op);
void host_statistics(struct emu_op *op);
void host_attachments(struct emu_op *op);
bool host_has_network(struct emu_engine *e, const struct emu_host *h, const char *network);

/* host_state.c */
bool host_fenceable(const struct emu_host *h);
void host_goes_up(struct emu_engine *e, struct emu_host *h);
void host_rises(struct emu_engine *e, struct emu_host *h, int64_t ms);
void host_lost(struct emu_engine *e, struct emu_host *h, bool still_alive);
void hosts_lost(struct emu_engine *e);
void host_power(struct emu_engine *e, struct emu_host *h, bool on);
void host_activate(struct emu_op *op);
void host_deactivate(struct emu_op *op);
void host_fence(struct emu_op *op);
void host_forceselectspm(struct emu_op *op);
void host_refresh(struct emu_op *op);

/* collection.c */
void collections_init(struct emu_engine *e);
struct json_object *collection_get(struct emu_engine *e, const char *path, const char *id_or_name);
void collection_list(struct emu_op *op);
void collection_item(struct emu_op *op);
void collection_add(struct emu_op *op);
void collection_put(struct emu_op *op);
void collection_remove(struct emu_op *op);

/* affinity.c */
void affinity_defaults(struct json_object *o);
struct json_object *affinity_tree(struct emu_engine *e, struct json_object *from);
void affinity_members(struct emu_op *op);
void affinity_member_add(struct emu_op *op);
void affinity_member_remove(struct emu_op *op);
bool affinity_allows(struct emu_engine *e, const struct emu_vm *vm, const struct emu_host *h);
int affinity_weight(struct emu_engine *e, const struct emu_vm *vm, const struct emu_host *h);

/* network.c */
struct json_object *profile_find(struct emu_engine *e, const char *network, const char *profile);
struct json_object *nic_profile(struct emu_engine *e, struct json_object *nic);
bool network_in_cluster(struct emu_engine *e, const char *network, const char *cluster);
void cluster_networks(struct emu_op *op);
void cluster_network_add(struct emu_op *op);
void cluster_network_remove(struct emu_op *op);
void mac_init(struct emu_engine *e);
bool mac_taken(struct emu_engine *e, const char *cluster, const char *mac);
bool mac_bad(struct emu_engine *e, const char *cluster, const char *mac);
bool mac_next(struct emu_engine *e, const char *cluster, struct json_object *nics, char ret[18]);

/* lookup.c */
struct json_object *cluster_get(struct emu_engine *e, const char *id_or_name);
const char *cluster_dc(struct emu_engine *e, const char *cluster);
void empty_list(struct emu_op *op);
void root_get(struct emu_op *op);
void option_get(struct emu_op *op);

/* vm.c, vm_run.c, disk.c */
struct emu_vm *vm_get(struct emu_engine *e, bool template, const char *id);
struct emu_vm *vm_new(struct emu_engine *e, bool template, struct json_object *conf);
void vm_delete(struct emu_engine *e, struct emu_vm *vm);
const char *vm_status_name(enum vm_status s);
struct json_object *vm_conf_tree(struct emu_engine *e, struct json_object *conf, bool template);
struct json_object *vm_tree(struct emu_engine *e, struct emu_vm *vm);
bool vm_on_sd(struct json_object *conf, const char *sd);
bool vm_only_on_sd(struct json_object *conf, const char *sd);
void vm_list(struct emu_op *op);
void vm_item(struct emu_op *op);
void vm_put(struct emu_op *op);
void vm_add(struct emu_op *op);
void vm_remove(struct emu_op *op);
void vm_sub(struct emu_op *op);
void vm_start(struct emu_op *op);
void vm_stop(struct emu_op *op);
void vm_shutdown(struct emu_op *op);
int vm_write(struct emu_engine *e, struct emu_vm *vm, bool begin);
void vm_run_initially(struct emu_engine *e, struct emu_vm *vm);
void vm_lost(struct emu_engine *e, struct emu_vm *vm, bool still_alive);
void vm_died(struct emu_engine *e, struct emu_vm *vm, bool gone);
void vm_gone(struct emu_engine *e, struct emu_vm *vm);
void vm_storage_lost(struct emu_engine *e, struct emu_vm *vm);
void vm_storage_back(struct emu_engine *e, struct emu_vm *vm);
void ha_queue(struct emu_engine *e, struct emu_vm *vm, const char *correlation);
void vm_suspend(struct emu_op *op);
void vm_reboot(struct emu_op *op);
void vm_migrate(struct emu_op *op);
void vm_detach(struct emu_op *op);
bool vm_migrate_away(struct emu_op *cause, struct emu_vm *vm, struct json_object *wanted);
bool vm_agent_answers(const struct emu_vm *vm);
bool op_template(const struct emu_op *op);
void vm_sub_item(struct emu_op *op);
void nic_add(struct emu_op *op);
void nic_put(struct emu_op *op);
void nic_remove(struct emu_op *op);

/* schedule.c */
int64_t host_memory_used(struct emu_engine *e, const struct emu_host *h);
int64_t host_memory_free(struct emu_engine *e, const struct emu_host *h);
struct emu_host *schedule_host(struct emu_engine *e, struct emu_vm *vm, struct json_object *wanted,
                               const char *not, char **ret_why);

struct json_object *ovf_disks(struct emu_engine *e, const char *sd_id);
struct json_object *disk_tree(struct emu_engine *e, struct json_object *disk);
struct json_object *disk_attachments(struct emu_engine *e, const char *vm,
                                     struct json_object *conf);
void disk_list(struct emu_op *op);
void disk_item(struct emu_op *op);
void disk_remove(struct emu_op *op);
void disk_add(struct emu_op *op);
void disk_attach(struct emu_op *op);
void disk_detach(struct emu_op *op);

/* config.c */
int config_load(struct emu_engine *e, char **ret_reason);

/* control.c */
struct json_object *control_run(struct emu_engine *e, struct json_object *command);

#endif
