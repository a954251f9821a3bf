/* Runs: what there was, what goes on, going on with one. */
#include "act.h"
#include "file.h"
#include "out.h"
#include "signals.h"

#include <string.h>

enum { POLL_MS = 1000 };

int
cli_run_list(struct cli *c)
{
    cli_auto(cli_textp) char *json = NULL;
    cli_auto(cli_errorp) struct drstor_error *err = NULL;
    int r = cli_open(c);
    if (r)
        return r;
    signals_attach(c->d, true);
    r = drstor_run_list(c->d, &json, &err) < 0 ? out_error(c, err) : out_document(c, "runs", json);
    cli_close(c);
    return r;
}

/* The same document as a page, in a file of its own. */
static int
page(struct cli *c, const char *path, const char *json)
{
    cli_auto(cli_textp) char *html = NULL;
    cli_auto(cli_errorp) struct drstor_error *err = NULL;
    struct file f;
    if (drstor_render_html("run", json, &html, &err) < 0)
        return out_error(c, err);
    if (strcmp(path, "-") == 0) {
        out_text(html);
        return CLI_DONE;
    }
    file_begin(&f, path);
    file_line(&f, html);
    return file_end(&f, c, true);
}

int
cli_run_report(struct cli *c)
{
    cli_auto(cli_textp) char *json = NULL;
    cli_auto(cli_errorp) struct drstor_error *err = NULL;
    const char *html = cli_value(&c->args, FLAG_HTML);
    int r = cli_open(c);
    if (r)
        return r;
    signals_attach(c->d, true);
    if (drstor_run_show(c->d, c->args.names[0], &json, &err) < 0)
        r = out_error(c, err);
    else if (html)
        r = page(c, html, json);
    if (!r && (!html || strcmp(html, "-") != 0))
        r = out_document(c, "run", json); /* showing it worked, however the run ended */
    cli_close(c);
    return r;
}

/* Feeds what is new; 1: the run has ended, 0: not yet, negative: failed. */
static int
take_events(struct cli *c, const char *run, struct follow *f, struct drstor_error **err)
{
    cli_auto(cli_textp) char *json = NULL;
    int r = drstor_run_events(c->d, run, follow_seq(f), &json, err);
    if (r < 0)
        return r;
    cli_auto(cli_jsonp) struct json_object *doc = json_tokener_parse(json);
    struct json_object *events = cli_get(doc, "events");
    for (size_t i = 0; i < cli_length(events); i++)
        follow_event(
            json_object_to_json_string_ext(json_object_array_get_idx(events, i),
                                           JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE),
            f);
    /* Open without anybody at work on it, as a failed run is: nothing more will come. */
    const char *state = cli_text(doc, "state");
    bool moving = state && cli_word_in("planned running waiting", state);
    return cli_length(events) == 0 && !(cli_true(doc, "open") && moving);
}

static int
watch(struct cli *c, const char *run, struct drstor_error **err)
{
    cli_auto(cli_textp) char *before = NULL;
    int r = drstor_run_show(c->d, run, &before, err);
    if (r < 0)
        return r;
    struct follow *f = follow_new(c);
    follow_learn(f, before);
    while ((r = take_events(c, run, f, err)) == 0) {
        if (out_reader_gone() || signals_wait(-1, POLL_MS) < 0)
            break;
    }
    follow_end(f);
    return r;
}

int
cli_run_watch(struct cli *c)
{
    cli_auto(cli_textp) char *report = NULL;
    cli_auto(cli_errorp) struct drstor_error *err = NULL;
    const char *run = c->args.names[0];
    int r = cli_open(c);
    if (r)
        return r;
    signals_attach(c->d, true);
    r = watch(c, run, &err);
    if (signals_seen()) {
        out_say("no longer watching; run %s goes on", run);
        r = CLI_INTERRUPTED;
    } else if (r < 0 || drstor_run_show(c->d, run, &report, &err) < 0) {
        r = out_error(c, err);
    } else {
        r = out_document(c, "report", report);
        r = r ? r : cli_exit_of(report, CLI_INTERNAL);
    }
    cli_close(c);
    return r;
}

int
cli_run_resume(struct cli *c)
{
    cli_auto(cli_textp) char *json = NULL, *before = NULL;
    cli_auto(cli_errorp) struct drstor_error *err = NULL;
    const char *run = c->args.n_names ? c->args.names[0] : NULL;
    struct act act;
    int r = act_begin(&act, c);
    if (r)
        return r;
    /* Only to name the steps that are to come; the resume itself says what is wrong. */
    if (run && drstor_run_show(c->d, run, &before, NULL) == DRSTOR_OK)
        follow_learn(act.follow, before);
    r = drstor_resume(c->d, run, &act.callbacks, &json, &err);
    return act_end(&act, c, r, "report", json, err);
}

int
cli_run_abort(struct cli *c)
{
    cli_auto(cli_textp) char *json = NULL, *before = NULL;
    cli_auto(cli_errorp) struct drstor_error *err = NULL;
    const char *run = c->args.names[0];
    struct act act;
    int r = act_begin(&act, c);
    if (r)
        return r;
    if (drstor_run_show(c->d, run, &before, NULL) == DRSTOR_OK)
        follow_learn(act.follow, before);
    r = drstor_abort(c->d, run, &act.callbacks, &json, &err);
    return act_end(&act, c, r, "abort", json, err);
}
