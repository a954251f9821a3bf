/* What the verbs would do: the table names these, the test never calls them. */
#include "cli.h"

#define NOTHING(name)                                                                              \
    int name(struct cli *c)                                                                        \
    {                                                                                              \
        (void)c;                                                                                   \
        return 0;                                                                                  \
    }

/* clang-format off */
NOTHING(cli_status)
NOTHING(cli_show)
NOTHING(cli_explain)
NOTHING(cli_observe)
NOTHING(cli_adopt)
NOTHING(cli_plan)
NOTHING(cli_act)
NOTHING(cli_apply)
NOTHING(cli_run_list)
NOTHING(cli_run_report)
NOTHING(cli_run_watch)
NOTHING(cli_run_resume)
NOTHING(cli_run_abort)
NOTHING(cli_verify)
NOTHING(cli_check)
NOTHING(cli_map_check)
NOTHING(cli_map_import)
NOTHING(cli_map_generate)
NOTHING(cli_config_generate)
NOTHING(cli_guard)
NOTHING(cli_takeover)
NOTHING(cli_journal_verify)
NOTHING(cli_journal_export)
NOTHING(cli_journal_import)
NOTHING(cli_config_check)
NOTHING(cli_plugin_list)
NOTHING(cli_plugin_info)
NOTHING(cli_trust_show)
NOTHING(cli_completion)
NOTHING(cli_version)
NOTHING(cli_help)
/* clang-format on */
