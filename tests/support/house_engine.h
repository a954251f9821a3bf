/* Engines of a house, as a test sees and disturbs them past drstor. */
#ifndef TESTS_SUPPORT_HOUSE_ENGINE_H
#define TESTS_SUPPORT_HOUSE_ENGINE_H

#include "support/house.h"

#include <json-c/json.h>

/* A command of the emulator's control port; apostrophes stand for quotes. The caller's. */
struct json_object *engine_control(struct house *h, const char *site, const char *text);
void engine_told(struct house *h, const char *site, const char *text);

/* "absent": it has none. In the house's memory. */
const char *engine_vm(struct house *h, const char *site, const char *vm);
const char *engine_domain(struct house *h, const char *site, const char *domain);
/* All that the control port tells of it, or NULL; the caller's. */
struct json_object *engine_vm_is(struct house *h, const char *site, const char *vm);
/* How many domains it knows, and how many calls of OP were made there about PATH. */
size_t engine_domains(struct house *h, const char *site);
size_t engine_calls(struct house *h, const char *site, const char *op, const char *path);
/* Is there a process of it, or may there be? */
bool engine_runs(struct house *h, const char *site, const char *vm);

/* What somebody does there by hand: the code, and the answer, which is the caller's. BODY, RET may
 * be NULL. */
int engine_ask(struct house *h, const char *site, const char *method, const char *path,
               const char *body, struct json_object **ret);

#endif
