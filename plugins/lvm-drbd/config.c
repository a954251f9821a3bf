/*
 * How a resource is configured: `drbdadm dump-xml`, and `drbdsetup show` for what is in force. The
 * reader of the first knows just enough of XML: elements, attributes and text as drbdadm writes
 * them. A library for that would be the plugin's only other one, for a dozen element names.
 */
#include "model.h"

enum { DEPTH_MOST = 16 };

/* ---- XML ------------------------------------------------------------------------------------- */

struct tag {
    struct ld_span name, attributes, text; /* text: between this tag and the next */
    bool opens, closes;
};

/* 1: *RET is the next tag; 0: there is none; -1: it is not what drbdadm writes. */
static int
tag_next(struct ld_span *rest, struct tag *ret)
{
    struct ld_span in, before;
    if (!ld_cut(*rest, '<', &before, rest))
        return 0;
    if (!ld_cut(*rest, '>', &in, rest))
        return -1;
    *ret = (struct tag){.opens = true};
    if (ld_begins(in, "?") || ld_begins(in, "!"))
        return 1;
    if (ld_begins(in, "/")) {
        ret->opens = false;
        ret->closes = true;
        in = (struct ld_span){in.s + 1, in.n - 1};
    } else if (in.n && in.s[in.n - 1] == '/') {
        ret->closes = true;
        in.n--;
    }
    if (!ld_word(&in, &ret->name))
        return -1;
    ret->attributes = in;
    if (!ld_cut(*rest, '<', &ret->text, NULL))
        ret->text = *rest;
    return 1;
}

static bool
attribute(const struct tag *t, const char *name, struct ld_span *ret)
{
    for (struct ld_span rest = t->attributes, key, after; ld_cut(rest, '=', &key, &rest);) {
        struct ld_span word;
        if (!ld_word(&key, &word) || rest.n == 0 || *rest.s != '"')
            return false;
        rest = (struct ld_span){rest.s + 1, rest.n - 1};
        if (!ld_cut(rest, '"', ret, &after))
            return false;
        if (ld_is(word, name))
            return true;
        rest = after;
    }
    return false;
}

static enum ld_fencing
fencing_of(struct ld_span word)
{
    return ld_is(word, "dont-care")              ? LD_FENCING_NONE
           : ld_is(word, "resource-only")        ? LD_FENCING_OUTDATES
           : ld_is(word, "resource-and-stonith") ? LD_FENCING_STOPS
                                                 : LD_FENCING_UNKNOWN;
}

static void
option(struct ld_span key, struct ld_span value, struct ld_resource *r)
{
    if (ld_is(key, "protocol") && value.n == 1 && *value.s >= 'A' && *value.s <= 'C')
        r->protocol = *value.s;
    else if (ld_is(key, "fencing"))
        r->fencing = fencing_of(value);
    else if (ld_is(key, "fence-peer"))
        r->fence_peer = value;
    else if (ld_is(key, "allow-two-primaries"))
        r->two_primaries = ld_is(value, "no") ? LD_SAID_NO : LD_SAID_YES;
    else if (ld_is(key, "quorum"))
        r->quorum_used = ld_is(value, "off") ? LD_SAID_NO : LD_SAID_YES;
}

struct xml {
    struct ld_span host; /* whose volumes count */
    struct ld_span open[DEPTH_MOST];
    size_t depth;
    bool ours; /* inside of that host */
    struct ld_volume *volume;
};

static bool
xml_open(struct xml *x, const struct tag *t, struct ld_resource *r)
{
    struct ld_span value, name;
    uint64_t n;
    if (ld_is(t->name, "host")) {
        if (!attribute(t, "name", &value) || r->n_hosts == LD_HOSTS_MOST)
            return false;
        r->hosts[r->n_hosts++] = value;
        x->ours = ld_same(value, x->host);
    } else if (ld_is(t->name, "volume") && x->ours) {
        if (!attribute(t, "vnr", &value) || !ld_number(value, 10, &n) || n > UINT16_MAX ||
            r->n_volumes == LD_VOLUMES_MOST)
            return false;
        x->volume = &r->volumes[r->n_volumes++];
        *x->volume = (struct ld_volume){.number = (uint32_t)n, .done_permille = -1};
    } else if (ld_is(t->name, "device") && x->volume) {
        if (!attribute(t, "minor", &value) || !ld_number(value, 10, &n) || n > (1U << 20))
            return false;
        x->volume->minor = (uint32_t)n;
    } else if (ld_is(t->name, "disk") && x->volume) {
        x->volume->backing = t->text;
    } else if (ld_is(t->name, "option") && attribute(t, "name", &name)) {
        if (!attribute(t, "value", &value))
            value = ld_span("yes");
        option(name, value, r);
    }
    return true;
}

static bool
xml_close(struct xml *x, const struct tag *t)
{
    if (x->depth == 0 || !ld_same(x->open[x->depth - 1], t->name))
        return false;
    x->depth--;
    if (ld_is(t->name, "volume"))
        x->volume = NULL;
    else if (ld_is(t->name, "host"))
        x->ours = false;
    return true;
}

bool
ld_config_read(struct ld_span text, struct ld_span host, struct ld_resource *r)
{
    struct xml x = {.host = host};
    struct tag t;
    int more;
    r->protocol = 'C'; /* DRBD's own, when nothing is said */
    r->fencing = LD_FENCING_NONE;
    r->two_primaries = r->quorum_used = LD_SAID_NO;
    while ((more = tag_next(&text, &t)) > 0) {
        if (!t.name.n)
            continue;
        if (t.opens) {
            if (x.depth == DEPTH_MOST || !xml_open(&x, &t, r))
                return false;
            x.open[x.depth++] = t.name;
        }
        if (t.closes && !xml_close(&x, &t))
            return false;
    }
    r->configured = more == 0 && x.depth == 0 && r->n_volumes > 0;
    return r->configured;
}

/* ---- show ------------------------------------------------------------------------------------ */

/* The next token of *REST: a word, a quoted text without its quotes, or one of { } ; */
static bool
token_next(struct ld_span *rest, struct ld_span *ret)
{
    while (rest->n) {
        char c = *rest->s;
        struct ld_span all = *rest;
        if (c == '#') {
            struct ld_span comment;
            if (!ld_line(rest, &comment))
                return false;
        } else if (c == ' ' || c == '\t' || c == '\n') {
            *rest = (struct ld_span){all.s + 1, all.n - 1};
        } else if (c == '{' || c == '}' || c == ';') {
            *ret = (struct ld_span){all.s, 1};
            *rest = (struct ld_span){all.s + 1, all.n - 1};
            return true;
        } else if (c == '"') {
            return ld_cut((struct ld_span){all.s + 1, all.n - 1}, '"', ret, rest);
        } else {
            size_t n = 0;
            while (n < all.n && all.s[n] != ' ' && all.s[n] != '\t' && all.s[n] != '\n' &&
                   all.s[n] != '{' && all.s[n] != '}' && all.s[n] != ';')
                n++;
            *ret = (struct ld_span){all.s, n};
            *rest = (struct ld_span){all.s + n, all.n - n};
            return true;
        }
    }
    return false;
}

/* What is in force, where its section is there: show leaves out what has its default value. */
static void
section(struct ld_span name, struct ld_resource *r)
{
    if (ld_is(name, "net")) {
        r->protocol = 'C';
        r->two_primaries = LD_SAID_NO;
    }
}

bool
ld_show_read(struct ld_span text, struct ld_resource *r)
{
    struct ld_span token, first = {0}, second = {0};
    size_t depth = 0, sections = 0;
    while (token_next(&text, &token)) {
        if (ld_is(token, "{")) {
            section(first, r);
            depth++;
            sections++;
        } else if (ld_is(token, "}") || ld_is(token, ";")) {
            if (ld_is(token, ";") && first.n)
                option(first, second.n ? second : ld_span("yes"), r);
            if (ld_is(token, "}") && depth-- == 0)
                return false;
        } else if (!first.n) {
            first = token;
            continue;
        } else {
            second = second.n ? second : token;
            continue;
        }
        first = second = (struct ld_span){0};
    }
    return sections > 0 && depth == 0 && !first.n && text.n == 0;
}
