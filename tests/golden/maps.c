#include "golden.h"

#include "config/config.h"
#include "config/write.h"
#include "plan/explain.h"
#include "ready/mapping.h"
#include "ready/propose.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Places are those of this folder, wherever it is. */
static const char *
file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void
print_findings(struct dr_str *out, struct dr_arena *a, const struct dr_map_case *c)
{
    struct dr_finding *list;
    size_t n = dr_map_check(a, c, &list);
    if (!n)
        dr_str_add(out, "it fits\n");
    for (size_t i = 0; i < n; i++) {
        assert_non_null(dr_explain(list[i].id));
        dr_str_printf(out, "%s %s: %s\n", list[i].advice ? "advice" : "wrong", list[i].id,
                      list[i].text);
        if (list[i].place.file)
            dr_str_printf(out, "  at: %s:%u:%u\n", file_name(list[i].place.file),
                          list[i].place.line, list[i].place.column);
        dr_str_printf(out, "  to do: %s\n", list[i].remedy);
    }
}

static void
print_proposal(struct dr_str *out, struct dr_arena *a, const struct dr_map_case *c)
{
    struct dr_mapping m;
    const char **gaps = NULL;
    size_t n = 0;
    dr_propose_mapping(a, c, &m, &gaps, &n);
    m.primary.ca_file = m.secondary.ca_file = NULL; /* absolute, as they were read */
    dr_config_write_mapping(out, &m, 0);
    for (size_t i = 0; i < n; i++)
        dr_str_printf(out, "gap: %s\n", gaps[i]);
}

static struct dr_model *
config(struct json_object *test)
{
    static const struct dr_config_options no_secrets = {.skip_secrets = true};
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    dr_auto(dr_freep) char *path = NULL;
    const char *file = dr_json_str(test, "config");
    struct dr_model *m = NULL;
    assert_true(asprintf(&path, GOLDEN "/map/%s", file ? file : "config.yaml") > 0);
    if (dr_config_load_with(path, &no_secrets, &m, &err) < 0)
        fail_msg("%s", dr_error_message(err));
    return m;
}

char *
golden_map_text(struct json_object *test)
{
    dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
    dr_auto(dr_config_freep) struct dr_model *m = config(test);
    dr_auto(dr_str_freep) struct dr_str out = {0};
    struct dr_facts facts;
    golden_read(test, "facts", a, &dr_facts_type, &facts);
    struct dr_map_case c = {.model = m, .facts = &facts};
    assert_true(dr_map_sites(m, &c.from, &c.to));
    if (dr_json_str(test, "from")) {
        c.from = dr_json_str(test, "from");
        c.to = dr_json_str(test, "to");
    }
    c.here = &dr_facts_engine(&facts, c.from)->inventory;
    c.there = &dr_facts_engine(&facts, c.to)->inventory;
    dr_str_printf(&out, "# %s\n\n", dr_json_str(test, "about"));
    if (dr_streq(dr_json_str(test, "ask"), "propose"))
        print_proposal(&out, a, &c);
    else
        print_findings(&out, a, &c);
    return dr_str_take(&out);
}
