#include "kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char kit_xml_r0[] = "<resource name=\"r0\" conf-file-line=\"/etc/drbd.d/r0.res:1\">\n"
                          "    <host name=\"site-a\">\n"
                          "        <volume vnr=\"0\">\n"
                          "            <device minor=\"0\"></device>\n"
                          "            <disk>/dev/vg0/r0v0</disk>\n"
                          "            <meta-disk>internal</meta-disk>\n"
                          "        </volume>\n"
                          "        <volume vnr=\"1\">\n"
                          "            <device minor=\"1\"></device>\n"
                          "            <disk>/dev/vg0/r0v1</disk>\n"
                          "            <meta-disk>internal</meta-disk>\n"
                          "        </volume>\n"
                          "        <address family=\"ipv4\" port=\"7788\">10.77.0.1</address>\n"
                          "    </host>\n"
                          "    <host name=\"site-b\">\n"
                          "        <volume vnr=\"0\">\n"
                          "            <device minor=\"0\"></device>\n"
                          "            <disk>/dev/vg0/r0v0</disk>\n"
                          "            <meta-disk>internal</meta-disk>\n"
                          "        </volume>\n"
                          "        <volume vnr=\"1\">\n"
                          "            <device minor=\"1\"></device>\n"
                          "            <disk>/dev/vg0/r0v1</disk>\n"
                          "            <meta-disk>internal</meta-disk>\n"
                          "        </volume>\n"
                          "        <address family=\"ipv4\" port=\"7788\">10.77.0.2</address>\n"
                          "    </host>\n"
                          "    <section name=\"net\">\n"
                          "        <option name=\"protocol\" value=\"C\"/>\n"
                          "        <option name=\"verify-alg\" value=\"crc32c\"/>\n"
                          "        <option name=\"max-buffers\" value=\"2048\"/>\n"
                          "    </section>\n"
                          "    <section name=\"disk\">\n"
                          "        <option name=\"resync-rate\" value=\"20M\"/>\n"
                          "        <option name=\"c-plan-ahead\" value=\"0\"/>\n"
                          "    </section>\n";

static const char xml_r1[] = "<resource name=\"r1\" conf-file-line=\"/etc/drbd.d/r1.res:1\">\n"
                             "    <host name=\"site-a\">\n"
                             "        <volume vnr=\"0\">\n"
                             "            <device minor=\"10\"></device>\n"
                             "            <disk>/dev/vg0/r1v0</disk>\n"
                             "        </volume>\n"
                             "        <address family=\"ipv4\" port=\"7789\">10.77.0.1</address>\n"
                             "    </host>\n"
                             "    <host name=\"site-b\">\n"
                             "        <volume vnr=\"0\">\n"
                             "            <device minor=\"10\"></device>\n"
                             "            <disk>/dev/vg0/r1v0</disk>\n"
                             "        </volume>\n"
                             "    </host>\n"
                             "    <section name=\"net\">\n"
                             "        <option name=\"protocol\" value=\"A\"/>\n"
                             "        <option name=\"on-congestion\" value=\"pull-ahead\"/>\n"
                             "    </section>\n";

#define LV(name, attr, origin, tags)                                                               \
    "{\"vg_name\":\"vg0\", \"lv_name\":\"" name                                                    \
    "\", \"lv_uuid\":\"7OQ6t3-5HXf-1Buz-akou-RYVn-PUCA-Zgd9z0\", \"lv_attr\":\"" attr              \
    "\", \"lv_size\":\"67108864\", \"origin\":\"" origin                                           \
    "\", \"data_percent\":\"\", \"lv_tags\":\"" tags                                               \
    "\", \"lv_permissions\":\"writeable\", \"lv_active\":\"active\", "                             \
    "\"lv_snapshot_invalid\":\"\", \"lv_kernel_major\":\"253\", \"lv_kernel_minor\":\"0\", "       \
    "\"lv_path\":\"/dev/vg0/" name "\", \"vg_size\":\"532676608\", \"vg_free\":\"364904448\"}"
const char kit_lvs[] = "  {\n      \"report\": [\n          {\n              \"lv\": [\n" LV(
    "r0v0", "-wi-ao----", "",
    "") ",\n" LV("r0v1", "-wi-ao----", "",
                 "drstor:probe") ",\n" LV("r1v0", "-wi-ao----", "",
                                          "") "\n              ]\n          }\n      ]\n  }\n";
const char kit_lio[] = "tpg target=iqn.2026-01.example:a tpgt=1 enabled=1\n"
                       "portal target=iqn.2026-01.example:a tpgt=1 address=10.0.0.5:3260\n";

/* ---- scenes ---------------------------------------------------------------------------------- */

char *
kit_scene(const char *name)
{
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/%s.scene", SCENES, name);
    FILE *f = fopen(path, "re");
    if (!f)
        fail_msg("there is no scene %s", path);
    char *text = calloc(1, 65536);
    assert_non_null(text);
    size_t n = fread(text, 1, 65535, f);
    assert_true(n > 0 && n < 65535);
    assert_int_equal(fclose(f), 0);
    return text;
}

char *
kit_head(const char *scene, const char *key)
{
    struct ld_span rest = ld_span(scene), line, word;
    while (ld_line(&rest, &line) && !ld_begins(line, "=="))
        if (ld_word(&line, &word) && ld_is(word, key) && line.n)
            return strndup(line.s + 1, line.n - 1);
    return NULL;
}

char *
kit_frame(const char *scene, const char *name)
{
    char head[64];
    (void)snprintf(head, sizeof(head), "\n== %s\n", name);
    const char *at = strstr(scene, head);
    if (!at)
        return NULL;
    at += strlen(head);
    const char *end = strncmp(at, "== ", 3) == 0 ? at : strstr(at, "\n== ");
    return end == at ? strdup("") : end ? strndup(at, (size_t)(end + 1 - at)) : strdup(at);
}

/* ---- replies --------------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static void
add(FILE *f, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    assert_true(vfprintf(f, format, ap) >= 0);
    va_end(ap);
}

static void
frame(FILE *f, const char *name, const char *res, int exit, const char *out, const char *err)
{
    add(f, "@%s%s%s %d %zu %zu\n%s%s\n", name, res ? " " : "", res ? res : "", exit, strlen(out),
        strlen(err), out, err);
}

char *
kit_said(const char *status, const char *name, int exit, const char *out, const char *err)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    add(f, "drstor/1 %s\n", status);
    if (name)
        frame(f, name, NULL, exit, out, err);
    add(f, ".\n");
    assert_int_equal(fclose(f), 0);
    return text;
}

static void
frames_common(FILE *f, const struct kit_host *k, bool nine)
{
    char text[256];
    (void)snprintf(text, sizeof(text), "version=1\nhost=site-a\nboot=11-22\nutc=%d\n", KIT_UTC);
    frame(f, "shim", NULL, 0, text, "");
    frame(f, "version", NULL, 0,
          nine ? "DRBDADM_BUILDTAG=x\nDRBDADM_API_VERSION=2\nDRBD_KERNEL_VERSION_CODE=0x09020e\n"
                 "DRBD_KERNEL_VERSION=9.2.14\nDRBDADM_VERSION_CODE=0x091600\n"
                 "DRBDADM_VERSION=9.22.0\n"
               : "DRBDADM_API_VERSION=1\nDRBD_KERNEL_VERSION_CODE=0x08040b\n"
                 "DRBDADM_VERSION_CODE=0x091600\nDRBDADM_VERSION=9.22.0\n",
          "");
    frame(f, "proc", NULL, 0, "version: 8.4.11 (api:1/proto:86-101)\n", "");
    frame(f, "lvs", NULL, 0, k->lvs ? k->lvs : kit_lvs,
          "  WARNING: This metadata update is NOT backed up.\n");
    frame(f, "lio", NULL, 0, k->lio ? k->lio : kit_lio, "");
}

static void
frame_xml(FILE *f, const char *res, const char *handler)
{
    char xml[4096], more[512] = "";
    if (handler)
        (void)snprintf(more, sizeof(more),
                       "    <section name=\"handlers\">\n        <option name=\"fence-peer\" "
                       "value=\"%.*s\"/>\n    </section>\n",
                       (int)strcspn(handler, "\n"), handler);
    (void)snprintf(xml, sizeof(xml), "%s%s</resource>\n",
                   strcmp(res, "r0") == 0 ? kit_xml_r0 : xml_r1, more);
    frame(f, "dump-xml", res, 0, xml, "");
}

char *
kit_report(const struct kit_host *k)
{
    char *scene = kit_scene(k->scene), *generation = kit_head(scene, "generation"),
         *res = kit_head(scene, "resource"), *handler = kit_frame(scene, "handler"), *text = NULL;
    static const char *const names[] = {"events2", "role", "gi", "status", "show"};
    char state[256];
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    add(f, "drstor/1 done\n");
    frames_common(f, k, strcmp(generation, "9") == 0);
    frame_xml(f, res, handler);
    for (size_t i = 0; i < 5; i++) {
        char *out = kit_frame(scene, names[i]);
        if (out)
            frame(f, names[i], res, 0, out, "");
        else if (i < 3)
            frame(f, names[i], res, 10, "", "0: Failure: (127) Device minor not allocated\n");
        free(out);
    }
    (void)snprintf(state, sizeof(state), "token=%llu\nepoch=%llu\nop=x\nbusy=%d\nseen=%d\n",
                   (unsigned long long)k->token, (unsigned long long)k->epoch, k->busy,
                   k->never_seen ? 0 : KIT_SEEN);
    frame(f, "state", res, 0, state, "");
    add(f, ".\n");
    assert_int_equal(fclose(f), 0);
    free(scene);
    free(generation);
    free(res);
    free(handler);
    return text;
}

const struct ld_resource *
kit_read(const struct kit_host *k, struct ld_host *h)
{
    const char *why = NULL;
    char *text = kit_report(k);
    if (!ld_host_read(text, strlen(text), h, &why))
        fail_msg("%s: %s", k->scene, why);
    assert_int_equal(h->n_resources, 1);
    return &h->resources[0];
}

struct ld_state
kit_state(const struct kit_host *k)
{
    struct ld_host h;
    struct ld_state s;
    const struct ld_resource *r = kit_read(k, &h);
    ld_state_of(r, ld_host_nine(&h), KIT_UTC, &s);
    ld_host_clear(&h);
    return s;
}
