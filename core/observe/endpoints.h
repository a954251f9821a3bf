/*
 * Every array and engine of the configuration, opened when first needed and kept. Read-only ones
 * have no mutating entries at all, so a verb that only looks cannot write (design 4.3).
 *
 * This is also where the rule about the lost site holds for arrays: once a site is forbidden in the
 * contact, its arrays and engine are refused here before anything is sent (R040), and calls that
 * are under way are cut.
 * Threads: any.
 */
#ifndef DR_OBSERVE_ENDPOINTS_H
#define DR_OBSERVE_ENDPOINTS_H

#include "model/model.h"
#include "net/contact.h"
#include "plugin/shim.h"
#include "rhv/session.h"

struct dr_endpoints;

struct dr_endpoints *dr_endpoints_new(struct dr_env *env, const struct dr_model *m,
                                      struct dr_contact *contact, bool read_only,
                                      const char *correlation_id);
/* When no call is under way. */
void dr_endpoints_free(struct dr_endpoints *e);
void dr_endpoints_freep(struct dr_endpoints **e);

/* The plugin of ARRAY, loaded and its settings checked; needs no contact with the array. */
int dr_endpoints_plugin(struct dr_endpoints *e, const struct dr_array *array,
                        const struct dr_plugin **ret, struct drstor_error **err);
int dr_endpoints_array(struct dr_endpoints *e, const struct dr_array *array,
                       struct dr_array_handle **ret, struct drstor_error **err);
int dr_endpoints_engine(struct dr_endpoints *e, const struct dr_site *site, struct dr_rhv **ret,
                        struct drstor_error **err);
/*
 * The lock FD (-1: none) outlives us in the processes of plugins (safety 5.1): those that are there
 * and those to come hold it too, from their next call on, until it is let go. Borrowed for as long.
 */
void dr_endpoints_hold(struct dr_endpoints *e, int fd);
void dr_endpoints_let_go(struct dr_endpoints *e, int fd);
const char *dr_endpoints_correlation(const struct dr_endpoints *e);
struct dr_contact *dr_endpoints_contact(const struct dr_endpoints *e);

/*
 * One call to an array, refused when its site is forbidden. The reply's status is returned, its
 * sentence goes to ERR.
 */
int dr_endpoints_call(struct dr_endpoints *e, const struct dr_array *array,
                      const struct dr_call *call, const struct dr_cancel *cancel,
                      struct dr_arena *a, struct dr_reply *ret, struct drstor_error **err);

#endif
