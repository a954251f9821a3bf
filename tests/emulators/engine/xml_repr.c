/*
 * The XML representation: an element for each member, attributes for id, href and rel, dates as
 * ISO-8601. An array repeats its element; keys that begin with '_' are the engine's own.
 */
#include "engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"

static bool
is_attribute(const char *key)
{
    return emu_same(key, "id") || emu_same(key, "href") || emu_same(key, "rel");
}

/* What XML 1.0 cannot hold, not even escaped, is left out. */
static void
escaped_write(FILE *f, const char *text)
{
    for (const char *s = text ? text : ""; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '&')
            fputs("&amp;", f);
        else if (c == '<')
            fputs("&lt;", f);
        else if (c == '>')
            fputs("&gt;", f);
        else if (c == '"')
            fputs("&quot;", f);
        else if (c >= 0x20 || c == '\n' || c == '\t')
            fputc(c, f);
    }
}

static void
date_write(FILE *f, int64_t epoch_ms)
{
    char text[32];
    time_t seconds = (time_t)(epoch_ms / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
    fprintf(f, "%s.%03dZ", text, (int)(epoch_ms % 1000));
}

static void
indent_write(FILE *f, int depth)
{
    for (int i = 0; i < depth; i++)
        fputs("    ", f);
}

static void element_write(FILE *f, const char *name, struct json_object *v, int depth);

static void
object_write(FILE *f, const char *name, struct json_object *o, int depth)
{
    bool empty = true;
    indent_write(f, depth);
    fprintf(f, "<%s", name);
    json_object_object_foreach(o, key, member)
    {
        if (key[0] == '_' || !member)
            continue;
        if (!is_attribute(key)) {
            empty = false;
            continue;
        }
        fprintf(f, " %s=\"", key);
        escaped_write(f, json_object_get_string(member));
        fputc('"', f);
    }
    if (empty) {
        fputs("/>\n", f);
        return;
    }
    fputs(">\n", f);
    json_object_object_foreach(o, child, value)
    {
        if (child[0] != '_' && value && !is_attribute(child))
            element_write(f, child, value, depth + 1);
    }
    indent_write(f, depth);
    fprintf(f, "</%s>\n", name);
}

static void
element_write(FILE *f, const char *name, struct json_object *v, int depth)
{
    if (json_object_is_type(v, json_type_array)) {
        for (size_t i = 0; i < js_len(v); i++)
            element_write(f, name, js_at(v, i), depth);
        return;
    }
    if (json_object_is_type(v, json_type_object)) {
        object_write(f, name, v, depth);
        return;
    }
    indent_write(f, depth);
    fprintf(f, "<%s>", name);
    if (json_object_is_type(v, json_type_int) && repr_is_date(name))
        date_write(f, json_object_get_int64(v));
    else
        escaped_write(f, json_object_get_string(v));
    fprintf(f, "</%s>\n", name);
}

char *
xml_repr(const struct emu_answer *a)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    if (!f)
        abort();
    fputs(HEAD, f);
    if (a->kind != ANSWER_LIST) {
        element_write(f, a->type, a->tree, 0);
    } else if (js_len(a->tree) == 0) {
        fprintf(f, "<%s/>\n", a->plural);
    } else {
        fprintf(f, "<%s>\n", a->plural);
        element_write(f, a->type, a->tree, 1);
        fprintf(f, "</%s>\n", a->plural);
    }
    if (fclose(f) != 0)
        abort();
    return text;
}
