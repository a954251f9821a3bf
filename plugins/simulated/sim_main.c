/* drstor-sim: makes worlds, plays fate in them, and says what they have seen. */
#include "sim_tool.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    int (*run)(struct sim_world *w, int argc, char **argv);
} commands[] = {
    {"show", tool_show},       {"site", tool_site},     {"link", tool_link},
    {"arbiter", tool_arbiter}, {"fault", tool_fault},   {"counters", tool_counters},
    {"log", tool_log},         {"losses", tool_losses}, {"violations", tool_violations},
    {"luns", tool_luns},       {"writer", tool_writer}, {"doc", tool_doc},
    {"advance", tool_advance},
};

static void
usage(FILE *to)
{
    fputs(
        "usage: drstor-sim COMMAND FILE [ARGUMENT...]\n"
        "\n"
        "  create FILE [--from SPEC.json] [--seed N]   a new world; the example without --from\n"
        "  show FILE                                   the whole world as JSON\n"
        "  site FILE SITE silent|dead|up|back          back is up: it returns with its old roles\n"
        "  link FILE up|down [SITE SITE]               the line between two sites, or all\n"
        "  arbiter FILE GROUP ok|degraded|absent\n"
        "  fault FILE add KIND [--array A] [--op OP] [--group ID] [--nth N] [--times N]\n"
        "             [--permille N] [--delay-ms N] [--code TEXT]\n"
        "             KIND: lost-before lost-after late duplicate slow refuse crash crash-before\n"
        "             split partial halfway; without --op: every mutating call; nth 1, times 0 "
        "(always)\n"
        "  fault FILE list | clear\n"
        "  counters FILE [ARRAY]                       calls, mutating, effects, refused, last\n"
        "  log FILE [ARRAY]                            every call and effect, a JSON line each\n"
        "  losses FILE                                 what each promotion gave up\n"
        "  violations FILE                             exit 1 when there are any\n"
        "  luns FILE SITE                              what hosts of a site see\n"
        "  writer FILE add|remove SITE WWID WHO\n"
        "  doc FILE get ARRAY VOLUME | put ARRAY VOLUME JSON\n"
        "  advance FILE SECONDS                        virtual clocks only\n"
        "\n"
        "exit: 0 done, 1 violations, 2 usage or refused\n",
        to);
}

static int
create(int argc, char **argv)
{
    static const struct option options[] = {
        {"from", required_argument, NULL, 'f'}, {"seed", required_argument, NULL, 's'}, {0}};
    const char *from = NULL, *seed = NULL;
    int c;
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'f')
            from = optarg;
        else if (c == 's')
            seed = optarg;
        else
            return 2;
    }
    if (optind + 1 != argc) {
        usage(stderr);
        return 2;
    }
    struct json_object *spec =
        from ? json_object_from_file(from) : json_tokener_parse(tool_example);
    if (!spec) {
        fprintf(stderr, "drstor-sim: cannot read %s: %s\n", from, json_util_get_last_err());
        return 2;
    }
    uint64_t n;
    if (seed && !tool_number(seed, &n))
        return 2;
    if (seed)
        json_object_object_add(spec, "seed", json_object_new_uint64(n));
    char why[SIM_WORDS] = "";
    int r = sim_file_create(argv[optind], spec, why);
    json_object_put(spec);
    if (r < 0)
        fprintf(stderr, "drstor-sim: %s\n", why);
    return r < 0 ? 2 : 0;
}

int
main(int argc, char **argv)
{
    char why[SIM_WORDS] = "";
    struct sim_world *w;

    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)) {
        usage(stdout);
        return 0;
    }
    if (argc < 3) {
        usage(stderr);
        return 2;
    }
    if (strcmp(argv[1], "create") == 0)
        return create(argc - 1, argv + 1);
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(argv[1], commands[i].name) != 0)
            continue;
        if (sim_file_open(argv[2], &w, why) < 0) {
            fprintf(stderr, "drstor-sim: %s\n", why);
            return 2;
        }
        int r = sim_enter(w);
        int exit_code = r < 0 ? 2 : commands[i].run(w, argc - 2, argv + 2);
        if (exit_code == TOOL_USAGE) {
            usage(stderr);
            exit_code = 2;
        } else if (exit_code == TOOL_WHY) {
            fprintf(stderr, "drstor-sim: %s\n", sim_why(w));
            exit_code = 2;
        }
        if (r == 0 && sim_leave(w) < 0) {
            fprintf(stderr, "drstor-sim: %s\n", sim_why(w));
            exit_code = 2;
        }
        sim_world_free(w);
        return exit_code;
    }
    usage(stderr);
    return 2;
}
