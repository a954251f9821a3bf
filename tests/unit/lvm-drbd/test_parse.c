/* What comes from a storage host is whole and sound, or it says nothing. */
#include "kit.h"

#include "verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RUBBISH = 1024 * 1024 };

/* ---- the reply ------------------------------------------------------------------------------- */

/* Always a copy of its own size, so that a read behind the end is seen by the sanitizer. */
static bool
reads(const char *s, size_t n)
{
    struct ld_reply r;
    const char *why = NULL;
    char *copy = malloc(n ? n : 1);
    assert_non_null(copy);
    memcpy(copy, s, n);
    bool well = ld_reply_read((struct ld_span){copy, n}, &r, &why);
    assert_true(well ? why == NULL : why != NULL);
    assert_true(well || r.n_frames == 0);
    ld_reply_clear(&r);
    free(copy);
    return well;
}

static void
a_reply_that_was_cut_anywhere_says_nothing(void **state)
{
    (void)state;
    char *text = kit_report(&(struct kit_host){.scene = "8.4-primary"});
    size_t n = strlen(text);
    assert_true(reads(text, n));
    for (size_t i = 0; i < n; i++)
        if (reads(text, i))
            fail_msg("%zu of %zu bytes were taken for all", i, n);
    printf("figure lvm_drbd_cut_replies_refused %zu of %zu\n", n, n);
    free(text);
}

static void
what_breaks_the_protocol_is_no_reply(void **state)
{
    static const char *const bad[] = {
        "",
        "drstor/1 done",
        "drstor/1 done\n",
        "drstor/2 done\n.\n",
        "drstor/1 perhaps\n.\n",
        "drstor/1 done\n.\n.\n",
        "drstor/1 done\n.\nmore",
        "drstor/1 done\n@\n.\n",
        "drstor/1 done\n@a\n.\n",
        "drstor/1 done\n@ 0 0 0\n\n.\n",
        "drstor/1 done\n@a 0 0\n\n.\n",
        "drstor/1 done\n@a 0 1 0\n\n.\n",
        "drstor/1 done\n@a 0 0 0\nx\n.\n",
        "drstor/1 done\n@a 0 -1 0\n\n.\n",
        "drstor/1 done\n@a 256 0 0\n\n.\n",
        "drstor/1 done\n@a -3 0 0\n\n.\n",
        "drstor/1 done\n@a -0 0 0\n\n.\n",
        "drstor/1 done\n@a x 0 0\n\n.\n",
        "drstor/1 done\n@a 0 262145 0\n\n.\n",
        "drstor/1 done\n@a 0 18446744073709551615 1\n\n.\n",
        "drstor/1 done\n@a 0 99999999999999999999999 0\n\n.\n",
        "drstor/1 done\na line\n.\n",
        "Welcome!\ndrstor/1 done\n.\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (reads(bad[i], strlen(bad[i])))
            fail_msg("\"%s\" was taken", bad[i]);
    assert_true(reads("drstor/1 done\n.\n", 16));
    assert_true(reads("drstor/1 failed it said no\n@a b -2 0 2\nno\n.\n", 44));
}

static void
frames_are_found_by_both_of_their_words(void **state)
{
    struct ld_reply r;
    const char *why;
    const char text[] =
        "drstor/1 failed a word\n@role r0 0 1 0\na\n@role r1 11 0 1\nb\n@lvs 0 0 0\n\n"
        ".\n";
    (void)state;
    assert_true(ld_reply_read(ld_span(text), &r, &why));
    assert_int_equal(r.status, LD_STATUS_FAILED);
    assert_true(ld_is(r.words, "a word"));
    assert_true(ld_is(ld_frame(&r, "role", "r0")->out, "a"));
    assert_int_equal(ld_frame(&r, "role", "r1")->exit, 11);
    assert_null(ld_frame(&r, "role", "r2"));
    assert_null(ld_frame(&r, "lvs", "r0"));
    assert_null(ld_frame(&r, "role", NULL));
    assert_non_null(ld_frame(&r, "lvs", NULL));
    ld_reply_clear(&r);
}

/* ---- every parser ---------------------------------------------------------------------------- */

static struct ld_resource
fresh(void)
{
    struct ld_resource r = {.name = {"r0", 2}, .n_volumes = 2};
    r.volumes[1].number = r.volumes[1].minor = 1;
    return r;
}

static bool
config(struct ld_span text)
{
    struct ld_resource r = {.name = {"r0", 2}};
    return ld_config_read(text, ld_span("site-a"), &r);
}

#define OF_RESOURCE(name, call)                                                                    \
    static bool name(struct ld_span text)                                                          \
    {                                                                                              \
        struct ld_resource r = fresh();                                                            \
        return call;                                                                               \
    }
OF_RESOURCE(events, ld_events_read(text, &r))
OF_RESOURCE(roles, ld_roles_read(text, false, &r))
OF_RESOURCE(roles_nine, ld_roles_read(text, true, &r))
/* Of volumes that are up, minors 0 and 1. */
static bool
proc_roles(struct ld_span text)
{
    struct ld_resource r = fresh();
    r.volumes[0].up = r.volumes[1].up = true;
    return ld_proc_roles_read(text, &r);
}
OF_RESOURCE(identifiers, ld_identifiers_read(text, &r))
OF_RESOURCE(status, ld_status_read(text, &r))
OF_RESOURCE(show, ld_show_read(text, &r))
OF_RESOURCE(kept, ld_kept_read(text, &r))

#define OF_HOST(name, call)                                                                        \
    static bool name(struct ld_span text)                                                          \
    {                                                                                              \
        struct ld_host h = {0};                                                                    \
        bool well = call(text, &h);                                                                \
        ld_host_clear(&h);                                                                         \
        return well;                                                                               \
    }
OF_HOST(lvs, ld_lvs_read)
OF_HOST(lio, ld_lio_read)

static bool
version(struct ld_span text)
{
    unsigned kernel;
    return ld_version_read(text, &kernel);
}

static bool
proc_version(struct ld_span text)
{
    unsigned kernel;
    return ld_proc_version_read(text, &kernel);
}

/* As recorded of a group of two volumes, the first of which was demoted. */
static const char proc[] =
    "version: 8.4.11 (api:1/proto:86-101)\n"
    "srcversion: F73C670A7EC572DB9CF3E5B \n"
    " 0: cs:Connected ro:Secondary/Secondary ds:UpToDate/UpToDate C r-----\n"
    "    ns:67544 nr:0 dw:2048 dr:130992 al:9 bm:0 lo:0 pe:0 ua:0 ap:0 ep:1 wo:f oos:0\n"
    " 1: cs:Connected ro:Primary/Secondary ds:UpToDate/UpToDate C r-----\n"
    "    ns:32728 nr:0 dw:0 dr:32728 al:8 bm:0 lo:0 pe:0 ua:0 ap:0 ep:1 wo:f oos:0\n"
    "\n"
    "10: cs:Connected ro:Primary/Secondary ds:UpToDate/UpToDate A r-----\n"
    "    ns:0 nr:0 dw:0 dr:0 al:8 bm:0 lo:0 pe:0 ua:0 ap:0 ep:1 wo:f oos:0\n";

static const char nine_status[] = "[ { \"name\": \"r0\", \"connections\": [ ] } ]";
static const char lio_lines[] =
    "backstore name=iblock_0/drstor.r0.0 dev=/dev/drbd0 serial=1f enabled=1 readonly=0\n"
    "tpg target=iqn.a tpgt=1 enabled=1\n"
    "portal target=iqn.a tpgt=1 address=10.0.0.5:3260\n"
    "lun target=iqn.a tpgt=1 lun=0 backstore=iblock_0/drstor.r0.0\n"
    "acl target=iqn.a tpgt=1 initiator=iqn.b\n"
    "mapped target=iqn.a tpgt=1 initiator=iqn.b mapped=0 lun=0 writeprotect=0\n"
    "something new=1\n";
/* `drbdsetup show r0` of 8.4 with fencing */
static const char shown[] =
    "resource r0 {\n    options {\n    }\n    net {\n        verify-alg      \t"
    "\"crc32c\";\n    }\n    _remote_host {\n        address\t\t\tipv4 "
    "10.77.0.2:7788;\n    }\n    _this_host {\n        volume 0 {\n         "
    "   device\t\t\tminor 0;\n            disk {\n                "
    "resync-rate     \t20480k; # bytes/second\n            }\n        }\n   "
    " }\n}\n";

static const struct parser {
    const char *name;
    bool (*reads)(struct ld_span text);
    const char *good, *scene, *frame; /* the text, or where it is */
    bool lines;                       /* a whole number of lines may be as good */
} parsers[] = {
    {"events2", events, NULL, "8.4-primary", "events2", false},
    {"events2 of 9", events, NULL, "9-secondary", "events2", false},
    {"role", roles, "Secondary/Secondary\nPrimary/Secondary\n", NULL, NULL, true},
    {"role of 9", roles_nine, "Primary\n", NULL, NULL, true},
    {"role in /proc/drbd", proc_roles, proc, NULL, NULL, true},
    {"version in /proc/drbd", proc_version, proc, NULL, NULL, true},
    {"get-gi", identifiers, NULL, "8.4-primary", "gi", true},
    {"get-gi of 9", identifiers, NULL, "9-secondary", "gi", true},
    {"status --json", status, nine_status, NULL, NULL, false},
    {"status --json, recorded", status, NULL, "9-handshake", "status", false},
    {"show", show, shown, NULL, NULL, false},
    {"state", kept, "token=18446744073709551615\nepoch=3\nop=x\nbusy=0\n", NULL, NULL, true},
    {"dump-xml", config, NULL, NULL, NULL, false},
    {"lvs", lvs, kit_lvs, NULL, NULL, false},
    {"lio", lio, lio_lines, NULL, NULL, true},
    {"version", version, "DRBD_KERNEL_VERSION_CODE=0x08040b\n", NULL, NULL, true},
};
enum { PARSERS = sizeof(parsers) / sizeof(parsers[0]) };

static char *
good_of(const struct parser *p)
{
    if (p->good)
        return strdup(p->good);
    if (p->scene) {
        char *scene = kit_scene(p->scene), *text = kit_frame(scene, p->frame);
        free(scene);
        return text;
    }
    char xml[4096];
    (void)snprintf(xml, sizeof(xml), "%s</resource>\n", kit_xml_r0);
    return strdup(xml);
}

static bool
reads_copy(const struct parser *p, const char *s, size_t n)
{
    char *copy = malloc(n ? n : 1);
    assert_non_null(copy);
    memcpy(copy, s, n);
    bool well = p->reads((struct ld_span){copy, n});
    free(copy);
    return well;
}

static void
every_parser_reads_what_was_recorded(void **state)
{
    (void)state;
    for (size_t i = 0; i < PARSERS; i++) {
        char *text = good_of(&parsers[i]);
        assert_non_null(text);
        if (!reads_copy(&parsers[i], text, strlen(text)))
            fail_msg("%s: %s", parsers[i].name, text);
        free(text);
    }
}

/* A text that ends before its last line is not one, where the text itself shows it. */
static void
every_parser_takes_a_text_that_was_cut_anywhere(void **state)
{
    unsigned long n = 0;
    (void)state;
    for (size_t i = 0; i < PARSERS; i++) {
        char *text = good_of(&parsers[i]);
        size_t all = strlen(text), sound = all;
        while (sound && strchr(" \n", text[sound - 1]))
            sound--;
        for (size_t at = 0; at < all; at++, n++)
            if (reads_copy(&parsers[i], text, at) && !parsers[i].lines && at < sound)
                fail_msg("%s: %zu of %zu bytes were taken for all", parsers[i].name, at, all);
        free(text);
    }
    printf("figure lvm_drbd_cut_texts %lu\n", n);
}

/* The same rubbish every time. */
static char *
rubbish(unsigned seed, const char *letters)
{
    char *s = malloc(RUBBISH);
    assert_non_null(s);
    size_t n = strlen(letters);
    for (size_t i = 0; i < RUBBISH; i++) {
        seed = seed * 1103515245u + 12345u;
        s[i] = n ? letters[(seed >> 16) % n] : (char)(seed >> 16);
    }
    return s;
}

static void
a_megabyte_of_rubbish_is_refused_by_every_parser(void **state)
{
    static const char *const kinds[] = {"",
                                        "{",
                                        "[",
                                        "<",
                                        "<a>",
                                        "=: \n",
                                        "exists -:\n",
                                        "\"{}[],:",
                                        "<>=\"/ hostvlumenr",
                                        "{};\"# \n",
                                        "@0 \n."};
    (void)state;
    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        char *s = rubbish((unsigned)k + 1, kinds[k]);
        assert_false(reads(s, RUBBISH));
        for (size_t i = 0; i < PARSERS; i++) {
            bool taken = reads_copy(&parsers[i], s, RUBBISH);
            /* Lines of LIO that begin with an unknown word are skipped, as new ones have to be. */
            if (taken && parsers[i].reads != lio)
                fail_msg("%s took rubbish of \"%s\"", parsers[i].name, kinds[k]);
        }
        free(s);
    }
}

static void
one_changed_byte_never_reads_past_the_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < PARSERS; i++) {
        char *text = good_of(&parsers[i]);
        size_t n = strlen(text);
        for (size_t at = 0; at < n; at++)
            for (const char *c = "\n{\"<:= 9"; *c; c++) {
                char before = text[at];
                text[at] = *c;
                (void)reads_copy(&parsers[i], text, n);
                text[at] = before;
            }
        free(text);
    }
}

/* ---- numbers and shapes ---------------------------------------------------------------------- */

static void
numbers_that_do_not_fit_are_no_numbers(void **state)
{
    uint64_t v = 5;
    (void)state;
    assert_true(ld_number(ld_span("18446744073709551615"), 10, &v) && v == UINT64_MAX);
    assert_false(ld_number(ld_span("18446744073709551616"), 10, &v));
    assert_false(ld_number(ld_span("99999999999999999999"), 10, &v));
    assert_false(ld_number(ld_span("000000000000000000001"), 10, &v));
    assert_false(ld_number(ld_span(""), 10, &v));
    assert_false(ld_number(ld_span("-1"), 10, &v));
    assert_false(ld_number(ld_span("1 "), 10, &v));
    assert_false(ld_number(ld_span("0x1"), 16, &v));
    assert_int_equal(v, UINT64_MAX); /* untouched */
}

static void
sizes_that_do_not_add_up_are_not_reported(void **state)
{
    struct ld_host h;
    struct ld_state s;
    (void)state;
    struct ld_resource r = *kit_read(&(struct kit_host){.scene = "8.4-sync-target"}, &h);
    r.volumes[0].out_of_sync_kib = r.volumes[1].out_of_sync_kib = UINT64_MAX / 1024;
    ld_state_of(&r, false, KIT_UTC, &s);
    assert_int_equal(s.lag_bytes, -1);
    assert_int_equal(s.progress_permille, -1);
    ld_host_clear(&h);
}

static void
a_volume_that_the_configuration_lacks_makes_the_state_unreadable(void **state)
{
    (void)state;
    const char *text = "exists resource name:r0 role:Primary suspended:no\n"
                       "exists device name:r0 volume:7 minor:7 disk:UpToDate\nexists -\n";
    assert_false(events(ld_span(text)));
}

static void
lines_that_are_not_one_for_each_volume_are_nobodys(void **state)
{
    (void)state;
    assert_false(roles(ld_span("Primary/Secondary\n")));
    assert_false(roles(ld_span("Primary/Secondary\nPrimary/Secondary\nPrimary/Secondary\n")));
    assert_false(identifiers(ld_span("0B4892F564A704FB:EFCBAE04D3C50B0B:0:0:1\n")));
    assert_false(roles_nine(ld_span("Primary\nPrimary\n")));
    assert_false(roles_nine(ld_span("Lead\n")));
}

static void
objects_and_keys_of_later_versions_are_passed_over(void **state)
{
    struct ld_resource r = fresh();
    (void)state;
    assert_true(ld_events_read(
        ld_span(
            "exists resource name:r0 role:Primary suspended:no tls:yes\n"
            "exists dream name:r0 depth:3\n"
            "exists path name:r0 local:ipv4:10.77.0.1:7788 peer:ipv4:10.77.0.2:7788\nexists -\n"),
        &r));
    assert_true(r.up);
    assert_int_equal(r.role, LD_ROLE_PRIMARY);
}

static void
the_kernel_says_which_drbd_it_is_and_the_tools_do_not(void **state)
{
    unsigned kernel = 0;
    (void)state;
    assert_true(ld_version_read(ld_span("DRBDADM_VERSION_CODE=0x091600\n"
                                        "DRBD_KERNEL_VERSION_CODE=0x08040b\n"),
                                &kernel));
    assert_int_equal(kernel, 0x08040b);
    assert_false(ld_version_read(ld_span("DRBDADM_VERSION_CODE=0x091600\n"), &kernel));
    assert_false(ld_version_read(ld_span("DRBD_KERNEL_VERSION_CODE=0x000000\n"), &kernel));
    assert_true(ld_proc_version_read(ld_span(proc), &kernel));
    assert_int_equal(kernel, 0x08040b);
    assert_true(ld_proc_version_read(
        ld_span("version: 9.2.14-1 (api:2/proto:118-122)\nGIT-hash: 1\n"), &kernel));
    assert_int_equal(kernel, 0x09020e);
    assert_false(ld_proc_version_read(ld_span("version: 9.2 (api:2/proto:118-122)\n\n"), &kernel));
    assert_false(ld_proc_version_read(ld_span("no /proc/drbd\n\n"), &kernel));
}

static void
a_device_of_another_minor_than_is_configured_makes_the_state_unreadable(void **state)
{
    struct ld_resource r = fresh();
    char *scene = kit_scene("8.4-primary"), *text = kit_frame(scene, "events2");
    (void)state;
    assert_true(ld_events_read(ld_span(text), &r));
    r = fresh();
    r.volumes[1].minor = 10;
    assert_false(ld_events_read(ld_span(text), &r));
    free(text);
    free(scene);
}

static void
the_role_of_each_volume_is_that_of_its_minor(void **state)
{
    struct ld_resource r = fresh();
    (void)state;
    r.volumes[0].up = r.volumes[1].up = true;
    assert_true(ld_proc_roles_read(ld_span(proc), &r));
    assert_int_equal(r.volumes[0].role, LD_ROLE_SECONDARY);
    assert_int_equal(r.volumes[1].role, LD_ROLE_PRIMARY);
    r.volumes[0].minor = 10;
    assert_true(ld_proc_roles_read(ld_span(proc), &r));
    assert_int_equal(r.volumes[0].role, LD_ROLE_PRIMARY);
    /* One that is not in it is not known, and so none of them is believed; down it needs none. */
    r.volumes[1].minor = 7;
    assert_false(ld_proc_roles_read(ld_span(proc), &r));
    assert_int_equal(r.volumes[1].role, LD_ROLE_UNKNOWN);
    r.volumes[1].up = false;
    assert_true(ld_proc_roles_read(ld_span(proc), &r));
}

/* ---- what went wrong ------------------------------------------------------------------------- */

/* The table of what DRBD and LVM print when they refuse, as recorded. */
static void
every_recorded_message_has_its_class(void **state)
{
    static const struct {
        const char *err;
        int exit;
        enum ld_class class;
    } said[] = {
        {"0: State change failed: (-1) Multiple primaries not allowed by config\n", 11,
         LD_CLASS_PEER_PRIMARY},
        {"0: State change failed: (-2) Need access to UpToDate data\nCommand 'drbdsetup-84 primary "
         "0' terminated with exit code 17\n",
         17, LD_CLASS_NO_GOOD_DATA},
        {"r0: State change failed: (-2) Need access to UpToDate data\n", 17, LD_CLASS_NO_GOOD_DATA},
        {"0: State change failed: (-20) Other vol primary on peer not allowed by config\n", 11,
         LD_CLASS_TORN},
        {"r0: State change failed: (-10) State change was refused by peer node\nadditional info "
         "from kernel:\nDeclined by peer site-b (id: 0), see the kernel log there\n",
         11, LD_CLASS_PEER_DECLINES},
        {"r0: State change failed: (-25) No quorum\nadditional info from kernel:\n1 of 2 nodes "
         "visible, need 2 for quorum\n",
         11, LD_CLASS_NO_QUORUM},
        {"1: State change failed: (-12) Device is held open by someone\n", 11, LD_CLASS_HELD},
        {"r0: State change failed: (-12) Device is held open by someone\nadditional info from "
         "kernel:\ndrbd0 opened by dd (pid 579) at 2026-11-22 18:13:44.254\n",
         11, LD_CLASS_HELD},
        {"1: State change failed: (-8) Can not start OV/resync since it is already active\n", 11,
         LD_CLASS_RETRY},
        {"", 17, LD_CLASS_NO_GOOD_DATA},
        {"r0: Failure: (123) --discard-my-data not allowed when primary.\n", 10, LD_CLASS_PRIMARY},
        {"r0: Failure: (102) Local address(port) already in use.\n", 10, LD_CLASS_ALREADY},
        {"r0: Failure: (125) Device has a net-config (use disconnect first)\n", 10,
         LD_CLASS_ALREADY},
        {"??: Failure: (162) Invalid configuration request\nadditional info from kernel:\nunknown "
         "connection\n",
         10, LD_CLASS_ALREADY},
        {"??: Failure: (139) Protocol C required\n", 10, LD_CLASS_CONFIG},
        {"??: Failure: (164) Can not clear allow_two_primaries as long as\nthere a primaries on "
         "both sides\n",
         10, LD_CLASS_HELD},
        {"0: Failure: (134) Sync-pause flag is already set\n", 10, LD_CLASS_ALREADY},
        {"0: Failure: (135) Sync-pause flag is already cleared\n", 10, LD_CLASS_ALREADY},
        {"0: Failure: (150) Can only attach to the data we lost last (see kernel log).\n", 10,
         LD_CLASS_CONFIG},
        {"Device '0' is configured!\n", 20, LD_CLASS_ALREADY},
        {"r0: Failure: (161) Minor or volume exists already (delete it first)\n", 1,
         LD_CLASS_ALREADY},
        {"0: Failure: (127) Device minor not allocated\n", 10, LD_CLASS_NOT_UP},
        {"r0: No such resource\n", 10, LD_CLASS_NOT_UP},
        {"nosuch: Failure: (158) Unknown resource\n", 10, LD_CLASS_NOT_UP},
        {"'nosuch' not defined in your config (for this host).\n", 1, LD_CLASS_NO_CONFIG},
        {"No valid meta data found\n", 1, LD_CLASS_CONFIG},
        {"drbd.d/r9.res:1: Parse error: 'an option keyword' expected,\n\tbut got 'auto-promote'\n",
         10, LD_CLASS_CONFIG},
        {"r0: Failure: (172) Failed to create transport (drbd_transport_xxx module missing?)\n", 10,
         LD_CLASS_NO_MODULE},
        {"Failed to modprobe drbd\n", 20, LD_CLASS_NO_MODULE},
        {"open(/dev/vg0/none) failed: No such file or directory\n", 20, LD_CLASS_GONE},
        {"  Volume group \"vg0\" has insufficient free space (87 extents): 2560 required.\n", 5,
         LD_CLASS_NO_SPACE},
        {"  Logical volume vg0/r0v1_drtest in use.\n", 5, LD_CLASS_HELD},
        {"  Failed to find logical volume \"vg0/nosuch\"\n", 5, LD_CLASS_GONE},
        {"something nobody has seen\n", 1, LD_CLASS_OTHER},
        {"State change failed: (99999999999)\n", 11, LD_CLASS_OTHER},
        {"", LD_EXIT_ENDED, LD_CLASS_ENDED},
        {"", 0, LD_CLASS_NONE},
    };
    unsigned right = 0, n = sizeof(said) / sizeof(said[0]);
    (void)state;
    for (unsigned i = 0; i < n; i++) {
        const struct ld_frame f = {.exit = said[i].exit, .err = ld_span(said[i].err)};
        enum ld_class class = ld_classify(&f);
        assert_true(strlen(ld_class_text(class)) > 5);
        right += class == said[i].class;
        if (class != said[i].class)
            print_message("%s: %s\n", said[i].err, ld_class_text(class));
    }
    printf("figure lvm_drbd_messages %u of %u\n", right, n);
    assert_int_equal(right, n);
}

static void
holders_are_named_one_by_one(void **state)
{
    struct ld_reply r;
    const char *why;
    char text[128], tiny[8];
    (void)state;
    char *reply = kit_said("failed", "holders", 0,
                           "lio iblock_0/drstor.r0.0\nmount /srv/data\ndm sd1-disk1\nswap\n"
                           "process 4711 fio\n",
                           "");
    assert_true(ld_reply_read(ld_span(reply), &r, &why));
    ld_holders(&r, text, sizeof(text));
    assert_string_equal(text, "the LIO backstore iblock_0/drstor.r0.0, the mount /srv/data, the "
                              "device-mapper device sd1-disk1, swap, the process 4711 fio");
    ld_holders(&r, tiny, sizeof(tiny));
    assert_int_equal(strlen(tiny), sizeof(tiny) - 1);
    ld_reply_clear(&r);
    free(reply);
}

/* Two clocks need not agree, and one that was set back says nothing. */
static void
the_moment_of_the_last_sight_is_an_age(void **state)
{
    static const struct {
        const char *text;
        int64_t age;
    } said[] = {{"seen=900\n", 100},
                {"seen=1000\n", 0},
                {"seen=1001\n", -1},
                {"seen=0\n", -1},
                {"seen=-5\n", -1},
                {"seen=\n", -1},
                {"", -1}};
    (void)state;
    for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
        struct ld_resource r = {.unseen_s = 5};
        ld_seen_read(ld_span(said[i].text), 1000, &r);
        assert_int_equal(r.unseen_s, said[i].age);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reply_that_was_cut_anywhere_says_nothing),
        cmocka_unit_test(what_breaks_the_protocol_is_no_reply),
        cmocka_unit_test(frames_are_found_by_both_of_their_words),
        cmocka_unit_test(every_parser_reads_what_was_recorded),
        cmocka_unit_test(every_parser_takes_a_text_that_was_cut_anywhere),
        cmocka_unit_test(a_megabyte_of_rubbish_is_refused_by_every_parser),
        cmocka_unit_test(one_changed_byte_never_reads_past_the_end),
        cmocka_unit_test(numbers_that_do_not_fit_are_no_numbers),
        cmocka_unit_test(sizes_that_do_not_add_up_are_not_reported),
        cmocka_unit_test(a_volume_that_the_configuration_lacks_makes_the_state_unreadable),
        cmocka_unit_test(lines_that_are_not_one_for_each_volume_are_nobodys),
        cmocka_unit_test(objects_and_keys_of_later_versions_are_passed_over),
        cmocka_unit_test(the_kernel_says_which_drbd_it_is_and_the_tools_do_not),
        cmocka_unit_test(a_device_of_another_minor_than_is_configured_makes_the_state_unreadable),
        cmocka_unit_test(the_role_of_each_volume_is_that_of_its_minor),
        cmocka_unit_test(every_recorded_message_has_its_class),
        cmocka_unit_test(the_moment_of_the_last_sight_is_an_age),
        cmocka_unit_test(holders_are_named_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
