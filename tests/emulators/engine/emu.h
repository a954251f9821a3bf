/*
 * An oVirt engine in memory: requests in, responses out, simulated time.
 *
 * No sockets, no threads, no clock of its own: every moment is passed in, in nanoseconds, and never
 * goes backwards. A request takes simulated time: it is validated and takes its locks in
 * emu_submit(), has its effect and its answer inside emu_advance(). One engine may be used from
 * several threads when the caller holds one mutex around every call.
 *
 * Configuration, faults and control commands are JSON; README.md describes them.
 */
#ifndef TESTS_EMULATORS_ENGINE_EMU_H
#define TESTS_EMULATORS_ENGINE_EMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

#include "../lunview.h"

#define EMU_NEVER INT64_MAX

struct emu_engine;

struct emu_header {
    const char *name;
    const char *value;
};

/* Everything is borrowed for the duration of the call. */
struct emu_request {
    const char *method;
    const char *path;  /* without the query; percent-encoding is undone by the engine */
    const char *query; /* without '?', still encoded; NULL when absent */
    const struct emu_header *headers;
    size_t headers_count;
    const char *body;
    size_t body_length;
};

#define EMU_RESPONSE_HEADERS 6

struct emu_response {
    bool drop; /* close the connection without a byte */
    int status;
    char *body; /* never NULL unless drop */
    size_t body_length;
    struct {
        char name[32];
        char value[256];
    } headers[EMU_RESPONSE_HEADERS];
    size_t headers_count;
};

/*
 * CONFIG is borrowed and copied; LUNS is borrowed until emu_engine_free(). NULL when the
 * configuration is refused; *RET_REASON (may be NULL) then holds a sentence to free().
 */
struct emu_engine *emu_engine_new(struct json_object *config, struct lunview *luns, int64_t now_ns,
                                  char **ret_reason);
void emu_engine_free(struct emu_engine *e);

/* Starts a request. The exchange lives until emu_collect() returned 0 or emu_abandon(). */
void emu_submit(struct emu_engine *e, const struct emu_request *req, int64_t now_ns,
                uint64_t *ret_xid);

/* 0: the response is filled in (free with emu_response_clear); 1: not yet; -ENOENT: no such one. */
int emu_collect(struct emu_engine *e, uint64_t xid, struct emu_response *ret);

/* The client has gone: the operation goes on, nobody reads the answer. */
void emu_abandon(struct emu_engine *e, uint64_t xid);

/* Lets everything happen that is due until NOW_NS, in order. */
void emu_advance(struct emu_engine *e, int64_t now_ns);

/* When something happens next: an effect or a response. EMU_NEVER when nothing is under way. */
int64_t emu_next_event_ns(const struct emu_engine *e);

void emu_response_clear(struct emu_response *r);

/*
 * One control command: {"command":"counters", ...} -> {"ok":true, ...} or
 * {"ok":false,"error":".."}. The result is owned by the caller. "silent" and "answer" belong to the
 * server.
 */
struct json_object *emu_control(struct emu_engine *e, struct json_object *command, int64_t now_ns);

#endif
