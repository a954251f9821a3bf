#include "config/config.h"

#include "base/file.h"
#include "base/str.h"
#include "config/parts.h"
#include "config/secret.h"
#include "model/words.h"

#include <string.h>

struct top_read {
    int64_t version;
    const char *plugin_dir;
    const struct dr_yaml *state, *controller, *safety, *timeouts, *engines, *sites, *arrays,
        *groups, *rhv;
};

static const struct dr_conf_key top_keys[] = {
    {.name = "version",
     .kind = DR_CONF_COUNT,
     .required = true,
     .offset = offsetof(struct top_read, version)},
    DR_CONF_KEY(struct top_read, state, DR_CONF_NODE),
    DR_CONF_NEED(struct top_read, controller, DR_CONF_NODE),
    DR_CONF_KEY(struct top_read, plugin_dir, DR_CONF_PATH),
    DR_CONF_KEY(struct top_read, safety, DR_CONF_NODE),
    DR_CONF_KEY(struct top_read, timeouts, DR_CONF_NODE),
    DR_CONF_KEY(struct top_read, engines, DR_CONF_NODE),
    DR_CONF_NEED(struct top_read, sites, DR_CONF_NODE),
    DR_CONF_KEY(struct top_read, arrays, DR_CONF_NODE),
    DR_CONF_KEY(struct top_read, groups, DR_CONF_NODE),
    DR_CONF_KEY(struct top_read, rhv, DR_CONF_NODE),
};
static DR_CONF_TABLE(top_table, "top level", top_keys);

/* ---- state ----------------------------------------------------------------------------------- */

struct state_read {
    const char *sqlite;
    const struct dr_yaml *etcd, *mirror;
};

static const struct dr_conf_key state_keys[] = {
    DR_CONF_KEY(struct state_read, sqlite, DR_CONF_PATH),
    DR_CONF_KEY(struct state_read, etcd, DR_CONF_NODE),
    DR_CONF_KEY(struct state_read, mirror, DR_CONF_NODE),
};
static DR_CONF_TABLE(state_table, "state", state_keys);

struct mirror_read {
    const char **run;
    size_t n_run;
    int64_t timeout;
    const struct dr_yaml *site;
};

static const struct dr_conf_key mirror_keys[] = {
    {.name = "run",
     .kind = DR_CONF_TEXTS,
     .required = true,
     .offset = offsetof(struct mirror_read, run),
     .n_offset = offsetof(struct mirror_read, n_run)},
    DR_CONF_SPAN("timeout", struct mirror_read, timeout, DR_CONF_DURATION, 1, 60),
    DR_CONF_KEY(struct mirror_read, site, DR_CONF_NODE),
};
static DR_CONF_TABLE(mirror_table, "state.mirror", mirror_keys);

static const struct dr_conf_key etcd_keys[] = {
    {.name = "endpoints",
     .kind = DR_CONF_URLS,
     .required = true,
     .offset = offsetof(struct dr_etcd, endpoints),
     .n_offset = offsetof(struct dr_etcd, n_endpoints)},
    DR_CONF_KEY(struct dr_etcd, ca, DR_CONF_PATH),
    DR_CONF_KEY(struct dr_etcd, cert, DR_CONF_PATH),
    DR_CONF_KEY(struct dr_etcd, key, DR_CONF_PATH),
};
static DR_CONF_TABLE(etcd_table, "state.etcd", etcd_keys);

static void
config_etcd(struct dr_conf *c, const struct dr_yaml *node)
{
    struct dr_etcd *etcd = dr_arena_new0(c->arena, struct dr_etcd);
    etcd->place = node->place;
    dr_conf_read(c, &etcd_table, node, "etcd", etcd);
    if (!etcd->cert != !etcd->key)
        dr_conf_problem(c, node, "give both or none", "etcd has \"%s\" without \"%s\"",
                        etcd->cert ? "cert" : "key", etcd->cert ? "key" : "cert");
    c->model->state_etcd = etcd;
    if (!etcd->key || c->options.skip_secrets)
        return;
    /* A private key is as good as a password. */
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    dr_auto(dr_closep) int fd = -1;
    if (dr_file_open_trusted(etcd->key, true, &fd, &err) < 0)
        dr_conf_problem(c, dr_yaml_get(node, "key"), dr_error_hint(err), "\"key\" of etcd: %s",
                        dr_error_message(err));
}

static void
config_state(struct dr_conf *c, const struct dr_yaml *node)
{
    struct state_read read = {0};
    if (node)
        dr_conf_read(c, &state_table, node, "state", &read);
    if (read.sqlite && read.etcd)
        dr_conf_problem(c, node, "give one of them", "state has both \"sqlite\" and \"etcd\"");
    if (read.etcd)
        config_etcd(c, read.etcd);
    else
        c->model->state_sqlite = read.sqlite ? read.sqlite : "/var/lib/drstor/state.db";
}

/* After the sites are known. */
static void
config_mirror(struct dr_conf *c, const struct dr_yaml *node)
{
    struct mirror_read read = {.timeout = 5};
    struct dr_mirror *m = &c->model->mirror;
    dr_conf_read(c, &mirror_table, node, "mirror", &read);
    m->run = read.run;
    m->n_run = read.n_run;
    m->timeout_s = read.timeout;
    if (m->n_run)
        m->run[0] = dr_conf_path(c, m->run[0]);
    if (read.site)
        m->site = dr_conf_site(c, read.site, "\"site\" of mirror");
    if (c->model->state_etcd)
        dr_conf_problem(c, node, "leave it out", "controllers that share a store need no mirror");
    /* Whoever may write this file would run programs as us. */
    if (c->untrusted)
        dr_conf_problem(c, node, c->untrusted_hint,
                        "a mirror is only taken from a file that nobody else can write, but %s",
                        c->untrusted);
}

/* ---- controller, safety, timeouts ------------------------------------------------------------ */

struct controller_read {
    const char *name;
    const struct dr_yaml *site;
    unsigned role;
};

static const struct dr_conf_key controller_keys[] = {
    DR_CONF_NEED(struct controller_read, name, DR_CONF_NAME),
    DR_CONF_NEED(struct controller_read, site, DR_CONF_NODE),
    DR_CONF_CHOICE("role", struct controller_read, role, dr_role_names),
};
static DR_CONF_TABLE(controller_table, "controller", controller_keys);

static const struct dr_conf_key safety_keys[] = {
    DR_CONF_SPAN("assert_min", struct dr_model, assert_min_s, DR_CONF_DURATION, 1, 86400),
    DR_CONF_SPAN("verify_max_age", struct dr_model, verify_max_age_s, DR_CONF_DURATION, 1, 86400),
    DR_CONF_SPAN("consent_valid", struct dr_model, consent_valid_s, DR_CONF_DURATION, 1, 86400),
    DR_CONF_CHOICE("waive_fence", struct dr_model, waive_fence, dr_waive_names),
};
static DR_CONF_TABLE(safety_table, "safety", safety_keys);

static const struct dr_conf_key timeout_keys[] = {
    DR_CONF_SPAN("observe", struct dr_model, observe_timeout_s, DR_CONF_DURATION, 1, 3600),
};
static DR_CONF_TABLE(timeout_table, "timeouts", timeout_keys);

static void
config_controller(struct dr_conf *c, const struct dr_yaml *node)
{
    struct controller_read read = {.role = DR_ROLE_ACTIVE};
    dr_conf_read(c, &controller_table, node, "controller", &read);
    c->model->controller_name = read.name;
    c->model->controller_standby = read.role == DR_ROLE_STANDBY;
    if (read.site)
        c->model->controller_site = dr_conf_site(c, read.site, "\"site\" of controller");
}

/* ---- the whole ------------------------------------------------------------------------------- */

const struct dr_conf_table *const dr_conf_tables[] = {
    &top_table,
    &state_table,
    &mirror_table,
    &etcd_table,
    &controller_table,
    &safety_table,
    &timeout_table,
    &dr_conf_engine_table,
    &dr_conf_site_table,
    &dr_conf_hosts_table,
    &dr_conf_array_table,
    &dr_conf_group_table,
    &dr_conf_copy_table,
    &dr_conf_rhv_table,
    &dr_conf_tier_table,
    &dr_conf_stop_table,
    &dr_conf_gate_table,
    &dr_conf_hook_table,
    &dr_conf_drill_table,
    &dr_conf_mapping_table,
    &dr_conf_pair_table,
    &dr_conf_network_table,
    &dr_conf_storage_table,
    &dr_conf_lun_table,
    &dr_conf_secret_table,
    NULL,
};

void
dr_config_keys(void (*each)(const char *section, const char *key, void *user), void *user)
{
    for (const struct dr_conf_table *const *t = dr_conf_tables; *t; t++)
        for (size_t k = 0; k < (*t)->n; k++)
            each((*t)->section, (*t)->keys[k].name, user);
}

static void
config_read(struct dr_conf *c, const struct dr_yaml *root)
{
    struct dr_model *m = c->model;
    struct top_read top = {.version = -1, .plugin_dir = "/usr/lib/drstor/plugins"};
    dr_conf_read(c, &top_table, root, "the configuration", &top);
    if (top.version >= 0 && top.version != 1)
        dr_conf_problem(c, dr_yaml_get(root, "version"), NULL,
                        "version %lld is not known to this drstor; it reads version 1",
                        (long long)top.version);
    m->plugin_dir = top.plugin_dir;
    if (c->untrusted && dr_yaml_get(root, "plugin_dir"))
        dr_conf_problem(c, dr_yaml_get(root, "plugin_dir"), c->untrusted_hint,
                        "plugin_dir is only taken from a file that nobody else can write, but %s",
                        c->untrusted);
    config_state(c, top.state);
    if (top.safety)
        dr_conf_read(c, &safety_table, top.safety, "safety", m);
    if (top.timeouts)
        dr_conf_read(c, &timeout_table, top.timeouts, "timeouts", m);
    dr_conf_engines(c, top.engines, top.sites);
    dr_conf_sites(c, top.sites);
    if (top.controller)
        config_controller(c, top.controller);
    if (top.state && dr_yaml_get(top.state, "mirror"))
        config_mirror(c, dr_yaml_get(top.state, "mirror"));
    dr_conf_arrays(c, top.arrays);
    dr_conf_groups(c, top.groups);
    dr_conf_rhv(c, top.rhv);
}

/* The model, also when there are problems: the caller decides. */
static struct dr_model *
config_build(const char *text, size_t n, const char *name, const struct dr_config_options *options,
             const struct drstor_error *untrusted, struct dr_problems *problems)
{
    struct dr_arena *a = dr_arena_new();
    struct dr_model *m = dr_arena_new0(a, struct dr_model);
    const char *slash = strrchr(name, '/');
    m->arena = a;
    m->file = dr_arena_str(a, name);
    m->folder = !slash ? "" : slash == name ? "/" : dr_arena_strn(a, name, (size_t)(slash - name));
    m->assert_min_s = 60;
    m->verify_max_age_s = 300;
    m->consent_valid_s = 600;
    m->waive_fence = DR_WAIVE_ONE;
    m->observe_timeout_s = 10;

    struct dr_conf c = {.arena = a, .model = m, .problems = problems, .folder = m->folder};
    if (options)
        c.options = *options;
    if (untrusted) {
        c.untrusted = dr_error_message(untrusted);
        c.untrusted_hint = dr_error_hint(untrusted);
    }
    const struct dr_yaml *root = dr_yaml_parse(a, text, n, name, problems);
    if (root)
        config_read(&c, root);
    dr_problems_sort(problems, name);
    return m;
}

/* Checked and read through one descriptor where the file is trusted. */
static int
config_open(const char *path, char **ret_text, size_t *ret_n, struct drstor_error **ret_untrusted,
            struct drstor_error **err)
{
    dr_auto(dr_closep) int fd = -1;
    if (dr_file_open_trusted(path, false, &fd, ret_untrusted) < 0)
        return dr_file_read(path, DR_YAML_BYTES_MAX, ret_text, ret_n, err);
    return dr_file_read_fd(fd, path, DR_YAML_BYTES_MAX, ret_text, ret_n, err);
}

static struct dr_model *
config_build_file(const char *path, const struct dr_config_options *options,
                  struct dr_problems *problems)
{
    dr_auto(dr_error_freep) struct drstor_error *untrusted = NULL;
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    dr_auto(dr_freep) char *text = NULL;
    size_t n = 0;
    int r = config_open(path, &text, &n, &untrusted, &err);
    if (r < 0) {
        dr_problems_add(problems, &(struct dr_place){path, 0, 0},
                        r == DRSTOR_E_NOTFOUND ? "--config names another file" : NULL, "%s",
                        dr_error_message(err));
        return NULL;
    }
    return config_build(text, n, path, options, untrusted, problems);
}

/* Takes over M; hands it out only when nothing is wrong with it. */
static int
config_verdict(struct dr_model *m, struct dr_problems *problems, struct dr_model **ret,
               struct drstor_error **err)
{
    int r = DRSTOR_OK;
    if (problems->n_found) {
        dr_auto(dr_arena_freep) struct dr_arena *a = dr_arena_new();
        const char *first = dr_problem_text(a, &problems->list[0]);
        r = problems->n_found == 1
                ? dr_fail(err, DRSTOR_E_INVALID, "%s", first)
                : dr_fail(err, DRSTOR_E_INVALID, "%s (and %zu more; see drstor config check)",
                          first, problems->n_found - 1);
        dr_config_free(m);
    } else {
        *ret = m;
    }
    dr_problems_clear(problems);
    return r;
}

int
dr_config_load_with(const char *path, const struct dr_config_options *options,
                    struct dr_model **ret, struct drstor_error **err)
{
    struct dr_problems problems = {0};
    struct dr_model *m = config_build_file(path, options, &problems);
    return config_verdict(m, &problems, ret, err);
}

int
dr_config_load(const char *path, struct dr_model **ret, struct drstor_error **err)
{
    return dr_config_load_with(path, NULL, ret, err);
}

int
dr_config_load_text(const char *text, size_t n, const char *name,
                    const struct dr_config_options *options, struct dr_model **ret,
                    struct drstor_error **err)
{
    struct dr_problems problems = {0};
    struct dr_model *m = config_build(text, n, name, options, NULL, &problems);
    return config_verdict(m, &problems, ret, err);
}

int
dr_config_check_with(const char *path, const struct dr_config_options *options,
                     struct dr_problems *ret)
{
    dr_config_free(config_build_file(path, options, ret));
    return ret->n_found ? DRSTOR_E_INVALID : DRSTOR_OK;
}

int
dr_config_check(const char *path, struct dr_problems *ret)
{
    return dr_config_check_with(path, NULL, ret);
}

int
dr_config_check_text(const char *text, size_t n, const char *name,
                     const struct dr_config_options *options, struct dr_problems *ret)
{
    dr_config_free(config_build(text, n, name, options, NULL, ret));
    return ret->n_found ? DRSTOR_E_INVALID : DRSTOR_OK;
}

void
dr_config_free(struct dr_model *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->n_secrets; i++)
        dr_secret_free(m->secrets[i]);
    dr_arena_free(m->arena);
}

void
dr_config_freep(struct dr_model **m)
{
    dr_config_free(*m);
    *m = NULL;
}
