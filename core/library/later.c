/*
 * What the header promises and this version cannot do yet. Weak: a definition elsewhere takes the
 * place of the one here.
 */
#include "library/internal.h"

#define LATER __attribute__((weak))

static int
later(const char *what, struct drstor_error **err)
{
    return dr_fail(err, DRSTOR_E_UNSUPPORTED, "%s is not in this version", what);
}

LATER int
drstor_takeover(struct drstor *d, const struct drstor_consent *consent, char **ret_json,
                struct drstor_error **err)
{
    (void)d, (void)consent, (void)ret_json;
    return later("takeover", err);
}
