/*
 * Request bodies in XML, as the trees that JSON bodies are: attributes and elements become members,
 * an element below its own plural becomes an entry of an array.
 */
#include "engine.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <expat.h>

#define DEPTH_MAX 64
#define TEXT_MAX_BYTES (1u << 20)

struct frame {
    char name[64];
    struct json_object *members; /* NULL until the first one */
    char *text;
    size_t length;
};

struct reading {
    struct frame frames[DEPTH_MAX];
    size_t depth;
    struct json_object *root;
    char root_name[64];
    bool bad;
};

/* hosts/host, cluster_mappings/registration_cluster_mapping, properties/property */
static bool
is_plural(const char *plural, const char *name)
{
    size_t p = strlen(plural);
    size_t n = strlen(name);
    if (p > 3 && n > 1 && strcmp(plural + p - 3, "ies") == 0)
        return name[n - 1] == 'y' && n >= p - 2 && strncmp(name + n - (p - 2), plural, p - 3) == 0;
    if (p < 2 || plural[p - 1] != 's')
        return false;
    return n >= p - 1 && strncmp(name + n - (p - 1), plural, p - 1) == 0;
}

static void
member_add(struct json_object *parent, const char *parent_name, const char *name,
           struct json_object *value)
{
    struct json_object *old = NULL;
    bool there = json_object_object_get_ex(parent, name, &old);
    if (!there && !is_plural(parent_name, name)) {
        js_add(parent, name, value);
        return;
    }
    if (!there || !json_object_is_type(old, json_type_array)) {
        struct json_object *array = json_object_new_array();
        if (there)
            json_object_array_add(array, json_object_get(old));
        js_add(parent, name, array);
        old = array;
    }
    json_object_array_add(old, value);
}

static void
on_start(void *cls, const XML_Char *name, const XML_Char **attributes)
{
    struct reading *r = cls;
    if (r->bad || r->depth == DEPTH_MAX || strlen(name) >= sizeof(r->frames[0].name)) {
        r->bad = true;
        return;
    }
    struct frame *f = &r->frames[r->depth++];
    memset(f, 0, sizeof(*f));
    EMU_SET(f->name, name);
    if (r->depth == 1)
        f->members = json_object_new_object();
    for (size_t i = 0; attributes[i]; i += 2) {
        if (!f->members)
            f->members = json_object_new_object();
        js_add_str(f->members, attributes[i], attributes[i + 1]);
    }
}

static void
on_text(void *cls, const XML_Char *text, int length)
{
    struct reading *r = cls;
    if (r->bad || r->depth == 0)
        return;
    struct frame *f = &r->frames[r->depth - 1];
    size_t n = (size_t)length;
    char *more = f->length + n < TEXT_MAX_BYTES ? realloc(f->text, f->length + n + 1) : NULL;
    if (!more) {
        r->bad = true;
        return;
    }
    memcpy(more + f->length, text, n);
    f->text = more;
    f->length += n;
    f->text[f->length] = '\0';
}

static struct json_object *
frame_text(struct frame *f)
{
    const char *s = f->text ? f->text : "";
    while (isspace((unsigned char)*s))
        s++;
    size_t n = strlen(s);
    while (n > 0 && isspace((unsigned char)s[n - 1]))
        n--;
    return json_object_new_string_len(s, (int)n);
}

static void
on_end(void *cls, const XML_Char *name)
{
    struct reading *r = cls;
    (void)name;
    if (r->bad)
        return;
    struct frame *f = &r->frames[--r->depth];
    struct json_object *value = f->members ? f->members : frame_text(f);
    free(f->text);
    f->text = NULL;
    f->members = NULL;
    if (r->depth == 0) {
        r->root = value;
        EMU_SET(r->root_name, f->name);
        return;
    }
    struct frame *parent = &r->frames[r->depth - 1];
    if (!parent->members)
        parent->members = json_object_new_object();
    member_add(parent->members, parent->name, f->name, value);
}

/* No document type: nothing that expands, nothing from outside. */
static void
on_doctype(void *cls, const XML_Char *name, const XML_Char *system, const XML_Char *public,
           int internal)
{
    struct reading *r = cls;
    (void)name;
    (void)system;
    (void)public;
    (void)internal;
    r->bad = true;
}

struct json_object *
xml_read(const char *text, size_t length, char *ret_root, size_t size)
{
    struct reading *r = emu_alloc(sizeof(*r));
    XML_Parser p = XML_ParserCreate("UTF-8");
    if (!p)
        abort();
    XML_SetUserData(p, r);
    XML_SetElementHandler(p, on_start, on_end);
    XML_SetCharacterDataHandler(p, on_text);
    XML_SetStartDoctypeDeclHandler(p, on_doctype);
    bool good = XML_Parse(p, text, (int)length, 1) == XML_STATUS_OK && !r->bad;
    XML_ParserFree(p);
    for (size_t i = 0; i < DEPTH_MAX && i < r->depth; i++) {
        json_object_put(r->frames[i].members);
        free(r->frames[i].text);
    }
    struct json_object *root = good ? r->root : NULL;
    if (!good)
        json_object_put(r->root);
    emu_copy(ret_root, size, r->root_name);
    free(r);
    return root;
}
