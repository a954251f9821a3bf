/* What copies hold: documents, points, and the tree of writes they are points of. */
#include "state.h"

#include <stdlib.h>
#include <string.h>

struct sim_doc *
sim_doc_new(const char *text)
{
    size_t n = strlen(text);
    if (n > UINT32_MAX - 1)
        return NULL;
    struct sim_doc *doc = malloc(sizeof(*doc) + n + 1);
    if (!doc)
        return NULL;
    doc->refs = 1;
    doc->length = (uint32_t)n;
    memcpy(doc->text, text, n + 1);
    return doc;
}

struct sim_doc *
sim_doc_ref(struct sim_doc *doc)
{
    if (doc)
        doc->refs++;
    return doc;
}

void
sim_doc_unref(struct sim_doc *doc)
{
    if (doc && --doc->refs == 0)
        free(doc);
}

void
sim_point_set(struct sim_point *to, const struct sim_point *from)
{
    struct sim_doc *doc = sim_doc_ref(from->doc);
    sim_doc_unref(to->doc);
    *to = *from;
    to->doc = doc;
}

void
sim_point_clear(struct sim_point *p)
{
    sim_doc_unref(p->doc);
    memset(p, 0, sizeof(*p));
}

bool
sim_segments_init(struct sim_segments *s)
{
    s->v = calloc(2, sizeof(*s->v));
    if (!s->v)
        return false;
    s->n = 1;
    s->size = 2;
    return true;
}

uint64_t
sim_common(const struct sim_segments *s, const struct sim_point *a, const struct sim_point *b,
           uint32_t *ret_segment)
{
    uint32_t sa = a->segment, sb = b->segment;
    uint64_t ca = a->count, cb = b->count;

    /* A child always has a higher number than its parent. */
    while (sa != sb) {
        if (sa > sb) {
            ca = s->v[sa].fork;
            sa = s->v[sa].parent;
        } else {
            cb = s->v[sb].fork;
            sb = s->v[sb].parent;
        }
    }
    if (ret_segment)
        *ret_segment = sa;
    return ca < cb ? ca : cb;
}

bool
sim_contains(const struct sim_segments *s, const struct sim_point *a, const struct sim_point *b)
{
    return sim_common(s, a, b, NULL) == b->count;
}

bool
sim_equal(const struct sim_point *a, const struct sim_point *b)
{
    return a->segment == b->segment && a->count == b->count;
}

bool
sim_write_on(struct sim_segments *s, struct sim_point *p, uint32_t owner, uint64_t n,
             uint64_t now_ns)
{
    struct sim_segment *tip = &s->v[p->segment];
    if (tip->owner != owner || tip->length != p->count) {
        struct sim_segment *v = sim_grow(s->v, s->n, &s->size, sizeof(*s->v));
        if (!v)
            return false;
        s->v = v;
        s->v[s->n] = (struct sim_segment){.parent = p->segment,
                                          .owner = owner,
                                          .fork = p->count,
                                          .length = p->count,
                                          .given_up = p->count};
        p->segment = (uint32_t)s->n++;
        tip = &s->v[p->segment];
    }
    p->count += n;
    tip->length = p->count;
    p->written_ns = now_ns;
    return true;
}

void
sim_give_up(struct sim_segments *s, const struct sim_point *p, uint64_t after)
{
    uint32_t i = p->segment;
    uint64_t upto = p->count;

    while (upto > after) {
        if (s->v[i].given_up < upto)
            s->v[i].given_up = upto;
        upto = s->v[i].fork;
        if (i == 0)
            break;
        i = s->v[i].parent;
    }
}

uint64_t
sim_not_given_up(const struct sim_segments *s, const struct sim_point *p, uint64_t after)
{
    uint32_t i = p->segment;
    uint64_t upto = p->count, n = 0;

    while (upto > after) {
        uint64_t from = s->v[i].fork > after ? s->v[i].fork : after;
        if (s->v[i].given_up > from)
            from = s->v[i].given_up;
        if (upto > from)
            n += upto - from;
        upto = s->v[i].fork;
        if (i == 0)
            break;
        i = s->v[i].parent;
    }
    return n;
}
