#include "report/text.h"

#include "base/names.h"
#include "report/page.h"

static const struct {
    const char *kind;
    int (*write)(struct dr_page *p, struct json_object *doc, struct drstor_error **err);
    bool columns;
} kinds[] = {
    {"status", dr_text_status, true},
    {"observe", dr_text_observe, true},
    {"plan", dr_text_plan, true},
    {"report", dr_text_report, true},
    {"runs", dr_text_runs, true},
    {"events", dr_text_events, true},
    {"plugins", dr_text_plugins, true},
    {"plugin", dr_text_any, false},
    {"problems", dr_text_problems, false},
    {"adopt", dr_text_adopt, false},
    {"explain", dr_text_explain, false},
    {"show", dr_text_any, false},
    {"run", dr_text_run, true},
    {"abort", dr_text_abort, false},
    {"verify", dr_text_verify, false},
    {"check", dr_text_check, false},
    {"map", dr_text_map, false},
    {"yaml", dr_text_yaml, false},
    {"guard", dr_text_guard, false},
    {"takeover", dr_text_takeover, false},
    {"journal", dr_text_journal, false},
    {"trust", dr_text_trust, false},
};

int
dr_text_render(const char *kind, struct json_object *doc, const char *columns, unsigned width,
               char **ret, struct drstor_error **err)
{
    const char *names[DR_COUNT(kinds)];
    for (size_t i = 0; i < DR_COUNT(kinds); i++) {
        names[i] = kinds[i].kind;
        if (!dr_streq(kinds[i].kind, kind))
            continue;
        if (columns && !kinds[i].columns)
            return dr_fail(err, DRSTOR_E_INVALID, "this output has no columns to choose from");
        dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
        struct dr_page p = {.arena = a, .width = width, .columns = columns};
        int r = kinds[i].write(&p, doc, err);
        if (r == DRSTOR_OK)
            *ret = dr_str_take(&p.out);
        dr_str_freep(&p.out);
        return r;
    }
    const char *near = dr_nearest(kind, names, DR_COUNT(names));
    int r = dr_fail(err, DRSTOR_E_INVALID, "there is no kind of document \"%s\"", kind);
    if (near)
        dr_hint(err, "did you mean \"%s\"?", near);
    return r;
}
