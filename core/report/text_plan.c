#include "report/grid.h"

#include "base/timetext.h"

#include <string.h>

static const struct dr_column step_columns[] = {
    {"no", 9, DR_COLUMN_USUAL | DR_COLUMN_RIGHT},
    {"expect", 7, DR_COLUMN_USUAL | DR_COLUMN_RIGHT},
    {"after", 5, DR_COLUMN_USUAL},
    {"step", 4, DR_COLUMN_USUAL | DR_COLUMN_WRAP},
    {"group", 3, 0},
    {"site", 3, 0},
    {"kind", 3, 0},
    {"id", 3, 0},
};
enum {
    N_STEP_COLUMNS = sizeof(step_columns) / sizeof(step_columns[0]),
    VMS_MOST = 12,
    HOOKS_MOST = 6
};

static const struct dr_column loss_columns[] = {{"group", 9, DR_COLUMN_USUAL},
                                                {"confidence", 8, DR_COLUMN_USUAL},
                                                {"loss", 5, DR_COLUMN_USUAL | DR_COLUMN_WRAP}};

static size_t
place_of(struct dr_page *p, struct json_object *steps, const char *id)
{
    dr_page_each(steps, i, s)
    {
        if (dr_streq(dr_page_text(p, s, "id"), id))
            return i + 1;
    }
    return 0;
}

/* How many steps wait for step NO? */
static size_t
followers(struct dr_page *p, struct json_object *steps, const char *id)
{
    size_t n = 0;
    dr_page_each(steps, i, s)
    {
        dr_page_each(dr_json_get(s, "needs"), k, need)
        {
            n += dr_streq(dr_page_value(p, need), id);
        }
    }
    return n;
}

/* A chain stays flat; where several follow one step, they are a level deeper: they run side by
 * side. */
static unsigned
level_of(struct dr_page *p, struct json_object *steps, struct json_object *step,
         const unsigned *levels)
{
    unsigned level = 0;
    bool any = false;
    dr_page_each(dr_json_get(step, "needs"), i, need)
    {
        const char *id = dr_page_value(p, need);
        size_t at = id ? place_of(p, steps, id) : 0;
        unsigned l = at ? levels[at - 1] + (followers(p, steps, id) > 1) : 0;
        level = !any || l < level ? l : level;
        any = true;
    }
    return level < 8 ? level : 8;
}

static const char *
after_words(struct dr_page *p, struct json_object *steps, struct json_object *step)
{
    dr_auto(dr_str_freep) struct dr_str b = {0};
    dr_page_each(dr_json_get(step, "needs"), i, need)
    {
        const char *id = dr_page_value(p, need);
        size_t at = id ? place_of(p, steps, id) : 0;
        if (at)
            dr_str_printf(&b, "%s%zu", b.n ? ", " : "", at);
    }
    return b.n ? dr_arena_str(p->arena, b.s) : NULL;
}

static int
print_steps(struct dr_page *p, struct json_object *doc, struct drstor_error **err)
{
    struct json_object *steps = dr_json_get(doc, "steps");
    struct dr_grid *grid;
    int r = dr_grid_new(p, step_columns, N_STEP_COLUMNS, &grid, err);
    if (r < 0)
        return r;
    size_t n = dr_json_length(steps);
    if (n == 0)
        return DRSTOR_OK;
    dr_page_gap(p);
    dr_page_say(p, 0, 2, "%zu step%s, expected to take %s in all:", n, n == 1 ? "" : "s",
                dr_page_duration(p, doc, "expect_s"));
    unsigned *levels = dr_arena_alloc(p->arena, n, sizeof(*levels));
    dr_page_each(steps, i, s)
    {
        levels[i] = level_of(p, steps, s, levels);
        const char *text = dr_page_text(p, s, "text");
        dr_grid_row(grid, (const char *[N_STEP_COLUMNS]){
                              dr_arena_printf(p->arena, "%zu", i + 1),
                              dr_page_duration(p, s, "expect_s"), after_words(p, steps, s),
                              dr_arena_printf(p->arena, "%*s%s", (int)levels[i] * 2, "",
                                              text ? text : dr_page_name(p, s)),
                              dr_page_text(p, s, "group"), dr_page_text(p, s, "site"),
                              dr_page_text(p, s, "kind"), dr_page_text(p, s, "id")});
    }
    dr_grid_print(grid, 0);
    dr_page_each(steps, i, s)
    {
        const char *vms = dr_page_list(p, dr_json_get(s, "vms"), VMS_MOST);
        const char *kind = dr_page_text(p, s, "kind"), *group = dr_page_known(p, s, "group");
        if (*vms && dr_streq(kind, "unstage"))
            dr_page_say(p, 0, 2, "VMs of the drill of %s: %s", group, vms);
        else if (*vms && dr_streq(kind, "clean"))
            dr_page_say(p, 0, 2, "VMs of %s that are switched off: %s", group, vms);
        else if (*vms)
            dr_page_say(p, 0, 2, "VMs of %s in %s order: %s", group,
                        dr_streq(kind, "drain") ? "shutdown" : "start", vms);
    }
    dr_page_each(steps, i, s)
    {
        const char *others = dr_page_list(p, dr_json_get(s, "others"), VMS_MOST);
        if (*others)
            dr_page_say(p, 0, 2, "%s by step %zu: %s",
                        dr_streq(dr_page_text(p, s, "kind"), "stage") ? "shut down to make room"
                                                                      : "started again",
                        i + 1, others);
        const char *hooks = dr_page_list(p, dr_json_get(s, "hooks"), HOOKS_MOST);
        if (*hooks)
            dr_page_say(p, 0, 2, "hooks of step %zu: %s", i + 1, hooks);
    }
    return DRSTOR_OK;
}

static void
print_loss(struct dr_page *p, struct json_object *doc)
{
    struct json_object *loss = dr_json_get(doc, "loss"), *losses = dr_json_get(doc, "losses");
    const char *group = dr_page_text(p, loss, "group");
    if (!json_object_is_type(loss, json_type_object) || !dr_json_length(dr_json_get(doc, "steps")))
        return;
    if (dr_json_length(losses) == 0) /* no data is touched */
        return;
    dr_page_gap(p);
    bool many = dr_json_length(losses) > 1;
    dr_page_say(p, 0, 2, "loss%s%s%s: %s", many ? ", at worst" : "", many && group ? ", " : "",
                many && group ? group : "", dr_page_loss(p, loss));
    const char *method = dr_page_text(p, loss, "method"), *since = dr_page_time(p, loss, "since");
    const char *confidence = dr_page_text(p, loss, "confidence");
    if (dr_streq(confidence, method))
        confidence = NULL;
    if (method && dr_page_text(p, loss, "text") && !strstr(dr_page_loss(p, loss), method))
        dr_page_say(p, 2, 2, "how it is known: %s%s%s", method, confidence ? "; " : "",
                    confidence ? confidence : "");
    if (since)
        dr_page_say(p, 2, 2, "recovery point: %s", since);
    if (!many)
        return;
    struct dr_grid *grid = dr_grid_plain(p, loss_columns, DR_COUNT(loss_columns));
    dr_page_each(losses, i, l)
    {
        dr_grid_row(grid, (const char *[]){dr_page_known(p, l, "group"),
                                           dr_page_known(p, l, "confidence"), dr_page_loss(p, l)});
    }
    dr_grid_print(grid, 2);
}

static void
print_consent(struct dr_page *p, struct json_object *doc)
{
    struct json_object *consent = dr_json_get(doc, "consent");
    const char *text = dr_page_text(p, consent, "text");
    const char *bound = dr_page_text(p, consent, "accept_loss");
    if (!dr_page_true(consent, "needed"))
        return;
    dr_page_gap(p);
    dr_page_say(p, 0, 2, "consent needed: %s", text ? text : "a person has to agree");
    if (bound && *bound)
        dr_page_say(p, 2, 2, "in advance: --accept-loss %s", bound);
}

/* Where there is none, it is said whatever is done about it. */
static void
print_rooms(struct dr_page *p, struct json_object *doc)
{
    dr_page_each(dr_json_get(doc, "rooms"), i, r)
    {
        const char *text = dr_page_text(p, r, "text");
        if (text)
            dr_page_say(p, 0, 2, "%s: %s", dr_page_true(r, "enough") ? "room" : "not enough room",
                        text);
    }
}

int
dr_text_plan(struct dr_page *p, struct json_object *doc, struct drstor_error **err)
{
    struct json_object *refusals = dr_json_get(doc, "refusals");
    const char *id = dr_page_text(p, doc, "id"), *earliest = dr_page_time(p, doc, "earliest");
    dr_page_say(p, 0, 2, "plan%s%s: %s", id ? " " : "", id ? id : "", dr_page_goal(p, doc));
    dr_page_flips(p, doc);
    if (dr_json_length(refusals)) {
        dr_page_gap(p);
        dr_page_refusals(p, refusals);
    } else if (dr_json_length(dr_json_get(doc, "steps")) == 0) {
        dr_page_say(p, 0, 2, "nothing to do");
    }
    print_loss(p, doc);
    int r = print_steps(p, doc, err);
    if (r < 0)
        return r;
    print_rooms(p, doc);
    if (earliest)
        dr_page_say(p, 0, 2, "the commit can come at %s at the earliest", earliest);
    if (dr_json_length(dr_json_get(doc, "conditions"))) {
        dr_page_gap(p);
        dr_page_say(p, 0, 2, "good as long as:");
        dr_page_facts(p, doc, false);
    }
    print_consent(p, doc);
    return DRSTOR_OK;
}
