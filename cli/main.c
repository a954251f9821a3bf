/* drstor: the command. Reads its table, calls the library, shows what it answered. */
#include "cli.h"
#include "out.h"
#include "signals.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int
cli_open(struct cli *c)
{
    struct drstor_options o = DRSTOR_OPTIONS_INIT;
    const char *timeout = cli_value(&c->args, FLAG_TIMEOUT);
    size_t verbose = c->args.n[FLAG_VERBOSE];
    cli_auto(cli_errorp) struct drstor_error *err = NULL;
    o.config = cli_value(&c->args, FLAG_CONFIG);
    o.origin = c->asks ? "terminal" : "script";
    o.timeout_s = timeout ? cli_duration(timeout) : 0;
    o.log_level = verbose ? (verbose > 1 ? 3 : 2) : cli_given(&c->args, FLAG_QUIET) ? 0 : 1;
    if (drstor_open(&o, &c->d, &err) < 0)
        return out_error(c, err);
    return 0;
}

void
cli_close(struct cli *c)
{
    signals_attach(NULL, false);
    drstor_close(c->d);
    c->d = NULL;
}

int
cli_version(struct cli *c)
{
    char text[128];
    if (c->form == CLI_TABLE)
        (void)snprintf(text, sizeof(text), "drstor %s", drstor_version());
    else
        (void)snprintf(text, sizeof(text), "{\"api\":\"drstor/v1\",\"version\":\"%s\"}",
                       drstor_version());
    out_line(text);
    return CLI_DONE;
}

int
cli_help(struct cli *c)
{
    const struct cli_verb *verb = NULL;
    char name[CLI_NAME_MOST] = "";
    for (size_t i = 0; i < c->args.n_names; i++) {
        verb = cli_verb_find(verb ? verb->sub : cli_verbs, c->args.names[i]);
        if (!verb) {
            out_say("there is no verb \"%s%s%s\"; see drstor --help", name, *name ? " " : "",
                    c->args.names[i]);
            return CLI_USAGE;
        }
        cli_name_add(name, verb->name);
    }
    cli_auto(cli_freep) char *text = cli_help_text(name, verb);
    out_text(text);
    return CLI_DONE;
}

int
cli_completion(struct cli *c)
{
    cli_auto(cli_freep) char *text = cli_completion_text(c->args.names[0]);
    out_text(text);
    return CLI_DONE;
}

static int
run(struct cli *c, int argc, char **argv)
{
    int r = cli_args_parse(&c->args, argc, argv);
    if (r)
        return r;
    const char *form = cli_value(&c->args, FLAG_OUTPUT);
    c->form = !form || strcmp(form, "table") == 0 ? CLI_TABLE
              : strcmp(form, "json") == 0         ? CLI_JSON
                                                  : CLI_JSONL;
    c->asks = isatty(0) && isatty(2);
    if (cli_given(&c->args, FLAG_VERSION))
        return cli_version(c);
    if (cli_given(&c->args, FLAG_HELP)) {
        cli_auto(cli_freep) char *text = cli_help_text(c->args.name, c->args.verb);
        out_text(text);
        return CLI_DONE;
    }
    signals_begin();
    r = c->args.verb->run(c);
    signals_end();
    return r;
}

int
main(int argc, char **argv)
{
    struct cli c = {.form = CLI_TABLE};
    out_init();
    int code = out_code(run(&c, argc, argv));
    cli_args_free(&c.args);
    return code;
}
