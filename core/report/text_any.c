/* Documents without a form of their own, member by member. */
#include "report/page.h"

#include "report/cells.h"

#include <string.h>

enum { DEEPEST = 8 };

static void write_value(struct dr_page *p, const char *name, struct json_object *v, unsigned depth);

static bool
flat(struct dr_page *p, struct json_object *list)
{
    dr_page_each(list, i, e)
    {
        if (!dr_page_value(p, e))
            return false;
    }
    return true;
}

static const char *
label(struct dr_page *p, const char *key)
{
    char *s = dr_arena_str(p->arena, dr_cells_clean(p->arena, key));
    for (char *c = s; *c; c++)
        if (*c == '_')
            *c = ' ';
    return s;
}

static void
write_members(struct dr_page *p, struct json_object *o, unsigned depth)
{
    json_object_object_foreach(o, key, v)
    {
        if (depth || strcmp(key, "api") != 0)
            write_value(p, label(p, key), v, depth);
    }
}

/* A time is one of ours, and not a text that looks like one, when it parses as one. */
static const char *
scalar(struct dr_page *p, struct json_object *v)
{
    dr_auto(dr_json_putp) struct json_object *o = json_object_new_object();
    dr_json_set(o, "v", json_object_get(v));
    return json_object_is_type(v, json_type_string) ? dr_page_time(p, o, "v") : dr_page_value(p, v);
}

static void
write_value(struct dr_page *p, const char *name, struct json_object *v, unsigned depth)
{
    unsigned indent = depth * 2;
    if (json_object_is_type(v, json_type_array) && flat(p, v)) {
        const char *list = dr_page_list(p, v, 0);
        dr_page_say(p, indent, 4, "%s: %s", name, *list ? list : "none");
    } else if (json_object_is_type(v, json_type_array) && depth < DEEPEST) {
        dr_page_say(p, indent, 2, "%s:", name);
        dr_page_each(v, i, e)
        {
            const char *s = dr_page_value(p, e);
            if (s)
                dr_page_say(p, indent + 2, 2, "%s", s);
            else
                write_value(p, dr_page_name(p, e), e, depth + 1);
        }
    } else if (json_object_is_type(v, json_type_object) && depth < DEEPEST) {
        dr_page_say(p, indent, 2, "%s:", name);
        write_members(p, v, depth + 1);
    } else {
        const char *s = v ? scalar(p, v) : NULL;
        dr_page_say(p, indent, 4, "%s: %s", name, s ? s : v ? "..." : "unknown");
    }
}

int
dr_text_any(struct dr_page *p, struct json_object *doc, struct drstor_error **err)
{
    (void)err;
    if (json_object_is_type(doc, json_type_object))
        write_members(p, doc, 0);
    else
        write_value(p, "value", doc, 0);
    return DRSTOR_OK;
}

int
dr_text_explain(struct dr_page *p, struct json_object *doc, struct drstor_error **err)
{
    (void)err;
    const char *why = dr_page_text(p, doc, "why"), *remedy = dr_page_text(p, doc, "remedy");
    dr_page_say(p, 0, 2, "%s: %s", dr_page_known(p, doc, "id"), dr_page_known(p, doc, "title"));
    if (why) {
        dr_page_gap(p);
        dr_page_say(p, 0, 0, "%s", why);
    }
    if (remedy) {
        dr_page_gap(p);
        dr_page_say(p, 0, 0, "What to do: %s", remedy);
    }
    return DRSTOR_OK;
}
