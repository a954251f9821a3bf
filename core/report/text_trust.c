/* Which key an endpoint shows, and whether it is the one that is trusted. */
#include "report/grid.h"

/* To be copied as it is: not wrapped. */
static void
whole_line(struct dr_page *p, const char *line)
{
    dr_str_printf(&p->out, "%s\n", line);
}

static void
endpoint(struct dr_page *p, struct json_object *e)
{
    const char *site = dr_page_text(p, e, "site"), *print = dr_page_text(p, e, "fingerprint");
    const char *type = dr_page_text(p, e, "type"), *hint = dr_page_text(p, e, "hint");
    const char *add = dr_page_text(p, e, "add"), *compare = dr_page_text(p, e, "compare");
    dr_page_say(p, 0, 2, "%s %s%s%s at %s", dr_page_known(p, e, "kind"), dr_page_name(p, e),
                site ? ", " : "", site ? site : "", dr_page_known(p, e, "url"));
    if (print)
        dr_page_say(p, 2, 2, "shows %s%s%s", type ? type : "", type ? " " : "", print);
    dr_page_say(p, 2, 2, "%s: %s", dr_page_known(p, e, "state"), dr_page_known(p, e, "text"));
    if (hint)
        dr_page_say(p, 2, 2, "%s", hint);
    if (!compare || !add)
        return;
    dr_page_say(p, 2, 2, "%s", compare);
    whole_line(p, add);
}

int
dr_text_trust(struct dr_page *p, struct json_object *doc, struct drstor_error **err)
{
    struct json_object *all = dr_json_get(doc, "endpoints");
    (void)err;
    dr_page_each(all, i, e)
    {
        dr_page_gap(p);
        endpoint(p, e);
    }
    dr_page_gap(p);
    if (dr_json_length(all) == 0)
        dr_page_say(p, 0, 2, "no array and no engine of the configuration has an address");
    else
        dr_page_say(p, 0, 0, "Whoever answers can show a key; nothing was written or trusted.");
    return DRSTOR_OK;
}
