/*
 * Secrets are named in the configuration, never written into it (safety X1): a file that only we
 * can read, a credential of systemd, or an open descriptor.
 */
#ifndef DR_CONFIG_SECRET_H
#define DR_CONFIG_SECRET_H

#include "config/schema.h"

#define DR_SECRET_BYTES_MAX ((size_t)4096)

/*
 * Reads what NODE refers to; the model owns it. False with a problem said. With skip_secrets only
 * the reference's form is looked at and *ret stays. No message ever holds a value from NODE.
 */
bool dr_conf_secret(struct dr_conf *c, const struct dr_yaml *node, const char *label,
                    struct dr_secret **ret);

/* Does NODE look like { file: ... }, { credential: ... } or { fd: ... }? */
bool dr_conf_is_secret(const struct dr_yaml *node);

#endif
