/*
 * The configuration file: YAML in, model out, or every problem with its place and remedy.
 *
 * Threads: any, each with its own path or text. Passwords are read when the file is loaded, unless
 * the caller says that it needs none.
 */
#ifndef DR_CONFIG_CONFIG_H
#define DR_CONFIG_CONFIG_H

#include "base/error.h"
#include "config/problem.h"
#include "model/model.h"

#define DR_CONFIG_PATH "/etc/drstor/drstor.yaml"

struct dr_config_options {
    /* References to secrets are checked for form but not followed; every password stays NULL. */
    bool skip_secrets;
    /* Instead of $CREDENTIALS_DIRECTORY; NULL: that one. */
    const char *credentials_dir;
};

/*
 * INVALID for everything that is wrong with the file, a missing one included. The message is the
 * first problem and how many more there are. OPTIONS may be NULL. Free with dr_config_free().
 */
int dr_config_load(const char *path, struct dr_model **ret, struct drstor_error **err);
int dr_config_load_with(const char *path, const struct dr_config_options *options,
                        struct dr_model **ret, struct drstor_error **err);
/* The same from memory. NAME stands in messages, and relative paths start at its folder. */
int dr_config_load_text(const char *text, size_t n, const char *name,
                        const struct dr_config_options *options, struct dr_model **ret,
                        struct drstor_error **err);

/* Also wipes the secrets. */
void dr_config_free(struct dr_model *m);
void dr_config_freep(struct dr_model **m);

/*
 * All problems, sorted by place, for `drstor config check`. OK or INVALID. RET starts as {0} and is
 * given back with dr_problems_clear().
 */
int dr_config_check(const char *path, struct dr_problems *ret);
int dr_config_check_with(const char *path, const struct dr_config_options *options,
                         struct dr_problems *ret);
int dr_config_check_text(const char *text, size_t n, const char *name,
                         const struct dr_config_options *options, struct dr_problems *ret);

/* Every key there is, section by section as in the manual page. */
void dr_config_keys(void (*each)(const char *section, const char *key, void *user), void *user);

#endif
