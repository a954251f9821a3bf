/* What an engine has, read in few calls, side by side where one does not need another. */
#ifndef DR_RHV_INVENTORY_H
#define DR_RHV_INVENTORY_H

#include "base/arena.h"
#include "model/inventory.h"
#include "rhv/session.h"

struct dr_rhv_inventory_options {
    /*
     * Also what active data domains offer for registration: offered_* and offers_read. Two calls
     * per domain; OFFERS_OF limits it to some (NULL: all that are active).
     */
    bool offers;
    const char *const *offers_of;
    size_t n_offers_of;
    /*
     * For polling: reads only what moves (data centers' and hosts' status, domains, VMs, offers)
     * and takes the rest from an earlier inventory of the same engine: clusters, profiles,
     * templates, version, what was discovered, and which domains hold a VM's disks. A VM that is
     * new since then has n_domains 0.
     */
    const struct dr_inventory *light;
    /*
     * With LIGHT: reads the VMs and nothing else, in one call; all other lists are those of LIGHT,
     * which was read not long ago.
     */
    bool vms_only;
    /* Offers of domains that are in its offers_read are taken from there instead of read. */
    const struct dr_inventory *offers_from;
    /*
     * For checks: also what inventory.h calls detailed, in one more call per cluster and up host,
     * and a list of VMs with their NICs and disks. What an engine does not have or does not show
     * to this user is named in `unread`. Not together with LIGHT.
     */
    bool detailed;
    /* Also the NICs and direct LUNs of VMs, as a detailed reading has them; with LIGHT, too. */
    bool parts;
    unsigned parallel; /* 8 */
};

/*
 * Fills *RET, all of it in arena A, which nobody else may use meanwhile. All or nothing: when one
 * part cannot be read, there is no inventory, and ERR names the part. OPTIONS may be NULL. NOTFOUND
 * means that a domain went away meanwhile: read again.
 *
 * Offers are read before VMs, so a VM that is registered meanwhile shows as both.
 *
 * cluster of a VM, and of an offer where told, is a name; cluster of a host, dc of a cluster and of
 * a domain are ids; network of a profile is a name. The domain of a hosted engine has the type
 * "hosted_engine". WWIDs are those of block domains, as the engine's hosts see them.
 */
int dr_rhv_inventory(struct dr_rhv *r, const struct dr_rhv_how *how,
                     const struct dr_rhv_inventory_options *options, struct dr_arena *a,
                     struct dr_inventory *ret, struct drstor_error **err);

#endif
