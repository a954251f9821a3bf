/*
 * The configuration's keys as tables: one row per key says what it holds and where it goes.
 * Reading, the messages and the comparison with the manual page all come from these rows.
 */
#ifndef DR_CONFIG_SCHEMA_H
#define DR_CONFIG_SCHEMA_H

#include "base/names.h"
#include "config/config.h"
#include "config/yaml.h"

enum dr_conf_kind {
    DR_CONF_UNKNOWN = 0,
    DR_CONF_NODE,      /* const struct dr_yaml *: code reads it */
    DR_CONF_TEXT,      /* const char *: one line, not empty */
    DR_CONF_NAME,      /* const char *: safe to hand to an array (safety X6) */
    DR_CONF_PATH,      /* const char *: absolute afterwards */
    DR_CONF_URL,       /* const char *: https://..., without user and password in it */
    DR_CONF_ADDRESS,   /* const char *: one of these, or ssh://HOST[:PORT] */
    DR_CONF_DURATION,  /* int64_t seconds */
    DR_CONF_COUNT,     /* int64_t */
    DR_CONF_BOOL,      /* bool */
    DR_CONF_ENUM,      /* unsigned: a value of `names`, never 0 */
    DR_CONF_TEXTS,     /* const char ** and size_t: a list of DR_CONF_TEXT */
    DR_CONF_NAMES,     /* the same of DR_CONF_NAME */
    DR_CONF_URLS,      /* the same of DR_CONF_URL */
    DR_CONF_ADDRESSES, /* the same of DR_CONF_ADDRESS */
    DR_CONF_SECRET     /* struct dr_secret * */
};

struct dr_conf_key {
    const char *name;
    enum dr_conf_kind kind;
    bool required;
    size_t offset, n_offset;
    int64_t least, most; /* DURATION and COUNT, when most > 0 */
    const struct dr_names *names;
};

struct dr_conf;
struct dr_conf_table {
    const char *section; /* as in the manual page: "groups.NAME" */
    const struct dr_conf_key *keys;
    size_t n;
    /* Takes the keys that have no row; NULL: they are unknown. */
    void (*other)(struct dr_conf *c, const struct dr_yaml_pair *pair, const char *what, void *out);
};

#define DR_CONF_KEY(s, f, kind_)                                                                   \
    {                                                                                              \
        .name = #f, .kind = kind_, .offset = offsetof(s, f)                                        \
    }
#define DR_CONF_NEED(s, f, kind_)                                                                  \
    {                                                                                              \
        .name = #f, .kind = kind_, .required = true, .offset = offsetof(s, f)                      \
    }
#define DR_CONF_ROW(key, s, f, kind_)                                                              \
    {                                                                                              \
        .name = key, .kind = kind_, .offset = offsetof(s, f)                                       \
    }
#define DR_CONF_SPAN(key, s, f, kind_, least_, most_)                                              \
    {                                                                                              \
        .name = key, .kind = kind_, .offset = offsetof(s, f), .least = least_, .most = most_       \
    }
#define DR_CONF_CHOICE(key, s, f, names_)                                                          \
    {                                                                                              \
        .name = key, .kind = DR_CONF_ENUM, .offset = offsetof(s, f), .names = &(names_)            \
    }
#define DR_CONF_MANY(key, s, f, kind_)                                                             \
    {                                                                                              \
        .name = key, .kind = kind_, .offset = offsetof(s, f), .n_offset = offsetof(s, n_##f)       \
    }
#define DR_CONF_TABLE(var, section_, rows)                                                         \
    const struct dr_conf_table var = {section_, rows, DR_COUNT(rows), NULL}

/* One reading of one configuration. */
struct dr_conf {
    struct dr_arena *arena; /* the model's */
    struct dr_model *model;
    struct dr_problems *problems;
    struct dr_config_options options;
    const char *folder; /* relative paths start here */

    /* Why the configuration file is not trusted to name programs; NULL: it is. */
    const char *untrusted, *untrusted_hint;

    /* The file being read is ovirt-dr's: "key:" without a value is the same as no key. */
    bool nulls_are_absent;
    /* Why clear-text passwords of this file cannot be taken; "": they can; NULL: they never are. */
    const char *clear_text_refusal;
    const char *clear_text_hint;
    struct dr_pair_map *data_centers; /* the mapping's, while it grows */
    bool quiet;                       /* inside a secret's reference: no word of it is repeated */
    int64_t fds[16];                  /* descriptors already read */
    size_t n_fds;
};

/* Every table, for the comparison with the manual page. NULL at the end. */
extern const struct dr_conf_table *const dr_conf_tables[];

/* WHAT is "group erp", for messages. OUT keeps its defaults where a key is absent or wrong. */
void dr_conf_read(struct dr_conf *c, const struct dr_conf_table *table, const struct dr_yaml *node,
                  const char *what, void *out);

void dr_conf_problem(struct dr_conf *c, const struct dr_yaml *node, const char *hint,
                     const char *format, ...) __attribute__((format(printf, 4, 5)));
const char *dr_conf_word(struct dr_conf *c, const char *text);

/* Readers of one value. LABEL is what the message calls it: "rpo" of group erp. */
bool dr_conf_text(struct dr_conf *c, const struct dr_yaml *node, const char *label,
                  const char **ret);
bool dr_conf_name(struct dr_conf *c, const struct dr_yaml *node, const char *label,
                  const char **ret);
bool dr_conf_texts(struct dr_conf *c, const struct dr_yaml *node, enum dr_conf_kind each,
                   const char *label, const char ***ret, size_t *ret_n);
const char *dr_conf_path(struct dr_conf *c, const char *path);
/* True when NODE is a map (or nothing, which is an empty one); says so otherwise. */
bool dr_conf_is_map(struct dr_conf *c, const struct dr_yaml *node, const char *label);
bool dr_conf_is_list(struct dr_conf *c, const struct dr_yaml *node, const char *label);
/* The names that are keys here: `sites: { NAME: ... }` */
bool dr_conf_check_name(struct dr_conf *c, const struct dr_place *place, const char *label,
                        const char *name);
/* "site romme is not defined; did you mean rome?" */
void dr_conf_missing(struct dr_conf *c, const struct dr_yaml *node, const char *what,
                     const char *name, const char *const *candidates, size_t n);

#endif
