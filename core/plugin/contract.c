#include "plugin/contract.h"

#include "base/str.h"
#include "plugin/text.h"

#include <string.h>

enum { NAME_MAX_BYTES = 63, VERSION_MAX_BYTES = 64 };

bool
dr_plugin_name_valid(const char *name)
{
    size_t n = strnlen(name, NAME_MAX_BYTES + 1);
    return n > 0 && n <= NAME_MAX_BYTES && name[0] != '-' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

static bool
word_valid(const char *s, size_t most)
{
    size_t n = s ? strnlen(s, most + 1) : 0;
    if (n == 0 || n > most)
        return false;
    for (size_t i = 0; i < n; i++)
        if (s[i] <= ' ' || s[i] > '~')
            return false;
    return true;
}

/* The first four fields never move, so this much can be read of any plugin of any age. */
static int
check_age(const char *path, const struct drstor_plugin *raw, struct drstor_error **err)
{
    if (!raw)
        return dr_fail(err, DRSTOR_E_INVALID, "%s handed over no table", path);
    if (raw->magic != DRSTOR_PLUGIN_MAGIC)
        return dr_fail(err, DRSTOR_E_INVALID,
                       "%s is no plugin of drstor: its table begins with %08x, not %08x", path,
                       raw->magic, DRSTOR_PLUGIN_MAGIC);
    if (raw->api > DRSTOR_PLUGIN_API) {
        int r = dr_fail(err, DRSTOR_E_UNSUPPORTED,
                        "%s was made for plugin API %u, newer than this drstor knows (%u)", path,
                        raw->api, DRSTOR_PLUGIN_API);
        dr_hint(err, "update drstor, or install the plugin's version for API %u",
                DRSTOR_PLUGIN_API);
        return r;
    }
#if DRSTOR_PLUGIN_API > 0
    if (raw->api < DRSTOR_PLUGIN_API) {
        int r = dr_fail(err, DRSTOR_E_UNSUPPORTED,
                        "%s was made for plugin API %u, older than this drstor takes (%u)", path,
                        raw->api, DRSTOR_PLUGIN_API);
        dr_hint(err, "install a newer version of the plugin");
        return r;
    }
#endif
    if (raw->size < dr_op_required_size())
        return dr_fail(err, DRSTOR_E_INVALID,
                       "%s is incomplete: its table has %u bytes, the required part %zu", path,
                       raw->size, dr_op_required_size());
    return DRSTOR_OK;
}

static int
check_build(const char *path, const struct drstor_plugin *raw, struct drstor_error **err)
{
    const char *theirs = word_valid(raw->build, 128) ? raw->build : "unknown";
    if (raw->api != 0 || strcmp(theirs, DRSTOR_PLUGIN_BUILD) == 0)
        return DRSTOR_OK;
    int r = dr_fail(err, DRSTOR_E_UNSUPPORTED,
                    "%s comes from another build of drstor (%.12s, this is %.12s)", path, theirs,
                    DRSTOR_PLUGIN_BUILD);
    dr_hint(err,
            "while the plugin API is 0, a plugin and drstor are built together: rebuild it with "
            "the headers of this build");
    return r;
}

static int
check_words(const char *path, const char *name, const struct drstor_plugin *raw,
            struct drstor_error **err)
{
    if (!word_valid(raw->name, NAME_MAX_BYTES))
        return dr_fail(err, DRSTOR_E_INVALID, "%s does not say its name", path);
    if (strcmp(raw->name, name) != 0) {
        int r = dr_fail(err, DRSTOR_E_INVALID, "%s calls itself \"%s\", not \"%s\"", path,
                        raw->name, name);
        dr_hint(err, "the file of plugin %s is drstor_%s.so", raw->name, raw->name);
        return r;
    }
    if (!word_valid(raw->version, VERSION_MAX_BYTES))
        return dr_fail(err, DRSTOR_E_INVALID, "%s does not say its version", path);
    return DRSTOR_OK;
}

static int
check_required(const char *path, const struct drstor_plugin *table, struct drstor_error **err)
{
    dr_auto(dr_str_freep) struct dr_str missing = {0};
    for (int op = 1; op < DR_ARRAY_OP_COUNT; op++)
        if (dr_op_info((enum dr_array_op)op)->required &&
            !dr_op_present(table, (enum dr_array_op)op))
            dr_str_printf(&missing, "%s%s", missing.n ? ", " : "", dr_name(&dr_array_op_names, op));
    if (!missing.n)
        return DRSTOR_OK;
    int r = dr_fail(err, DRSTOR_E_INVALID, "%s lacks required callbacks: %s", path, missing.s);
    dr_hint(err, "required: describe, open, close, discover, observe, set_access");
    return r;
}

int
dr_contract_check(const char *path, const char *name, const struct drstor_plugin *raw,
                  struct drstor_plugin *ret, struct drstor_error **err)
{
    int r = check_age(path, raw, err);
    if (r == DRSTOR_OK)
        r = check_build(path, raw, err);
    if (r == DRSTOR_OK)
        r = check_words(path, name, raw, err);
    if (r < 0)
        return r;
    struct drstor_plugin table = {0};
    memcpy(&table, raw, raw->size < sizeof(table) ? raw->size : sizeof(table));
    r = check_required(path, &table, err);
    if (r < 0)
        return r;
    *ret = table;
    return DRSTOR_OK;
}
