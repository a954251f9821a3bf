#include "config/parts.h"

#include "base/str.h"
#include "model/words.h"

struct rhv_read {
    const struct dr_yaml *mapping;
    const struct dr_yaml *start;
    const struct dr_yaml *stop;
    const struct dr_yaml *preempt;
    const struct dr_yaml *drill;
    const struct dr_yaml *hooks;
};

static const struct dr_conf_key rhv_keys[] = {
    DR_CONF_KEY(struct rhv_read, mapping, DR_CONF_NODE),
    DR_CONF_KEY(struct rhv_read, start, DR_CONF_NODE),
    DR_CONF_KEY(struct rhv_read, stop, DR_CONF_NODE),
    DR_CONF_KEY(struct rhv_read, preempt, DR_CONF_NODE),
    DR_CONF_KEY(struct rhv_read, drill, DR_CONF_NODE),
    DR_CONF_KEY(struct rhv_read, hooks, DR_CONF_NODE),
};

static void
rhv_other(struct dr_conf *c, const struct dr_yaml_pair *pair, const char *what, void *out)
{
    (void)out;
    static const char *const names[] = {"mapping", "start", "stop", "preempt", "drill", "hooks"};
    const char *hint =
        __builtin_strncmp(pair->key, "dr_", 3) == 0
            ? "ovirt-dr's keys stand under mapping:"
            : dr_problems_did_you_mean(c->problems, pair->key, names, DR_COUNT(names));
    dr_problems_add(c->problems, &pair->place, hint, "unknown key \"%s\" in %s",
                    dr_conf_word(c, pair->key), what);
}

const struct dr_conf_table dr_conf_rhv_table = {"rhv", rhv_keys, DR_COUNT(rhv_keys), rhv_other};

/* ---- start ----------------------------------------------------------------------------------- */

struct tier_read {
    const char **vms;
    size_t n_vms;
    const struct dr_yaml *gate;
    const struct dr_yaml *after;
};

static const struct dr_conf_key tier_keys[] = {
    {.name = "vms",
     .kind = DR_CONF_TEXTS,
     .required = true,
     .offset = offsetof(struct tier_read, vms),
     .n_offset = offsetof(struct tier_read, n_vms)},
    DR_CONF_KEY(struct tier_read, gate, DR_CONF_NODE),
    DR_CONF_KEY(struct tier_read, after, DR_CONF_NODE),
};

DR_CONF_TABLE(dr_conf_tier_table, "rhv.start", tier_keys);

struct gate_read {
    int64_t up;
};

static const struct dr_conf_key gate_keys[] = {
    {.name = "up",
     .kind = DR_CONF_DURATION,
     .required = true,
     .offset = offsetof(struct gate_read, up),
     .least = 1,
     .most = 86400},
};

DR_CONF_TABLE(dr_conf_gate_table, "rhv.start.gate", gate_keys);

/* The earlier tier that lists VM. Only earlier ones, so that no circle can be written. */
static bool
tier_of(const struct dr_tier *tiers, size_t n, const char *vm, size_t *ret)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < tiers[i].n_vms; k++)
            if (dr_streq(tiers[i].vms[k], vm) || dr_glob(tiers[i].vms[k], vm)) {
                *ret = i;
                return true;
            }
    return false;
}

static void
tier_after(struct dr_conf *c, const struct dr_yaml *node, const char *what,
           const struct dr_tier *tiers, size_t n, struct dr_tier *tier)
{
    const char *label = dr_arena_printf(c->arena, "\"after\" of %s", what);
    if (!dr_conf_is_list(c, node, label))
        return;
    size_t *after = dr_arena_alloc(c->arena, node->n_items, sizeof(*after));
    size_t n_after = 0;
    for (size_t i = 0; i < node->n_items; i++) {
        const char *vm;
        if (!dr_conf_text(c, node->items[i], dr_arena_printf(c->arena, "an entry of %s", label),
                          &vm))
            continue;
        size_t index;
        if (!tier_of(tiers, n, vm, &index)) {
            dr_conf_problem(c, node->items[i], "list it under \"vms\" of a tier before this one",
                            "%s names %s, which no earlier tier starts", label,
                            dr_conf_word(c, vm));
            continue;
        }
        bool known = false;
        for (size_t k = 0; k < n_after; k++)
            known = known || after[k] == index;
        if (!known)
            after[n_after++] = index;
    }
    tier->after_given = true;
    tier->after = after;
    tier->n_after = n_after;
}

static void
tiers_read(struct dr_conf *c, const struct dr_yaml *node)
{
    if (!dr_conf_is_list(c, node, "\"start\" of rhv"))
        return;
    struct dr_tier *tiers = dr_arena_alloc(c->arena, node->n_items, sizeof(*tiers));
    for (size_t i = 0; i < node->n_items; i++) {
        const char *what = dr_arena_printf(c->arena, "start tier %zu", i + 1);
        struct tier_read read = {0};
        struct gate_read gate = {.up = -1};
        dr_conf_read(c, &dr_conf_tier_table, node->items[i], what, &read);
        if (read.gate)
            dr_conf_read(c, &dr_conf_gate_table, read.gate,
                         dr_arena_printf(c->arena, "\"gate\" of %s", what), &gate);
        tiers[i] = (struct dr_tier){
            .vms = read.vms,
            .n_vms = read.n_vms,
            .gate_up_s = gate.up,
            .place = node->items[i]->place,
        };
        if (read.after)
            tier_after(c, read.after, what, tiers, i, &tiers[i]);
        for (size_t k = 0; k < read.n_vms; k++)
            for (size_t e = 0; e < i; e++)
                for (size_t v = 0; v < tiers[e].n_vms; v++)
                    if (dr_streq(tiers[e].vms[v], read.vms[k]))
                        dr_conf_problem(c, dr_yaml_get(node->items[i], "vms")->items[k], NULL,
                                        "%s lists %s, which start tier %zu lists already", what,
                                        dr_conf_word(c, read.vms[k]), e + 1);
    }
    c->model->start = tiers;
    c->model->n_start = node->n_items;
}

/* ---- stop ------------------------------------------------------------------------------------ */

struct stop_read {
    const char **vms;
    size_t n_vms;
    int64_t limit;
    unsigned policy;
};

static const struct dr_conf_key stop_keys[] = {
    {.name = "vms",
     .kind = DR_CONF_TEXTS,
     .required = true,
     .offset = offsetof(struct stop_read, vms),
     .n_offset = offsetof(struct stop_read, n_vms)},
    DR_CONF_SPAN("limit", struct stop_read, limit, DR_CONF_DURATION, 1, 86400),
    DR_CONF_CHOICE("policy", struct stop_read, policy, dr_stop_policy_names),
};

DR_CONF_TABLE(dr_conf_stop_table, "rhv.stop", stop_keys);

/* What is written once counts: a name that an earlier rule lists is a slip. */
static void
stop_twice(struct dr_conf *c, const struct dr_yaml *node, const struct dr_stop_rule *rules,
           size_t at)
{
    for (size_t k = 0; k < rules[at].n_vms; k++)
        for (size_t e = 0; e < at; e++)
            for (size_t v = 0; v < rules[e].n_vms; v++)
                if (dr_streq(rules[e].vms[v], rules[at].vms[k]))
                    dr_conf_problem(c, dr_yaml_get(node, "vms")->items[k], NULL,
                                    "stop rule %zu lists %s, which stop rule %zu lists already",
                                    at + 1, dr_conf_word(c, rules[at].vms[k]), e + 1);
}

static void
stop_read(struct dr_conf *c, const struct dr_yaml *node)
{
    if (!dr_conf_is_list(c, node, "\"stop\" of rhv"))
        return;
    const struct dr_stop_rule *usual = dr_model_stop(c->model, "");
    struct dr_stop_rule *rules = dr_arena_alloc(c->arena, node->n_items, sizeof(*rules));
    for (size_t i = 0; i < node->n_items; i++) {
        struct stop_read read = {.limit = usual->limit_s, .policy = (unsigned)usual->policy};
        dr_conf_read(c, &dr_conf_stop_table, node->items[i],
                     dr_arena_printf(c->arena, "stop rule %zu", i + 1), &read);
        rules[i] = (struct dr_stop_rule){
            .vms = read.vms,
            .n_vms = read.n_vms,
            .limit_s = read.limit,
            .policy = (enum dr_stop_policy)read.policy,
            .place = node->items[i]->place,
        };
        stop_twice(c, node->items[i], rules, i);
    }
    c->model->stop = rules;
    c->model->n_stop = node->n_items;
}

/* ---- preempt --------------------------------------------------------------------------------- */

static void
preempt_read(struct dr_conf *c, const struct dr_yaml *node)
{
    if (!dr_conf_is_map(c, node, "\"preempt\" of rhv"))
        return;
    struct dr_preempt *list = dr_arena_alloc(c->arena, node->n_pairs, sizeof(*list));
    size_t n = 0;
    for (size_t i = 0; i < node->n_pairs; i++) {
        const struct dr_yaml_pair *p = &node->pairs[i];
        list[n].site = dr_conf_site_named(c, &p->place, p->key);
        list[n].place = p->place;
        if (dr_conf_texts(
                c, p->value, DR_CONF_TEXT,
                dr_arena_printf(c->arena, "\"preempt\" of site %s", dr_conf_word(c, p->key)),
                &list[n].vms, &list[n].n_vms) &&
            list[n].site)
            n++;
    }
    c->model->preempt = list;
    c->model->n_preempt = n;
}

/* ---- hooks ----------------------------------------------------------------------------------- */

struct hook_read {
    unsigned before, after, on_failure;
    const char **run;
    size_t n_run;
    int64_t timeout;
};

static const struct dr_conf_key hook_keys[] = {
    DR_CONF_CHOICE("before", struct hook_read, before, dr_hook_step_names),
    DR_CONF_CHOICE("after", struct hook_read, after, dr_hook_step_names),
    {.name = "run",
     .kind = DR_CONF_TEXTS,
     .required = true,
     .offset = offsetof(struct hook_read, run),
     .n_offset = offsetof(struct hook_read, n_run)},
    DR_CONF_SPAN("timeout", struct hook_read, timeout, DR_CONF_DURATION, 1, 3600),
    DR_CONF_CHOICE("on_failure", struct hook_read, on_failure, dr_hook_verdict_names),
};

DR_CONF_TABLE(dr_conf_hook_table, "rhv.hooks", hook_keys);

static void
hook_read(struct dr_conf *c, const struct dr_yaml *node, const char *what, struct dr_hook *hook)
{
    struct hook_read read = {.timeout = 60};
    dr_conf_read(c, &dr_conf_hook_table, node, what, &read);
    bool before = dr_yaml_get(node, "before"), after = dr_yaml_get(node, "after");
    if (before == after && node->kind == DR_YAML_MAP)
        dr_conf_problem(c, node, "write before: STEP or after: STEP",
                        before ? "%s is before one step and after another"
                               : "%s says neither before nor after which step",
                        what);
    unsigned step = before ? read.before : read.after;
    *hook = (struct dr_hook){
        .before = before,
        .step = step ? dr_name(&dr_hook_step_names, (int)step) : NULL,
        .run = read.run,
        .n_run = read.n_run,
        .timeout_s = read.timeout,
        .on_failure = (enum dr_hook_verdict)read.on_failure,
        .place = node->place,
    };
    if (!hook->on_failure)
        hook->on_failure = before ? DR_HOOK_BLOCK : DR_HOOK_WARN;
    if (hook->n_run)
        hook->run[0] = dr_conf_path(c, hook->run[0]);
}

static void
hooks_read(struct dr_conf *c, const struct dr_yaml *node)
{
    if (!dr_conf_is_list(c, node, "\"hooks\" of rhv"))
        return;
    struct dr_hook *list = dr_arena_alloc(c->arena, node->n_items, sizeof(*list));
    for (size_t i = 0; i < node->n_items; i++)
        hook_read(c, node->items[i], dr_arena_printf(c->arena, "hook %zu", i + 1), &list[i]);
    c->model->hooks = list;
    c->model->n_hooks = node->n_items;
    /* Whoever may write this file would run programs as us. */
    if (node->n_items && c->untrusted)
        dr_conf_problem(c, node, c->untrusted_hint,
                        "hooks are only taken from a file that nobody else can write, but %s",
                        c->untrusted);
}

void
dr_conf_rhv(struct dr_conf *c, const struct dr_yaml *node)
{
    struct rhv_read read = {0};
    if (node)
        dr_conf_read(c, &dr_conf_rhv_table, node, "rhv", &read);
    dr_conf_mapping(c, read.mapping);
    if (read.start)
        tiers_read(c, read.start);
    if (read.stop)
        stop_read(c, read.stop);
    if (read.preempt)
        preempt_read(c, read.preempt);
    if (read.drill)
        dr_conf_drills(c, read.drill);
    if (read.hooks)
        hooks_read(c, read.hooks);
}
