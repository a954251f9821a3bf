#include "config/yaml.h"

#include "base/str.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct anchor {
    const char *name;
    const struct dr_yaml *node; /* NULL while it is being read: an alias to it would never end */
};

struct yaml_reader {
    yaml_parser_t parser;
    struct dr_arena *arena;
    struct dr_problems *problems;
    const char *file;
    const char *text;
    size_t n;
    struct anchor *anchors;
    size_t n_anchors;
    size_t n_nodes;
};

static struct dr_place
yaml_place(const struct yaml_reader *r, const yaml_mark_t *mark)
{
    return (struct dr_place){r->file, (unsigned)mark->line + 1, (unsigned)mark->column + 1};
}

/* Does the line start with a tab among its blanks? libyaml's own words do not say so. */
static bool
yaml_line_has_tab(const struct yaml_reader *r, size_t line)
{
    const char *at = r->text, *end = r->text + r->n;
    for (; line && at; line--) {
        at = memchr(at, '\n', (size_t)(end - at));
        at = at ? at + 1 : NULL;
    }
    for (; at && at < end && (*at == ' ' || *at == '\t'); at++)
        if (*at == '\t')
            return true;
    return false;
}

static void
yaml_libyaml_problem(struct yaml_reader *r)
{
    const yaml_parser_t *y = &r->parser;
    const char *what = y->problem ? y->problem : "this is not YAML";
    if (y->error == YAML_READER_ERROR) {
        struct dr_place place = {r->file, 1, 1};
        for (size_t i = 0; i < y->problem_offset && i < r->n; i++) {
            place.column++;
            if (r->text[i] == '\n') {
                place.line++;
                place.column = 1;
            }
        }
        dr_problems_add(r->problems, &place, "the file must be UTF-8 text", "%s", what);
        return;
    }
    struct dr_place place = yaml_place(r, &y->problem_mark);
    const char *hint =
        yaml_line_has_tab(r, y->problem_mark.line) ? "indent with spaces, not with tabs" : NULL;
    if (y->context)
        dr_problems_add(r->problems, &place, hint, "%s (%s at line %zu)", what, y->context,
                        y->context_mark.line + 1);
    else
        dr_problems_add(r->problems, &place, hint, "%s", what);
}

static bool
yaml_next(struct yaml_reader *r, yaml_event_t *event)
{
    if (yaml_parser_parse(&r->parser, event))
        return true;
    yaml_libyaml_problem(r);
    *event = (yaml_event_t){0};
    return false;
}

static bool
yaml_count(struct yaml_reader *r, size_t n, const struct dr_place *place)
{
    r->n_nodes += n;
    if (r->n_nodes <= DR_YAML_NODES_MAX)
        return true;
    dr_problems_add(r->problems, place, NULL,
                    "the file holds more than %zu values (aliases count as often as they are used)",
                    DR_YAML_NODES_MAX);
    return false;
}

static bool
yaml_deep(struct yaml_reader *r, unsigned depth, const struct dr_place *place)
{
    if (depth <= DR_YAML_DEPTH_MAX)
        return false;
    dr_problems_add(r->problems, place, NULL, "nested more than %u levels deep", DR_YAML_DEPTH_MAX);
    return true;
}

static bool
yaml_tag_is_foreign(struct yaml_reader *r, const yaml_char_t *tag, const struct dr_place *place)
{
    static const char ours[] = "tag:yaml.org,2002:";
    const char *t = (const char *)tag;
    if (!t || dr_streq(t, "!") || strncmp(t, ours, sizeof(ours) - 1) == 0)
        return false;
    dr_problems_add(r->problems, place,
                    dr_streq(t, "!vault")
                        ? "write the secret into a file of mode 0600 and name it: { file: ... }"
                        : "write the value without it",
                    "the tag %s is not supported", dr_problems_word(r->problems, t));
    return true;
}

static struct dr_yaml *
yaml_new(struct yaml_reader *r, enum dr_yaml_kind kind, const struct dr_place *place)
{
    struct dr_yaml *node = dr_arena_new0(r->arena, struct dr_yaml);
    node->kind = kind;
    node->place = *place;
    node->weight = 1;
    node->height = 1;
    return node;
}

static void
yaml_adopt(struct dr_yaml *parent, const struct dr_yaml *child)
{
    parent->weight += child->weight;
    if (child->height + 1 > parent->height)
        parent->height = child->height + 1;
}

/* Registers the anchor before its node is read. SIZE_MAX: no anchor; false: too many. */
static bool
yaml_anchor(struct yaml_reader *r, const yaml_char_t *name, const struct dr_place *place,
            size_t *ret_index)
{
    *ret_index = SIZE_MAX;
    if (!name)
        return true;
    if (r->n_anchors >= DR_YAML_ANCHORS_MAX) {
        dr_problems_add(r->problems, place, NULL, "more than %zu anchors", DR_YAML_ANCHORS_MAX);
        return false;
    }
    *ret_index = r->n_anchors;
    dr_arena_push(r->arena, r->anchors, r->n_anchors) =
        (struct anchor){dr_arena_str(r->arena, (const char *)name), NULL};
    return true;
}

static const struct dr_yaml *
yaml_alias(struct yaml_reader *r, const yaml_event_t *event, unsigned depth)
{
    struct dr_place place = yaml_place(r, &event->start_mark);
    const char *name = (const char *)event->data.alias.anchor;
    for (size_t i = r->n_anchors; i-- > 0;) {
        if (!dr_streq(r->anchors[i].name, name))
            continue;
        const struct dr_yaml *node = r->anchors[i].node;
        if (!node) {
            dr_problems_add(r->problems, &place, NULL,
                            "the alias *%s is part of what it stands for",
                            dr_problems_word(r->problems, name));
            return NULL;
        }
        if (!yaml_count(r, node->weight, &place) || yaml_deep(r, depth + node->height - 1, &place))
            return NULL;
        return node;
    }
    dr_problems_add(r->problems, &place, NULL,
                    "the alias *%s stands for nothing: no anchor &%s before it",
                    dr_problems_word(r->problems, name), dr_problems_word(r->problems, name));
    return NULL;
}

static const struct dr_yaml *
yaml_scalar(struct yaml_reader *r, const yaml_event_t *event, const struct dr_place *place)
{
    const char *text = (const char *)event->data.scalar.value;
    size_t n = event->data.scalar.length;
    if (memchr(text, '\0', n)) {
        dr_problems_add(r->problems, place, NULL, "text with a NUL character in it");
        return NULL;
    }
    struct dr_yaml *node = yaml_new(r, DR_YAML_SCALAR, place);
    node->text = dr_arena_strn(r->arena, text, n);
    node->null = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
                 (n == 0 || dr_streq(node->text, "~") || dr_streq(node->text, "null"));
    return node;
}

static const struct dr_yaml *yaml_node(struct yaml_reader *r, const yaml_event_t *event,
                                       unsigned depth);

static const struct dr_yaml *
yaml_list(struct yaml_reader *r, struct dr_yaml *list, unsigned depth)
{
    for (;;) {
        dr_auto(yaml_event_delete) yaml_event_t event;
        if (!yaml_next(r, &event))
            return NULL;
        if (event.type == YAML_SEQUENCE_END_EVENT)
            return list;
        const struct dr_yaml *item = yaml_node(r, &event, depth + 1);
        if (!item)
            return NULL;
        dr_arena_push(r->arena, list->items, list->n_items) = item;
        yaml_adopt(list, item);
    }
}

static int
pair_order(const void *va, const void *vb)
{
    const struct dr_yaml_pair *const *a = va, *const *b = vb;
    int by_key = strcmp((*a)->key, (*b)->key);
    return by_key ? by_key : *a < *b ? -1 : *a > *b;
}

/* Sorted, so that a file made to hurt (one map of 50 000 keys) costs no more than another. */
static void
yaml_refuse_twins(struct yaml_reader *r, struct dr_yaml *map)
{
    if (map->n_pairs < 2)
        return;
    dr_auto(dr_freep) struct dr_yaml_pair **sorted = dr_alloc0(map->n_pairs, sizeof(sorted[0]));
    for (size_t i = 0; i < map->n_pairs; i++)
        sorted[i] = &map->pairs[i];
    qsort(sorted, map->n_pairs, sizeof(sorted[0]), pair_order);
    size_t first = 0;
    for (size_t i = 1; i < map->n_pairs; i++) {
        if (strcmp(sorted[first]->key, sorted[i]->key) != 0) {
            first = i;
            continue;
        }
        dr_problems_add(r->problems, &sorted[i]->place, NULL,
                        "key \"%s\" is given twice, first at %u:%u",
                        dr_problems_word(r->problems, sorted[i]->key), sorted[first]->place.line,
                        sorted[first]->place.column);
        sorted[i]->value = NULL;
    }
    /* Only the first stays, or the second would be told again as something else. */
    size_t kept = 0;
    for (size_t i = 0; i < map->n_pairs; i++)
        if (map->pairs[i].value)
            map->pairs[kept++] = map->pairs[i];
    map->n_pairs = kept;
}

static bool
yaml_key(struct yaml_reader *r, const yaml_event_t *event, struct dr_yaml_pair *pair)
{
    pair->place = yaml_place(r, &event->start_mark);
    if (event->type == YAML_MAPPING_START_EVENT &&
        event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE) {
        dr_problems_add(r->problems, &pair->place, "write the value itself",
                        "\"{{\" begins a Jinja template, and those are not evaluated here");
        return false;
    }
    if (event->type != YAML_SCALAR_EVENT) {
        dr_problems_add(r->problems, &pair->place, NULL, "a key must be a word");
        return false;
    }
    const struct dr_yaml *key = yaml_scalar(r, event, &pair->place);
    if (!key)
        return false;
    pair->key = key->text;
    if (dr_streq(key->text, "<<") && event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE) {
        dr_problems_add(r->problems, &pair->place, "write the keys out",
                        "merge keys (<<) are not supported");
        return false;
    }
    return yaml_count(r, 1, &pair->place);
}

static const struct dr_yaml *
yaml_map(struct yaml_reader *r, struct dr_yaml *map, unsigned depth)
{
    for (;;) {
        dr_auto(yaml_event_delete) yaml_event_t key = {0};
        dr_auto(yaml_event_delete) yaml_event_t value = {0};
        if (!yaml_next(r, &key))
            return NULL;
        if (key.type == YAML_MAPPING_END_EVENT) {
            yaml_refuse_twins(r, map);
            return map;
        }
        struct dr_yaml_pair pair;
        if (!yaml_key(r, &key, &pair) || !yaml_next(r, &value))
            return NULL;
        pair.value = yaml_node(r, &value, depth + 1);
        if (!pair.value)
            return NULL;
        dr_arena_push(r->arena, map->pairs, map->n_pairs) = pair;
        map->weight++;
        yaml_adopt(map, pair.value);
    }
}

static const struct dr_yaml *
yaml_node(struct yaml_reader *r, const yaml_event_t *event, unsigned depth)
{
    struct dr_place place = yaml_place(r, &event->start_mark);
    if (yaml_deep(r, depth, &place))
        return NULL;
    if (event->type == YAML_ALIAS_EVENT)
        return yaml_alias(r, event, depth);

    enum dr_yaml_kind kind = DR_YAML_UNKNOWN;
    const yaml_char_t *anchor = NULL, *tag = NULL;
    if (event->type == YAML_SCALAR_EVENT) {
        kind = DR_YAML_SCALAR;
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        kind = DR_YAML_LIST;
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
    } else if (event->type == YAML_MAPPING_START_EVENT) {
        kind = DR_YAML_MAP;
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
    }
    size_t index;
    if (yaml_tag_is_foreign(r, tag, &place) || !yaml_count(r, 1, &place) ||
        !yaml_anchor(r, anchor, &place, &index))
        return NULL;

    const struct dr_yaml *node = NULL;
    if (kind == DR_YAML_SCALAR)
        node = yaml_scalar(r, event, &place);
    else if (kind == DR_YAML_LIST)
        node = yaml_list(r, yaml_new(r, kind, &place), depth);
    else if (kind == DR_YAML_MAP)
        node = yaml_map(r, yaml_new(r, kind, &place), depth);
    else
        dr_problems_add(r->problems, &place, NULL, "a value was expected here");
    if (node && index != SIZE_MAX)
        r->anchors[index].node = node;
    return node;
}

/* Stream start, document start, the tree, document end, stream end: nothing else. */
static const struct dr_yaml *
yaml_document(struct yaml_reader *r)
{
    dr_auto(yaml_event_delete) yaml_event_t stream = {0};
    dr_auto(yaml_event_delete) yaml_event_t start = {0};
    dr_auto(yaml_event_delete) yaml_event_t root = {0};
    dr_auto(yaml_event_delete) yaml_event_t end = {0};
    dr_auto(yaml_event_delete) yaml_event_t after = {0};
    if (!yaml_next(r, &stream) || !yaml_next(r, &start))
        return NULL;
    if (start.type == YAML_STREAM_END_EVENT) {
        dr_problems_add(r->problems, &(struct dr_place){r->file, 0, 0}, NULL, "the file is empty");
        return NULL;
    }
    if (!yaml_next(r, &root))
        return NULL;
    const struct dr_yaml *node = yaml_node(r, &root, 1);
    if (!node || !yaml_next(r, &end) || !yaml_next(r, &after))
        return NULL;
    if (after.type != YAML_STREAM_END_EVENT) {
        struct dr_place place = yaml_place(r, &after.start_mark);
        dr_problems_add(r->problems, &place, NULL,
                        "a second document begins here; only one is read");
        return NULL;
    }
    return node;
}

const struct dr_yaml *
dr_yaml_parse(struct dr_arena *a, const char *text, size_t n, const char *name,
              struct dr_problems *p)
{
    struct yaml_reader r = {
        .arena = a, .problems = p, .file = dr_arena_str(a, name), .text = text, .n = n};
    if (n > DR_YAML_BYTES_MAX) {
        dr_problems_add(p, &(struct dr_place){r.file, 0, 0}, NULL,
                        "the file is larger than %zu bytes", DR_YAML_BYTES_MAX);
        return NULL;
    }
    if (!yaml_parser_initialize(&r.parser)) {
        dr_problems_add(p, &(struct dr_place){r.file, 0, 0}, NULL, "out of memory");
        return NULL;
    }
    /* Not guessed: a file that is no UTF-8 gets a message about that. */
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, n);
    const struct dr_yaml *root = yaml_document(&r);
    yaml_parser_delete(&r.parser);
    return root;
}

const struct dr_yaml *
dr_yaml_get(const struct dr_yaml *map, const char *key)
{
    for (size_t i = 0; map && i < map->n_pairs; i++)
        if (dr_streq(map->pairs[i].key, key))
            return map->pairs[i].value;
    return NULL;
}

const char *
dr_yaml_kind_text(const struct dr_yaml *node)
{
    switch (node->kind) {
    case DR_YAML_LIST:
        return "a list";
    case DR_YAML_MAP:
        return "a map";
    case DR_YAML_SCALAR:
        return node->null ? "nothing" : "text";
    case DR_YAML_UNKNOWN:
        break;
    }
    return "nothing";
}
