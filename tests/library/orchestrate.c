/*
 * libdrstor as RHV orchestration uses it: one header, one library, documents as JSON. Observes,
 * plans, asks the operator (a callback), moves every group, reads the report back, and does it once
 * more to find that nothing is left to do. Exit 0 when every answer was right.
 *
 * usage: orchestrate CONFIG SITE
 */
#include <drstor/drstor.h>

#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct watcher {
    unsigned events, asked;
};

static void
on_event(const char *json, void *user)
{
    struct watcher *w = user;
    struct json_object *o = json_tokener_parse(json), *v = NULL;
    if (o && json_object_object_get_ex(o, "seq", &v) && json_object_get_int(v) > 0)
        w->events++;
    (void)json_object_put(o);
}

static void
on_decide(const char *plan_json, struct drstor_answer *answer, void *user)
{
    struct watcher *w = user;
    struct json_object *o = json_tokener_parse(plan_json), *steps = NULL;
    w->asked++;
    answer->go =
        o && json_object_object_get_ex(o, "steps", &steps) && json_object_array_length(steps) > 0;
    (void)json_object_put(o);
}

static int
failed(const char *what, const struct drstor_error *err)
{
    (void)fprintf(stderr, "%s: %s%s%s\n", what, drstor_error_message(err),
                  drstor_error_hint(err) ? "; " : "",
                  drstor_error_hint(err) ? drstor_error_hint(err) : "");
    return 1;
}

/* A member of a document is the text WANT. */
static bool
says(const char *json, const char *member, const char *want)
{
    struct json_object *o = json_tokener_parse(json), *v = NULL;
    bool same = o && json_object_object_get_ex(o, member, &v) &&
                strcmp(json_object_get_string(v), want) == 0;
    if (!same)
        (void)fprintf(stderr, "%s is not \"%s\" in %s\n", member, want, json);
    (void)json_object_put(o);
    return same;
}

static bool
every_group_at(const char *json, const char *site)
{
    struct json_object *o = json_tokener_parse(json), *groups = NULL, *v = NULL;
    bool all = o && json_object_object_get_ex(o, "groups", &groups) &&
               json_object_array_length(groups) > 0;
    for (size_t i = 0; all && i < json_object_array_length(groups); i++)
        all = json_object_object_get_ex(json_object_array_get_idx(groups, i), "primary", &v) &&
              strcmp(json_object_get_string(v), site) == 0;
    (void)json_object_put(o);
    return all;
}

static int
move_everything(struct drstor *d, const char *site)
{
    struct watcher w = {0, 0};
    struct drstor_callbacks cb = DRSTOR_CALLBACKS_INIT;
    struct drstor_error *err = NULL;
    char *plan = NULL, *report = NULL, *again = NULL, *events = NULL, *status = NULL;
    char goal[256];
    cb.event = on_event;
    cb.decide = on_decide;
    cb.user = &w;
    (void)snprintf(goal, sizeof(goal),
                   "{\"verb\":\"promote\",\"all\":true,\"to\":\"%s\",\"storage_only\":true}", site);

    int bad = 0;
    if (drstor_plan(d, goal, NULL, &plan, &err) < 0 ||
        drstor_act(d, goal, NULL, &cb, &report, &err) < 0 ||
        drstor_act(d, goal, NULL, &cb, &again, &err) < 0 ||
        drstor_status(d, NULL, 0, &status, &err) < 0) {
        bad = failed("moving", err);
    } else {
        struct json_object *o = json_tokener_parse(report), *run = NULL;
        (void)json_object_object_get_ex(o, "run", &run);
        bad |= !says(plan, "exit", "0") || !says(report, "result", "done") ||
               !says(report, "exit", "0");
        bad |= !says(again, "result", "nothing-to-do") || !every_group_at(status, site);
        bad |= w.events == 0 || w.asked != 1;
        if (drstor_run_events(d, json_object_get_string(run), 0, &events, &err) < 0)
            bad = failed("events", err);
        else
            bad |= !says(events, "state", "done");
        (void)json_object_put(o);
    }
    drstor_error_free(err);
    drstor_text_free(plan);
    drstor_text_free(report);
    drstor_text_free(again);
    drstor_text_free(events);
    drstor_text_free(status);
    return bad;
}

int
main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    struct drstor_options options = DRSTOR_OPTIONS_INIT;
    struct drstor *d = NULL;
    struct drstor_error *err = NULL;
    char *text = NULL;
    options.config = argv[1];
    options.origin = "orchestration";
    int bad = 0;
    if (drstor_open(&options, &d, &err) < 0 || drstor_adopt(d, NULL, 0, &text, &err) < 0)
        bad = failed("opening", err);
    else
        bad = !says(text, "exit", "0") || move_everything(d, argv[2]);
    /* What is wrong is said in words, with the code a script would exit with. */
    drstor_text_free(text);
    text = NULL;
    if (d && (drstor_act(d, "{\"verb\":\"promote\",\"groups\":[\"nope\"],\"to\":\"rome\"}", NULL,
                         NULL, &text, &err) == DRSTOR_OK ||
              drstor_error_exit(err) != 2))
        bad = 1;
    drstor_error_free(err);
    drstor_close(d);
    return bad;
}
