/* What a site or a controller does for itself: hold back what comes back, take over. */
#include "cli.h"
#include "out.h"
#include "signals.h"

#include <string.h>

static void
guard_event(const char *json, void *user)
{
    struct cli *c = user;
    if (c->form == CLI_JSONL) {
        out_line(json);
        return;
    }
    if (cli_given(&c->args, FLAG_QUIET))
        return;
    cli_auto(cli_jsonp) struct json_object *event = json_tokener_parse(json);
    const char *time = cli_text(event, "time"), *group = cli_text(event, "step");
    const char *state = cli_text(event, "state"), *text = cli_text(event, "text");
    out_note("%.8s %s%s%s%s%s", time && strlen(time) >= 19 ? time + 11 : "--:--:--",
             group ? group : "", group ? "  " : "", state ? state : "", state && text ? ": " : "",
             text ? text : "");
}

int
cli_guard(struct cli *c)
{
    cli_auto(cli_textp) char *json = NULL;
    cli_auto(cli_errorp) struct drstor_error *err = NULL;
    struct drstor_guard_options options = DRSTOR_GUARD_OPTIONS_INIT;
    struct drstor_callbacks callbacks = DRSTOR_CALLBACKS_INIT;
    const char *interval = cli_value(&c->args, FLAG_INTERVAL);
    int r = cli_open(c);
    if (r)
        return r;
    options.site = cli_value(&c->args, FLAG_SITE);
    options.once = cli_given(&c->args, FLAG_ONCE);
    options.interval_ms = interval ? cli_duration(interval) * 1000 : 0;
    callbacks.event = guard_event;
    callbacks.user = c;
    /* A signal is how it ends; there is no run to go on with. */
    signals_attach(c->d, true);
    if (drstor_guard(c->d, &options, &callbacks, &json, &err) < 0) {
        r = out_error(c, err);
    } else {
        r = out_document(c, "guard", json);
        r = r ? r : cli_exit_of(json, CLI_INTERNAL);
    }
    cli_close(c);
    return r;
}

int
cli_takeover(struct cli *c)
{
    cli_auto(cli_textp) char *json = NULL;
    cli_auto(cli_errorp) struct drstor_error *err = NULL;
    struct drstor_consent consent = cli_consent(&c->args);
    int r = cli_open(c);
    if (r)
        return r;
    signals_attach(c->d, false);
    if (drstor_takeover(c->d, &consent, &json, &err) < 0) {
        r = out_error(c, err);
    } else {
        r = out_document(c, "takeover", json);
        r = r ? r : cli_exit_of(json, CLI_INTERNAL);
    }
    cli_close(c);
    return r;
}
