/* The key an endpoint shows, for `drstor trust show`: a person compares it, then pins it. */
#ifndef DR_NET_TRUST_H
#define DR_NET_TRUST_H

#include "net/http.h"

enum { DR_TRUST_PIN_CHARS = 64 };

/*
 * Connects to the first address of OPTIONS that answers and writes its public key's pin
 * ("sha256//BASE64") without sending anything. Nothing is verified: what comes back is a claim.
 */
int dr_trust_pin(struct dr_env *env, const struct dr_http_options *options,
                 char ret_pin[DR_TRUST_PIN_CHARS], struct drstor_error **err);

#endif
