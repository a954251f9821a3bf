/*
 * Finds, checks and loads plugins: DIR/drstor_NAME.so (safety X8). A file is opened once, checked
 * by its descriptor, read as an ELF file, and loaded through that same descriptor; nothing of it
 * runs before. Loaded plugins stay for the life of the process. Threads: any.
 */
#ifndef DR_PLUGIN_LOADER_H
#define DR_PLUGIN_LOADER_H

#include "base/error.h"
#include "plugin/info.h"

/* RET is borrowed and the same object for the same file. NOTFOUND tells which plugins there are. */
int dr_plugin_load(const char *dir, const char *name, struct dr_plugin **ret,
                   struct drstor_error **err);

/*
 * A plugin that is linked into this program, found by NAME before any file is looked for. For
 * programs that hold a whole world, as tests; drstor has none. NAME and ENTRY stay.
 */
int dr_plugin_builtin(const char *name, drstor_plugin_entry_fn entry, struct drstor_error **err);

/* One drstor_*.so of a folder: a plugin, or the reason why it cannot be used. */
struct dr_plugin_file {
    const char *name; /* between "drstor_" and ".so" */
    const char *path;
    const struct dr_plugin *plugin; /* NULL: see error */
    const char *error, *hint;       /* hint NULL: none */
};

/* Every drstor_*.so in DIR, sorted by name, in arena A. */
int dr_plugin_list(const char *dir, struct dr_arena *a, struct dr_plugin_file **ret, size_t *ret_n,
                   struct drstor_error **err);

#endif
