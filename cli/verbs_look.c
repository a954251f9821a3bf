/* Verbs that look, or that store what they saw. */
#include "cli.h"
#include "out.h"
#include "signals.h"

#include <string.h>

enum { WATCH_MS = 5000 };

/* Not ready is what is not known to be ready. */
static bool
all_ready(const char *json)
{
    cli_auto(cli_jsonp) struct json_object *doc = json_tokener_parse(json);
    struct json_object *groups = cli_get(doc, "groups");
    for (size_t i = 0; i < cli_length(groups); i++)
        if (!cli_true(json_object_array_get_idx(groups, i), "ready"))
            return false;
    return true;
}

static int
status_once(struct cli *c, bool clear)
{
    cli_auto(cli_textp) char *json = NULL;
    cli_auto(cli_errorp) struct drstor_error *err = NULL;
    if (drstor_status(c->d, c->args.names, c->args.n_names, &json, &err) < 0)
        return signals_seen() ? CLI_INTERRUPTED : out_error(c, err);
    if (clear)
        out_text("\033[H\033[J");
    int r = out_document(c, "status", json);
    return r                                                         ? r
           : cli_given(&c->args, FLAG_EXIT_CODE) && !all_ready(json) ? CLI_NOT_READY
                                                                     : CLI_DONE;
}

int
cli_status(struct cli *c)
{
    bool watch = cli_given(&c->args, FLAG_WATCH);
    int r = cli_open(c);
    if (r)
        return r;
    signals_attach(c->d, true);
    bool clear = watch && c->form == CLI_TABLE && out_width(1, NULL);
    r = status_once(c, clear);
    while (watch && (r == CLI_DONE || r == CLI_NOT_READY) && !out_reader_gone()) {
        if (signals_wait(-1, WATCH_MS) < 0)
            break; /* the way a watch ends */
        int now = status_once(c, clear);
        if (now == CLI_INTERRUPTED)
            break;
        r = now;
    }
    cli_close(c);
    return r;
}

int
cli_show(struct cli *c)
{
    cli_auto(cli_textp) char *json = NULL;
    cli_auto(cli_errorp) struct drstor_error *err = NULL;
    int r = cli_open(c);
    if (r)
        return r;
    signals_attach(c->d, true);
    if (drstor_show(c->d, c->args.names[0], c->args.names[1], &json, &err) < 0)
        r = out_error(c, err);
    else
        r = out_document(c, strcmp(c->args.names[0], "run") == 0 ? "run" : "show", json);
    cli_close(c);
    return r;
}

int
cli_explain(struct cli *c)
{
    cli_auto(cli_textp) char *json = NULL;
    cli_auto(cli_errorp) struct drstor_error *err = NULL;
    if (drstor_explain(c->args.names[0], &json, &err) < 0)
        return out_error(c, err);
    return out_document(c, "explain", json);
}

int
cli_observe(struct cli *c)
{
    cli_auto(cli_textp) char *json = NULL;
    cli_auto(cli_errorp) struct drstor_error *err = NULL;
    int r = cli_open(c);
    if (r)
        return r;
    signals_attach(c->d, true);
    if (drstor_observe(c->d, c->args.names, c->args.n_names, &json, &err) < 0) {
        r = out_error(c, err);
    } else {
        r = cli_given(&c->args, FLAG_QUIET) && c->form == CLI_TABLE
                ? 0
                : out_document(c, "observe", json);
        r = r ? r : cli_exit_of(json, CLI_DONE);
    }
    cli_close(c);
    return r;
}

int
cli_adopt(struct cli *c)
{
    cli_auto(cli_textp) char *json = NULL;
    cli_auto(cli_errorp) struct drstor_error *err = NULL;
    int r = cli_open(c);
    if (r)
        return r;
    signals_attach(c->d, false);
    if (drstor_adopt(c->d, c->args.names, c->args.n_names, &json, &err) < 0) {
        r = out_error(c, err);
    } else {
        r = out_document(c, "adopt", json);
        r = r ? r : cli_exit_of(json, CLI_DONE);
    }
    cli_close(c);
    return r;
}

int
cli_verify(struct cli *c)
{
    cli_auto(cli_textp) char *json = NULL;
    cli_auto(cli_errorp) struct drstor_error *err = NULL;
    int r = cli_open(c);
    if (r)
        return r;
    signals_attach(c->d, true);
    if (drstor_verify(c->d, c->args.names, c->args.n_names, cli_given(&c->args, FLAG_PROBE), &json,
                      &err) < 0) {
        r = out_error(c, err);
    } else {
        r = out_document(c, "verify", json);
        r = r ? r : cli_exit_of(json, CLI_NOT_READY);
    }
    cli_close(c);
    return r;
}

int
cli_check(struct cli *c)
{
    cli_auto(cli_textp) char *json = NULL;
    cli_auto(cli_errorp) struct drstor_error *err = NULL;
    int r = cli_open(c);
    if (r)
        return r;
    signals_attach(c->d, true);
    if (drstor_check(c->d, c->args.names, c->args.n_names, &json, &err) < 0) {
        r = out_error(c, err);
    } else {
        r = out_document(c, "check", json);
        r = r ? r : cli_exit_of(json, CLI_NOT_READY);
    }
    cli_close(c);
    return r;
}

/* ---- kit
 * --------------------------------------------------------------------------------------------- */

int
cli_config_check(struct cli *c)
{
    cli_auto(cli_textp) char *json = NULL;
    cli_auto(cli_errorp) struct drstor_error *err = NULL;
    if (drstor_config_check(cli_value(&c->args, FLAG_CONFIG), &json, &err) < 0)
        return out_error(c, err);
    int r = out_document(c, "problems", json);
    return r ? r : cli_exit_of(json, CLI_DONE);
}

int
cli_plugin_list(struct cli *c)
{
    cli_auto(cli_textp) char *json = NULL;
    cli_auto(cli_errorp) struct drstor_error *err = NULL;
    int r = cli_open(c);
    if (r)
        return r;
    r = drstor_plugin_list(c->d, &json, &err) < 0 ? out_error(c, err)
                                                  : out_document(c, "plugins", json);
    cli_close(c);
    return r;
}

int
cli_plugin_info(struct cli *c)
{
    cli_auto(cli_textp) char *json = NULL;
    cli_auto(cli_errorp) struct drstor_error *err = NULL;
    int r = cli_open(c);
    if (r)
        return r;
    r = drstor_plugin_info(c->d, c->args.names[0], &json, &err) < 0
            ? out_error(c, err)
            : out_document(c, "plugin", json);
    cli_close(c);
    return r;
}

int
cli_trust_show(struct cli *c)
{
    cli_auto(cli_textp) char *json = NULL;
    cli_auto(cli_errorp) struct drstor_error *err = NULL;
    int r = cli_open(c);
    if (r)
        return r;
    signals_attach(c->d, true);
    if (drstor_trust_show(c->d, c->args.names, c->args.n_names, &json, &err) < 0) {
        r = out_error(c, err);
    } else {
        r = out_document(c, "trust", json);
        r = r ? r : cli_exit_of(json, CLI_NOT_READY);
    }
    cli_close(c);
    return r;
}
