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
NOTHING(cli_promote)
NOTHING(cli_apply)
NOTHING(cli_run_list)
NOTHING(cli_run_show)
NOTHING(cli_run_watch)
NOTHING(cli_run_resume)
NOTHING(cli_config_check)
NOTHING(cli_plugin_list)
NOTHING(cli_plugin_info)
NOTHING(cli_completion)
NOTHING(cli_version)
NOTHING(cli_help)
/* clang-format on */
