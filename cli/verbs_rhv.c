/* The mapping, and configurations that are proposed. */
#include "cli.h"
#include "file.h"
#include "out.h"
#include "signals.h"

#include <string.h>

int
cli_map_check(struct cli *c)
{
    cli_auto(cli_textp) char *json = NULL;
    cli_auto(cli_errorp) struct drstor_error *err = NULL;
    int r = cli_open(c);
    if (r)
        return r;
    signals_attach(c->d, true);
    if (drstor_map_check(c->d, &json, &err) < 0) {
        r = out_error(c, err);
    } else {
        r = out_document(c, "map", json);
        r = r ? r : cli_exit_of(json, CLI_NOT_READY);
    }
    cli_close(c);
    return r;
}

/* To the file that was named, which must not be there yet, or to stdout; gaps to the person. */
static int
keep(struct cli *c, const char *json)
{
    cli_auto(cli_jsonp) struct json_object *doc = json_tokener_parse(json);
    struct json_object *gaps = cli_get(doc, "gaps");
    const char *path = cli_value(&c->args, FLAG_OUT), *yaml = cli_text(doc, "yaml");
    bool to_stdout = !path || strcmp(path, "-") == 0;
    int r = 0;
    if (!yaml) /* it has problems instead */
        r = out_document(c, "problems", json);
    else if (to_stdout || c->form != CLI_TABLE)
        r = out_document(c, "yaml", json);
    if (yaml && !to_stdout && !r) {
        struct file f;
        file_begin(&f, path);
        f.fresh = true;
        file_text(&f, yaml);
        r = file_end(&f, c, true);
    }
    for (size_t i = 0; !r && !cli_given(&c->args, FLAG_QUIET) && i < cli_length(gaps); i++)
        out_note("gap: %s", json_object_get_string(json_object_array_get_idx(gaps, i)));
    return r ? r : cli_exit_of(json, CLI_DONE);
}

int
cli_map_import(struct cli *c)
{
    cli_auto(cli_textp) char *json = NULL;
    cli_auto(cli_errorp) struct drstor_error *err = NULL;
    return drstor_map_import(c->args.names[0], &json, &err) < 0 ? out_error(c, err) : keep(c, json);
}

static int
generate(struct cli *c, int (*how)(struct drstor *d, char **ret_json, struct drstor_error **err))
{
    cli_auto(cli_textp) char *json = NULL;
    cli_auto(cli_errorp) struct drstor_error *err = NULL;
    int r = cli_open(c);
    if (r)
        return r;
    signals_attach(c->d, true);
    r = how(c->d, &json, &err) < 0 ? out_error(c, err) : keep(c, json);
    cli_close(c);
    return r;
}

int
cli_map_generate(struct cli *c)
{
    return generate(c, drstor_map_generate);
}

int
cli_config_generate(struct cli *c)
{
    return generate(c, drstor_config_generate);
}
