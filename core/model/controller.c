#include "model/controller.h"

#include "base/str.h"

static const struct dr_field fields[] = {
    DR_STR(struct dr_controller, active), DR_STR(struct dr_controller, site),
    DR_CNT(struct dr_controller, term),   DR_TIME(struct dr_controller, since),
    DR_STR(struct dr_controller, before), DR_STR(struct dr_controller, before_site),
    DR_STR(struct dr_controller, by),     DR_STR(struct dr_controller, reason),
    DR_BOOL(struct dr_controller, begun),
};
DR_TYPE(dr_controller_type, struct dr_controller, "controller", fields);

bool
dr_controller_acts(const struct dr_controller *c, const char *name, bool standby)
{
    return c && c->active ? dr_streq(c->active, name) && !c->begun : !standby;
}

enum dr_mirror_word
dr_controller_hears(const struct dr_controller *c, const char *name, bool standby,
                    const struct dr_controller *sender)
{
    /* From its beginning a takeover stands: what comes from the one before would end it. */
    if (c->active && (dr_streq(c->active, name) || sender->term < c->term ||
                      (sender->term == c->term && !dr_streq(sender->active, c->active))))
        return DR_MIRROR_TAKEN_OVER;
    if (dr_streq(sender->active, name) || (!c->active && !standby))
        return DR_MIRROR_NOT_STANDBY;
    return DR_MIRROR_TAKE;
}
