#include "bench/bound.h"

/* Of an engine, in seconds (see docs/bench.md). */
static const double scan_s = 1.0;     /* of one volume group that no engine knows, at an import */
static const double connect_s = 1.0;  /* of the hosts to a domain, beside everything else */
static const double free_s = 20.0;    /* to acquire a host number that nobody holds */
static const double held_s = 160.0;   /* or that a lost host seems to hold */
static const double dead_s = 140.0;   /* until the holder of the master's own lease is dead */
static const double volumes_s = 1.0;  /* to list what is on a domain */
static const double activate_s = 2.0; /* to activate it */
static const double contend_s = 2.0;  /* until a data centre has an SPM */
static const double register_s = 1.0; /* of one VM */
static const double locked_s = 0.2;   /* after it, until its disks are unlocked */
static const double schedule_s = 0.1; /* of one start */
static const double launch_s = 2.0;   /* until the VM powers up */

double
bench_bound_calls(size_t n_vms, double call_s)
{
    /* data centres, their domains, import, attach, what the domain offers; the last list of VMs */
    const double before = 5, after = 1;
    return (before + (double)(2 * n_vms) / BENCH_AT_ONCE + after) * call_s;
}

/* One domain under the lock that a data centre has once. */
static double
attach_s(const struct bench_leases *l)
{
    return (l->held ? held_s : free_s) + volumes_s + activate_s;
}

/* From the last attach on: its own VMs are registered and started. */
static double
tail_s(size_t n_vms)
{
    double path = register_s + locked_s + schedule_s + launch_s;
    double calls = (double)n_vms * (register_s + schedule_s) / BENCH_AT_ONCE + launch_s;
    return path > calls ? path : calls;
}

/* Until the first domain, whichever it is, is active. */
static double
first_domain_s(const struct bench_leases *l)
{
    return scan_s * (double)l->n_domains + connect_s + attach_s(l) + (l->serves ? 0.0 : contend_s) +
           (l->elects ? contend_s : 0.0);
}

double
bench_bound_first(const struct bench_leases *l)
{
    return first_domain_s(l) + register_s + locked_s + schedule_s; /* its process is there */
}

double
bench_bound_wall(const struct bench_leases *l)
{
    double others = (double)(l->n_domains - 1) * attach_s(l);
    /* Its holder is proven dead by whoever takes its number, else by watching. */
    double master = l->held ? 0.0 : dead_s;
    return first_domain_s(l) + others + master + tail_s(l->n_vms / l->n_domains);
}
