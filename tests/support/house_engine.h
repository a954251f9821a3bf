/* What fate sees and does at the engines of a house, past every controller. */
#ifndef TESTS_SUPPORT_HOUSE_ENGINE_H
#define TESTS_SUPPORT_HOUSE_ENGINE_H

#include "support/house.h"

/* A command of the emulator's control, in apostrophes; the reply is the caller's. */
struct json_object *house_engine_control(struct house *h, const char *site, const char *text);
void house_engine_told(struct house *h, const char *site, const char *text);
/* A call of the engine's own API, BODY in apostrophes: the code. */
int house_engine_call(struct house *h, const char *site, const char *method, const char *path,
                      const char *body);

/* VM as it is there, or NULL; the caller puts it. */
struct json_object *house_engine_vm(struct house *h, const char *site, const char *vm);
const char *house_engine_vm_status(struct house *h, const char *site, const char *vm);
const char *house_engine_domain_status(struct house *h, const char *site, const char *domain);
/* How many it knows. */
size_t house_engine_domains(struct house *h, const char *site);
/* A process of it is there, as far as the engine knows. */
bool house_engine_runs(struct house *h, const char *site, const char *vm);
/* How many calls of OP were made about PATH. */
size_t house_engine_calls(struct house *h, const char *site, const char *op, const char *path);

#endif
