/* Configurations as text: what is proposed, and files of others in our own form. */
#ifndef DR_CONFIG_WRITE_H
#define DR_CONFIG_WRITE_H

#include "base/str.h"
#include "config/config.h"
#include "config/yaml.h"

/* TEXT as one scalar that reads back as the same text. */
void dr_yaml_quote(struct dr_str *out, const char *text);
/* The tree, each line indented by INDENT; a scalar follows the line that was begun. */
void dr_yaml_write(struct dr_str *out, const struct dr_yaml *node, unsigned indent);

/*
 * ovirt-dr's keys for M, each line indented by INDENT. A gap, which is an entry whose target is
 * NULL, is written as a comment, so that the text can be read before it is filled in. No passwords.
 */
void dr_config_write_mapping(struct dr_str *out, const struct dr_mapping *m, unsigned indent);

/*
 * ovirt-dr's file PATH as a configuration: its engines become sites, its keys stand under
 * rhv.mapping, passwords become references to files that are named and not made. INVALID, with
 * everything that is wrong in RET_PROBLEMS, when it is no such file. The caller frees *RET.
 */
int dr_config_import(const char *path, char **ret, struct dr_problems *ret_problems,
                     struct drstor_error **err);

#endif
