#include "args.h"
#include "cli.h"

#define BIT(f) FLAG_BIT(FLAG_##f)
#define WHICH (BIT(ALL) | BIT(ONLY) | BIT(EXCEPT))
#define CONSENT                                                                                    \
    (BIT(DECLARE) | BIT(ACCEPT_LOSS) | BIT(WAIVE_FENCE) | BIT(WAIVE_SNAPSHOT) | BIT(REASON))

/* What each act takes, planned or done. */
#define PROMOTE                                                                                    \
    (WHICH | BIT(POINT) | BIT(WITHIN) | BIT(UNPLANNED) | BIT(STORAGE_ONLY) | BIT(DECLARE) |        \
     BIT(ACCEPT_LOSS) | BIT(WAIVE_FENCE) | BIT(REASON))
#define FAILBACK (WHICH | BIT(STORAGE_ONLY) | BIT(ACCEPT_LOSS) | BIT(REASON))
#define DEMOTE (WHICH | BIT(STORAGE_ONLY) | BIT(REASON))
#define REPROTECT                                                                                  \
    (WHICH | BIT(STORAGE_ONLY) | BIT(DECLARE) | BIT(ACCEPT_LOSS) | BIT(WAIVE_SNAPSHOT) |           \
     BIT(REASON))
#define DRILL_START (WHICH | BIT(TO) | BIT(POINT) | BIT(STORAGE_ONLY) | BIT(REASON))
#define DRILL_PROMOTE (WHICH | BIT(STORAGE_ONLY) | BIT(REASON))
#define SIMPLE (WHICH | BIT(REASON))

const uint64_t cli_flags_everywhere = BIT(CONFIG) | BIT(OUTPUT) | BIT(COLUMNS) | BIT(QUIET) |
                                      BIT(VERBOSE) | BIT(TIMEOUT) | BIT(PARALLEL) | BIT(HELP) |
                                      BIT(VERSION);

/* clang-format off */
const struct cli_flag_row cli_flags[FLAG_COUNT] = {
    [FLAG_ALL]          = {"all", 0, NULL, "every group", NULL, false, NULL},
    [FLAG_ONLY]         = {"only", 0, "PATTERN", "of these, those that match", NULL, true, NULL},
    [FLAG_EXCEPT]       = {"except", 0, "PATTERN", "of these, not those that match", NULL, true, NULL},
    [FLAG_TO]           = {"to", 0, "SITE", "the site to move to", NULL, false, NULL},
    [FLAG_AT]           = {"at", 0, "SITE", "the site whose copy is meant", NULL, false, NULL},
    [FLAG_SITE]         = {"site", 0, "SITE", "the site that comes back", NULL, false, NULL},
    [FLAG_POINT]        = {"point", 0, "NAME", "a recovery point by the array's name", NULL, false, NULL},
    [FLAG_STORAGE_ONLY] = {"storage-only", 0, NULL, "leave domains and VMs alone", NULL, false, NULL},
    [FLAG_WITHIN]       = {"within", 0, "DURATION", "planned for so long, then unplanned", NULL, false, NULL},
    [FLAG_UNPLANNED]    = {"unplanned", 0, NULL, "the old site is lost, or its engine is", NULL, false, NULL},
    [FLAG_DECLARE]      = {"declare", 0, "KIND:SITE", "what a person states; with --reason", NULL, true, NULL},
    [FLAG_ACCEPT_LOSS]  = {"accept-loss", 0, "BOUND", "30s, 64MiB or unknown may be lost", NULL, false, NULL},
    [FLAG_WAIVE_FENCE]  = {"waive-fence", 0, "REASON", "go on although the old copy cannot be fenced", NULL, false, NULL},
    [FLAG_WAIVE_SNAPSHOT] = {"waive-snapshot", 0, "REASON", "overwrite the stale copy without keeping it", NULL, false, NULL},
    [FLAG_REASON]       = {"reason", 0, "TEXT", "why; kept with the run", NULL, false, NULL},
    [FLAG_YES]          = {"yes", 'y', NULL, "answer yes/no questions; accepts no loss", NULL, false, NULL},
    [FLAG_DRY_RUN]      = {"dry-run", 'n', NULL, "show the plan, do nothing", NULL, false, NULL},
    [FLAG_PROBE]        = {"probe", 0, NULL, "also write, to volumes tagged as probe", NULL, false, NULL},
    [FLAG_ONCE]         = {"once", 0, NULL, "one poll, then end", NULL, false, NULL},
    [FLAG_INTERVAL]     = {"interval", 0, "DURATION", "from one poll to the next", NULL, false, NULL},
    [FLAG_HEAD]         = {"head", 0, "SEQ:HASH", "a line that the chain must contain", NULL, false, NULL},
    [FLAG_OUT]          = {"out", 'O', "FILE", "write to FILE, whole or not at all; - is stdout", NULL, false, NULL},
    [FLAG_HTML]         = {"html", 0, "FILE", "also as one HTML page; - is stdout, and only that", NULL, false, NULL},
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

#define VERB(name, takes, help, flags, least, most, words, run) {name, takes, help, flags, 0, least, most, words, run, NULL, NULL, NULL}
#define NEEDS(name, takes, help, flags, needs, run)             {name, takes, help, (flags) | (needs), needs, 0, 0, NULL, run, NULL, NULL, NULL}
#define NEST(name, takes, help, sub)                            {name, takes, help, 0, 0, 0, 0, NULL, NULL, NULL, sub, NULL}
#define LATER(name, later)                                      {name, "", "", 0, 0, 0, ANY, NULL, NULL, NULL, NULL, later}
/* An act, and its plan. */
#define ACT(goal, name, takes, help, flags, needs)  {name, takes, help, (flags) | (needs) | BIT(YES) | BIT(DRY_RUN) | BIT(EXIT_CODE), needs, 0, ANY, NULL, cli_act, goal, NULL, NULL}
#define PLAN(goal, name, takes, help, flags, needs) {name, takes, help, (flags) | (needs) | BIT(OUT) | BIT(EXIT_CODE), needs, 0, ANY, NULL, cli_plan, goal, NULL, NULL}

static const struct cli_verb plan_drill_verbs[] = {
    PLAN("drill-start", "start", "GROUP...", "the plan of a drill", DRILL_START, 0),
    PLAN("drill-promote", "promote", "GROUP...", "the plan of starting from the clone", DRILL_PROMOTE, 0),
    PLAN("drill-clean", "clean", "GROUP...", "the plan of removing the clone", SIMPLE, 0),
    {0}};

static const struct cli_verb plan_verbs[] = {
    PLAN("promote", "promote", "GROUP... --to SITE", "the plan of a promote", PROMOTE, BIT(TO)),
    PLAN("failback", "failback", "GROUP...", "the plan of a failback", FAILBACK, 0),
    PLAN("demote", "demote", "GROUP... --at SITE", "the plan of a demotion", DEMOTE, BIT(AT)),
    PLAN("reprotect", "reprotect", "GROUP...", "the plan of a reprotect: what is overwritten", REPROTECT, 0),
    NEST("drill", "start|promote|clean", "the plan of each part of a drill", plan_drill_verbs),
    PLAN("suspend", "suspend", "GROUP...", "the plan of stopping replication", SIMPLE, 0),
    PLAN("resume", "resume", "GROUP...", "the plan of letting it go on", SIMPLE, 0),
    PLAN("sync", "sync", "GROUP...", "the plan of one transfer", SIMPLE, 0),
    {0}};

static const struct cli_verb drill_verbs[] = {
    ACT("drill-start", "start", "GROUP...", "a clone beside the copy, shown to test hosts", DRILL_START, 0),
    ACT("drill-promote", "promote", "GROUP...", "start its VMs from the clone, apart", DRILL_PROMOTE, 0),
    ACT("drill-clean", "clean", "GROUP...", "remove its VMs and the clone, and see them gone", SIMPLE, 0),
    {0}};

static const struct cli_verb run_verbs[] = {
    VERB("list", "", "the runs there have been", 0, 0, 0, NULL, cli_run_list),
    VERB("show", "RUN", "as run report", BIT(HTML), 1, 1, NULL, cli_run_report),
    VERB("watch", "RUN", "follow a run of another process", 0, 1, 1, NULL, cli_run_watch),
    VERB("resume", "[RUN]", "go on with a run; default: the oldest open one", 0, 0, 1, NULL, cli_run_resume),
    VERB("abort", "RUN", "give a run up: undo it, where it can be", 0, 1, 1, NULL, cli_run_abort),
    VERB("report", "RUN", "all of a run: facts, steps, proofs, loss", BIT(HTML), 1, 1, NULL, cli_run_report),
    {0}};

static const struct cli_verb journal_verbs[] = {
    VERB("verify", "[FILE]", "proof that no line of the journal was altered", BIT(HEAD), 0, 1, NULL, cli_journal_verify),
    VERB("export", "", "everything in the store as JSON lines", BIT(OUT), 0, 0, NULL, cli_journal_export),
    VERB("import", "", "take what a mirror sends, from stdin", 0, 0, 0, NULL, cli_journal_import),
    {0}};

static const struct cli_verb map_verbs[] = {
    VERB("check", "", "what is wrong with the mapping, at both engines", 0, 0, 0, NULL, cli_map_check),
    VERB("import", "FILE", "ovirt-dr's file as a configuration", BIT(OUT), 1, 1, NULL, cli_map_import),
    VERB("generate", "", "a mapping from what both engines have", BIT(OUT), 0, 0, NULL, cli_map_generate),
    {0}};

static const struct cli_verb rhv_verbs[] = {
    NEST("map", "check|import|generate", "the mapping of VMs", map_verbs),
    {0}};

static const struct cli_verb config_verbs[] = {
    VERB("check", "", "every problem of the configuration", 0, 0, 0, NULL, cli_config_check),
    VERB("generate", "", "groups and mapping from arrays and engines", BIT(OUT), 0, 0, NULL, cli_config_generate),
    {0}};

static const struct cli_verb plugin_verbs[] = {
    VERB("list", "", "the plugins, and what is wrong with them", 0, 0, 0, NULL, cli_plugin_list),
    VERB("info", "NAME", "what a plugin can and its settings", 0, 1, 1, NULL, cli_plugin_info),
    LATER("check", "the contract tests for vendors"),
    {0}};

static const struct cli_verb trust_verbs[] = {
    VERB("show", "[NAME...]", "the keys that arrays and engines show", 0, 0, ANY, NULL, cli_trust_show),
    {0}};

/* cli/help.c shows them in rooms; a test fails when one is missing there. */
const struct cli_verb cli_verbs[] = {
    VERB("status", "[GROUP...]", "what holds now, and what to do next", BIT(WATCH) | BIT(EXIT_CODE), 0, ANY, NULL, cli_status),
    VERB("show", "KIND NAME", "one thing in full", 0, 2, 2, "group site array engine record run", cli_show),
    VERB("explain", "ID", "what a refusal means", 0, 1, 1, NULL, cli_explain),
    VERB("check", "[GROUP...]", "is everything ready for a promotion?", 0, 0, ANY, NULL, cli_check),
    VERB("verify", "GROUP...", "can both sites of active-active really be written now?", BIT(ALL) | BIT(PROBE), 0, ANY, NULL, cli_verify),
    NEST("plan", "promote|failback|demote|reprotect|drill|suspend|resume|sync", "what one of these would do", plan_verbs),
    ACT("promote", "promote", "GROUP... --to SITE", "move groups to a site", PROMOTE, BIT(TO)),
    ACT("failback", "failback", "GROUP...", "move groups back to their preferred site", FAILBACK, 0),
    ACT("demote", "demote", "GROUP... --at SITE", "make a copy read-only, and prove it", DEMOTE, BIT(AT)),
    ACT("reprotect", "reprotect", "GROUP...", "make the other copy follow again", REPROTECT, 0),
    NEST("drill", "start|promote|clean", "a test failover on a clone", drill_verbs),
    ACT("suspend", "suspend", "GROUP...", "stop replication", SIMPLE, 0),
    ACT("resume", "resume", "GROUP...", "let replication go on; for a run: run resume", SIMPLE, 0),
    ACT("sync", "sync", "GROUP...", "one transfer now", SIMPLE, 0),
    VERB("apply", "FILE", "carry out a plan made earlier", CONSENT | BIT(YES), 1, 1, NULL, cli_apply),
    VERB("adopt", "GROUP...", "first record of groups", BIT(ALL), 0, ANY, NULL, cli_adopt),
    VERB("observe", "[GROUP...]", "ask everything once, keep the facts", 0, 0, ANY, NULL, cli_observe),
    NEEDS("guard", "--site SITE", "hold back a site that comes back", BIT(ONCE) | BIT(INTERVAL), BIT(SITE), cli_guard),
    NEEDS("takeover", "--declare KIND:SITE --reason TEXT", "make this standby the active controller", BIT(WAIVE_FENCE), BIT(DECLARE) | BIT(REASON), cli_takeover),
    NEST("run", "list|show|watch|resume|abort|report", "runs, ended or not", run_verbs),
    NEST("journal", "verify|export|import", "the audit chain", journal_verbs),
    NEST("rhv", "map", "VMs and their engines", rhv_verbs),
    NEST("config", "check|generate", "the file: its problems, a proposal", config_verbs),
    NEST("plugin", "list|info", "the plugins", plugin_verbs),
    NEST("trust", "show", "the keys of arrays and engines", trust_verbs),
    VERB("completion", "bash|zsh", "for your shell", 0, 1, 1, "bash zsh", cli_completion),
    VERB("version", "", "the version", 0, 0, 0, NULL, cli_version),
    VERB("help", "[VERB...]", "this, or help of a verb", 0, 0, 3, NULL, cli_help),
    {0}};
/* clang-format on */
