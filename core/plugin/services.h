/*
 * Where the core's network comes in. This folder knows no protocol: while nothing is set, a plugin
 * that asks for http or ssh gets UNSUPPORTED with a sentence. Set once, before the first array is
 * opened.
 */
#ifndef DR_PLUGIN_SERVICES_H
#define DR_PLUGIN_SERVICES_H

#include "base/arena.h"
#include "base/env.h"
#include "base/error.h"
#include "model/model.h"
#include "plugin/operation.h"

struct dr_service_how {
    struct dr_env *env;
    const char *plugin, *array, *site;
    const struct dr_access_point *at; /* borrowed until session_close; no known_hosts */
    const char *known_hosts;          /* text of that file; likewise */
    bool read_only;
};

/* The call on whose behalf a service works. What it returns lives in ARENA, which ends with the
 * call. */
struct dr_service_call {
    struct dr_env *env;
    struct dr_arena *arena;
    uint64_t deadline_ns;
    const struct dr_cancel *cancel; /* may be NULL */
};

/* Statuses are those of the contract: UNREACHABLE: never left us; UNKNOWN: left us, no answer. */
struct dr_plugin_services {
    /* One session per opened array: connections, cookies. Its calls come from several threads when
     * the plugin is DRSTOR_THREADS_PARALLEL. */
    int (*session_open)(const struct dr_service_how *how, void **ret_session,
                        struct drstor_error **err);
    void (*session_close)(void *session);
    int (*http)(void *session, const struct dr_service_call *call,
                const struct drstor_http_request *request, struct drstor_http_reply *ret_reply,
                struct drstor_error **err);
    int (*ssh)(void *session, const struct dr_service_call *call,
               const struct drstor_ssh_request *request, struct drstor_ssh_reply *ret_reply,
               struct drstor_error **err);
};

/* SERVICES is kept, not copied; NULL: none again. */
void dr_plugin_services_set(const struct dr_plugin_services *services);
const struct dr_plugin_services *dr_plugin_services(void);

#endif
