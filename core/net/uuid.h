/* Names that nobody else makes: one per run, sent with every call so that both ends find it. */
#ifndef DR_NET_UUID_H
#define DR_NET_UUID_H

#include "base/env.h"

/* A random (version 4) UUID in lower case, NUL-terminated. */
void dr_uuid(struct dr_env *env, char out[37]);

#endif
