#include "check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GROUPS = 4, COPIES = 2, MEMBERS = 8, SEGMENTS = 64, GIVEN = 8, IMAGES = 32, RUNS = 64 };
enum { INTENTS = 4096, TEXT = 40 };
enum { READ_WRITE = 3, SITE_UP = 1, SITE_DEAD = 3 };
enum { REFUSED = 3 };
#define SECOND UINT64_C(1000000000)
/* A loss is told in whole seconds of two clocks. */
#define LOSS_SLACK_NS SECOND

/* What a volume holds: everything up to COUNT on the way from the root to SEGMENT. */
struct content {
    uint32_t segment;
    uint64_t count;
};

/* Writes (from, to] of a segment. */
struct range {
    uint64_t from, to;
};

struct segment {
    uint32_t parent;
    uint64_t fork;
    uint64_t written_ns; /* the last of its writes */
    struct range given[GIVEN];
    uint32_t n_given;
};

struct member {
    bool known;
    uint32_t access, exposed, writers;
    struct content content;
    uint64_t at_ns;
    uint64_t basis_ns;     /* the point in time it was promoted to; 0: it was not */
    bool basis_open;       /* nothing was missing then: it is also any later point */
    struct content left;   /* when it was last taken from who wrote it */
    bool was_written, own; /* own: what it held when it became writable is what it was left with */
};

struct copy {
    uint32_t site;
    bool is_source;
    struct member members[MEMBERS];
    uint64_t epoch, token; /* the highest that had an effect */
};

struct image {
    uint32_t member;
    struct content content;
};

struct group {
    uint32_t n_copies, n_members;
    struct copy copies[COPIES];
    struct segment segments[MEMBERS][SEGMENTS];
    uint32_t n_segments[MEMBERS];
    struct image images[IMAGES];
    uint32_t n_images;
    bool dual;
    bool returned; /* the other site came back after the flip, with the role it had */
    uint64_t standing_ns;

    bool recorded;
    int64_t epoch;
    uint32_t primary;
    enum history_phase phase;
    uint64_t token; /* of the lock */
    bool held;
    bool damaged;
};

struct run {
    char id[TEXT];
    bool planned;
    uint64_t bound_ns;
};

struct check {
    uint32_t n_groups;
    struct group groups[GROUPS];
    uint32_t sites[8];
    struct run runs[RUNS];
    uint32_t n_runs;
    uint64_t intents[INTENTS];
    bool sent[INTENTS]; /* of these */
    uint32_t n_intents;

    /* of the event under way */
    bool called;
    struct sim_trace_entry call;
    char call_run[TEXT];
    bool ground;

    bool wrong;
    bool told_forgotten;
    uint64_t open_runs;
    uint32_t windows, late_windows;
    uint32_t broken[CHECK_RULES];
    uint64_t now_ns;
    char text[256];
};

static const char *const rule_names[CHECK_RULES] = {"S1", "S2", "S3",  "S4",  "S5", "S6", "S7",
                                                    "S8", "S9", "S13", "S14", "L1", "L2"};

const char *
check_rule_name(enum check_rule rule)
{
    return rule < CHECK_RULES ? rule_names[rule] : "?";
}

struct check *
check_new(uint32_t n_groups, const uint64_t *standing_ns)
{
    struct check *c = calloc(1, sizeof(*c));
    if (!c || n_groups > GROUPS)
        abort();
    c->n_groups = n_groups;
    for (uint32_t i = 0; i < n_groups; i++)
        c->groups[i].standing_ns = standing_ns[i];
    return c;
}

void
check_free(struct check *c)
{
    free(c);
}

uint32_t
check_broken(const struct check *c, enum check_rule rule)
{
    return c->broken[rule];
}

const char *
check_text(const struct check *c)
{
    return c->text;
}

uint32_t
check_windows(const struct check *c)
{
    return c->windows;
}

uint32_t
check_late_windows(const struct check *c)
{
    return c->late_windows;
}

static void __attribute__((format(printf, 3, 4)))
broken(struct check *c, enum check_rule rule, const char *format, ...)
{
    c->broken[rule]++;
    if (c->text[0])
        return;
    int n = snprintf(c->text, sizeof(c->text), "%s at %llu.%03llu: ", rule_names[rule],
                     (unsigned long long)(c->now_ns / SECOND),
                     (unsigned long long)(c->now_ns % SECOND / 1000000));
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(c->text + n, sizeof(c->text) - (size_t)n, format, ap);
    va_end(ap);
}

/* ---- what is held where ---------------------------------------------------------------------- */

/* How much of SEGMENT is in CONTENT: its writes up to there; 0: none. */
static uint64_t
upto(const struct segment *s, struct content content, uint32_t segment)
{
    uint64_t limit = content.count;
    uint32_t at = content.segment;
    while (at != segment) {
        if (at == 0)
            return 0;
        limit = s[at].fork;
        at = s[at].parent;
    }
    return limit;
}

/* FN for each part of OLD that NEW lacks; stops when FN says so. */
static bool
each_lacking(struct segment *s, struct content old, struct content new,
             bool (*fn)(struct segment *s, uint32_t segment, struct range r, void *user),
             void *user)
{
    uint32_t at = old.segment;
    uint64_t high = old.count;
    for (;;) {
        uint64_t low = at ? s[at].fork : 0, there = upto(s, new, at);
        if (there > low)
            low = there;
        if (high > low && fn(s, at, (struct range){low, high}, user))
            return true;
        if (at == 0)
            return false;
        high = s[at].fork;
        at = s[at].parent;
    }
}

/* The part of R that nobody gave up and no content of LIST holds; taken from above. */
struct holders {
    struct content list[COPIES + IMAGES];
    uint32_t n;
    uint64_t lost, last_ns;
};

static bool
given_up(const struct segment *s, uint64_t write)
{
    for (uint32_t i = 0; i < s->n_given; i++)
        if (write > s->given[i].from && write <= s->given[i].to)
            return true;
    return false;
}

static bool
count_lost(struct segment *s, uint32_t segment, struct range r, void *user)
{
    struct holders *h = user;
    for (uint32_t i = 0; i < h->n; i++) {
        uint64_t held = upto(s, h->list[i], segment);
        if (held > r.from)
            r.from = held < r.to ? held : r.to;
    }
    /* Ranges are given up as a whole, so their ends are the only places to look at. */
    uint64_t lost = 0;
    for (uint64_t w = r.from + 1; w <= r.to; w++) {
        bool gone = given_up(&s[segment], w);
        for (uint32_t i = 0; gone && i < s[segment].n_given; i++)
            if (w > s[segment].given[i].from && w <= s[segment].given[i].to) {
                w = s[segment].given[i].to;
                break;
            }
        if (gone)
            continue;
        uint64_t end = r.to;
        for (uint32_t i = 0; i < s[segment].n_given; i++)
            if (s[segment].given[i].from >= w && s[segment].given[i].from < end)
                end = s[segment].given[i].from;
        lost += end - w + 1;
        w = end;
    }
    h->lost += lost;
    if (lost && s[segment].written_ns > h->last_ns)
        h->last_ns = s[segment].written_ns;
    return false;
}

static bool
give_up(struct segment *s, uint32_t segment, struct range r, void *user)
{
    struct segment *at = &s[segment];
    (void)user;
    for (uint32_t i = 0; i < at->n_given; i++)
        if (r.from <= at->given[i].to && r.to >= at->given[i].from) {
            at->given[i].from = r.from < at->given[i].from ? r.from : at->given[i].from;
            at->given[i].to = r.to > at->given[i].to ? r.to : at->given[i].to;
            return false;
        }
    if (at->n_given < GIVEN)
        at->given[at->n_given++] = r;
    return false;
}

static void
hold(struct holders *h, struct content content)
{
    h->list[h->n++] = content;
}

/* S2: what the member held and holds no more must be somewhere else. */
static void
check_overwritten(struct check *c, struct group *g, uint32_t copy, uint32_t m, struct content old,
                  struct content new)
{
    struct segment *s = g->segments[m];
    struct holders h = {0};
    for (uint32_t j = 0; j < g->n_copies; j++)
        if (j != copy)
            hold(&h, g->copies[j].members[m].content);
    for (uint32_t i = 0; i < g->n_images; i++)
        if (g->images[i].member == m)
            hold(&h, g->images[i].content);
    (void)each_lacking(s, old, new, count_lost, &h);
    if (h.lost)
        broken(c, CHECK_S2, "group %u: %llu acknowledged writes are in no copy any more",
               (unsigned)(g - c->groups), (unsigned long long)h.lost);
}

/* ---- promotions ------------------------------------------------------------------------------ */

static const struct run *
run_of(const struct check *c, const char *id)
{
    for (uint32_t i = 0; i < c->n_runs; i++)
        if (strcmp(c->runs[i].id, id) == 0)
            return &c->runs[i];
    return NULL;
}

/* S3: member M of COPY may be written from now on. */
static void
check_loss(struct check *c, struct group *g, uint32_t copy, uint32_t m)
{
    struct segment *s = g->segments[m];
    const struct member *me = &g->copies[copy].members[m];
    const struct run *run = run_of(c, c->call_run);
    uint64_t bound = run && !run->planned ? run->bound_ns : 0;
    if (run && !run->planned && g->standing_ns > bound)
        bound = g->standing_ns;
    for (uint32_t j = 0; j < g->n_copies; j++) {
        struct holders h = {0};
        if (j == copy)
            continue;
        struct content other = g->copies[j].members[m].content;
        (void)each_lacking(s, other, me->content, count_lost, &h);
        if (h.lost == 0)
            continue;
        uint64_t loss_ns = h.last_ns > me->at_ns ? h.last_ns - me->at_ns : 0;
        bool agreed = bound == HISTORY_ANY || (bound && loss_ns <= bound + LOSS_SLACK_NS);
        if (!agreed && g->returned)
            c->late_windows++;
        else if (!agreed && !c->wrong)
            broken(c, CHECK_S3,
                   "group %u: promoted over %llu newer writes (%llu ms), agreed were %llu ms",
                   (unsigned)(g - c->groups), (unsigned long long)h.lost,
                   (unsigned long long)(loss_ns / 1000000), (unsigned long long)(bound / 1000000));
        (void)each_lacking(s, other, me->content, give_up, NULL);
    }
}

/* S4: those that were promoted, and may be written, are of one point in time. */
static void
check_points(struct check *c, const struct group *g, uint32_t copy)
{
    uint64_t moment = 0, least = 0;
    bool unequal = false, own = true;
    for (uint32_t i = 0; i < g->n_members; i++) {
        const struct member *m = &g->copies[copy].members[i];
        if (m->access != READ_WRITE || !m->basis_ns)
            continue;
        own &= m->own;
        if (m->basis_open)
            least = m->basis_ns > least ? m->basis_ns : least;
        else if (moment && moment != m->basis_ns)
            unequal = true;
        else
            moment = m->basis_ns;
    }
    /* A primary that serves again goes on from its own writes: volumes that were taken from it one
     * after the other were at no common point, and its application knows each write that failed. */
    if (!own && (unequal || (moment && least > moment)))
        broken(c, CHECK_S4, "group %u: its volumes were promoted to different points in time",
               (unsigned)(g - c->groups));
}

/* Is every write of member M that there is anywhere, and that was not given up, in COPY? */
static bool
complete(struct group *g, uint32_t copy, uint32_t m)
{
    struct content mine = g->copies[copy].members[m].content;
    struct holders h = {0};
    for (uint32_t j = 0; j < g->n_copies; j++)
        (void)each_lacking(g->segments[m], g->copies[j].members[m].content, mine, count_lost, &h);
    return h.lost == 0;
}

/* ---- one event of the world ------------------------------------------------------------------ */

static void
told_member(struct check *c, const struct sim_trace_entry *e)
{
    struct group *g = &c->groups[e->group];
    struct copy *copy = &g->copies[e->copy];
    struct member *m = &copy->members[e->member];
    struct content new = {e->segment, e->count}, old = m->content;
    struct member before = *m;
    if (e->member >= g->n_members)
        g->n_members = e->member + 1;
    *m = before;
    m->known = true;
    m->access = e->access;
    m->exposed = e->exposed;
    m->writers = e->writers;
    m->content = new;
    m->at_ns = e->at_ns;
    if (e->segment < SEGMENTS &&
        (!before.known || e->segment != old.segment || e->count != old.count))
        g->segments[e->member][e->segment].written_ns = e->at_ns;
    if (!before.known)
        return;
    if (upto(g->segments[e->member], new, old.segment) < old.count)
        check_overwritten(c, g, e->copy, e->member, old, new);
    bool by_call =
        c->called && c->call.group == e->group && c->call.copy == e->copy &&
        (c->call.op == SIM_TRACE_OP_SET_ACCESS || c->call.op == SIM_TRACE_OP_FORCE_ACCESS);
    if (e->access == READ_WRITE && before.access != READ_WRITE && by_call) {
        m->basis_open = complete(g, e->copy, e->member);
        m->basis_ns = m->basis_open ? g->segments[e->member][e->segment].written_ns : e->at_ns;
        if (copy->is_source)
            m->basis_ns = 0;
        m->own = before.was_written &&
                 new.segment == before.left.segment &&new.count == before.left.count;
        check_loss(c, g, e->copy, e->member);
    }
    if (e->access != READ_WRITE)
        m->basis_ns = 0;
    if (e->access != READ_WRITE && before.access == READ_WRITE) {
        m->was_written = true;
        m->left = new;
    }
    if (e->writers > before.writers)
        for (uint32_t i = 0; i < g->n_members; i++)
            if (copy->members[i].access != READ_WRITE) {
                broken(c, CHECK_S4,
                       "group %u: an application started while a volume of it is not "
                       "writable",
                       e->group);
                break;
            }
}

/* S1, at the end of an event, when everything that belongs to it was told. */
static void
check_dual(struct check *c, uint32_t cause)
{
    for (uint32_t gi = 0; gi < c->n_groups; gi++) {
        struct group *g = &c->groups[gi];
        bool dual = false;
        for (uint32_t i = 0; i < g->n_members; i++) {
            uint32_t can = 0;
            for (uint32_t j = 0; j < g->n_copies; j++) {
                const struct member *m = &g->copies[j].members[i];
                can += m->access == READ_WRITE && m->exposed &&
                       c->sites[g->copies[j].site] != SITE_DEAD;
            }
            dual |= can > 1;
        }
        if (dual && !g->dual && (cause == SIM_CAUSE_GROUND || c->ground))
            c->windows++;
        else if (dual && !g->dual && g->returned)
            c->late_windows++;
        else if (dual && !g->dual && !c->wrong)
            broken(c, CHECK_S1, "group %u can be written at two sites", gi);
        g->dual = dual;
        if (c->called && c->call.group == gi)
            check_points(c, g, c->call.copy);
    }
}

static void
run_id(const char *op, char ret[TEXT])
{
    size_t n = op ? strcspn(op, "/") : 0;
    if (n >= TEXT)
        n = TEXT - 1;
    if (n)
        memcpy(ret, op, n);
    ret[n] = '\0';
}

static uint64_t
text_hash(const char *text)
{
    uint64_t h = UINT64_C(1469598103934665603);
    for (; text && *text; text++)
        h = (h ^ (unsigned char)*text) * UINT64_C(1099511628211);
    return h;
}

/* INTENTS: it was never written down. */
static uint32_t
intent_of(const struct check *c, const char *op)
{
    uint64_t h = text_hash(op);
    for (uint32_t i = c->n_intents; i-- > 0;)
        if (c->intents[i] == h)
            return i;
    return INTENTS;
}

static void
told_sent(struct check *c, const struct sim_trace_entry *e)
{
    const struct group *g = &c->groups[e->group];
    uint32_t intent = intent_of(c, e->op_id);
    /* One act may be several calls, one for each volume. */
    bool goes_on = intent < INTENTS && c->sent[intent];
    if (intent < INTENTS)
        c->sent[intent] = true;
    else
        broken(c, CHECK_S6, "%s was sent and nothing of it was written down", e->op_id);
    if (g->damaged && !goes_on)
        broken(c, CHECK_S13, "%s was sent over a damaged record", e->op_id);
    if (!g->held || e->token != g->token)
        broken(c, CHECK_S8, "%s was sent with token %llu, the lock is at %llu%s", e->op_id,
               (unsigned long long)e->token, (unsigned long long)g->token,
               g->held ? "" : " and free");
}

static void
told_effect(struct check *c, const struct sim_trace_entry *e)
{
    struct group *g = &c->groups[e->group];
    struct copy *copy = &g->copies[e->copy];
    c->called = true;
    c->call = *e;
    run_id(e->op_id, c->call_run);
    if (e->outcome == REFUSED)
        return;
    if (e->token < copy->token || e->epoch < copy->epoch)
        broken(c, CHECK_S8,
               "group %u: an older controller changed a copy: %s, epoch %llu token %llu", e->group,
               e->op_id, (unsigned long long)e->epoch, (unsigned long long)e->token);
    copy->token = e->token > copy->token ? e->token : copy->token;
    copy->epoch = e->epoch > copy->epoch ? e->epoch : copy->epoch;
    bool opens = (e->op == SIM_TRACE_OP_SET_ACCESS && e->access == READ_WRITE) ||
                 e->op == SIM_TRACE_OP_FORCE_ACCESS;
    if (opens && (!g->recorded || copy->site != g->primary))
        broken(c, CHECK_S7, "group %u: made writable at site %u, the record says %u: %s", e->group,
               copy->site, g->primary, e->op_id);
    if (e->op == SIM_TRACE_OP_RESYNC &&
        (e->source >= g->n_copies || !g->recorded || g->copies[e->source].site != g->primary))
        broken(c, CHECK_S5, "group %u: a resync from a copy that is not the primary: %s", e->group,
               e->op_id);
}

static void
told_world(struct check *c, const struct sim_trace_entry *e)
{
    struct group *g = e->group < c->n_groups ? &c->groups[e->group] : NULL;
    switch ((enum sim_trace_kind)e->kind) {
    case SIM_TRACE_SITE:
        if (c->sites[e->site] == SITE_DEAD && e->state != SITE_DEAD)
            for (uint32_t i = 0; i < c->n_groups; i++)
                c->groups[i].returned |= c->groups[i].recorded && c->groups[i].primary != e->site &&
                                         c->groups[i].epoch > 1;
        c->sites[e->site] = e->state;
        c->ground = true;
        break;
    case SIM_TRACE_COPY:
        if (e->copy >= g->n_copies)
            g->n_copies = e->copy + 1;
        g->copies[e->copy].is_source = e->state != 0;
        g->copies[e->copy].site = e->site;
        break;
    case SIM_TRACE_SEGMENT:
        if (e->segment >= SEGMENTS)
            abort();
        g->segments[e->member][e->segment] =
            (struct segment){.parent = e->parent, .fork = e->count};
        break;
    case SIM_TRACE_MEMBER:
        told_member(c, e);
        break;
    case SIM_TRACE_NO_IMAGES:
        g->n_images = 0;
        break;
    case SIM_TRACE_IMAGE:
        if (g->n_images == IMAGES)
            abort();
        g->images[g->n_images++] =
            (struct image){e->member, (struct content){e->segment, e->count}};
        break;
    case SIM_TRACE_SENT:
        told_sent(c, e);
        break;
    case SIM_TRACE_EFFECT:
        told_effect(c, e);
        break;
    case SIM_TRACE_END:
        check_dual(c, e->cause);
        c->called = c->ground = false;
        break;
    case SIM_TRACE_UNKNOWN:
        break;
    }
}

/* ---- what was written down ------------------------------------------------------------------- */

static void
told_record(struct check *c, const struct history_entry *e)
{
    struct group *g = &c->groups[e->group];
    if (!g->recorded) {
        if (e->phase != HISTORY_PHASE_STEADY && e->evidence == 0)
            broken(c, CHECK_S7, "group %u: its first record is in the middle of a flip", e->group);
    } else if (e->epoch != g->epoch || e->primary != g->primary) {
        /* The same primary anew is a flip too: of one that nobody served. */
        bool whole = e->epoch == g->epoch + 1 && e->phase == HISTORY_PHASE_PROMOTING &&
                     e->evidence > 0 && e->consented;
        if (!whole)
            broken(c, CHECK_S7,
                   "group %u: epoch %lld site %u became epoch %lld site %u%s%s%s in one write",
                   e->group, (long long)g->epoch, g->primary, (long long)e->epoch, e->primary,
                   e->phase == HISTORY_PHASE_PROMOTING ? "" : " without its phase",
                   e->evidence ? "" : " without evidence", e->consented ? "" : " without consent");
    }
    if (e->token != g->token || !g->held)
        broken(c, CHECK_S8, "group %u: its record was written with token %llu, the lock is at %llu",
               e->group, (unsigned long long)e->token, (unsigned long long)g->token);
    if (e->primary != g->primary)
        g->returned = false;
    g->recorded = true;
    g->epoch = e->epoch;
    g->primary = e->primary;
    g->phase = e->phase;
}

void
check_tell(struct check *c, const struct history_entry *e)
{
    c->now_ns = e->time_ns;
    switch (e->kind) {
    case HISTORY_WORLD:
        told_world(c, e->world);
        break;
    case HISTORY_RECORD:
        told_record(c, e);
        break;
    case HISTORY_LOCK: {
        struct group *g = &c->groups[e->group];
        if (e->token < g->token)
            broken(c, CHECK_S8, "group %u: the lock went back from token %llu to %llu", e->group,
                   (unsigned long long)g->token, (unsigned long long)e->token);
        g->token = e->token;
        g->held = !e->released;
        break;
    }
    case HISTORY_INTENT:
        /* A step's row is written again with what else it holds. */
        if (intent_of(c, e->text) < INTENTS)
            break;
        if (c->n_intents == INTENTS)
            abort();
        c->intents[c->n_intents++] = text_hash(e->text);
        if (!e->audited)
            broken(c, CHECK_S14, "%s is not in the audit chain", e->text);
        break;
    case HISTORY_CONSENT:
        if (c->n_runs == RUNS)
            abort();
        run_id(e->text, c->runs[c->n_runs].id);
        c->runs[c->n_runs].planned = e->planned;
        c->runs[c->n_runs++].bound_ns = e->bound_ns;
        break;
    case HISTORY_DONE: {
        const struct group *g = &c->groups[e->group];
        for (uint32_t j = 0; j < g->n_copies && !g->held; j++)
            for (uint32_t i = 0; g->copies[j].site == e->primary && i < g->n_members; i++)
                if (c->sites[e->primary] == SITE_UP &&
                    (g->copies[j].members[i].access != READ_WRITE ||
                     !g->copies[j].members[i].exposed || g->primary != e->primary)) {
                    broken(c, CHECK_S9, "group %u is said to be served at site %u and is not",
                           e->group, e->primary);
                    break;
                }
        break;
    }
    case HISTORY_DAMAGE:
        c->groups[e->group].damaged = !e->released;
        break;
    case HISTORY_RUNS:
        c->open_runs = e->token;
        for (uint32_t i = 0; i < c->n_groups && !c->told_forgotten; i++)
            if (c->open_runs == 0 && c->groups[i].recorded &&
                c->groups[i].phase != HISTORY_PHASE_STEADY) {
                broken(c, CHECK_L1, "group %u is in the middle of what no run will end", i);
                c->told_forgotten = true;
            }
        break;
    case HISTORY_REFUSAL:
        broken(c, CHECK_L2, "%s", e->text);
        break;
    case HISTORY_WRONG:
        c->wrong = true;
        break;
    case HISTORY_UNKNOWN:
        break;
    }
}

void
check_end(struct check *c, uint32_t open_runs)
{
    if (open_runs)
        broken(c, CHECK_L1, "%u runs are still open", open_runs);
    for (uint32_t gi = 0; gi < c->n_groups; gi++) {
        const struct group *g = &c->groups[gi];
        if (!g->recorded || g->phase != HISTORY_PHASE_STEADY) {
            broken(c, CHECK_L1, "group %u has %s", gi,
                   g->recorded ? "a record that is not steady" : "no record");
            continue;
        }
        for (uint32_t j = 0; j < g->n_copies; j++) {
            const struct copy *copy = &g->copies[j];
            if (g->dual) {
                broken(c, CHECK_L1, "group %u can still be written at two sites", gi);
                break;
            }
            for (uint32_t i = 0; copy->site == g->primary && i < g->n_members; i++)
                if (copy->members[i].access != READ_WRITE || !copy->members[i].exposed) {
                    broken(c, CHECK_L1, "group %u is not served from its primary, site %u", gi,
                           g->primary);
                    break;
                }
        }
    }
}
