/* Every scene is judged as its file says; and the traps of DRBD, each by its name. */
#include "kit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const access_names[] = {"unknown", "none", "read-only", "read-write"};
static const char *const sync_names[] = {"unknown", "in-sync", "syncing", "lagging",
                                         "paused",  "broken",  "diverged"};
static const char *const relation_names[] = {"unknown", "none", "source", "destination", "mutual"};
static const char *const arbiter_names[] = {"unknown", "ok", "degraded", "absent"};
static const char *const leg_names[] = {"unknown", "joined", "survivor", "detached", "suspended"};
static const char *const tri_names[] = {"unknown", "no", "yes"};

static const char *
point_word(int64_t point)
{
    static char text[32];
    (void)snprintf(text, sizeof(text), "%lld", (long long)point);
    return point == KIT_UTC                        ? "now"
           : point == KIT_UTC - LD_ASYNC_BEHIND_S  ? "behind"
           : point == KIT_SEEN                     ? "seen"
           : point == KIT_SEEN - LD_ASYNC_BEHIND_S ? "seen-behind"
                                                   : text;
}

/* What the state says to KEY, as a scene's file writes it. */
static void
said(const struct ld_state *s, const char *key, char ret[256])
{
    const struct {
        const char *key, *word;
    } words[] = {{"access", access_names[s->access]},
                 {"member0", access_names[s->members[0].access]},
                 {"member1", access_names[s->members[1].access]},
                 {"sync", sync_names[s->sync]},
                 {"relation", relation_names[s->relation]},
                 {"arbiter", arbiter_names[s->arbiter]},
                 {"leg", leg_names[s->leg]},
                 {"stops", tri_names[s->stops_when_alone]},
                 {"peer", tri_names[s->peer_seen]},
                 {"point", point_word(s->point_utc)},
                 {"generation", s->generation},
                 {"torn", s->torn ? "yes" : "no"},
                 {"crossed", s->crossed ? "yes" : "no"},
                 {"frozen", s->frozen ? "yes" : "no"}};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(words[i].key, key) == 0) {
            (void)snprintf(ret, 256, "%s", words[i].word);
            return;
        }
    if (strcmp(key, "lag") == 0)
        (void)snprintf(ret, 256, "%lld", (long long)s->lag_bytes);
    else if (strcmp(key, "progress") == 0)
        (void)snprintf(ret, 256, "%lld", (long long)s->progress_permille);
    else
        fail_msg("a scene expects something of \"%s\"", key);
}

/* How many words of its expectation do not hold. */
static unsigned
judged(const char *name)
{
    char *scene = kit_scene(name), *expect = kit_head(scene, "expect");
    const struct ld_state s = kit_state(&(struct kit_host){.scene = name});
    struct ld_span rest = ld_span(expect), word, key, value;
    unsigned wrong = 0, n = 0;
    while (ld_word(&rest, &word)) {
        char k[64], got[256];
        assert_true(ld_cut(word, '=', &key, &value));
        (void)snprintf(k, sizeof(k), "%.*s", LD_SHOW(key));
        said(&s, k, got);
        n++;
        if (ld_is(value, got))
            continue;
        print_message("%s: %s is %s, not %.*s\n", name, k, got, LD_SHOW(value));
        wrong++;
    }
    assert_true(n > 1);
    free(scene);
    free(expect);
    return wrong;
}

static void
every_scene_is_judged_as_its_file_says(void **state)
{
    unsigned n = 0, right = 0;
    (void)state;
    DIR *d = opendir(SCENES);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));) {
        char name[64];
        const char *dot = strstr(e->d_name, ".scene");
        if (!dot || strlen(e->d_name) >= sizeof(name))
            continue;
        (void)snprintf(name, sizeof(name), "%.*s", (int)(dot - e->d_name), e->d_name);
        n++;
        right += judged(name) == 0;
    }
    (void)closedir(d);
    printf("figure lvm_drbd_states %u of %u\n", right, n);
    assert_int_equal(right, n);
    assert_true(n >= 40);
}

/* ---- the traps ------------------------------------------------------------------------------- */

static void
trap_1_a_half_flipped_group_is_seen_although_events2_says_primary(void **state)
{
    (void)state;
    const struct ld_state s = kit_state(&(struct kit_host){.scene = "8.4-half-flipped"});
    assert_true(s.torn);
    assert_false(s.primary);
    assert_int_equal(s.members[0].access, DRSTOR_ACCESS_NONE);
    assert_int_equal(s.members[1].access, DRSTOR_ACCESS_READ_WRITE);
    assert_int_equal(s.access, DRSTOR_ACCESS_UNKNOWN);
}

static void
trap_1_without_the_lines_of_role_nothing_is_said_of_roles(void **state)
{
    (void)state;
    const struct ld_state s = kit_state(&(struct kit_host){.scene = "8.4-roles-unread"});
    assert_int_equal(s.access, DRSTOR_ACCESS_UNKNOWN);
    assert_false(s.primary || s.secondary);
}

static void
trap_2_up_to_date_alone_is_no_word_about_now(void **state)
{
    (void)state;
    struct ld_state s = kit_state(&(struct kit_host){.scene = "8.4-cut-off-secondary"});
    assert_int_equal(s.sync, DRSTOR_SYNC_BROKEN);
    assert_int_equal(s.point_utc, KIT_SEEN); /* not now */
    s = kit_state(&(struct kit_host){.scene = "8.4-cut-off-secondary", .never_seen = 1});
    assert_int_equal(s.point_utc, -1);
}

static void
trap_3_a_target_of_a_resync_holds_no_point_of_its_own(void **state)
{
    (void)state;
    const struct ld_state s = kit_state(&(struct kit_host){.scene = "8.4-sync-target"});
    assert_int_equal(s.point_utc, -1);
    assert_int_equal(s.sync, DRSTOR_SYNC_SYNCING);
}

static void
trap_5_a_disk_that_is_behind_is_named_whatever_the_module_would_do(void **state)
{
    struct ld_host h;
    (void)state;
    const struct ld_volume *v =
        ld_volume_behind(kit_read(&(struct kit_host){.scene = "9-inconsistent"}, &h));
    assert_non_null(v);
    assert_int_equal(v->number, 1);
    assert_string_equal(ld_disk_name(v->disk), "Inconsistent");
    ld_host_clear(&h);
}

static void
trap_7_volumes_that_go_different_ways_are_diverged(void **state)
{
    (void)state;
    const struct ld_state s = kit_state(&(struct kit_host){.scene = "8.4-crossed"});
    assert_true(s.crossed);
    assert_int_equal(s.sync, DRSTOR_SYNC_DIVERGED);
}

static void
trap_8_what_was_caught_half_way_has_no_point(void **state)
{
    (void)state;
    const struct ld_state s = kit_state(&(struct kit_host){.scene = "8.4-torn-data"});
    assert_int_equal(s.point_utc, -1);
    assert_int_equal(s.lag_bytes, -1);
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void
generations_are_the_same_at_both_ends_of_a_healthy_pair(void **state)
{
    (void)state;
    const struct ld_state a = kit_state(&(struct kit_host){.scene = "8.4-primary"}),
                          b = kit_state(&(struct kit_host){.scene = "8.4-secondary"});
    assert_string_equal(a.generation, b.generation); /* the role's bit is not part of it */
    assert_true(a.generation[0]);
}

static void
the_epoch_of_the_storage_host_is_told_also_when_it_is_zero(void **state)
{
    (void)state;
    struct ld_state s = kit_state(&(struct kit_host){.scene = "8.4-primary", .epoch = 7});
    assert_int_equal(s.epoch, 7);
    s = kit_state(&(struct kit_host){.scene = "8.4-primary"});
    assert_int_equal(s.epoch, 0);
}

static void
a_resource_of_three_hosts_is_not_judged(void **state)
{
    struct ld_host h;
    struct ld_state s;
    (void)state;
    struct ld_resource r = *kit_read(&(struct kit_host){.scene = "9-secondary"}, &h);
    r.n_peers = 2;
    ld_state_of(&r, true, KIT_UTC, &s);
    assert_int_equal(s.sync, DRSTOR_SYNC_UNKNOWN);
    assert_int_equal(s.relation, DRSTOR_RELATION_UNKNOWN);
    assert_int_equal(s.point_utc, -1);
    assert_int_equal(s.lag_bytes, -1);
    ld_host_clear(&h);
}

/* printf 'drstor:r0:0:site-a:site-b' | sha256sum */
static void
a_volume_has_the_same_name_at_both_sites_and_before_it_is_exported(void **state)
{
    struct ld_host h;
    char serial[LD_SERIAL_SIZE], wwid[LD_WWID_SIZE], exported[LD_WWID_SIZE], other[LD_WWID_SIZE];
    (void)state;
    const struct ld_resource *r = kit_read(&(struct kit_host){.scene = "8.4-primary"}, &h);
    assert_true(ld_identity(&h, r, &r->volumes[0], NULL, serial, wwid));
    assert_string_equal(serial, "71479e399dfa3e8db1d2e2952");
    assert_int_equal(strlen(wwid), 33);
    assert_string_equal(wwid + 8, serial);
    assert_memory_equal(wwid, "36001405", 8);
    assert_true(ld_identity(&h, r, &r->volumes[1], NULL, serial, other));
    assert_string_not_equal(wwid, other);
    assert_true(ld_identity(&h, r, &r->volumes[0], "drill", serial, other));
    assert_string_not_equal(wwid, other);
    ld_host_clear(&h);
    /* One that somebody else made is taken as it is. */
    r = kit_read(&(struct kit_host){.scene = "8.4-primary",
                                    .lio = "backstore name=iblock_0/own dev=/dev/drbd0 "
                                           "serial=drstor-r0v0-0001 enabled=1 readonly=0\n"},
                 &h);
    assert_true(ld_identity(&h, r, &r->volumes[0], NULL, serial, exported));
    assert_string_equal(exported, "36001405d000001000000000000000000");
    ld_host_clear(&h);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_scene_is_judged_as_its_file_says),
        cmocka_unit_test(trap_1_a_half_flipped_group_is_seen_although_events2_says_primary),
        cmocka_unit_test(trap_1_without_the_lines_of_role_nothing_is_said_of_roles),
        cmocka_unit_test(trap_2_up_to_date_alone_is_no_word_about_now),
        cmocka_unit_test(trap_3_a_target_of_a_resync_holds_no_point_of_its_own),
        cmocka_unit_test(trap_5_a_disk_that_is_behind_is_named_whatever_the_module_would_do),
        cmocka_unit_test(trap_7_volumes_that_go_different_ways_are_diverged),
        cmocka_unit_test(trap_8_what_was_caught_half_way_has_no_point),
        cmocka_unit_test(generations_are_the_same_at_both_ends_of_a_healthy_pair),
        cmocka_unit_test(the_epoch_of_the_storage_host_is_told_also_when_it_is_zero),
        cmocka_unit_test(a_resource_of_three_hosts_is_not_judged),
        cmocka_unit_test(a_volume_has_the_same_name_at_both_sites_and_before_it_is_exported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
