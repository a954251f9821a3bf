#include "plugin/message.h"

#include "plugin/text.h"

#include <stdbool.h>
#include <string.h>

static const uint32_t magic = 0x6d727264; /* "drrm" */
static const uint32_t null_length = UINT32_MAX;

static size_t
string_max(enum dr_message_kind kind)
{
    return kind == DR_MESSAGE_REQUEST ? DR_MESSAGE_REQUEST_STR : DR_MESSAGE_REPLY_STR;
}

void
dr_message_clear(struct dr_message *m)
{
    if (m->bytes)
        explicit_bzero(m->bytes, m->cap);
    free(m->bytes);
    *m = (struct dr_message){0};
}

/* ---- writing --------------------------------------------------------------------------------- */

struct writer {
    struct dr_message *m;
    size_t string_max;
    const char *trouble;
};

/* Not realloc: it would leave copies of secrets behind. */
static void
put(struct writer *w, const void *bytes, size_t n)
{
    struct dr_message *m = w->m;
    if (w->trouble)
        return;
    if (n > DR_MESSAGE_MAX - m->n) {
        w->trouble = "the message is longer than 16 MiB";
        return;
    }
    if (n > m->cap - m->n) {
        size_t cap = m->cap ? m->cap : 512;
        while (cap < m->n + n)
            cap *= 2;
        unsigned char *bigger = dr_alloc0(cap, 1);
        if (m->n)
            memcpy(bigger, m->bytes, m->n);
        size_t used = m->n;
        dr_message_clear(m);
        *m = (struct dr_message){bigger, used, cap};
    }
    if (n)
        memcpy(m->bytes + m->n, bytes, n);
    m->n += n;
}

static void
put_u32(struct writer *w, uint32_t v)
{
    put(w, &v, sizeof(v));
}

static void
put_str(struct writer *w, const char *s)
{
    if (!s) {
        put_u32(w, null_length);
        return;
    }
    size_t n = strnlen(s, w->string_max + 1);
    if (n > w->string_max)
        w->trouble = "a text is too long";
    put_u32(w, (uint32_t)n);
    put(w, s, n);
}

static void put_struct(struct writer *w, const struct dr_type *type, const void *in);

static void
put_list(struct writer *w, const struct dr_field *f, const char *at, const char *in)
{
    size_t n;
    const char *list;
    memcpy(&n, in + f->n_offset, sizeof(n));
    memcpy(&list, at, sizeof(list));
    if (n > DR_MESSAGE_MAX) {
        w->trouble = "a list is too long";
        return;
    }
    put_u32(w, (uint32_t)n);
    for (size_t i = 0; i < n && !w->trouble; i++) {
        if (f->kind == DR_FIELD_LIST)
            put_struct(w, f->type, list + i * f->type->size);
        else
            put_str(w, ((const char *const *)(const void *)list)[i]);
    }
}

static void
put_field(struct writer *w, const struct dr_field *f, const char *in)
{
    const char *at = in + f->offset, *s;
    switch (f->kind) {
    case DR_FIELD_STR:
        memcpy(&s, at, sizeof(s));
        put_str(w, s);
        return;
    case DR_FIELD_I64:
    case DR_FIELD_COUNT:
    case DR_FIELD_TIME:
        put(w, at, sizeof(int64_t));
        return;
    case DR_FIELD_BOOL:
        put(w, at, sizeof(bool));
        return;
    case DR_FIELD_ENUM:
        put(w, at, sizeof(int));
        return;
    case DR_FIELD_STRUCT:
        put_struct(w, f->type, at);
        return;
    case DR_FIELD_LIST:
    case DR_FIELD_STRS:
        put_list(w, f, at, in);
        return;
    case DR_FIELD_JSON:
        break;
    }
    w->trouble = "a document cannot be sent";
}

static void
put_struct(struct writer *w, const struct dr_type *type, const void *in)
{
    for (size_t i = 0; i < type->n_fields && !w->trouble; i++)
        put_field(w, &type->fields[i], in);
}

int
dr_message_encode(enum dr_message_kind kind, const struct dr_type *type, const void *in,
                  struct dr_message *ret, struct drstor_error **err)
{
    struct dr_message m = {0};
    struct writer w = {&m, string_max(kind), NULL};
    put_u32(&w, magic);
    put_u32(&w, (uint32_t)kind);
    put_u32(&w, 0);
    put_struct(&w, type, in);
    if (w.trouble) {
        dr_message_clear(&m);
        return dr_fail(err, DRSTOR_E_INVALID, "the %s cannot be sent: %s", type->what, w.trouble);
    }
    uint32_t total = (uint32_t)m.n;
    memcpy(m.bytes + 8, &total, sizeof(total));
    *ret = m;
    return DRSTOR_OK;
}

/* ---- reading --------------------------------------------------------------------------------- */

struct reader {
    const unsigned char *at;
    size_t left;
    size_t string_max;
    struct dr_arena *arena;
    const char *trouble;
};

static const unsigned char *
take(struct reader *r, size_t n)
{
    if (r->trouble)
        return NULL;
    if (n > r->left) {
        r->trouble = "it ends too early";
        return NULL;
    }
    const unsigned char *p = r->at;
    r->at += n;
    r->left -= n;
    return p;
}

static uint32_t
take_u32(struct reader *r)
{
    uint32_t v = 0;
    const unsigned char *p = take(r, sizeof(v));
    if (p)
        memcpy(&v, p, sizeof(v));
    return v;
}

static const char *
take_str(struct reader *r)
{
    uint32_t n = take_u32(r);
    if (r->trouble || n == null_length)
        return NULL;
    if (n > r->string_max) {
        r->trouble = "a text is too long";
        return NULL;
    }
    const char *p = (const char *)take(r, n);
    if (!p)
        return NULL;
    if (memchr(p, '\0', n) || !dr_utf8_valid(p, n)) {
        r->trouble = "a text is not UTF-8";
        return NULL;
    }
    return dr_arena_strn(r->arena, p, n);
}

static void take_struct(struct reader *r, const struct dr_type *type, void *out);

/* The fewest bytes that an element of this type takes on the wire. */
static size_t
least_bytes(const struct dr_type *type)
{
    size_t n = 0;
    for (size_t i = 0; i < type->n_fields; i++)
        switch (type->fields[i].kind) {
        case DR_FIELD_STR:
        case DR_FIELD_ENUM:
        case DR_FIELD_LIST:
        case DR_FIELD_STRS:
            n += 4;
            break;
        case DR_FIELD_I64:
        case DR_FIELD_COUNT:
        case DR_FIELD_TIME:
            n += 8;
            break;
        case DR_FIELD_BOOL:
        case DR_FIELD_JSON:
            n += 1;
            break;
        case DR_FIELD_STRUCT:
            n += least_bytes(type->fields[i].type);
            break;
        }
    return n;
}

/* A count that cannot fit into what is left is a lie, found before memory is asked for. */
static void
take_list(struct reader *r, const struct dr_field *f, char *at, char *out)
{
    bool structs = f->kind == DR_FIELD_LIST;
    size_t n = take_u32(r), size = structs ? f->type->size : sizeof(char *);
    if (!r->trouble && n > r->left / (structs ? least_bytes(f->type) : 4))
        r->trouble = "a list is longer than the message";
    if (r->trouble)
        n = 0;
    char *list = n ? dr_arena_alloc(r->arena, n, size) : NULL;
    for (size_t i = 0; i < n && !r->trouble; i++) {
        if (structs)
            take_struct(r, f->type, list + i * size);
        else
            ((const char **)(void *)list)[i] = take_str(r);
    }
    memcpy(at, &list, sizeof(list));
    memcpy(out + f->n_offset, &n, sizeof(n));
}

static void
take_fixed(struct reader *r, char *at, size_t n)
{
    const unsigned char *p = take(r, n);
    if (p)
        memcpy(at, p, n);
}

static void
take_enum(struct reader *r, const struct dr_field *f, char *at)
{
    int v = (int)take_u32(r);
    if (f->names && (v < 0 || (size_t)v >= f->names->n))
        r->trouble = f->names->what;
    memcpy(at, &v, sizeof(v));
}

static void
take_bool(struct reader *r, char *at)
{
    const unsigned char *p = take(r, 1);
    if (p && *p > 1)
        r->trouble = "a yes or no is neither";
    bool v = p && *p == 1;
    memcpy(at, &v, sizeof(v));
}

static void
take_field(struct reader *r, const struct dr_field *f, char *out)
{
    char *at = out + f->offset;
    const char *s;
    switch (f->kind) {
    case DR_FIELD_STR:
        s = take_str(r);
        memcpy(at, &s, sizeof(s));
        return;
    case DR_FIELD_I64:
    case DR_FIELD_COUNT:
    case DR_FIELD_TIME:
        take_fixed(r, at, sizeof(int64_t));
        return;
    case DR_FIELD_BOOL:
        take_bool(r, at);
        return;
    case DR_FIELD_ENUM:
        take_enum(r, f, at);
        return;
    case DR_FIELD_STRUCT:
        take_struct(r, f->type, at);
        return;
    case DR_FIELD_LIST:
    case DR_FIELD_STRS:
        take_list(r, f, at, out);
        return;
    case DR_FIELD_JSON:
        break;
    }
    r->trouble = "a document cannot be sent";
}

static void
take_struct(struct reader *r, const struct dr_type *type, void *out)
{
    for (size_t i = 0; i < type->n_fields && !r->trouble; i++)
        take_field(r, &type->fields[i], out);
}

int
dr_message_decode(enum dr_message_kind kind, const struct dr_type *type, const struct dr_message *m,
                  struct dr_arena *a, void *out, struct drstor_error **err)
{
    struct reader r = {m->bytes, m->n, string_max(kind), a, NULL};
    void *whole = dr_arena_alloc(a, 1, type->size);
    if (m->n > DR_MESSAGE_MAX)
        r.trouble = "it is longer than 16 MiB";
    if (take_u32(&r) != magic && !r.trouble)
        r.trouble = "it does not begin like one";
    if (take_u32(&r) != (uint32_t)kind && !r.trouble)
        r.trouble = "it is of another kind";
    if (take_u32(&r) != m->n && !r.trouble)
        r.trouble = "its length is not the one it names";
    take_struct(&r, type, whole);
    if (!r.trouble && r.left)
        r.trouble = "something follows it";
    if (r.trouble)
        return dr_fail(err, DRSTOR_E_PROTOCOL, "a %s message is broken: %s", type->what, r.trouble);
    memcpy(out, whole, type->size);
    return DRSTOR_OK;
}
