#include "plan/command.h"

#include "base/str.h"

#include <string.h>

/* As a shell takes it for one word. */
static void
add_word(struct dr_str *s, const char *flag, const char *word)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:,/@%+=-";
    dr_str_printf(s, " %s ", flag);
    if (*word && strspn(word, plain) == strlen(word)) {
        dr_str_add(s, word);
        return;
    }
    dr_str_add(s, "'");
    for (const char *p = word; *p; p++)
        if (*p == '\'')
            dr_str_add(s, "'\\''");
        else
            dr_str_addn(s, p, 1);
    dr_str_add(s, "'");
}

static void
add_verb(struct dr_str *s, const struct dr_goal *g, bool promote)
{
    dr_str_add(s, "drstor ");
    for (const char *p = promote ? "promote" : dr_name(&dr_verb_names, (int)g->verb); *p; p++)
        dr_str_printf(s, "%c", *p == '-' ? ' ' : *p); /* "drill-start" is typed as two words */
    for (size_t i = 0; !g->selection && i < g->n_groups; i++)
        dr_str_printf(s, " %s", g->groups[i]);
    if (g->selection)
        dr_str_printf(s, " %s", g->selection);
}

static bool
add_declarations(struct dr_str *s, const struct dr_goal *g, const char *site)
{
    bool any = false;
    for (size_t i = 0; i < g->n_declare; i++) {
        const struct dr_declaration *d = &g->declare[i];
        bool replaced = site && dr_streq(d->site, site) && d->kind == DR_DECLARED_PARTITION;
        if (replaced)
            continue;
        any = true;
        if (site && dr_streq(d->site, site))
            site = NULL;
        dr_str_printf(s, " --declare %s:%s", dr_name(&dr_declared_names, (int)d->kind), d->site);
    }
    if (site)
        dr_str_printf(s, " --declare site-lost:%s", site);
    return any || site;
}

static void
add_bound(struct dr_str *s, const struct dr_accept_loss *bound, const char *instead)
{
    if (instead)
        dr_str_printf(s, " --accept-loss %s", instead);
    else if (bound->unknown)
        dr_str_add(s, " --accept-loss unknown");
    else if (bound->seconds >= 0)
        dr_str_printf(s, " --accept-loss %llds", (long long)bound->seconds);
    else if (bound->bytes >= 0)
        dr_str_printf(s, " --accept-loss %lldB", (long long)bound->bytes);
}

const char *
dr_command_text(struct dr_arena *a, const struct dr_goal *g, const struct dr_command_change *change)
{
    static const struct dr_command_change none = {0};
    struct dr_str s = {0};
    change = change ? change : &none;
    add_verb(&s, g, change->to != NULL);
    if (change->to || g->to)
        dr_str_printf(&s, " --to %s", change->to ? change->to : g->to);
    if (g->at)
        dr_str_printf(&s, " --at %s", g->at);
    if (g->point && (!change->to || dr_streq(change->to, g->to))) /* the other copy has its own */
        add_word(&s, "--point", g->point);
    if (g->storage_only || change->storage_only)
        dr_str_add(&s, " --storage-only");
    if (g->unplanned || change->unplanned)
        dr_str_add(&s, " --unplanned");
    else if (g->within_s >= 0)
        dr_str_printf(&s, " --within %llds", (long long)g->within_s);
    bool declared = add_declarations(&s, g, change->declare);
    if (g->waive_fence || change->waive)
        add_word(&s, "--waive-fence", g->waive_fence ? g->waive_fence : "TEXT");
    if (g->waive_snapshot)
        add_word(&s, "--waive-snapshot", g->waive_snapshot);
    if (g->reason)
        add_word(&s, "--reason", g->reason);
    else if (declared && !g->waive_fence && !change->waive)
        dr_str_add(&s, " --reason TEXT");
    add_bound(&s, &g->accept_loss, change->accept_loss);
    const char *text = dr_arena_str(a, s.s);
    dr_str_freep(&s);
    return text;
}
