/*
 * A library that knows nothing: its configuration is a folder of documents, and it hands those out.
 * Only the tests of the command link it.
 *
 *   status.json plan.json report.json ...   what the function of that name answers
 *   error.json                              { status, exit, message, hint, rule }: every call fails
 *   events.jsonl                            what a run shows
 *
 * At {"hold": true} a run stands still until the file DRSTOR_FAKE_HOLD is gone, or it is cancelled;
 * with "deaf" it does not hear that.
 */
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "report/html.h"
#include "report/text.h"

#include <drstor/drstor.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct drstor {
    char *dir;
    pthread_mutex_t lock;
    bool cancelled;
};

static int fake_exit;

const char *
drstor_version(void)
{
    return "0.0.0-fake";
}

int
drstor_error_status(const struct drstor_error *err)
{
    return dr_error_status(err);
}

const char *
drstor_error_message(const struct drstor_error *err)
{
    return dr_error_message(err);
}

const char *
drstor_error_hint(const struct drstor_error *err)
{
    return dr_error_hint(err);
}

const char *
drstor_error_rule(const struct drstor_error *err)
{
    return dr_error_rule(err);
}

int
drstor_error_exit(const struct drstor_error *err)
{
    if (fake_exit)
        return fake_exit;
    return dr_error_status(err) == DRSTOR_E_INTERNAL ? 1 : 2;
}

void
drstor_error_free(struct drstor_error *err)
{
    dr_error_free(err);
}

void
drstor_text_free(char *text)
{
    free(text);
}

static struct json_object *
load(const char *dir, const char *name, struct drstor_error **err)
{
    dr_auto(dr_freep) char *path = NULL, *text = NULL;
    struct json_object *o = NULL;
    size_t n;
    if (asprintf(&path, "%s/%s.json", dir, name) < 0)
        return NULL;
    if (dr_file_read(path, 1 << 20, &text, &n, err) < 0 ||
        dr_json_parse(text, n, &dr_json_small, &o, err) < 0)
        return NULL;
    return o;
}

static int
fails(struct drstor *d, struct drstor_error **err)
{
    dr_auto(dr_json_putp) struct json_object *e = load(d->dir, "error", NULL);
    int64_t status = 0, code = 0;
    if (!e)
        return DRSTOR_OK;
    (void)dr_json_i64(e, "status", &status);
    (void)dr_json_i64(e, "exit", &code);
    fake_exit = (int)code;
    if (dr_json_str(e, "rule"))
        (void)dr_refuse(err, "R092", "%s", dr_json_str(e, "message"));
    else
        (void)dr_fail(err, (int)status, "%s", dr_json_str(e, "message"));
    if (dr_json_str(e, "hint"))
        dr_hint(err, "%s", dr_json_str(e, "hint"));
    return (int)status;
}

static int
answer(struct drstor *d, const char *name, char **ret, struct drstor_error **err)
{
    int r = fails(d, err);
    if (r < 0)
        return r;
    dr_auto(dr_json_putp) struct json_object *o = load(d->dir, name, err);
    if (!o)
        return DRSTOR_E_NOTFOUND;
    *ret = dr_strdup(dr_json_text(o));
    return DRSTOR_OK;
}

int
drstor_open(const struct drstor_options *options, struct drstor **ret, struct drstor_error **err)
{
    if (!options->config)
        return dr_fail(err, DRSTOR_E_INVALID, "cannot read /etc/drstor/drstor.yaml");
    struct drstor *d = dr_new0(struct drstor);
    d->dir = dr_strdup(options->config);
    (void)pthread_mutex_init(&d->lock, NULL);
    *ret = d;
    return DRSTOR_OK;
}

void
drstor_close(struct drstor *d)
{
    if (!d)
        return;
    (void)pthread_mutex_destroy(&d->lock);
    free(d->dir);
    free(d);
}

void
drstor_cancel(struct drstor *d)
{
    pthread_mutex_lock(&d->lock);
    d->cancelled = true;
    pthread_mutex_unlock(&d->lock);
}

static bool
cancelled(struct drstor *d)
{
    pthread_mutex_lock(&d->lock);
    bool b = d->cancelled;
    pthread_mutex_unlock(&d->lock);
    return b;
}

int
drstor_status(struct drstor *d, const char *const *groups, size_t n, char **ret,
              struct drstor_error **err)
{
    (void)groups;
    (void)n;
    return answer(d, "status", ret, err);
}

int
drstor_show(struct drstor *d, const char *kind, const char *name, char **ret,
            struct drstor_error **err)
{
    (void)name;
    return answer(d, kind, ret, err);
}

/* The plan also tells what the command asked for, so that a test can read it. */
int
drstor_plan(struct drstor *d, const char *goal, const struct drstor_consent *consent, char **ret,
            struct drstor_error **err)
{
    int r = fails(d, err);
    dr_auto(dr_json_putp) struct json_object *o = r < 0 ? NULL : load(d->dir, "plan", err);
    if (!o)
        return r < 0 ? r : DRSTOR_E_NOTFOUND;
    struct json_object *asked = json_object_new_object(), *list = json_object_new_array();
    dr_json_set(asked, "goal", json_tokener_parse(goal));
    dr_json_set_str(asked, "accept_loss", consent->accept_loss);
    dr_json_set_str(asked, "waive_fence", consent->waive_fence);
    dr_json_set_str(asked, "waive_snapshot", consent->waive_snapshot);
    dr_json_set_str(asked, "reason", consent->reason);
    for (size_t i = 0; i < consent->n_declare; i++)
        (void)json_object_array_add(list, json_object_new_string(consent->declare[i]));
    dr_json_set(asked, "declare", list);
    dr_json_set(o, "asked", asked);
    *ret = dr_strdup(dr_json_text(o));
    return DRSTOR_OK;
}

/* Whoever looks on says when it has seen enough; where nobody does, nothing is waited for. */
static void
hold(struct drstor *d, bool deaf)
{
    const char *held = getenv("DRSTOR_FAKE_HOLD");
    while (held && access(held, F_OK) == 0 && (deaf || !cancelled(d))) {
        const struct timespec moment = {.tv_nsec = 10000000};
        (void)nanosleep(&moment, NULL);
    }
}

static void
play(struct drstor *d, const struct drstor_callbacks *cb)
{
    dr_auto(dr_freep) char *path = NULL, *text = NULL;
    if (asprintf(&path, "%s/events.jsonl", d->dir) < 0 ||
        dr_file_read(path, 1 << 20, &text, NULL, NULL) < 0)
        return;
    for (char *save = NULL, *line = strtok_r(text, "\n", &save); line && !cancelled(d);
         line = strtok_r(NULL, "\n", &save)) {
        dr_auto(dr_json_putp) struct json_object *o = json_tokener_parse(line);
        if (dr_json_get(o, "hold"))
            hold(d, dr_json_get(o, "deaf") != NULL);
        else if (cb && cb->event)
            cb->event(line, cb->user);
    }
}

static int
act(struct drstor *d, const struct drstor_callbacks *cb, bool ask, char **ret,
    struct drstor_error **err)
{
    struct drstor_answer said = {.size = sizeof(said), .go = 1};
    int r = fails(d, err);
    if (r < 0)
        return r;
    dr_auto(dr_json_putp) struct json_object *plan = load(d->dir, "plan", NULL);
    if (ask && cb && cb->decide && plan) {
        said.go = 0;
        cb->decide(dr_json_text(plan), &said, cb->user);
        if (!said.go && !dr_json_length(dr_json_get(plan, "refusals"))) {
            *ret = dr_strdup("{\"api\":\"drstor/v1\",\"result\":\"refused\",\"exit\":3}");
            return DRSTOR_OK;
        }
    }
    play(d, cb);
    dr_auto(dr_json_putp) struct json_object *o =
        load(d->dir, cancelled(d) ? "cancelled" : "report", err);
    if (!o)
        return DRSTOR_E_NOTFOUND;
    if (*said.accept_loss)
        dr_json_set_str(o, "accepted", said.accept_loss);
    *ret = dr_strdup(dr_json_text(o));
    return DRSTOR_OK;
}

int
drstor_act(struct drstor *d, const char *goal, const struct drstor_consent *consent,
           const struct drstor_callbacks *cb, char **ret, struct drstor_error **err)
{
    (void)goal;
    (void)consent;
    return act(d, cb, true, ret, err);
}

int
drstor_apply(struct drstor *d, const char *plan, const struct drstor_consent *consent,
             const struct drstor_callbacks *cb, char **ret, struct drstor_error **err)
{
    (void)consent;
    dr_auto(dr_json_putp) struct json_object *o = NULL;
    int r = dr_json_parse(plan, strlen(plan), &dr_json_small, &o, err);
    return r < 0 ? r : act(d, cb, true, ret, err);
}

int
drstor_resume(struct drstor *d, const char *run, const struct drstor_callbacks *cb, char **ret,
              struct drstor_error **err)
{
    (void)run;
    return act(d, cb, false, ret, err);
}

int
drstor_run_list(struct drstor *d, char **ret, struct drstor_error **err)
{
    return answer(d, "runs", ret, err);
}

int
drstor_run_show(struct drstor *d, const char *run, char **ret, struct drstor_error **err)
{
    (void)run;
    return answer(d, "report", ret, err);
}

/* Three at a time, so that somebody who watches has to come again. */
int
drstor_run_events(struct drstor *d, const char *run, int64_t after, char **ret,
                  struct drstor_error **err)
{
    (void)run;
    int r = fails(d, err);
    dr_auto(dr_json_putp) struct json_object *all = r < 0 ? NULL : load(d->dir, "events", err);
    if (!all)
        return r < 0 ? r : DRSTOR_E_NOTFOUND;
    struct json_object *events = dr_json_get(all, "events"), *some = json_object_new_array();
    for (size_t i = 0; i < dr_json_length(events) && dr_json_length(some) < 3; i++) {
        struct json_object *e = json_object_array_get_idx(events, i);
        int64_t seq = 0;
        if (dr_json_i64(e, "seq", &seq) && seq > after)
            (void)json_object_array_add(some, json_object_get(e));
    }
    bool open = dr_json_length(some) > 0;
    dr_json_set(all, "events", some);
    if (!open) {
        dr_json_set_bool(all, "open", false);
        dr_json_set_str(all, "state", "done");
    }
    *ret = dr_strdup(dr_json_text(all));
    return DRSTOR_OK;
}

int
drstor_observe(struct drstor *d, const char *const *groups, size_t n, char **ret,
               struct drstor_error **err)
{
    (void)groups;
    (void)n;
    return answer(d, "status", ret, err);
}

int
drstor_adopt(struct drstor *d, const char *const *groups, size_t n, char **ret,
             struct drstor_error **err)
{
    (void)groups;
    (void)n;
    return answer(d, "adopted", ret, err);
}

int
drstor_verify(struct drstor *d, const char *const *groups, size_t n, int probe, char **ret,
              struct drstor_error **err)
{
    (void)groups;
    (void)n;
    return answer(d, probe ? "probed" : "verify", ret, err);
}

int
drstor_check(struct drstor *d, const char *const *groups, size_t n, char **ret,
             struct drstor_error **err)
{
    (void)groups;
    (void)n;
    return answer(d, "check", ret, err);
}

int
drstor_map_check(struct drstor *d, char **ret, struct drstor_error **err)
{
    return answer(d, "map", ret, err);
}

int
drstor_map_generate(struct drstor *d, char **ret, struct drstor_error **err)
{
    return answer(d, "yaml", ret, err);
}

int
drstor_config_generate(struct drstor *d, char **ret, struct drstor_error **err)
{
    return answer(d, "yaml", ret, err);
}

/* The file's name is the folder of the document. */
int
drstor_map_import(const char *file, char **ret, struct drstor_error **err)
{
    struct drstor of_file = {.dir = dr_strdup(file)};
    int r = answer(&of_file, "imported", ret, err);
    free(of_file.dir);
    return r;
}

int
drstor_abort(struct drstor *d, const char *run, const struct drstor_callbacks *cb, char **ret,
             struct drstor_error **err)
{
    int r = fails(d, err);
    if (r < 0)
        return r;
    if (strcmp(run, "r-none") == 0)
        return dr_fail(err, DRSTOR_E_NOTFOUND, "there is no run \"%s\"", run);
    play(d, cb);
    return answer(d, "abort", ret, err);
}

/* What was asked is in the document. */
int
drstor_guard(struct drstor *d, const struct drstor_guard_options *options,
             const struct drstor_callbacks *cb, char **ret, struct drstor_error **err)
{
    play(d, cb);
    int r = fails(d, err);
    dr_auto(dr_json_putp) struct json_object *o = r < 0 ? NULL : load(d->dir, "guard", err);
    if (!o)
        return r < 0 ? r : DRSTOR_E_NOTFOUND;
    dr_json_set_str(o, "site", options->site);
    dr_json_set_i64(o, "interval_ms", options->interval_ms);
    dr_json_set_bool(o, "once", options->once);
    *ret = dr_strdup(dr_json_text(o));
    return DRSTOR_OK;
}

int
drstor_takeover(struct drstor *d, const struct drstor_consent *consent, char **ret,
                struct drstor_error **err)
{
    int r = fails(d, err);
    dr_auto(dr_json_putp) struct json_object *o = r < 0 ? NULL : load(d->dir, "takeover", err);
    if (!o)
        return r < 0 ? r : DRSTOR_E_NOTFOUND;
    dr_json_set_str(o, "declared", consent->declare[0]);
    dr_json_set_str(o, "reason", consent->reason);
    *ret = dr_strdup(dr_json_text(o));
    return DRSTOR_OK;
}

/* A file is read by nobody here: its name is the document. */
int
drstor_journal_verify(struct drstor *d, const char *file, const char *head, char **ret,
                      struct drstor_error **err)
{
    struct drstor of_file = {.dir = dr_strdup(file ? file : "")};
    int r = answer(file ? &of_file : d, head ? "head" : "journal", ret, err);
    free(of_file.dir);
    return r;
}

int
drstor_journal_export(struct drstor *d, int (*line)(const char *line, void *user), void *user,
                      struct drstor_error **err)
{
    static const char *const lines[] = {"{\"table\":\"record\"}", "{\"table\":\"audit\"}",
                                        "{\"table\":\"end\",\"lines\":2}"};
    for (size_t i = 0; i < 3; i++)
        if (line(lines[i], user))
            return dr_fail(err, DRSTOR_E_CANCELLED, "the export was stopped");
    return fails(d, err);
}

int
drstor_journal_import(struct drstor *d, const char *lines, size_t n, char **ret,
                      struct drstor_error **err)
{
    int64_t seq = 0;
    for (size_t i = 0; i < n; i++)
        seq += lines[i] == '\n';
    int r = fails(d, err);
    if (r < 0)
        return r;
    dr_auto(dr_json_putp) struct json_object *o = json_object_new_object();
    dr_json_set_str(o, "result", seq ? "imported" : "refused");
    dr_json_set_i64(o, "seq", seq);
    dr_json_set_i64(o, "exit", seq ? 0 : 3);
    *ret = dr_strdup(dr_json_text(o));
    return DRSTOR_OK;
}

int
drstor_config_check(const char *config, char **ret, struct drstor_error **err)
{
    struct drstor d = {.dir = dr_strdup(config ? config : "/nowhere")};
    int r = answer(&d, "problems", ret, err);
    free(d.dir);
    return r;
}

int
drstor_explain(const char *id, char **ret, struct drstor_error **err)
{
    if (strcmp(id, "R015") != 0)
        return dr_fail(err, DRSTOR_E_NOTFOUND, "there is no refusal \"%s\"", id);
    *ret = dr_strdup(
        "{\"id\":\"R015\",\"title\":\"a title\",\"why\":\"a reason\",\"remedy\":\"a remedy\"}");
    return DRSTOR_OK;
}

int
drstor_plugin_list(struct drstor *d, char **ret, struct drstor_error **err)
{
    return answer(d, "plugins", ret, err);
}

int
drstor_plugin_info(struct drstor *d, const char *name, char **ret, struct drstor_error **err)
{
    (void)name;
    return answer(d, "plugin", ret, err);
}

int
drstor_trust_show(struct drstor *d, const char *const *names, size_t n, char **ret,
                  struct drstor_error **err)
{
    (void)names;
    (void)n;
    return answer(d, "trust", ret, err);
}

int
drstor_render(const char *kind, const char *json, const char *columns, unsigned width, char **ret,
              struct drstor_error **err)
{
    dr_auto(dr_json_putp) struct json_object *o = NULL;
    int r = dr_json_parse(json, strlen(json), &dr_json_inventory, &o, err);
    return r < 0 ? r : dr_text_render(kind, o, columns, width, ret, err);
}

int
drstor_render_html(const char *kind, const char *json, char **ret, struct drstor_error **err)
{
    dr_auto(dr_json_putp) struct json_object *o = NULL;
    int r = dr_json_parse(json, strlen(json), &dr_json_inventory, &o, err);
    return r < 0 ? r : dr_html_render(kind, o, ret, err);
}
