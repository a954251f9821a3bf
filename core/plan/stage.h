/*
 * The stage: from LUNs in hand to running VMs. A pure function looks at what the engine has now and
 * answers with the calls that can be made now; it is asked again after every answer, so it needs no
 * memory of its own but what was tried (progress), and a resumed run is no special case.
 */
#ifndef DR_PLAN_STAGE_H
#define DR_PLAN_STAGE_H

#include "plan/plan.h"

enum dr_stage_kind {
    DR_STAGE_UNKNOWN = 0,
    DR_STAGE_DISCOVER, /* which domains do the hosts see on unknown LUNs? */
    DR_STAGE_LOGIN,    /* one iSCSI portal and target, on one host */
    DR_STAGE_IMPORT,
    DR_STAGE_ATTACH,
    DR_STAGE_ACTIVATE,
    DR_STAGE_REGISTER_TEMPLATE,
    DR_STAGE_REGISTER_VM,
    DR_STAGE_START,
    DR_STAGE_SHUTDOWN, /* from here on: the way out, see leave.h */
    DR_STAGE_POWER_OFF,
    DR_STAGE_UPDATE_OVF, /* what the domain says of its VMs is written, and seen to be */
    DR_STAGE_DEACTIVATE,
    DR_STAGE_DETACH,
    DR_STAGE_REMOVE,    /* the engine forgets a domain; its storage is not touched */
    DR_STAGE_REMOVE_VM, /* and a VM that has no disks on domains any more */
    DR_STAGE_HOST_OFF,  /* a host, by its power management; OK: it was off */
    DR_STAGE_HOST_ON,
    DR_STAGE_HOOK,      /* a program of the configuration; either way */
    DR_STAGE_SELECT_SPM /* a host whose number no lost host seems to hold: see stage_lease.c */
};

/* The hand-over record of one LUN, read after the flip. */
struct dr_stage_lun {
    const char *wwid, *serial, *protocol, *portal, *target;
    int64_t size, lun;
    enum drstor_access access;
    const char **exposed_to;
    size_t n_exposed_to;
};

struct dr_handover {
    const char *group, *site;
    int64_t observed_at;
    struct dr_stage_lun *luns;
    size_t n_luns;
};

struct dr_stage_domain {
    const char *id, *name;
    const char *dc; /* the data centre's name at the target; NULL: the only one there is */
    int64_t rank;   /* of its most important VM; lower comes first */
    bool master;    /* where it comes from: it left last, when VMs had lost their other disks */
};

/* A host of a site that is lost, which may not have let go of its number in any domain. */
struct dr_stage_holder {
    const char *id, *name, *dc; /* dc as of a domain */
    int64_t number;
};

struct dr_stage_vm {
    const char *id, *name, *cluster;
    bool ha, start;
    int64_t priority, tier;
    const char **domains; /* all that hold its disks */
    size_t n_domains;
};

/* What one group wants from the stage. */
struct dr_stage_group {
    const char *group, *from, *to;
    bool known; /* the lists come from stored facts; else they grow from what the LUNs hold */
    bool exact; /* they were read when the VMs were shut down: no other VM is started */
    bool hooks; /* those of the configuration run */
    struct dr_stage_domain *domains;
    size_t n_domains;
    struct dr_stage_vm *vms;
    size_t n_vms;
    struct dr_stage_lun *luns; /* from the hand-over */
    size_t n_luns;
    struct dr_stage_holder *holders; /* none when the domains were left in order */
    size_t n_holders;
    /* A drill: LUNS are of a clone, and what comes of them is kept apart. Without prefix: none. */
    struct dr_quarantine drill;
    struct dr_plan_vm *others; /* VMs of nobody's group that are shut down before its own start */
    size_t n_others;
    bool give_back; /* nothing comes: its VMs, which made room here once, are started */
};

struct dr_stage_action {
    enum dr_stage_kind kind;
    const char *key; /* "attach 7f.." : the same wish has the same key */
    const char *group, *id, *name;
    const char *as; /* import, register: the name it gets; NULL: its own */
    const char *domain, *dc, *host, *cluster; /* ids, host and cluster by name */
    const char *protocol, *portal, *target;
    const char *text;
    const char *from, *to;     /* register: the sites, for the rest of the mapping */
    struct dr_vnic_map *vnics; /* register: names as they are at the two sites */
    size_t n_vnics;
    bool partial, reassign_bad_macs;
    bool force;   /* deactivate: also when what it says of its VMs cannot be written */
    int64_t hook; /* its number in the configuration */
};

/* What became of the calls made so far, by key. */
struct dr_stage_try {
    const char *key;
    int64_t attempts;
    bool in_flight;
    int64_t first_ns; /* when the first one left; of a VM: since it was last seen down. 0: never */
    int64_t last_ns;  /* when the last answer came */
    /* why the last one did not do it; NULL: it did, as far as its answer says */
    const char *trouble;
    bool conflict; /* it was refused as things stand (409): locked, among others */
    bool given_up;
};

/* What the engine told of a call afterwards, and nowhere else. */
enum dr_stage_told_what {
    DR_STAGE_TOLD_UNKNOWN = 0,
    DR_STAGE_TOLD_INCOMPLETE, /* a VM was registered without some of its parts */
    DR_STAGE_TOLD_UNREADABLE  /* what a domain says of its VMs could not be read */
};

struct dr_stage_told {
    enum dr_stage_told_what what;
    const char *id; /* of the VM, or the domain */
    const char *text;
    bool seen; /* a person was told, and had the run go on */
};

struct dr_stage_progress {
    struct dr_stage_try *tries;
    size_t n_tries;
    struct dr_stage_told *told;
    size_t n_told;
    bool more; /* other groups of the run are still on their way to this engine */
    int64_t now_ns;
    int64_t look_ns; /* when the look began that saw what there is; 0: now */
};

/* Calls about VMs that are under way at a time. */
enum { DR_STAGE_AT_ONCE = 16 };

/* How a group, or one VM of it, stands. */
struct dr_stage_vm_state {
    /* "waiting", "registered", "starting", "up", "failed"; on the way out "waiting",
     * "shutting-down", "powering-off", "powered-off", "down", "failed" */
    const char *group, *id, *name, *state;
    const char *trouble;
    bool incomplete; /* some of its parts did not come along */
};

/* A VM that is offered, and is not in the list of its group. Once it is registered nothing offers
 * it any more: whoever asks keeps it for the next time. */
struct dr_stage_found {
    const char *group;
    struct dr_stage_vm vm;
};

struct dr_stage_result {
    struct dr_stage_action *actions;
    size_t n_actions;
    struct dr_stage_found *found;
    size_t n_found;
    const char **done; /* groups of which everything wanted runs */
    size_t n_done;
    const char **stuck; /* groups that can go no further, with why */
    const char **stuck_why;
    size_t n_stuck;
    struct dr_stage_vm_state *vms;
    size_t n_vms;
    bool patient; /* somebody said that a VM is waited for, however long */
};

extern const struct dr_names dr_stage_kind_names;
extern const struct dr_type dr_handover_type;
extern const struct dr_type dr_stage_group_type;
extern const struct dr_type dr_stage_progress_type;
extern const struct dr_type dr_stage_action_type;
extern const struct dr_type dr_stage_result_type;

/* Which tier of the start order VM is of; NULL: no name is known. */
int64_t dr_stage_tier(const struct dr_model *m, const char *vm);
/* What V holds of GROUP at FROM, whose copy there is COPY. */
void dr_stage_expect_in(struct dr_arena *a, const struct dr_model *m, const struct dr_inventory *v,
                        const struct dr_copy_facts *copy, const struct dr_group *group,
                        const char *from, struct dr_stage_group *ret);
/* From stored facts: domains and VMs of GROUP while FROM was its primary. */
void dr_stage_expect(struct dr_arena *a, const struct dr_model *m, const struct dr_facts *facts,
                     const struct dr_group *group, const struct dr_copy *from,
                     struct dr_stage_group *ret);

/* Bounds a person would choose: see stage.c. */
void dr_stage_expand(struct dr_arena *a, const struct dr_model *m, const struct dr_inventory *now,
                     const struct dr_stage_group *groups, size_t n_groups,
                     const struct dr_stage_progress *progress, struct dr_stage_result *ret);

/* The hand-over of one copy view. */
void dr_handover_make(struct dr_arena *a, const char *group, const char *site,
                      const struct dr_copy_view *view, int64_t utc, struct dr_handover *ret);

#endif
