/*
 * Cases in files: NAME.json says what is known and asked, NAME.txt what comes out of it, for a
 * person to review. DRSTOR_GOLDEN_UPDATE=1 writes the texts anew; their diff is the review.
 *
 * A case has "base" (another file of its folder), "patch" (a JSON merge patch, RFC 7386, over the
 * base) and whatever else overrides the base's members. So that a patch can name one element, lists
 * of things may be written as objects: "copies": { "erp@milan": { ... } }. Their keys are only
 * names, the order is the one of the file.
 */
#ifndef DR_TEST_GOLDEN_H
#define DR_TEST_GOLDEN_H

#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "model/model.h"

/* "plan", "stage", "leave": a folder. Every NAME.json in it but bases ("base-*.json"), sorted. */
size_t golden_names(const char *folder, char ***ret);
void golden_names_free(char **names, size_t n);

/* The case with its base and patches applied, lists as lists. Fails the test when it cannot be. */
struct json_object *golden_case(const char *folder, const char *name);
/* Reads MEMBER of CASE (NULL: an absent one is an empty object) as TYPE, strictly. */
void golden_read(struct json_object *test, const char *member, struct dr_arena *a,
                 const struct dr_type *type, void *out);
/* A list of TYPE. */
size_t golden_read_list(struct json_object *test, const char *member, struct dr_arena *a,
                        const struct dr_type *type, void **ret);
/* The configuration a case names in "config". */
struct dr_model *golden_config(const char *folder, struct json_object *test);

/* True when TEXT is what NAME.txt has; otherwise shows how it differs. Rewrites it when asked to.
 */
bool golden_same(const char *folder, const char *name, const char *text);

/* What comes out of a case, as text; the caller frees. */
char *golden_plan_text(struct json_object *test);
char *golden_stage_text(struct json_object *test);
char *golden_leave_text(struct json_object *test);
char *golden_map_text(struct json_object *test);
char *golden_check_text(struct json_object *test);

#endif
