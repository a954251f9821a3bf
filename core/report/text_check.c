/* What was proven, held back, taken over. */
#include "report/grid.h"

#include "base/timetext.h"

static const struct dr_column check_columns[] = {
    {"ok", 9, DR_COLUMN_USUAL},
    {"check", 5, DR_COLUMN_USUAL | DR_COLUMN_WRAP},
};

/* ---- verify ---------------------------------------------------------------------------------- */

/* null is an answer too: nobody could read it. */
static const char *
ok_word(struct json_object *check)
{
    bool ok = false;
    return !dr_json_bool(check, "ok", &ok) ? "unknown" : ok ? "yes" : "NO";
}

static void
verified_group(struct dr_page *p, struct json_object *g)
{
    struct json_object *checks = dr_json_get(g, "checks");
    const char *until = dr_page_time(p, g, "valid_until");
    dr_page_say(p, 0, 2, "%s: %s%s%s", dr_page_name(p, g), dr_page_known(p, g, "verdict"),
                until ? ", good until " : "", until ? until : "");
    struct dr_grid *grid = dr_grid_plain(p, check_columns, DR_COUNT(check_columns));
    dr_page_each(checks, i, c)
    {
        const char *evidence = dr_page_text(p, c, "evidence");
        dr_grid_row(
            grid, (const char *[]){
                      ok_word(c), dr_arena_printf(p->arena, "%s%s%s%s", dr_page_known(p, c, "text"),
                                                  evidence ? " (" : "",
                                                  evidence ? dr_page_bare(p, evidence) : "",
                                                  evidence ? ")" : "")});
    }
    dr_grid_print(grid, 2);
    dr_page_each(checks, i, c)
    {
        const char *remedy = dr_page_text(p, c, "remedy");
        if (remedy && !dr_page_true(c, "ok"))
            dr_page_say(p, 2, 2, "to do: %s", remedy);
    }
}

int
dr_text_verify(struct dr_page *p, struct json_object *doc, struct drstor_error **err)
{
    struct json_object *groups = dr_json_get(doc, "groups");
    (void)err;
    dr_page_each(groups, i, g)
    {
        if (i)
            dr_page_gap(p);
        verified_group(p, g);
    }
    if (!dr_json_length(groups))
        dr_page_say(p, 0, 2, "no group is active-active");
    return DRSTOR_OK;
}

/* ---- guard ----------------------------------------------------------------------------------- */

static void
window_words(struct dr_page *p, struct json_object *doc)
{
    int64_t ms = -1, polls = -1;
    if (!dr_json_i64(doc, "window_ms", &ms) || ms < 0)
        return;
    (void)dr_json_i64(doc, "window_polls", &polls);
    const char *longest = ms < 10000 ? dr_arena_printf(p->arena, "%lld ms", (long long)ms)
                                     : dr_duration_text(p->arena, ms / 1000);
    const char *of =
        polls > 1 ? dr_arena_printf(p->arena, ", the longest of %lld polls", (long long)polls) : "";
    dr_page_say(p, 0, 2,
                "a write there could have gone unseen for %s%s; what is written before the first "
                "poll no guard can see",
                longest, of);
}

int
dr_text_guard(struct dr_page *p, struct json_object *doc, struct drstor_error **err)
{
    struct json_object *acted = dr_json_get(doc, "acted");
    const char *text = dr_page_text(p, doc, "text");
    int64_t polls = -1;
    (void)err;
    (void)dr_json_i64(doc, "polls", &polls);
    dr_page_say(p, 0, 2, "site %s: %s, %s", dr_page_known(p, doc, "site"),
                polls < 0    ? "polls unknown"
                : polls == 1 ? "1 poll"
                             : dr_arena_printf(p->arena, "%lld polls", (long long)polls),
                dr_json_length(acted) ? "found what the record does not allow:"
                                      : "nothing had to be held back");
    dr_page_each(acted, i, a)
    {
        dr_page_say(p, 2, 2, "%s was %s: %s", dr_page_name(p, a),
                    dr_page_bare(p, dr_page_known(p, a, "found")), dr_page_known(p, a, "did"));
    }
    if (text)
        dr_page_say(p, 0, 2, "%s", text);
    window_words(p, doc);
    dr_page_next(p, dr_page_text(p, doc, "hint"));
    dr_page_journal(p, doc);
    return DRSTOR_OK;
}

/* ---- takeover -------------------------------------------------------------------------------- */

int
dr_text_takeover(struct dr_page *p, struct json_object *doc, struct drstor_error **err)
{
    const char *controller = dr_page_text(p, doc, "controller"),
               *text = dr_page_text(p, doc, "text");
    const char *hint = dr_page_text(p, doc, "hint");
    struct json_object *runs = dr_json_get(doc, "runs");
    int64_t code = 0;
    (void)err;
    (void)dr_json_i64(doc, "exit", &code);
    dr_page_say(p, 0, 2, "%s%s%s%s", dr_page_known(p, doc, "result"),
                code ? dr_arena_printf(p->arena, " (exit %lld)", (long long)code) : "",
                controller ? ": controller " : "", controller ? controller : "");
    if (text)
        dr_page_say(p, 0, 2, "%s", text);
    dr_page_refusals(p, dr_json_get(doc, "refusals"));
    dr_page_each(dr_json_get(doc, "evidence"), i, e)
    {
        const char *said = dr_page_evidence(p, e);
        if (said)
            dr_page_say(p, 0, 2, "evidence: %s", said);
    }
    dr_page_sentences(p, "if it is alive after all:", dr_json_get(doc, "remains"));
    dr_page_each(dr_json_get(doc, "set_aside"), i, g)
    {
        dr_page_say(p, 0, 2, "set aside: %s", dr_page_known(p, g, "text"));
    }
    if (dr_json_length(runs))
        dr_page_say(p, 0, 2, "not ended: %s", dr_page_list(p, runs, 8));
    if (!hint && dr_json_length(runs) && code == 0)
        hint = "drstor run resume";
    dr_page_next(p, hint);
    dr_page_journal(p, doc);
    return DRSTOR_OK;
}

/* ---- journal --------------------------------------------------------------------------------- */

int
dr_text_journal(struct dr_page *p, struct json_object *doc, struct drstor_error **err)
{
    const char *file = dr_page_text(p, doc, "file"), *store = dr_page_text(p, doc, "store");
    struct json_object *head = dr_json_get(doc, "head");
    const char *hash = dr_page_text(p, head, "hash"), *seq = dr_page_text(p, head, "seq");
    int64_t code = 0, bad = 0;
    (void)err;
    (void)dr_json_i64(doc, "exit", &code);
    (void)dr_json_i64(doc, "bad", &bad);
    dr_page_say(p, 0, 2, "%s: %s%s",
                file    ? file
                : store ? store
                        : "the journal",
                code ? "NOT SOUND: " : "", dr_page_known(p, doc, "text"));
    if (code && bad > 0)
        dr_page_say(p, 0, 2, "good up to audit line %lld", (long long)bad - 1);
    if (hash)
        dr_page_say(p, 0, 2, "head %s:%s", seq ? seq : "unknown", hash);
    if (code)
        dr_page_next(p, "keep it as it is, and compare it with the system log and with exports "
                        "that were kept");
    return DRSTOR_OK;
}
