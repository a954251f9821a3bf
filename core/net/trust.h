/* The key an endpoint shows by https, for `drstor trust show`: a person compares it, then pins it.
 * By ssh: dr_ssh_host_key(). */
#ifndef DR_NET_TRUST_H
#define DR_NET_TRUST_H

#include "net/http.h"

enum { DR_TRUST_PIN_CHARS = 64 };

enum dr_trust {
    DR_TRUST_UNKNOWN = 0, /* the options have neither a CA file nor a pin */
    DR_TRUST_KNOWN,
    DR_TRUST_OTHER,   /* the CA file accepts it, if there is one; the pinned key is another one */
    DR_TRUST_REJECTED /* by the CA file */
};

struct dr_trust_shown {
    enum dr_trust trust;
    char pin[DR_TRUST_PIN_CHARS]; /* "sha256//BASE64" of its public key */
    struct drstor_error *why;     /* REJECTED; NULL: not */
};

/*
 * What the first address of OPTIONS that answers shows, held against their CA file and pin as any
 * call would, without sending anything. What comes back is a claim. RET is untouched on failure.
 */
int dr_trust_look(struct dr_env *env, const struct dr_http_options *options,
                  const struct dr_cancel *cancel, struct dr_trust_shown *ret,
                  struct drstor_error **err);
void dr_trust_shown_clear(struct dr_trust_shown *shown);

#endif
