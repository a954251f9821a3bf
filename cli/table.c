#include "args.h"
#include "cli.h"

#define BIT(f) FLAG_BIT(FLAG_##f)
#define WHICH (BIT(ALL) | BIT(ONLY) | BIT(EXCEPT))
#define CONSENT (BIT(DECLARE) | BIT(ACCEPT_LOSS) | BIT(WAIVE_FENCE) | BIT(REASON))
#define PROMOTE (WHICH | CONSENT | BIT(TO) | BIT(STORAGE_ONLY) | BIT(WITHIN) | BIT(UNPLANNED))

const uint32_t cli_flags_everywhere = BIT(CONFIG) | BIT(OUTPUT) | BIT(COLUMNS) | BIT(QUIET) |
                                      BIT(VERBOSE) | BIT(TIMEOUT) | BIT(PARALLEL) | BIT(HELP) |
                                      BIT(VERSION);

/* clang-format off */
const struct cli_flag_row cli_flags[FLAG_COUNT] = {
    [FLAG_ALL]          = {"all", 0, NULL, "every group", NULL, false, NULL},
    [FLAG_ONLY]         = {"only", 0, "PATTERN", "of these, those that match", NULL, true, NULL},
    [FLAG_EXCEPT]       = {"except", 0, "PATTERN", "of these, not those that match", NULL, true, NULL},
    [FLAG_TO]           = {"to", 0, "SITE", "the site to move to", NULL, false, NULL},
    [FLAG_STORAGE_ONLY] = {"storage-only", 0, NULL, "leave domains and VMs alone", NULL, false, NULL},
    [FLAG_WITHIN]       = {"within", 0, "DURATION", "the old site is about to go", NULL, false,
                           "promote planned, or --unplanned once the site is gone"},
    [FLAG_UNPLANNED]    = {"unplanned", 0, NULL, "the old site is lost, or its engine is", NULL, false, NULL},
    [FLAG_DECLARE]      = {"declare", 0, "KIND:SITE", "site-lost, outage or partition; with --reason", NULL, true, NULL},
    [FLAG_ACCEPT_LOSS]  = {"accept-loss", 0, "BOUND", "30s, 64MiB or unknown may be lost", NULL, false, NULL},
    [FLAG_WAIVE_FENCE]  = {"waive-fence", 0, "REASON", "go on although the old copy cannot be fenced", NULL, false, NULL},
    [FLAG_REASON]       = {"reason", 0, "TEXT", "why; kept with the run", NULL, false, NULL},
    [FLAG_YES]          = {"yes", 'y', NULL, "answer yes/no questions; accepts no loss", NULL, false, NULL},
    [FLAG_DRY_RUN]      = {"dry-run", 'n', NULL, "show the plan, do nothing", NULL, false, NULL},
    [FLAG_OUT]          = {"out", 'O', "FILE", "keep the plan for apply; - is stdout", NULL, false, NULL},
    [FLAG_EXIT_CODE]    = {"exit-code", 0, NULL, "10: the plan has changes; 6: not ready", NULL, false, NULL},
    [FLAG_WATCH]        = {"watch", 'w', NULL, "again every few seconds", NULL, false, NULL},
    [FLAG_CONFIG]       = {"config", 'c', "FILE", "default /etc/drstor/drstor.yaml", NULL, false, NULL},
    [FLAG_OUTPUT]       = {"output", 'o', "FORM", "table, json or jsonl", "table json jsonl", false, NULL},
    [FLAG_COLUMNS]      = {"columns", 0, "LIST", "a,b: these; +a,b: these as well", NULL, false, NULL},
    [FLAG_QUIET]        = {"quiet", 'q', NULL, "no progress", NULL, false, NULL},
    [FLAG_VERBOSE]      = {"verbose", 'v', NULL, "more detail; twice: much more", NULL, true, NULL},
    [FLAG_TIMEOUT]      = {"timeout", 0, "DURATION", "after it nothing new is sent", NULL, false, NULL},
    [FLAG_PARALLEL]     = {"parallel", 0, "N", "bound the calls at a time", NULL, false,
                           "the limits of arrays and engines already bound the calls at a time"},
    [FLAG_HELP]         = {"help", 'h', NULL, "this help", NULL, false, NULL},
    [FLAG_VERSION]      = {"version", 0, NULL, "the version", NULL, false, NULL},
};

enum { ANY = 4096 };

static const struct cli_verb plan_verbs[] = {
    {"promote", "GROUP... --to SITE", "the plan of a promote", PROMOTE | BIT(OUT) | BIT(EXIT_CODE), 0, ANY, NULL, cli_plan, NULL, NULL},
    {"failback", "", "", 0, 0, ANY, NULL, NULL, NULL, "a planned promote back to the preferred site; use promote --to SITE"},
    {"reprotect", "", "", 0, 0, ANY, NULL, NULL, NULL, "making the other copy follow after a promotion"},
    {"drill", "", "", 0, 0, ANY, NULL, NULL, NULL, "a test failover on a clone"},
    {0}};

static const struct cli_verb run_verbs[] = {
    {"list", "", "the runs there have been", 0, 0, 0, NULL, cli_run_list, NULL, NULL},
    {"show", "RUN", "the report of a run, ended or not", 0, 1, 1, NULL, cli_run_show, NULL, NULL},
    {"watch", "RUN", "follow a run of another process", 0, 1, 1, NULL, cli_run_watch, NULL, NULL},
    {"resume", "[RUN]", "go on with a run; default: the oldest open one", 0, 0, 1, NULL, cli_run_resume, NULL, NULL},
    {"abort", "", "", 0, 0, ANY, NULL, NULL, NULL, "giving up a run; it can be resumed, or left"},
    {"report", "", "", 0, 0, ANY, NULL, NULL, NULL, "reports as HTML; use run show"},
    {0}};

static const struct cli_verb config_verbs[] = {
    {"check", "", "every problem of the configuration", 0, 0, 0, NULL, cli_config_check, NULL, NULL},
    {0}};

static const struct cli_verb plugin_verbs[] = {
    {"list", "", "the plugins, and what is wrong with them", 0, 0, 0, NULL, cli_plugin_list, NULL, NULL},
    {"info", "NAME", "what a plugin can and its settings", 0, 1, 1, NULL, cli_plugin_info, NULL, NULL},
    {"check", "", "", 0, 0, ANY, NULL, NULL, NULL, "the contract tests for vendors"},
    {0}};

const struct cli_verb cli_verbs[] = {
    {"status", "[GROUP...]", "what holds now, asked now", BIT(WATCH) | BIT(EXIT_CODE), 0, ANY, NULL, cli_status, NULL, NULL},
    {"show", "KIND NAME", "one thing in full", 0, 2, 2, "group site array engine record run", cli_show, NULL, NULL},
    {"explain", "ID", "what a refusal means", 0, 1, 1, NULL, cli_explain, NULL, NULL},
    {"plan", "promote ...", "what would be done", 0, 0, 0, NULL, NULL, plan_verbs, NULL},
    {"promote", "GROUP... --to SITE", "move groups to a site", PROMOTE | BIT(YES) | BIT(DRY_RUN) | BIT(EXIT_CODE), 0, ANY, NULL, cli_promote, NULL, NULL},
    {"apply", "FILE", "carry out a plan made earlier", CONSENT | BIT(YES), 1, 1, NULL, cli_apply, NULL, NULL},
    {"adopt", "GROUP...", "first record of groups", BIT(ALL), 0, ANY, NULL, cli_adopt, NULL, NULL},
    {"observe", "[GROUP...]", "ask everything once, keep the facts", 0, 0, ANY, NULL, cli_observe, NULL, NULL},
    {"run", "list|show|watch|resume", "runs, ended or not", 0, 0, 0, NULL, NULL, run_verbs, NULL},
    {"config", "check", "every problem of the file", 0, 0, 0, NULL, NULL, config_verbs, NULL},
    {"plugin", "list|info", "the plugins", 0, 0, 0, NULL, NULL, plugin_verbs, NULL},
    {"completion", "bash|zsh", "for your shell", 0, 1, 1, "bash zsh", cli_completion, NULL, NULL},
    {"version", "", "the version", 0, 0, 0, NULL, cli_version, NULL, NULL},
    {"help", "[VERB...]", "this, or help of a verb", 0, 0, 2, NULL, cli_help, NULL, NULL},
    {"failback", "", "", 0, 0, ANY, NULL, NULL, NULL, "a planned promote back to the preferred site; use promote --to SITE"},
    {"reprotect", "", "", 0, 0, ANY, NULL, NULL, NULL, "making the other copy follow after a promotion"},
    {"drill", "", "", 0, 0, ANY, NULL, NULL, NULL, "a test failover on a clone"},
    {"check", "", "", 0, 0, ANY, NULL, NULL, NULL, "readiness of a site; see status, and plan promote"},
    {"verify", "", "", 0, 0, ANY, NULL, NULL, NULL, "proof that both sites of an active-active group can be written"},
    {"demote", "", "", 0, 0, ANY, NULL, NULL, NULL, "making a copy read-only by hand"},
    {"suspend", "", "", 0, 0, ANY, NULL, NULL, NULL, "pausing replication"},
    {"resume", "", "", 0, 0, ANY, NULL, NULL, NULL, "resuming replication; for a run: run resume"},
    {"sync", "", "", 0, 0, ANY, NULL, NULL, NULL, "one transfer now"},
    {"guard", "", "", 0, 0, ANY, NULL, NULL, NULL, "keeping a site that comes back from writing"},
    {"takeover", "", "", 0, 0, ANY, NULL, NULL, NULL, "taking over the controller's role"},
    {"rhv", "", "", 0, 0, ANY, NULL, NULL, NULL, "work on the mapping"},
    {"journal", "", "", 0, 0, ANY, NULL, NULL, NULL, "proof and export of the audit chain"},
    {"trust", "", "", 0, 0, ANY, NULL, NULL, NULL, "first keys and certificates of an endpoint"},
    {0}};
/* clang-format on */
