/*
 * A lunview in memory: pairs of volumes with one copy at each site.
 *
 * From JSON: {"volumes":[{"name":"erp-1","size":N,"synchronous":true,"copies":[
 *     {"site":"milan","wwid":"3600..","serial":"..","access":"read-write","exposed_to":["rhv"],
 *      "lun":1,"content":{..}}, ...]}]}
 * What is written at one copy reaches the others at once when the volume is synchronous, else with
 * lunview_mem_replicate(). Thread-safe.
 */
#ifndef TESTS_EMULATORS_LUNVIEW_MEM_H
#define TESTS_EMULATORS_LUNVIEW_MEM_H

#include <stddef.h>

#include "lunview.h"

struct lunview_mem;

struct lunview_mem *lunview_mem_new(struct json_object *conf);
void lunview_mem_free(struct lunview_mem *m);
struct lunview *lunview_mem_view(struct lunview_mem *m);

/* -ENOENT when there is no such LUN. ACCESS is none, read-only or read-write. */
int lunview_mem_access(struct lunview_mem *m, const char *site, const char *wwid,
                       const char *access);

/* Copies the content from SITE's copies to all others. */
void lunview_mem_replicate(struct lunview_mem *m, const char *site);

/* The document on one LUN, a copy; NULL when there is none. */
struct json_object *lunview_mem_content(struct lunview_mem *m, const char *site, const char *wwid);

/* How often a volume got a writer while another site had one: must stay 0. */
size_t lunview_mem_violations(struct lunview_mem *m);

/* Writers registered at SITE now, over all LUNs. */
size_t lunview_mem_writers(struct lunview_mem *m, const char *site);

#endif
