/*
 * libdrstor: planned and unplanned moves of replicated storage, and of the VMs on it, between
 * sites.
 *
 * Documents come out as JSON text (UTF-8, one value, "api": "drstor/v1"): they may grow, their
 * members never change meaning. A goal goes in as JSON; what a person must say (loss, declarations)
 * goes in as a consent struct, never inside the goal.
 *
 * Every function returns DRSTOR_OK or a status of types.h. On failure *RET_... is untouched and,
 * when ERR is not NULL, *ERR tells what happened; free it. ERR must point to NULL before the call.
 * A refusal by a safety rule inside a plan or a run is no failure of the function: it is in the
 * document.
 *
 * Threads: one call at a time per struct drstor, except drstor_cancel(). Different ones are
 * independent.
 */
#ifndef DRSTOR_DRSTOR_H
#define DRSTOR_DRSTOR_H

#include <drstor/types.h>

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DRSTOR_API __attribute__((visibility("default")))

struct drstor;
struct drstor_error;

DRSTOR_API const char *drstor_version(void);

/* ---- errors ---------------------------------------------------------------------------------- */

/* NULL is fine in all of these. Texts are valid until the error is freed. */
DRSTOR_API int drstor_error_status(const struct drstor_error *err);
DRSTOR_API const char *drstor_error_message(const struct drstor_error *err); /* "" when NULL */
DRSTOR_API const char *drstor_error_hint(const struct drstor_error *err);    /* NULL: none */
/* "R014"; NULL: none */
DRSTOR_API const char *drstor_error_rule(const struct drstor_error *err);
/* The exit code a command should end with: 2 usage, 3 refused, 7 locked, 9 credentials ... */
DRSTOR_API int drstor_error_exit(const struct drstor_error *err);
DRSTOR_API void drstor_error_free(struct drstor_error *err);

/* ---- an installation ------------------------------------------------------------------------- */

struct drstor_options {
    uint32_t size;
    uint32_t reserved;
    const char *config; /* NULL: /etc/drstor/drstor.yaml */
    /* who calls, for the audit log: "terminal", "ansible" ...; NULL: "library" */
    const char *origin;
    /* 0: none. After it no new call is sent; arrays finish what they were given */
    int64_t timeout_s;
    int log_level; /* 0 errors, 1 warnings, 2 info, 3 debug; to stderr */
};
#define DRSTOR_OPTIONS_INIT                                                                        \
    {                                                                                              \
        sizeof(struct drstor_options), 0, NULL, NULL, 0, 1                                         \
    }

/* Reads the configuration and its secrets. Contacts nothing, creates nothing. */
DRSTOR_API int drstor_open(const struct drstor_options *options, struct drstor **ret,
                           struct drstor_error **err);
DRSTOR_API void drstor_close(struct drstor *d);

/* Stops what runs in order: nothing new is sent, the journal stays intact. From any thread, not
 * from a signal handler. For good: later calls on D end at once as cancelled. */
DRSTOR_API void drstor_cancel(struct drstor *d);

/* Frees any text this library returned. */
DRSTOR_API void drstor_text_free(char *text);

/* ---- looking: changes nothing at arrays, engines or in the store ----------------------------- */

/* GROUPS NULL and N 0: all. Asks arrays now; what does not answer is shown as unknown, with age. */
DRSTOR_API int drstor_status(struct drstor *d, const char *const *groups, size_t n, char **ret_json,
                             struct drstor_error **err);
/* KIND: "group", "site", "array", "engine", "record", "run"; NAME as configured. */
DRSTOR_API int drstor_show(struct drstor *d, const char *kind, const char *name, char **ret_json,
                           struct drstor_error **err);
/*
 * GOAL: { "verb": VERB, "groups": [..] | "all": true, "only": [patterns], "except": [patterns],
 *         "to": SITE, "at": SITE, "point": NAME, "within_s": seconds | "within": "10m",
 *         "unplanned": bool, "storage_only": bool }
 *
 *     VERB            needs    takes
 *     promote         to       storage_only, and one of unplanned (with it: point), within_s
 *     failback                 storage_only
 *     demote          at       storage_only
 *     reprotect                storage_only
 *     drill-start              to, point, storage_only
 *     drill-promote            storage_only
 *     drill-clean  suspend  resume  sync
 *
 * INVALID for a member that is not in this list, that is of another type, or that does not go with
 * the verb: a slip must not become another act.
 *
 * CONSENT may be NULL. The plan tells refusals, loss and steps; "exit" is 0, 3 or 12.
 */
struct drstor_consent {
    uint32_t size;
    uint32_t reserved;
    const char *accept_loss;    /* "30s", "64MiB", "unknown"; NULL: nothing is accepted */
    const char *const *declare; /* "site-lost:milan" ... */
    size_t n_declare;
    /* why; only with a declaration that names the site */
    const char *waive_fence;
    const char *reason; /* needed with a declaration */
    /* reprotect: why the stale copy need not be kept before it is overwritten */
    const char *waive_snapshot;
};
#define DRSTOR_CONSENT_INIT                                                                        \
    {                                                                                              \
        sizeof(struct drstor_consent), 0, NULL, NULL, 0, NULL, NULL, NULL                          \
    }
DRSTOR_API int drstor_plan(struct drstor *d, const char *goal, const struct drstor_consent *consent,
                           char **ret_json, struct drstor_error **err);

DRSTOR_API int drstor_run_list(struct drstor *d, char **ret_json, struct drstor_error **err);
/*
 * The whole report of a run, finished or not: goal, conditions with the facts that met them, steps
 * with their times, evidence, consent, losses, VMs.
 */
DRSTOR_API int drstor_run_show(struct drstor *d, const char *run, char **ret_json,
                               struct drstor_error **err);
/* Events with a seq greater than AFTER: { run, state, open, events: [..] }. */
DRSTOR_API int drstor_run_events(struct drstor *d, const char *run, int64_t after, char **ret_json,
                                 struct drstor_error **err);

/*
 * Can both sites of active-active groups really be written just now? GROUPS NULL and N 0: all that
 * are active-active. PROBE: also writes, to volumes tagged as probe and to nothing else.
 *
 * { groups: [ { group, verdict, checks: [ { id, text, ok, evidence, remedy } ], valid_until } ],
 * exit }. VERDICT is "dual-verified", "dual-unverified", "unknown" or "not-active-active"; OK is
 * true, false, or null where it could not be read. "exit" is 0 when every group is dual-verified,
 * else 6.
 */
DRSTOR_API int drstor_verify(struct drstor *d, const char *const *groups, size_t n, int probe,
                             char **ret_json, struct drstor_error **err);

/*
 * Is everything ready for a promotion, before it is needed? Arrays, records, VMs and what they
 * would need at the other engine. GROUPS NULL and N 0: all.
 *
 * { groups: [ { group, ready, checks: [..] } ], checks: [ { id, text, ok, evidence, remedy,
 * advice } ], ready, exit }. The outer CHECKS are of no single group. OK as for verify; a check
 * with "advice": true holds nothing back. "exit" is 0 when all others hold, else 6.
 */
DRSTOR_API int drstor_check(struct drstor *d, const char *const *groups, size_t n, char **ret_json,
                            struct drstor_error **err);
/*
 * What is wrong with the mapping, held against both engines: { file, from, to, findings: [ { id,
 * text, place, remedy, advice } ], exit }. PLACE is "file:line:column" of the entry, where there is
 * one. "exit" is 0 when nothing but advice was found, else 6.
 */
DRSTOR_API int drstor_map_check(struct drstor *d, char **ret_json, struct drstor_error **err);

/* ---- acting ----------------------------------------------------------------------------------
 *
 * The document of everything that acts has "journal": { seq, hash }, the head of the audit chain
 * when it ended; the line it stands for is in the system log (authpriv.notice) too. Keep one of
 * them elsewhere, and drstor_journal_verify() finds an end that was cut off.
 */

/* What a person decided when shown the plan. */
struct drstor_answer {
    uint32_t size;
    int32_t go;           /* 0: do nothing */
    char accept_loss[32]; /* "" : what the consent says stays */
};

struct drstor_callbacks {
    uint32_t size;
    uint32_t reserved;
    /* One event as a JSON line: { run, seq, time, step, state, text, elapsed_s }. From any thread,
     * one at a time. NULL: none. */
    void (*event)(const char *json, void *user);
    /* Shown the plan before anything is sent; its "consent" member says what is asked. NULL: only
     * the consent given in advance counts. On the caller's thread. */
    void (*decide)(const char *plan_json, struct drstor_answer *answer, void *user);
    void *user;
};
#define DRSTOR_CALLBACKS_INIT                                                                      \
    {                                                                                              \
        sizeof(struct drstor_callbacks), 0, NULL, NULL, NULL                                       \
    }

/*
 * Observes, plans, asks, runs, reports. *RET_JSON is the report: "exit" as in the manual, "result",
 * and when nothing was begun "refusals" or "text" with the reason. CALLBACKS may be NULL.
 */
DRSTOR_API int drstor_act(struct drstor *d, const char *goal, const struct drstor_consent *consent,
                          const struct drstor_callbacks *callbacks, char **ret_json,
                          struct drstor_error **err);
/* The same for a plan made earlier: its conditions must still hold, or it is stale (exit 11). */
DRSTOR_API int drstor_apply(struct drstor *d, const char *plan_json,
                            const struct drstor_consent *consent,
                            const struct drstor_callbacks *callbacks, char **ret_json,
                            struct drstor_error **err);
/* RUN NULL: the oldest that has not ended. None: OK, "result" is "nothing-to-do". */
DRSTOR_API int drstor_resume(struct drstor *d, const char *run,
                             const struct drstor_callbacks *callbacks, char **ret_json,
                             struct drstor_error **err);

/*
 * Gives up RUN. Before a commit: what it did is undone, as far as it can be. After it: stopped and
 * parked; going back is a new flip. The document is a report with three more lists of sentences:
 * "undone", what is as it was before the run; "stays", what is not, and why; "unknown", what has
 * to be looked at. "exit" is 0, 4 when something is not back as it was yet ("stays" says what
 * helps), 5 when something is unknown, 3 when it may not be given up.
 */
DRSTOR_API int drstor_abort(struct drstor *d, const char *run,
                            const struct drstor_callbacks *callbacks, char **ret_json,
                            struct drstor_error **err);

/* Asks everything once and stores the facts, failed probes included. */
DRSTOR_API int drstor_observe(struct drstor *d, const char *const *groups, size_t n,
                              char **ret_json, struct drstor_error **err);
/* First records: { adopted: [..], already: [..], refusals: [..], exit }. */
DRSTOR_API int drstor_adopt(struct drstor *d, const char *const *groups, size_t n, char **ret_json,
                            struct drstor_error **err);

/*
 * Holds back a site that comes back: what the record does not allow to be writable there is
 * demoted and withdrawn, before hosts and engine use it. Polls the site's arrays, once or until
 * drstor_cancel(), which is the ordinary way to end it and no failure.
 *
 * Events: one per poll that found something, { seq, time, step: GROUP, state, text }. The document:
 * { site, polls, acted: [ { group, found, did } ], window_polls, window_ms, exit }. WINDOW_MS: the
 * longest time in which something could have been written there unseen, measured over WINDOW_POLLS
 * polls. "exit" is 0; 3 or 4 when something that must not be writable still is; 5 when that is not
 * known.
 */
struct drstor_guard_options {
    uint32_t size;
    int32_t once;        /* one poll */
    const char *site;    /* must be given */
    int64_t interval_ms; /* from one poll to the next; 0: the library's own */
};
#define DRSTOR_GUARD_OPTIONS_INIT                                                                  \
    {                                                                                              \
        sizeof(struct drstor_guard_options), 0, NULL, 0                                            \
    }
DRSTOR_API int drstor_guard(struct drstor *d, const struct drstor_guard_options *options,
                            const struct drstor_callbacks *callbacks, char **ret_json,
                            struct drstor_error **err);

/*
 * Makes the standby the active controller. CONSENT declares what became of the active one's site,
 * with a reason; its waive_fence says why the other controller need not be proven silent. Waits
 * until the silence is old enough. { result, controller, text, evidence: [..], refusals: [..],
 * remains: [..], set_aside: [ { group, text } ], runs: [..], hint, exit }; RUNS: those that have
 * not ended and can be resumed from here; REMAINS: sentences, what the other one could still do if
 * it is alive; SET_ASIDE: groups whose record is older than what arrays show, to be adopted anew.
 */
DRSTOR_API int drstor_takeover(struct drstor *d, const struct drstor_consent *consent,
                               char **ret_json, struct drstor_error **err);

/* ---- the journal ----------------------------------------------------------------------------- */

/*
 * Is the audit chain as it was written? FILE NULL: the one in D's store, a damaged one as far as it
 * can be read. Otherwise a file written by drstor_journal_export(); D may be NULL then. HEAD NULL,
 * or "SEQ:HASH" as it was printed once: the chain must contain that line.
 *
 * { file | store, lines, bad, bad_line, head: { seq, hash }, text, exit }. LINES: audit lines found
 * to be as they were written, and HEAD the last of them; BAD: seq of the first that is altered or
 * missing, 0: none; BAD_LINE: number of the first line of FILE that is not as it was written, 0:
 * none; TEXT: one sentence. "exit" is 0, or 6 as for every check that found something.
 * NOTFOUND: there is no such file, or no store yet.
 */
DRSTOR_API int drstor_journal_verify(struct drstor *d, const char *file, const char *head,
                                     char **ret_json, struct drstor_error **err);
/*
 * Everything in the store as JSON lines, without their line ends: { table, id, sub, value | text,
 * crc }, the last one { table: "end", lines }. Works on a damaged store: then what can be read is
 * handed out, the last line tells the damage, and REFUSED is returned with it. LINE answers 0 to go
 * on; anything else ends it with CANCELLED.
 */
DRSTOR_API int drstor_journal_export(struct drstor *d, int (*line)(const char *line, void *user),
                                     void *user, struct drstor_error **err);

/*
 * At a standby: takes what the active controller's mirror sent, LINES of N bytes, into the store,
 * whole or not at all. { result, seq, hash, text, hint, controller: { active, site, term, since },
 * exit }. RESULT: "imported"; "gap": to be sent again after audit line SEQ; "taken-over": the
 * sender is not the active controller any more, CONTROLLER is; "refused". "exit" is 0, else 3.
 */
DRSTOR_API int drstor_journal_import(struct drstor *d, const char *lines, size_t n, char **ret_json,
                                     struct drstor_error **err);

/* ---- kit: needs no installation unless a D is taken ------------------------------------------ */

/* Every problem of a configuration, and what the plugins say of their keys: { file, problems:
 * [ { place, text, hint } ], exit }. CONFIG NULL: /etc/drstor/drstor.yaml. */
DRSTOR_API int drstor_config_check(const char *config, char **ret_json, struct drstor_error **err);
/*
 * Three proposals, as text of a configuration file: { yaml, gaps: [..], exit }. Nothing is written,
 * and no password is in them. GAPS: what has no counterpart, or has to be looked at; each is a
 * comment in the text too, and the text can be loaded as it is.
 *
 * A mapping, in ovirt-dr's words, from what both engines of D have.
 */
DRSTOR_API int drstor_map_generate(struct drstor *d, char **ret_json, struct drstor_error **err);
/* ovirt-dr's FILE in our own form. A file with problems: { file, problems: [..], exit: 2 }. */
DRSTOR_API int drstor_map_import(const char *file, char **ret_json, struct drstor_error **err);
/* Groups and mapping for D's configuration, which has sites, engines and arrays, and no groups. */
DRSTOR_API int drstor_config_generate(struct drstor *d, char **ret_json, struct drstor_error **err);
/* { id, title, why, remedy }; NOTFOUND with the nearest ids. */
DRSTOR_API int drstor_explain(const char *id, char **ret_json, struct drstor_error **err);
/* What is in D's plugin folder: { dir, plugins: [ { name, path, version, api, error, hint } ] }. */
DRSTOR_API int drstor_plugin_list(struct drstor *d, char **ret_json, struct drstor_error **err);
DRSTOR_API int drstor_plugin_info(struct drstor *d, const char *name, char **ret_json,
                                  struct drstor_error **err);

/*
 * The key that each address of arrays and engines shows, held against what the configuration
 * trusts. Contacts them just far enough to see it: nobody logs in, no credential is sent, nothing
 * is written, and nothing is trusted by it. NAMES of arrays, engines or the sites of engines; NULL
 * and N 0: all.
 *
 * { endpoints: [ { kind, name, site, url, state, text, hint, type, fingerprint, on_file, add,
 * compare, key, file } ], exit }. STATE: "known"; "unknown", nothing is configured or on file;
 * "changed", another key is; "rejected" by the CA file; "revoked" by known hosts; "unseen", it
 * showed none. ADD: the line for known hosts, or for the configuration; COMPARE: what a person does
 * before it is added; KEY and FILE: where the configuration has what it trusts. "exit" is 0 when
 * every key is known or unknown, 9 when one contradicts what is trusted, else 6 when one was not
 * seen.
 */
DRSTOR_API int drstor_trust_show(struct drstor *d, const char *const *names, size_t n,
                                 char **ret_json, struct drstor_error **err);

/* The role-flip table the code runs, as JSON: for documentation and checkers. */
DRSTOR_API int drstor_table(char **ret_json, struct drstor_error **err);

/* ---- text ------------------------------------------------------------------------------------ */

/*
 * A document of this library as text for people. KIND: "status", "show", "plan", "report", "run" (a
 * report in full), "abort", "runs", "events", "explain", "problems", "plugins", "plugin",
 * "observe", "adopt", "verify", "check", "map", "yaml", "guard", "takeover", "journal", "trust".
 * COLUMNS: comma-separated names, NULL: the usual ones. WIDTH: of the terminal, 0: as wide as it
 * is.
 */
DRSTOR_API int drstor_render(const char *kind, const char *json, const char *columns,
                             unsigned width, char **ret_text, struct drstor_error **err);

/*
 * A run as one HTML page that needs nothing else: no script, no file, no network. KIND of JSON:
 * "run", "report", "abort". Well-formed XML as well, so that programs can read it.
 */
DRSTOR_API int drstor_render_html(const char *kind, const char *json, char **ret_html,
                                  struct drstor_error **err);

#ifdef __cplusplus
}
#endif
#endif
