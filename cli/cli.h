/* What the files of the command share. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "args.h"

#include <drstor/drstor.h>

#include <json-c/json.h>

enum cli_form { CLI_TABLE = 1, CLI_JSON, CLI_JSONL };

/* Exit codes: a contract with scripts. */
enum cli_exit {
    CLI_DONE = 0,
    CLI_INTERNAL = 1,
    CLI_USAGE = 2,
    CLI_REFUSED = 3,
    CLI_NOT_READY = 6,
    CLI_CHANGES = 10,
    CLI_LACKING = 12,
    CLI_INTERRUPTED = 130
};

struct cli {
    struct cli_args args;
    struct drstor *d; /* NULL until opened */
    enum cli_form form;
    bool asks; /* a person can be asked: stdin and stderr are a terminal */
};

#define cli_auto(fn) __attribute__((cleanup(fn)))
void cli_freep(void *pp);
void cli_textp(char **text);                /* drstor_text_free */
void cli_errorp(struct drstor_error **err); /* drstor_error_free */
void cli_jsonp(struct json_object **o);

/* ---- json.c: documents are ours, so what is absent or of another type is simply not there
 * --------- */

struct json_object *cli_get(struct json_object *o, const char *key);
const char *cli_text(struct json_object *o, const char *key); /* NULL */
int64_t cli_int(struct json_object *o, const char *key, int64_t otherwise);
/* The member "exit" of a document; OTHERWISE when there is none. */
int cli_exit_of(const char *json, int otherwise);
bool cli_true(struct json_object *o, const char *key);
size_t cli_length(struct json_object *list);

/* ---- verbs_*.c: each returns the exit code
 * -------------------------------------------------------- */

/* What a person said in advance. Borrowed from the words. */
struct drstor_consent cli_consent(const struct cli_args *a);

int cli_status(struct cli *c);
int cli_show(struct cli *c);
int cli_explain(struct cli *c);
int cli_observe(struct cli *c);
int cli_adopt(struct cli *c);
int cli_plan(struct cli *c);
int cli_act(struct cli *c);
int cli_apply(struct cli *c);
int cli_run_list(struct cli *c);
int cli_run_report(struct cli *c);
int cli_run_watch(struct cli *c);
int cli_run_resume(struct cli *c);
int cli_run_abort(struct cli *c);
int cli_verify(struct cli *c);
int cli_check(struct cli *c);
int cli_map_check(struct cli *c);
int cli_map_import(struct cli *c);
int cli_map_generate(struct cli *c);
int cli_config_generate(struct cli *c);
int cli_guard(struct cli *c);
int cli_takeover(struct cli *c);
int cli_journal_verify(struct cli *c);
int cli_journal_export(struct cli *c);
int cli_journal_import(struct cli *c);
int cli_config_check(struct cli *c);
int cli_plugin_list(struct cli *c);
int cli_plugin_info(struct cli *c);
int cli_trust_show(struct cli *c);
int cli_completion(struct cli *c);
int cli_version(struct cli *c);
int cli_help(struct cli *c);

/* Opens the installation: 0, or an exit code after the reason was said. */
int cli_open(struct cli *c);
void cli_close(struct cli *c);

#endif
