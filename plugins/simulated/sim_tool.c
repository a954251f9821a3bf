#include "sim_tool.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool
tool_number(const char *text, uint64_t *ret)
{
    char *end;
    errno = 0;
    unsigned long long n = strtoull(text, &end, 10);
    if (errno || end == text || *end || *text == '-') {
        fprintf(stderr, "drstor-sim: %s is not a number\n", text);
        return false;
    }
    *ret = n;
    return true;
}

static int
tool_print(struct json_object *o)
{
    puts(json_object_to_json_string_ext(o,
                                        JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(o);
    return 0;
}

int
tool_show(struct sim_world *w, int argc, char **argv)
{
    (void)argv;
    return argc == 1 ? tool_print(sim_world_save(w)) : TOOL_USAGE;
}

int
tool_site(struct sim_world *w, int argc, char **argv)
{
    if (argc != 3)
        return TOOL_USAGE;
    enum sim_site_state state = strcmp(argv[2], "silent") == 0 ? SIM_SITE_SILENT
                                : strcmp(argv[2], "dead") == 0 ? SIM_SITE_DEAD
                                : strcmp(argv[2], "up") == 0 || strcmp(argv[2], "back") == 0
                                    ? SIM_SITE_UP
                                    : SIM_SITE_UNKNOWN;
    return sim_site_set(w, argv[1], state) < 0 ? TOOL_WHY : 0;
}

int
tool_link(struct sim_world *w, int argc, char **argv)
{
    bool up = argc > 1 && strcmp(argv[1], "up") == 0;
    if ((argc != 2 && argc != 4) || (!up && strcmp(argv[1], "down") != 0))
        return TOOL_USAGE;
    return sim_link_set(w, argc == 4 ? argv[2] : NULL, argc == 4 ? argv[3] : NULL, up) < 0
               ? TOOL_WHY
               : 0;
}

int
tool_arbiter(struct sim_world *w, int argc, char **argv)
{
    if (argc != 3)
        return TOOL_USAGE;
    enum drstor_arbiter arbiter = strcmp(argv[2], "ok") == 0         ? DRSTOR_ARBITER_OK
                                  : strcmp(argv[2], "degraded") == 0 ? DRSTOR_ARBITER_DEGRADED
                                  : strcmp(argv[2], "absent") == 0   ? DRSTOR_ARBITER_ABSENT
                                                                     : DRSTOR_ARBITER_UNKNOWN;
    if (arbiter == DRSTOR_ARBITER_UNKNOWN)
        return TOOL_USAGE;
    return sim_arbiter_set(w, argv[1], arbiter) < 0 ? TOOL_WHY : 0;
}

static int
tool_fault_add(struct sim_world *w, int argc, char **argv)
{
    static const struct option options[] = {{"array", required_argument, NULL, 'a'},
                                            {"op", required_argument, NULL, 'o'},
                                            {"group", required_argument, NULL, 'g'},
                                            {"nth", required_argument, NULL, 'n'},
                                            {"times", required_argument, NULL, 't'},
                                            {"permille", required_argument, NULL, 'p'},
                                            {"delay-ms", required_argument, NULL, 'd'},
                                            {"code", required_argument, NULL, 'c'},
                                            {0}};
    struct sim_fault fault = {0};
    uint64_t n = 0;
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (strchr("ntpd", c) && (!tool_number(optarg, &n) || n > UINT32_MAX))
            return TOOL_USAGE;
        if (c == 'a')
            snprintf(fault.array, sizeof(fault.array), "%s", optarg);
        else if (c == 'g')
            snprintf(fault.group, sizeof(fault.group), "%s", optarg);
        else if (c == 'c')
            snprintf(fault.code, sizeof(fault.code), "%s", optarg);
        else if (c == 'n')
            fault.nth = (uint32_t)n;
        else if (c == 't')
            fault.times = (uint32_t)n;
        else if (c == 'p')
            fault.permille = (uint32_t)n;
        else if (c == 'd')
            fault.delay_ms = (uint32_t)n;
        else if (c != 'o' || !(fault.op = sim_op_find(optarg)))
            return TOOL_USAGE;
    }
    if (optind + 1 != argc)
        return TOOL_USAGE;
    fault.kind = sim_fault_find(argv[optind]);
    return sim_fault_add(w, &fault) < 0 ? TOOL_WHY : 0;
}

int
tool_fault(struct sim_world *w, int argc, char **argv)
{
    size_t n;
    if (argc > 2 && strcmp(argv[1], "add") == 0)
        return tool_fault_add(w, argc - 1, argv + 1);
    if (argc == 2 && strcmp(argv[1], "clear") == 0) {
        sim_fault_clear(w);
        return 0;
    }
    if (argc != 2 || strcmp(argv[1], "list") != 0)
        return TOOL_USAGE;
    const struct sim_fault *f = sim_faults(w, &n);
    for (size_t i = 0; i < n; i++)
        printf("%s op %s array %s group %s nth %u times %u permille %u seen %u struck %u\n",
               sim_fault_name((enum sim_fault_kind)f[i].kind),
               f[i].op ? sim_op_name((enum sim_op)f[i].op) : "-", f[i].array[0] ? f[i].array : "-",
               f[i].group[0] ? f[i].group : "-", f[i].nth, f[i].times, f[i].permille, f[i].seen,
               f[i].struck);
    return 0;
}

int
tool_counters(struct sim_world *w, int argc, char **argv)
{
    struct json_object *world = sim_world_save(w), *arrays = NULL;
    int r = 0;
    if (argc > 2 || !json_object_object_get_ex(world, "arrays", &arrays)) {
        json_object_put(world);
        return TOOL_USAGE;
    }
    json_object_object_foreach(arrays, name, unused)
    {
        struct sim_counters n;
        (void)unused;
        if (argc == 2 && strcmp(argv[1], name) != 0)
            continue;
        r = sim_counters(w, name, &n);
        printf("%s calls %llu mutating %llu effects %llu refused %llu busy %llu fenced %llu "
               "last_ns %llu\n",
               name, (unsigned long long)n.calls, (unsigned long long)n.mutating,
               (unsigned long long)n.effects, (unsigned long long)n.refused,
               (unsigned long long)n.busy, (unsigned long long)n.fenced,
               (unsigned long long)n.last_ns);
    }
    json_object_put(world);
    return r < 0 ? TOOL_WHY : 0;
}

static int
tool_log_line(const struct sim_log_entry *e, void *user)
{
    static const char *const outcomes[] = {"unknown", "done", "job", "refused", "partial"};
    const char *array = user;
    if (array && strcmp(array, e->array) != 0)
        return 0;
    struct json_object *o = json_object_new_object();
    json_object_object_add(o, "time_ns", json_object_new_uint64(e->time_ns));
    json_object_object_add(o, "call", json_object_new_uint64(e->call));
    json_object_object_add(o, "event", json_object_new_string(e->effect ? "effect" : "sent"));
    json_object_object_add(o, "actor", json_object_new_string(e->actor));
    json_object_object_add(o, "op_id", json_object_new_string(e->op_id));
    json_object_object_add(o, "operation", json_object_new_string(sim_op_name((enum sim_op)e->op)));
    json_object_object_add(o, "mutating",
                           json_object_new_boolean(sim_op_mutates((enum sim_op)e->op)));
    json_object_object_add(o, "array", json_object_new_string(e->array));
    json_object_object_add(o, "group", json_object_new_string(e->group));
    json_object_object_add(o, "epoch", json_object_new_uint64(e->epoch));
    json_object_object_add(o, "token", json_object_new_uint64(e->token));
    if (e->effect && e->outcome < 5)
        json_object_object_add(o, "outcome", json_object_new_string(outcomes[e->outcome]));
    if (e->note[0])
        json_object_object_add(o, "note", json_object_new_string(e->note));
    puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
    json_object_put(o);
    return 0;
}

int
tool_log(struct sim_world *w, int argc, char **argv)
{
    if (argc > 2)
        return TOOL_USAGE;
    sim_log_each(w, tool_log_line, argc == 2 ? argv[1] : NULL);
    return 0;
}

int
tool_losses(struct sim_world *w, int argc, char **argv)
{
    size_t n;
    (void)argv;
    if (argc != 1)
        return TOOL_USAGE;
    const struct sim_loss *l = sim_losses(w, &n);
    for (size_t i = 0; i < n; i++)
        printf("%s promoted at %s %s: %llu writes, %llu ns\n", l[i].group, l[i].site,
               l[i].planned ? "planned" : "unplanned", (unsigned long long)l[i].writes,
               (unsigned long long)l[i].ns);
    return 0;
}

int
tool_violations(struct sim_world *w, int argc, char **argv)
{
    (void)argv;
    if (argc != 1)
        return TOOL_USAGE;
    for (int v = 1; v < SIM_V_COUNT; v++)
        printf("%s %llu\n", sim_violation_name((enum sim_violation)v),
               (unsigned long long)sim_violations(w, (enum sim_violation)v));
    uint64_t total = sim_violations_total(w);
    printf("total %llu\n", (unsigned long long)total);
    struct json_object *list = sim_violations_list(w);
    if (json_object_array_length(list))
        return tool_print(list) || total ? 1 : 0;
    json_object_put(list);
    return total ? 1 : 0;
}

int
tool_luns(struct sim_world *w, int argc, char **argv)
{
    struct json_object *luns;
    if (argc != 2)
        return TOOL_USAGE;
    int r = sim_lun_list(w, argv[1], &luns);
    if (r < 0) {
        fprintf(stderr, "drstor-sim: %s: %s\n", argv[1], strerror(-r));
        return 2;
    }
    return tool_print(luns);
}

int
tool_writer(struct sim_world *w, int argc, char **argv)
{
    bool add = argc > 1 && strcmp(argv[1], "add") == 0;
    if (argc != 5 || (!add && strcmp(argv[1], "remove") != 0))
        return TOOL_USAGE;
    int r = sim_lun_writer(w, argv[2], argv[3], argv[4], add);
    if (r < 0)
        fprintf(stderr, "drstor-sim: %s at %s: %s\n", argv[3], argv[2], strerror(-r));
    return r < 0 ? 2 : 0;
}

int
tool_doc(struct sim_world *w, int argc, char **argv)
{
    struct json_object *doc = NULL;
    if (argc == 4 && strcmp(argv[1], "get") == 0)
        return sim_doc_get(w, argv[2], argv[3], &doc) < 0 ? TOOL_WHY : tool_print(doc);
    if (argc != 5 || strcmp(argv[1], "put") != 0)
        return TOOL_USAGE;
    doc = json_tokener_parse(argv[4]);
    if (!doc)
        return TOOL_USAGE;
    int r = sim_doc_put(w, argv[2], argv[3], doc);
    json_object_put(doc);
    return r < 0 ? TOOL_WHY : 0;
}

int
tool_advance(struct sim_world *w, int argc, char **argv)
{
    uint64_t s;
    if (argc != 2 || !tool_number(argv[1], &s) || s > 1000000000)
        return TOOL_USAGE;
    return sim_advance(w, s * SIM_SECOND) < 0 ? TOOL_WHY : 0;
}
