/* Names of hosts, without waiting longer for a name server than anybody wants to. Private to net.
 */
#ifndef DR_NET_LOOKUP_H
#define DR_NET_LOOKUP_H

#include "base/env.h"

#include <netdb.h>

/* A look-up that is under way in a thread of its own: given up, it ends by itself. */
struct lookup;

/* The descriptor becomes readable when it has ended. */
struct lookup *lookup_start(struct dr_env *env, const char *host, const char *port, int *ret_fd);
/* What getaddrinfo said; only after its end. The caller frees the list with freeaddrinfo(). */
int lookup_take(struct lookup *l, struct addrinfo **ret);
void lookup_leave(struct lookup *l);

#endif
