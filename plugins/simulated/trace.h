/*
 * What happens in a world, as plain numbers, for whoever judges it without sharing code with it.
 * Needs nothing else of this folder.
 */
#ifndef SIMULATED_TRACE_H
#define SIMULATED_TRACE_H

#include <stdint.h>

enum sim_trace_kind {
    SIM_TRACE_UNKNOWN = 0,
    SIM_TRACE_SITE,      /* site: state is 1 up, 2 silent, 3 dead */
    SIM_TRACE_COPY,      /* group, copy: lies at site; state is 1 when others follow it */
    SIM_TRACE_SEGMENT,   /* group, member: segment grows from `parent` after `count` writes */
    SIM_TRACE_MEMBER,    /* group, copy, member: access to segment, count, at_ns and writers */
    SIM_TRACE_IMAGE,     /* group, copy, member: a snapshot holds segment, count */
    SIM_TRACE_NO_IMAGES, /* group: what snapshots there are follows */
    SIM_TRACE_CLONE,     /* group, copy: a clone of it is there; exposed: its host groups see it */
    SIM_TRACE_PAIR,      /* group, active-active: state is bits of sim_trace_pair */
    SIM_TRACE_SENT,      /* a mutating call: op to planned */
    SIM_TRACE_EFFECT,    /* the same, and what came of it: outcome */
    SIM_TRACE_END, /* all of the above since the last one happened at once, because of `cause` */
};

enum sim_trace_cause {
    SIM_CAUSE_UNKNOWN = 0,
    SIM_CAUSE_TIME,   /* writes and transfers */
    SIM_CAUSE_CALL,   /* a call took effect */
    SIM_CAUSE_GROUND, /* a site or a link went or came back */
    SIM_CAUSE_HOST,   /* a host began or ended to write */
};

enum sim_trace_op {
    SIM_TRACE_OP_OTHER = 0,
    SIM_TRACE_OP_SET_ACCESS,
    SIM_TRACE_OP_FORCE_ACCESS,
    SIM_TRACE_OP_RESYNC,
    SIM_TRACE_OP_TEST_START,
    SIM_TRACE_OP_TEST_STOP,
};

enum sim_trace_pair {
    SIM_TRACE_PAIR_IS = 1,      /* always */
    SIM_TRACE_PAIR_JOINED = 2,  /* what is written at one leg is written at the other */
    SIM_TRACE_PAIR_LINKED = 4,  /* they see each other */
    SIM_TRACE_PAIR_ARBITER = 8, /* it answers */
};

/* Numbers of groups, copies and members are their places in the specification; segment 0 of every
 * member is its beginning. */
struct sim_trace_entry {
    uint64_t time_ns;
    uint32_t kind, cause;
    uint32_t site, state;
    uint32_t group, copy, member;
    uint32_t access;  /* enum drstor_access: 3 is read-write */
    uint32_t exposed; /* hosts see it */
    uint32_t writers;
    uint32_t segment, parent;
    uint64_t count, at_ns;
    uint32_t source, target; /* copies, of a resync; UINT32_MAX: none of this group */
    uint32_t op;             /* enum sim_trace_op */
    uint32_t outcome;        /* enum drstor_outcome */
    uint32_t planned;
    uint32_t muted; /* SENT: nobody will hear what comes of it */
    uint64_t call, epoch, token;
    const char *op_id, *actor; /* borrowed */
};

typedef void (*sim_trace_fn)(const struct sim_trace_entry *entry, void *user);

#endif
