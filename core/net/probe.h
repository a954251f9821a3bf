/* A sign of life: does anything at HOST:PORT accept a TCP connection? Nothing is sent. */
#ifndef DR_NET_PROBE_H
#define DR_NET_PROBE_H

#include "base/env.h"
#include "base/error.h"
#include "net/contact.h"

/*
 * OK: accepted, or refused by the host itself (a host that says no is alive). UNREACHABLE: nothing
 * answered until DEADLINE_NS. INVALID: not HOST:PORT. REFUSED: SITE was declared lost. C may be
 * NULL. Threads: any.
 */
int dr_net_probe(struct dr_env *env, struct dr_contact *c, const char *site, const char *host_port,
                 uint64_t deadline_ns, struct drstor_error **err);

#endif
