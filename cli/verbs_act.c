/* Verbs that act: one goal, one consent, one report. */
#include "act.h"
#include "out.h"
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PLAN_MOST = 16 << 20 };

/* "a,b" counts as two: names have no comma in them. */
static void
add_list(struct json_object *goal, const char *key, const char *const *values, size_t n)
{
    if (n == 0)
        return;
    struct json_object *list = json_object_new_array();
    for (size_t i = 0; i < n; i++)
        for (const char *p = values[i]; *p;) {
            size_t len = strcspn(p, ",");
            if (len)
                (void)json_object_array_add(list, json_object_new_string_len(p, (int)len));
            p += len + (p[len] == ',');
        }
    (void)json_object_object_add(goal, key, list);
}

/* NULL after the reason was said. */
static struct json_object *
goal_of(struct cli *c)
{
    const struct cli_args *a = &c->args;
    if (cli_given(a, FLAG_ALL) && a->n_names) {
        out_say("%s takes groups or --all, not both", a->verb->name);
        return NULL;
    }
    if (!cli_given(a, FLAG_ALL) && !a->n_names) {
        out_say("%s needs groups, or --all", a->verb->name);
        return NULL;
    }
    if (!cli_given(a, FLAG_TO)) {
        out_say("%s needs --to SITE", a->verb->name);
        return NULL;
    }
    struct json_object *goal = json_object_new_object();
    (void)json_object_object_add(goal, "verb", json_object_new_string("promote"));
    if (cli_given(a, FLAG_ALL))
        (void)json_object_object_add(goal, "all", json_object_new_boolean(1));
    add_list(goal, "groups", a->names, a->n_names);
    add_list(goal, "only", a->values[FLAG_ONLY], a->n[FLAG_ONLY]);
    add_list(goal, "except", a->values[FLAG_EXCEPT], a->n[FLAG_EXCEPT]);
    (void)json_object_object_add(goal, "to", json_object_new_string(cli_value(a, FLAG_TO)));
    (void)json_object_object_add(goal, "unplanned",
                                 json_object_new_boolean(cli_given(a, FLAG_UNPLANNED)));
    (void)json_object_object_add(goal, "storage_only",
                                 json_object_new_boolean(cli_given(a, FLAG_STORAGE_ONLY)));
    return goal;
}

static struct drstor_consent
consent_of(const struct cli_args *a)
{
    struct drstor_consent consent = DRSTOR_CONSENT_INIT;
    consent.accept_loss = cli_value(a, FLAG_ACCEPT_LOSS);
    consent.declare = a->values[FLAG_DECLARE];
    consent.n_declare = a->n[FLAG_DECLARE];
    consent.waive_fence = cli_value(a, FLAG_WAIVE_FENCE);
    consent.reason = cli_value(a, FLAG_REASON);
    return consent;
}

/* ---- plans
 * ------------------------------------------------------------------------------------------- */

/* The whole file or none: a plan cut short must not be found by apply. */
static int
write_plan(struct cli *c, const char *path, const char *json)
{
    cli_auto(cli_freep) char *temporary = NULL;
    size_t n = strlen(json);
    if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
        return CLI_INTERNAL;
    int fd = mkostemp(temporary, O_CLOEXEC); /* mode 0600 */
    bool good = fd >= 0 && out_bytes(fd, json, n) && out_bytes(fd, "\n", 1) && fsync(fd) == 0;
    int trouble = errno;
    if (fd >= 0 && close(fd) != 0 && good) {
        good = false;
        trouble = errno;
    }
    if (good && rename(temporary, path) != 0) {
        good = false;
        trouble = errno;
    }
    if (good)
        return CLI_DONE;
    if (fd >= 0)
        (void)unlink(temporary);
    char text[512];
    (void)snprintf(text, sizeof(text), "cannot write %s: %s", path, strerror(trouble));
    return out_failure(c, CLI_INTERNAL, text, NULL);
}

static int
show_plan(struct cli *c, const char *json)
{
    cli_auto(cli_jsonp) struct json_object *plan = json_tokener_parse(json);
    const char *path = cli_value(&c->args, FLAG_OUT);
    bool refused = cli_length(cli_get(plan, "refusals")) > 0;
    int code = (int)cli_int(plan, "exit", refused ? CLI_REFUSED : CLI_DONE);
    bool to_stdout = path && strcmp(path, "-") == 0;
    int r = 0;
    if (to_stdout)
        out_line(json);
    else if (!path || !cli_given(&c->args, FLAG_QUIET))
        r = out_document(c, "plan", json);
    if (r)
        return r;
    if (path && !to_stdout && code != CLI_DONE)
        out_say("a refused plan is not kept; %s was not written", path);
    else if (path && !to_stdout && (r = write_plan(c, path, json)))
        return r;
    else if (path && !to_stdout && !cli_given(&c->args, FLAG_QUIET))
        out_say("plan kept; carry it out with: drstor apply %s", path);
    if (code == CLI_DONE && cli_given(&c->args, FLAG_EXIT_CODE) &&
        cli_length(cli_get(plan, "steps")))
        return CLI_CHANGES;
    return code;
}

int
cli_plan(struct cli *c)
{
    cli_auto(cli_jsonp) struct json_object *goal = goal_of(c);
    cli_auto(cli_textp) char *json = NULL;
    cli_auto(cli_errorp) struct drstor_error *err = NULL;
    if (!goal)
        return CLI_USAGE;
    int r = cli_open(c);
    if (r)
        return r;
    struct drstor_consent consent = consent_of(&c->args);
    signals_attach(c->d, true);
    if (drstor_plan(c->d, json_object_to_json_string(goal), &consent, &json, &err) < 0)
        r = out_error(c, err);
    else
        r = show_plan(c, json);
    cli_close(c);
    return r;
}

/* ---- acts
 * -------------------------------------------------------------------------------------------- */

int
act_begin(struct act *a, struct cli *c)
{
    memset(a, 0, sizeof(*a));
    int r = cli_open(c);
    if (r)
        return r;
    a->ask.c = c;
    a->ask.follow = a->follow = follow_new(c);
    a->callbacks = (struct drstor_callbacks)DRSTOR_CALLBACKS_INIT;
    a->callbacks.user = a;
    a->callbacks.event = act_event;
    a->callbacks.decide = act_decide;
    signals_attach(c->d, false);
    return 0;
}

void
act_event(const char *json, void *user)
{
    struct act *a = user;
    follow_event(json, a->follow);
}

void
act_decide(const char *plan_json, struct drstor_answer *answer, void *user)
{
    struct act *a = user;
    ask_decide(plan_json, answer, &a->ask);
}

int
act_end(struct act *a, struct cli *c, int status, const char *report,
        const struct drstor_error *err)
{
    int r;
    signals_attach(NULL, false);
    follow_end(a->follow);
    if (status < 0) {
        r = out_error(c, err);
    } else {
        cli_auto(cli_jsonp) struct json_object *doc = json_tokener_parse(report);
        int code = (int)cli_int(doc, "exit", CLI_INTERNAL);
        if (a->ask.refused)
            out_say("%s", a->ask.why);
        r = out_document(c, "report", report);
        /* A question nobody answered is a refusal, whatever the report calls it. */
        r = r ? r : a->ask.refused && code == CLI_DONE ? CLI_REFUSED : code;
        if (a->ask.refused && signals_seen())
            r = CLI_INTERRUPTED;
    }
    cli_close(c);
    return r;
}

int
cli_promote(struct cli *c)
{
    if (cli_given(&c->args, FLAG_DRY_RUN))
        return cli_plan(c);
    cli_auto(cli_jsonp) struct json_object *goal = goal_of(c);
    cli_auto(cli_textp) char *json = NULL;
    cli_auto(cli_errorp) struct drstor_error *err = NULL;
    struct act act;
    int r = goal ? act_begin(&act, c) : CLI_USAGE;
    if (r)
        return r;
    struct drstor_consent consent = consent_of(&c->args);
    r = drstor_act(c->d, json_object_to_json_string(goal), &consent, &act.callbacks, &json, &err);
    return act_end(&act, c, r, json, err);
}

static char *
read_plan(struct cli *c, const char *path)
{
    int fd = strcmp(path, "-") == 0 ? dup(0) : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    char *text = NULL, why[512] = "";
    size_t n = 0;
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0)
        (void)snprintf(why, sizeof(why), "cannot read %s: %s", path, strerror(errno));
    else if (S_ISDIR(st.st_mode))
        (void)snprintf(why, sizeof(why), "cannot read %s: it is a directory", path);
    while (!*why) {
        text = out_grow(text, n + 65536);
        ssize_t got = read(fd, text + n, 65535);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            (void)snprintf(why, sizeof(why), "cannot read %s: %s", path, strerror(errno));
        if (got <= 0)
            break;
        n += (size_t)got;
        if (n > PLAN_MOST)
            (void)snprintf(why, sizeof(why), "%s is too large to be a plan", path);
    }
    if (fd >= 0)
        (void)close(fd);
    if (*why) {
        free(text);
        (void)out_failure(c, CLI_USAGE, why, NULL);
        return NULL;
    }
    text[n] = '\0';
    return text;
}

int
cli_apply(struct cli *c)
{
    cli_auto(cli_freep) char *plan = read_plan(c, c->args.names[0]);
    cli_auto(cli_textp) char *json = NULL;
    cli_auto(cli_errorp) struct drstor_error *err = NULL;
    struct act act;
    int r = plan ? act_begin(&act, c) : CLI_USAGE;
    if (r)
        return r;
    struct drstor_consent consent = consent_of(&c->args);
    r = drstor_apply(c->d, plan, &consent, &act.callbacks, &json, &err);
    return act_end(&act, c, r, json, err);
}
