/* The usual house: milan, where three groups are served, and rome. */
#ifndef TESTS_SUPPORT_HOUSE_SITE_H
#define TESTS_SUPPORT_HOUSE_SITE_H

#include "support/house.h"

struct house_site_how {
    bool engines;       /* one each: four VMs run at milan; with legs, two more */
    bool down;          /* none of them runs */
    bool power;         /* two hosts at milan, which its engine can switch off and on */
    bool hosts;         /* an engine each, with a host and no VM: what writes is not its VMs */
    bool legs;          /* two active-active groups, too: mes and lab */
    bool legs_shown;    /* and nobody shows or hides them: no "expose" */
    bool bare_target;   /* with engines: there is none at rome */
    bool probes;        /* each site has one beside its array and its engine: SITE:22 */
    const char *safety; /* of the configuration; NULL: assert_min alone, 20 s */
    bool quiet;         /* without engines: nobody writes to the volumes */
    bool source_drives; /* transfers are run by the array of their source */
    /* "fence: none": arrays obey calls of an older epoch or token, and count them */
    bool unfenced;
    /* VMs dev1, dev2 and dev3 run at rome, on a volume that no group is on, and there is no room
     * for ours beside all of them */
    bool own;
    const char *rhv; /* more lines under rhv:, indented by two; NULL: none */
};

/* Groups erp (async, two volumes), db (sync, stops when alone), web (sync); mes (active-active,
 * milan preferred, no arbiter), lab (active-active, rome preferred). */
bool house_site_make(struct house_plan *p, const struct house_site_how *how);

/* Hosts of SITE begin to write whatever they see, or stop. The world is entered. */
void house_site_write(struct sim_world *w, const char *site, bool write);

/* Every group writable and seen by its hosts at SITE, steady in the record at EPOCH, and nothing
 * that should never happen has happened; otherwise says what is not so. */
bool house_site_served(struct house *h, const struct dr_model *m, const char *site, int64_t epoch);
/* The same but for what should never happen: of that no more than BEFORE. */
bool house_site_served_since(struct house *h, const struct dr_model *m, const char *site,
                             int64_t epoch, uint64_t before);
/* How many VMs run at one site and not at the other, of *RET_ALL that are known at either. One that
 * an engine says to have started twice runs twice. */
size_t house_site_vms_once(struct house *h, size_t *ret_all);
/* VMs that run at SITE. */
size_t house_site_vms(struct house *h, const char *site);

#endif
