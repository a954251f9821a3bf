/*
 * One YAML document as a tree that knows where everything stands. Bounded: 1 MiB, 16 levels, 100
 * 000 nodes with aliases counted as often as they are used. Stricter than YAML: keys are plain
 * words and unique, one document per file, no merge keys, no tags of other programs.
 */
#ifndef DR_CONFIG_YAML_H
#define DR_CONFIG_YAML_H

#include "base/arena.h"
#include "config/problem.h"
#include "model/model.h"

#include <stdbool.h>

#define DR_YAML_BYTES_MAX ((size_t)1 << 20)
#define DR_YAML_DEPTH_MAX 16u
#define DR_YAML_NODES_MAX ((size_t)100000)
#define DR_YAML_ANCHORS_MAX ((size_t)1000)

enum dr_yaml_kind { DR_YAML_UNKNOWN = 0, DR_YAML_SCALAR, DR_YAML_LIST, DR_YAML_MAP };

struct dr_yaml_pair {
    const char *key;
    struct dr_place place; /* of the key */
    const struct dr_yaml *value;
};

struct dr_yaml {
    enum dr_yaml_kind kind;
    struct dr_place place;

    const char *text; /* SCALAR: as written, without quotes; never contains NUL bytes */
    bool null;        /* SCALAR: nothing, "~" or "null", without quotes */

    const struct dr_yaml **items; /* LIST */
    size_t n_items;

    struct dr_yaml_pair *pairs; /* MAP */
    size_t n_pairs;

    size_t weight;   /* nodes in this tree, aliases expanded */
    unsigned height; /* levels in this tree, 1 for a scalar */
};

/*
 * The tree lives in A; NAME is copied. NULL when there is no tree, with the reason in P. Duplicate
 * keys are problems too, but leave a tree that can be read further (the first one counts).
 */
const struct dr_yaml *dr_yaml_parse(struct dr_arena *a, const char *text, size_t n,
                                    const char *name, struct dr_problems *p);

/* NULL when absent or when MAP is no map. */
const struct dr_yaml *dr_yaml_get(const struct dr_yaml *map, const char *key);

/* "a list", "a map", "text" or "nothing", for messages. */
const char *dr_yaml_kind_text(const struct dr_yaml *node);

#endif
