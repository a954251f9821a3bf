/* Every call of the plugin, line by line: what it sends, what it does not, and how it ends. */
#include "script.h"

#include <stdio.h>
#include <string.h>

#define T "iqn.2026-01.example:a"
#define REPORT(name)                                                                               \
    {                                                                                              \
        .want = "report r0", .report = {.scene = name }                                            \
    }
#define VOLUMES(name)                                                                              \
    {                                                                                              \
        .want = "volumes r0", .report = {.scene = name }                                           \
    }
#define SHOWN(name)                                                                                \
    {                                                                                              \
        .want = "report r0", .report = {.scene = name, .lio = lio_shown }                          \
    }
#define DONE(line)                                                                                 \
    {                                                                                              \
        .want = line, .status = "done"                                                             \
    }
#define END                                                                                        \
    {                                                                                              \
        .want = NULL                                                                               \
    }

static const char lio_shown[] =
    "backstore name=iblock_0/drstor.r0.0 dev=/dev/drbd0 serial=71479e399dfa3e8db1d2e2952 "
    "enabled=1 readonly=0\n"
    "backstore name=iblock_1/drstor.r0.1 dev=/dev/drbd1 serial=81479e399dfa3e8db1d2e2952 "
    "enabled=1 readonly=0\n"
    "tpg target=" T " tpgt=1 enabled=1\n"
    "portal target=" T " tpgt=1 address=10.0.0.5:3260\n"
    "lun target=" T " tpgt=1 lun=0 backstore=iblock_0/drstor.r0.0\n"
    "lun target=" T " tpgt=1 lun=1 backstore=iblock_1/drstor.r0.1\n";
static const char lio_clone[] =
    "backstore name=iblock_0/drstor.r0.0.drill dev=/dev/mapper/drstor.r0.0.drill serial=a "
    "enabled=1 readonly=0\n"
    "backstore name=iblock_1/drstor.r0.1.drill dev=/dev/mapper/drstor.r0.1.drill serial=b "
    "enabled=1 readonly=0\n"
    "tpg target=" T " tpgt=1 enabled=1\n"
    "portal target=" T " tpgt=1 address=10.0.0.5:3260\n"
    "lun target=" T " tpgt=1 lun=0 backstore=iblock_0/drstor.r0.0.drill\n"
    "lun target=" T " tpgt=1 lun=1 backstore=iblock_1/drstor.r0.1.drill\n";
#define LV(name, attr, origin, tags)                                                               \
    "{\"vg_name\":\"vg0\", \"lv_name\":\"" name "\", \"lv_uuid\":\"u\", \"lv_attr\":\"" attr       \
    "\", \"lv_size\":\"67108864\", \"origin\":\"" origin                                           \
    "\", \"data_percent\":\"\", \"lv_tags\":\"" tags                                               \
    "\", \"lv_permissions\":\"writeable\", \"lv_active\":\"active\", "                             \
    "\"lv_snapshot_invalid\":\"\", \"lv_kernel_major\":\"253\", \"lv_kernel_minor\":\"0\", "       \
    "\"lv_path\":\"/dev/vg0/" name "\"}"
#define LVS(kind, name)                                                                            \
    "{\"report\":[{\"lv\":[" LV("r0v0", "owi-ao----", "", "") "," LV(                              \
        "r0v1", "owi-ao----", "",                                                                  \
        "") "," LV("r0v0_" name, "swi-a-s---", "r0v0",                                             \
                   "drstor:res=r0,drstor:" kind "=" name                                           \
                   ",drstor:vol=0") "," LV("r0v1_" name, "swi-a-s---", "r0v1",                     \
                                           "drstor:res=r0,drstor:" kind "=" name                   \
                                           ",drstor:vol=1") "]}]}\n"
static const char lvs_snapshot[] = LVS("snapshot", "before");
static const char lvs_clone[] = LVS("clone", "drill");

static const char *const targets[] = {T};
static const struct drstor_evidence declared[] = {{.size = sizeof(declared[0]),
                                                   .kind = DRSTOR_EVIDENCE_E6_DECLARED,
                                                   .site = "rome",
                                                   .by = "alice"}};

typedef int (*change_fn)(void *handle, struct drstor_call *call,
                         const struct drstor_change *change);

static unsigned lines;

/* F plays ACTS and ends as said; what it told comes back. */
static struct drstor_call
play(change_fn f, const struct drstor_change *change, const struct act *acts, int status,
     enum drstor_outcome outcome)
{
    struct drstor_call call = fake_call();
    call.deadline_ns = fake_now + UINT64_C(60000000000);
    script_set(acts);
    int r = f(NULL, &call, change);
    if (r != status || call.outcome != outcome)
        print_message("%d, outcome %d: %s\n", r, (int)call.outcome, call.said);
    assert_int_equal(r, status);
    assert_int_equal(call.outcome, outcome);
    assert_int_equal(call.outcomes, 1);
    assert_true(status == DRSTOR_OK || call.said[0]);
    lines += script_end();
    return call;
}

static struct drstor_change
access_wish(enum drstor_access wanted)
{
    struct drstor_change c = script_change();
    c.access_wanted = (int32_t)wanted;
    return c;
}

static struct drstor_change
with_proof(struct drstor_change c)
{
    c.evidence = declared;
    c.n_evidence = 1;
    return c;
}

#define PLAY(callback, change, status, outcome, ...)                                               \
    play(script_plugin()->callback, change, (const struct act[]){__VA_ARGS__, END}, status,        \
         DRSTOR_OUTCOME_##outcome)

/* ---- describe and reads ---------------------------------------------------------------------- */

static void
every_callback_has_a_duration_and_the_fence_is_the_shims(void **state)
{
    struct drstor_call call = fake_call();
    (void)state;
    assert_int_equal(script_plugin()->describe(&call), DRSTOR_OK);
    assert_int_equal(call.durations, 19);
    assert_int_equal(call.limits.fence_class, DRSTOR_FENCE_SHIM);
    assert_int_equal(call.limits.group_class, DRSTOR_GROUP_STEPWISE);
}

static void
a_copy_is_told_with_its_members_and_every_way_to_them(void **state)
{
    struct drstor_call call = fake_call();
    const char *const groups[] = {"r0"};
    (void)state;
    script_set((const struct act[]){SHOWN("8.4-primary"), END});
    assert_int_equal(script_plugin()->observe(NULL, &call, groups, 1), DRSTOR_OK);
    assert_int_equal(script_end(), 1);
    assert_int_equal(call.n_groups, 1);
    assert_string_equal(call.groups[0].id, "r0");
    assert_int_equal(call.groups[0].info.access, DRSTOR_ACCESS_READ_WRITE);
    assert_int_equal(call.n_members, 2);
    assert_string_equal(call.members[0].id, "r0/0");
    assert_string_equal(call.members[1].pair, "r0/1");
    assert_int_equal(call.n_paths, 2);
}

static void
an_export_that_cannot_be_read_is_no_absence_of_exports(void **state)
{
    struct drstor_call call = fake_call();
    const char *const groups[] = {"r0"};
    (void)state;
    script_set((const struct act[]){
        {.want = "report r0", .report = {.scene = "8.4-primary", .lio = "lun of something\n"}},
        END});
    assert_int_equal(script_plugin()->observe(NULL, &call, groups, 1), DRSTOR_E_PROTOCOL);
    assert_int_equal(call.n_groups, 0);
    (void)script_end();
}

static void
a_resync_is_a_job_that_is_looked_at(void **state)
{
    struct drstor_call call = fake_call();
    (void)state;
    script_set((const struct act[]){REPORT("8.4-sync-target"), REPORT("8.4-sync-target"),
                                    REPORT("8.4-secondary"), REPORT("9-inconsistent"), END});
    assert_int_equal(script_plugin()->jobs(NULL, &call, "r0"), DRSTOR_OK);
    assert_int_equal(call.n_jobs, 1);
    assert_int_equal(call.jobs[0].progress_permille, 666);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(script_plugin()->poll(NULL, &call, "resync:r0"), DRSTOR_OK);
    assert_int_equal(call.jobs[1].state, DRSTOR_JOB_RUNNING);
    assert_int_equal(call.jobs[2].state, DRSTOR_JOB_SUCCEEDED);
    assert_int_equal(call.jobs[3].state, DRSTOR_JOB_FAILED);
    (void)script_end();
}

/* ---- demotion -------------------------------------------------------------------------------- */

static void
a_demotion_takes_the_exports_first_and_is_read_back(void **state)
{
    const struct drstor_change c = access_wish(DRSTOR_ACCESS_READ_ONLY);
    (void)state;
    PLAY(set_access, &c, DRSTOR_OK, DONE, REPORT("8.4-primary"), DONE("r0 secondary"),
         REPORT("8.4-both-secondary"));
    PLAY(set_access, &c, DRSTOR_OK, DONE, SHOWN("8.4-primary"), DONE("r0 withdraw"),
         REPORT("8.4-primary"), DONE("r0 secondary"), REPORT("8.4-both-secondary"));
    PLAY(set_access, &c, DRSTOR_OK, DONE, REPORT("8.4-secondary"));
    PLAY(set_access, &c, DRSTOR_OK, DONE, REPORT("8.4-down"));
}

static void
a_device_that_is_held_open_stays_primary_and_its_holder_is_named(void **state)
{
    const struct drstor_change c = access_wish(DRSTOR_ACCESS_READ_ONLY);
    (void)state;
    const struct drstor_call call =
        PLAY(set_access, &c, DRSTOR_E_REFUSED, REFUSED, REPORT("8.4-primary"),
             {.want = "r0 secondary",
              .status = "failed",
              .frame = "secondary",
              .exit = 11,
              .err = "0: State change failed: (-12) Device is held open by someone\n"},
             REPORT("8.4-primary"));
    assert_non_null(strstr(call.said, "held open"));
    assert_string_equal(call.code, "(-12) exit 11");
}

static void
half_a_demotion_names_the_half_that_was_changed(void **state)
{
    const struct drstor_change c = access_wish(DRSTOR_ACCESS_READ_ONLY);
    (void)state;
    const struct drstor_call call =
        PLAY(set_access, &c, DRSTOR_E_REFUSED, PARTIAL, REPORT("8.4-primary"),
             {.want = "r0 secondary",
              .status = "failed",
              .frame = "secondary",
              .exit = 11,
              .err = "1: State change failed: (-12) Device is held open by someone\n"},
             REPORT("8.4-half-flipped"));
    assert_int_equal(call.n_members, 1);
    assert_string_equal(call.members[0].id, "r0/0");
}

static void
done_is_not_believed_before_it_is_read_back(void **state)
{
    const struct drstor_change down = access_wish(DRSTOR_ACCESS_READ_ONLY);
    struct drstor_change up = access_wish(DRSTOR_ACCESS_READ_WRITE);
    up.planned = 1;
    (void)state;
    PLAY(set_access, &down, DRSTOR_E_UNKNOWN, UNKNOWN, REPORT("8.4-primary"), DONE("r0 secondary"),
         REPORT("8.4-primary"));
    PLAY(set_access, &up, DRSTOR_E_UNKNOWN, UNKNOWN, REPORT("8.4-both-secondary"),
         DONE("r0 primary"), REPORT("8.4-both-secondary"));
    PLAY(set_access, &down, DRSTOR_E_UNKNOWN, UNKNOWN, REPORT("8.4-primary"), DONE("r0 secondary"),
         {.want = "report r0", .lost = DRSTOR_E_UNREACHABLE});
}

/* ---- what an answer means -------------------------------------------------------------------- */

static void
each_end_of_a_line_has_one_outcome(void **state)
{
    static const struct {
        struct act act;
        int status;
        enum drstor_outcome outcome;
    } ends[] = {
        {{.lost = DRSTOR_E_UNKNOWN}, DRSTOR_E_UNKNOWN, DRSTOR_OUTCOME_UNKNOWN},
        {{.lost = DRSTOR_E_UNREACHABLE}, DRSTOR_E_UNREACHABLE, DRSTOR_OUTCOME_REFUSED},
        {{.lost = DRSTOR_E_AUTH}, DRSTOR_E_AUTH, DRSTOR_OUTCOME_REFUSED},
        {{.status = "stale 9 4"}, DRSTOR_E_CONFLICT, DRSTOR_OUTCOME_REFUSED},
        {{.status = "busy"}, DRSTOR_E_BUSY, DRSTOR_OUTCOME_REFUSED},
        {{.status = "invalid a word"}, DRSTOR_E_INVALID, DRSTOR_OUTCOME_REFUSED},
        {{.status = "missing drbdadm"}, DRSTOR_E_NOTFOUND, DRSTOR_OUTCOME_REFUSED},
        {{.status = "unknown the budget is over"}, DRSTOR_E_UNKNOWN, DRSTOR_OUTCOME_UNKNOWN},
        {{.status = "perhaps"}, DRSTOR_E_UNKNOWN, DRSTOR_OUTCOME_UNKNOWN},
        {{.status = "done", .frame = "a\n.\n", .out = "more"},
         DRSTOR_E_UNKNOWN,
         DRSTOR_OUTCOME_UNKNOWN},
    };
    const struct drstor_change c = access_wish(DRSTOR_ACCESS_READ_ONLY);
    (void)state;
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        struct act acts[] = {REPORT("8.4-primary"), ends[i].act, END};
        acts[1].want = "r0 secondary";
        (void)play(script_plugin()->set_access, &c, acts, ends[i].status, ends[i].outcome);
    }
    printf("figure lvm_drbd_ends %zu\n", sizeof(ends) / sizeof(ends[0]));
}

static void
a_first_look_that_fails_changes_nothing(void **state)
{
    const struct drstor_change c = access_wish(DRSTOR_ACCESS_READ_WRITE);
    (void)state;
    PLAY(set_access, &c, DRSTOR_E_UNREACHABLE, REFUSED,
         {.want = "report r0", .lost = DRSTOR_E_UNREACHABLE});
    PLAY(
        set_access, &c, DRSTOR_E_UNREACHABLE, REFUSED,
        {.want = "report r0", .lost = DRSTOR_E_UNKNOWN}); /* a read has no effect to be unsure of */
}

static void
nothing_is_sent_without_the_time_for_it(void **state)
{
    struct drstor_change c = access_wish(DRSTOR_ACCESS_READ_ONLY);
    (void)state;
    c.deadline_ns = fake_now + UINT64_C(3000000000);
    PLAY(set_access, &c, DRSTOR_E_UNREACHABLE, REFUSED, REPORT("8.4-primary"));
}

/* ---- what the answer of a change says of the time after it ------------------------------------
 */

#define CARRIED(line, scene)                                                                       \
    {                                                                                              \
        .want = (line), .status = "done", .carries = (scene)                                       \
    }

static void
what_the_answer_carries_is_read_back_from_it_and_is_not_asked_again(void **state)
{
    struct drstor_change up = access_wish(DRSTOR_ACCESS_READ_WRITE);
    struct drstor_change down = access_wish(DRSTOR_ACCESS_READ_ONLY);
    (void)state;
    up.planned = 1;
    PLAY(set_access, &up, DRSTOR_OK, DONE, REPORT("8.4-both-secondary"),
         CARRIED("r0 primary", "8.4-primary"));
    /* "done" is believed as little as before. */
    PLAY(set_access, &up, DRSTOR_E_UNKNOWN, UNKNOWN, REPORT("8.4-both-secondary"),
         CARRIED("r0 primary", "8.4-both-secondary"));
    /* A failure is that of the command, whatever frame of the report failed as well. */
    const struct drstor_call call =
        PLAY(set_access, &down, DRSTOR_E_REFUSED, PARTIAL, REPORT("8.4-primary"),
             {.want = "r0 secondary",
              .status = "failed it",
              .frame = "drbdadm secondary r0",
              .exit = 11,
              .err = "0: State change failed: (-12) Device is held open by someone\n",
              .carries = "8.4-half-flipped"});
    assert_non_null(strstr(call.said, "held open"));
    /* It cannot be read: asked again. */
    PLAY(set_access, &up, DRSTOR_OK, DONE, REPORT("8.4-both-secondary"),
         CARRIED("r0 primary", "8.4-roles-unread"), REPORT("8.4-primary"));
}

/* ---- promotion ------------------------------------------------------------------------------- */

static void
a_planned_promotion_needs_the_two_connected(void **state)
{
    struct drstor_change c = access_wish(DRSTOR_ACCESS_READ_WRITE);
    (void)state;
    c.planned = 1;
    PLAY(set_access, &c, DRSTOR_OK, DONE, REPORT("8.4-both-secondary"), DONE("r0 primary"),
         REPORT("8.4-primary"));
    PLAY(set_access, &c, DRSTOR_OK, DONE, REPORT("8.4-primary"));
    PLAY(set_access, &c, DRSTOR_E_CONFLICT, REFUSED, REPORT("8.4-cut-off-secondary"));
    PLAY(set_access, &c, DRSTOR_E_CONFLICT, REFUSED, REPORT("8.4-suspended"));
    PLAY(set_access, &c, DRSTOR_E_CONFLICT, REFUSED, REPORT("8.4-down"));
}

static void
a_takeover_needs_proof_and_data_and_a_peer_that_does_not_write(void **state)
{
    const struct drstor_change bare = access_wish(DRSTOR_ACCESS_READ_WRITE),
                               proven = with_proof(bare);
    (void)state;
    PLAY(set_access, &bare, DRSTOR_E_REFUSED, REFUSED, REPORT("8.4-cut-off-secondary"));
    PLAY(set_access, &bare, DRSTOR_E_REFUSED, REFUSED, REPORT("8.4-both-secondary"));
    PLAY(set_access, &proven, DRSTOR_OK, DONE, REPORT("8.4-cut-off-secondary"), DONE("r0 primary"),
         REPORT("8.4-cut-off-primary"));
    PLAY(set_access, &proven, DRSTOR_E_CONFLICT, REFUSED, REPORT("8.4-secondary"));
    PLAY(set_access, &proven, DRSTOR_E_REFUSED, REFUSED, REPORT("8.4-outdated"));
    PLAY(set_access, &proven, DRSTOR_E_REFUSED, REFUSED, REPORT("9-inconsistent"));
    PLAY(set_access, &proven, DRSTOR_E_PROTOCOL, REFUSED, REPORT("8.4-roles-unread"));
    PLAY(set_access, &proven, DRSTOR_E_CONFLICT, REFUSED, REPORT("8.4-frozen"));
}

static void
what_changed_since_it_was_read_is_left_alone(void **state)
{
    struct drstor_change c = with_proof(access_wish(DRSTOR_ACCESS_READ_WRITE));
    (void)state;
    c.access_expected = DRSTOR_ACCESS_READ_WRITE;
    PLAY(set_access, &c, DRSTOR_E_CONFLICT, REFUSED, REPORT("8.4-cut-off-secondary"));
}

/* printf 'drstor before 20260101T000000Z-1' | sha256sum */
static void
force_needs_proof_and_keeps_what_was_there(void **state)
{
    const struct drstor_change bare = script_change(), proven = with_proof(bare);
    (void)state;
    PLAY(force_access, &bare, DRSTOR_E_REFUSED, REFUSED, REPORT("8.4-outdated"));
    PLAY(force_access, &proven, DRSTOR_E_REFUSED, REFUSED, REPORT("9-inconsistent"));
    PLAY(force_access, &proven, DRSTOR_E_CONFLICT, REFUSED, REPORT("8.4-secondary"));
    PLAY(force_access, &proven, DRSTOR_OK, DONE, REPORT("8.4-frozen"), DONE("r0 resume-io"),
         REPORT("8.4-cut-off-primary"));
    PLAY(force_access, &proven, DRSTOR_OK, DONE, REPORT("8.4-outdated"),
         DONE("r0 snapshot drstor-bc3e3bcd1e2e11c2"), DONE("r0 force-primary"),
         REPORT("8.4-cut-off-primary"));
}

/* ---- suspend, resume, resync ----------------------------------------------------------------- */

static void
replication_is_cut_and_joined_at_the_copy_that_follows(void **state)
{
    const struct drstor_change c = script_change();
    (void)state;
    PLAY(suspend, &c, DRSTOR_OK, DONE, REPORT("8.4-secondary"), DONE("r0 disconnect"),
         REPORT("8.4-suspended"));
    PLAY(suspend, &c, DRSTOR_E_CONFLICT, REFUSED, REPORT("8.4-primary"));
    PLAY(suspend, &c, DRSTOR_E_CONFLICT, REFUSED, REPORT("8.4-sync-target"));
    PLAY(resume, &c, DRSTOR_OK, DONE, REPORT("8.4-suspended"), DONE("r0 connect"),
         REPORT("8.4-cut-off-secondary"), REPORT("8.4-secondary"));
    PLAY(resume, &c, DRSTOR_E_CONFLICT, REFUSED, REPORT("8.4-split-secondary"));
}

static void
a_transfer_is_a_fact_or_a_job_or_a_reason(void **state)
{
    struct drstor_change c = script_change();
    (void)state;
    PLAY(sync_once, &c, DRSTOR_OK, DONE, REPORT("8.4-secondary"));
    const struct drstor_call call = PLAY(sync_once, &c, DRSTOR_OK, JOB, REPORT("8.4-sync-target"));
    assert_string_equal(call.job, "resync:r0");
    PLAY(sync_once, &c, DRSTOR_E_CONFLICT, REFUSED, REPORT("8.4-cut-off-secondary"));
    c.group = "r1";
    PLAY(sync_once, &c, DRSTOR_E_CONFLICT, REFUSED,
         {.want = "report r1", .report = {.scene = "8.4-async-secondary"}});
}

static void
a_copy_is_overwritten_when_it_is_closed_and_the_one_that_was_read(void **state)
{
    struct drstor_change c = script_change();
    (void)state;
    c.source = c.target = "r0";
    const struct ld_state split = kit_state(&(struct kit_host){.scene = "8.4-split-secondary"});
    c.expect = split.generation;
    PLAY(resync, &c, DRSTOR_OK, DONE, REPORT("8.4-split-secondary"), DONE("r0 connect-discard"),
         REPORT("8.4-cut-off-secondary"), REPORT("8.4-sync-target"));
    PLAY(resync, &c, DRSTOR_E_REFUSED, REFUSED, SHOWN("8.4-split-secondary"));
    PLAY(resync, &c, DRSTOR_E_CONFLICT, REFUSED, REPORT("8.4-cut-off-secondary"));
    const struct ld_state primary = kit_state(&(struct kit_host){.scene = "8.4-primary"});
    c.expect = primary.generation;
    PLAY(resync, &c, DRSTOR_E_REFUSED, REFUSED, REPORT("8.4-primary"));
}

static void
the_survivor_only_listens_and_never_gives_its_data_up(void **state)
{
    struct drstor_change c = script_change();
    (void)state;
    c.expect = "0000000000000001,0000000000000002";
    PLAY(resync, &c, DRSTOR_OK, DONE, REPORT("8.4-split-primary"), DONE("r0 connect"),
         REPORT("8.4-sync-source"));
    PLAY(resync, &c, DRSTOR_E_CONFLICT, REFUSED, REPORT("8.4-crossed"));
}

static void
a_resync_that_goes_the_wrong_way_is_held(void **state)
{
    struct drstor_change c = script_change();
    (void)state;
    PLAY(resync, &c, DRSTOR_E_CONFLICT, PARTIAL, REPORT("8.4-crossed"), DONE("r0 pause-sync"));
}

/* ---- exports, snapshots, drills -------------------------------------------------------------- */

static void
hosts_see_a_primary_only_and_a_target_that_is_there(void **state)
{
    struct drstor_change c = script_change();
    static const char *const none[] = {"iqn.2026-01.example:none"};
    (void)state;
    c.host_groups = targets;
    c.n_host_groups = 1;
    PLAY(expose, &c, DRSTOR_OK, DONE, REPORT("8.4-primary"), DONE("r0 expose " T),
         SHOWN("8.4-primary"));
    PLAY(expose, &c, DRSTOR_OK, DONE, SHOWN("8.4-primary"));
    PLAY(expose, &c, DRSTOR_E_CONFLICT, REFUSED, REPORT("8.4-secondary"));
    PLAY(expose, &c, DRSTOR_E_UNKNOWN, UNKNOWN, REPORT("8.4-primary"), DONE("r0 expose " T),
         REPORT("8.4-primary"));
    PLAY(withdraw, &c, DRSTOR_OK, DONE, SHOWN("8.4-primary"), DONE("r0 withdraw " T),
         REPORT("8.4-primary"));
    PLAY(withdraw, &c, DRSTOR_OK, DONE, REPORT("8.4-primary"));
    PLAY(withdraw, &c, DRSTOR_E_UNKNOWN, UNKNOWN, SHOWN("8.4-primary"), DONE("r0 withdraw " T),
         SHOWN("8.4-primary"));
    c.host_groups = none;
    PLAY(expose, &c, DRSTOR_E_NOTFOUND, REFUSED, REPORT("8.4-primary"));
}

static void
a_snapshot_is_of_every_volume_or_is_none(void **state)
{
    struct drstor_change c = script_change();
    const struct act kept = {.want = "volumes r0",
                             .report = {.scene = "8.4-secondary", .lvs = lvs_snapshot}};
    (void)state;
    c.name = "before";
    PLAY(snapshot, &c, DRSTOR_OK, DONE, VOLUMES("8.4-secondary"), DONE("r0 snapshot before"), kept);
    PLAY(snapshot, &c, DRSTOR_OK, DONE, kept);
    PLAY(snapshot, &c, DRSTOR_E_UNKNOWN, UNKNOWN, VOLUMES("8.4-secondary"),
         DONE("r0 snapshot before"), VOLUMES("8.4-secondary"));
    const struct drstor_call call =
        PLAY(snapshot, &c, DRSTOR_E_REFUSED, REFUSED, VOLUMES("8.4-secondary"),
             {.want = "r0 snapshot before",
              .status = "failed",
              .frame = "lvcreate",
              .exit = 5,
              .err = "  Volume group \"vg0\" has insufficient free space (87 extents): 2560 "
                     "required.\n"},
             VOLUMES("8.4-secondary"));
    assert_non_null(strstr(call.hint, "348 MiB free"));
}

static void
a_drill_is_a_clone_beside_the_copy_and_goes_without_a_trace(void **state)
{
    struct drstor_change c = script_change();
    const struct act there = {
        .want = "volumes r0",
        .report = {.scene = "8.4-secondary", .lvs = lvs_clone, .lio = lio_clone}};
    (void)state;
    c.name = "drill";
    c.host_groups = targets;
    c.n_host_groups = 1;
    PLAY(test_start, &c, DRSTOR_OK, DONE, VOLUMES("8.4-secondary"), DONE("r0 clone drill " T),
         there);
    PLAY(test_start, &c, DRSTOR_E_CONFLICT, REFUSED, VOLUMES("8.4-sync-target"));
    PLAY(test_stop, &c, DRSTOR_OK, DONE, there, DONE("r0 unclone drill"), VOLUMES("8.4-secondary"));
    PLAY(test_stop, &c, DRSTOR_E_UNKNOWN, UNKNOWN, there, DONE("r0 unclone drill"), there);
    struct drstor_call call = fake_call();
    const char *const groups[] = {"drill"};
    script_set((const struct act[]){
        {.want = "report drill", .report = {.scene = "8.4-secondary", .lio = lio_clone}},
        {.want = "volumes drill",
         .report = {.scene = "8.4-secondary", .lvs = lvs_clone, .lio = lio_clone}},
        END});
    assert_int_equal(script_plugin()->observe(NULL, &call, groups, 1), DRSTOR_OK);
    (void)script_end();
    assert_int_equal(call.n_members, 2);
    assert_int_equal(call.members[0].info.access, DRSTOR_ACCESS_READ_WRITE);
    assert_int_equal(call.n_paths, 2);
}

/* ---- dual write ------------------------------------------------------------------------------ */

static void
dual_write_is_sound_only_with_a_fence_between_the_two(void **state)
{
    struct drstor_call call = fake_call();
    (void)state;
    script_set((const struct act[]){REPORT("8.4-dual"), END});
    assert_int_equal(script_plugin()->verify_dual_write(NULL, &call, "r0"), DRSTOR_E_REFUSED);
    assert_non_null(strstr(call.said, "fencing is not resource-and-stonith"));
    (void)script_end();
}

static void
a_probe_is_read_back_at_both_slots(void **state)
{
    struct drstor_change c = script_change();
    (void)state;
    c.name = "now-a";
    /* Both sides write at the same time, under whatever token. */
    PLAY(probe_write, &c, DRSTOR_OK, DONE,
         {.want = "volumes r0", .report = {.scene = "8.4-dual", .token = 9, .epoch = 9}},
         DONE("r0 probe-write 1 now-a"),
         {.want = "probe r0 1 0", .status = "done", .frame = "probe", .out = "now-a\n"});
    c.expect = "now-b";
    PLAY(probe_write, &c, DRSTOR_OK, DONE, VOLUMES("8.4-dual"), DONE("r0 probe-write 1 now-a"),
         {.want = "probe r0 1 0", .status = "done", .frame = "probe", .out = "now-a\n"},
         {.want = "probe r0 1 1", .status = "done", .frame = "probe", .out = "now-b\n"});
    PLAY(probe_write, &c, DRSTOR_E_CONFLICT, REFUSED, VOLUMES("8.4-dual"),
         DONE("r0 probe-write 1 now-a"),
         {.want = "probe r0 1 0", .status = "done", .frame = "probe", .out = "now-a\n"},
         {.want = "probe r0 1 1", .status = "done", .frame = "probe", .out = "older\n"});
    PLAY(probe_write, &c, DRSTOR_E_CONFLICT, REFUSED, VOLUMES("8.4-secondary"));
    PLAY(probe_write, &c, DRSTOR_E_NOTFOUND, REFUSED,
         {.want = "volumes r0", .report = {.scene = "8.4-dual", .lvs = lvs_snapshot}});
}

static void
an_epoch_is_kept_at_the_host(void **state)
{
    const struct drstor_change c = script_change();
    const struct act kept = {.want = "report r0",
                             .report = {.scene = "8.4-primary", .token = 7, .epoch = 3}};
    (void)state;
    PLAY(tag, &c, DRSTOR_OK, DONE, REPORT("8.4-primary"), DONE("r0 tag"), kept);
    PLAY(tag, &c, DRSTOR_E_CONFLICT, REFUSED,
         {.want = "report r0", .report = {.scene = "8.4-primary", .token = 8, .epoch = 3}});
    PLAY(tag, &c, DRSTOR_E_CONFLICT, REFUSED,
         {.want = "report r0", .report = {.scene = "8.4-primary", .token = 7, .epoch = 4}});
    PLAY(tag, &c, DRSTOR_OK, DONE, kept);
    PLAY(tag, &c, DRSTOR_E_UNKNOWN, UNKNOWN, REPORT("8.4-primary"), DONE("r0 tag"),
         REPORT("8.4-primary"));
}

static int
tell(void **state)
{
    (void)state;
    printf("figure lvm_drbd_lines %u\n", lines);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_answer_carries_is_read_back_from_it_and_is_not_asked_again),
        cmocka_unit_test(every_callback_has_a_duration_and_the_fence_is_the_shims),
        cmocka_unit_test(a_copy_is_told_with_its_members_and_every_way_to_them),
        cmocka_unit_test(an_export_that_cannot_be_read_is_no_absence_of_exports),
        cmocka_unit_test(a_resync_is_a_job_that_is_looked_at),
        cmocka_unit_test(a_demotion_takes_the_exports_first_and_is_read_back),
        cmocka_unit_test(a_device_that_is_held_open_stays_primary_and_its_holder_is_named),
        cmocka_unit_test(half_a_demotion_names_the_half_that_was_changed),
        cmocka_unit_test(done_is_not_believed_before_it_is_read_back),
        cmocka_unit_test(each_end_of_a_line_has_one_outcome),
        cmocka_unit_test(a_first_look_that_fails_changes_nothing),
        cmocka_unit_test(nothing_is_sent_without_the_time_for_it),
        cmocka_unit_test(a_planned_promotion_needs_the_two_connected),
        cmocka_unit_test(a_takeover_needs_proof_and_data_and_a_peer_that_does_not_write),
        cmocka_unit_test(what_changed_since_it_was_read_is_left_alone),
        cmocka_unit_test(force_needs_proof_and_keeps_what_was_there),
        cmocka_unit_test(replication_is_cut_and_joined_at_the_copy_that_follows),
        cmocka_unit_test(a_transfer_is_a_fact_or_a_job_or_a_reason),
        cmocka_unit_test(a_copy_is_overwritten_when_it_is_closed_and_the_one_that_was_read),
        cmocka_unit_test(the_survivor_only_listens_and_never_gives_its_data_up),
        cmocka_unit_test(a_resync_that_goes_the_wrong_way_is_held),
        cmocka_unit_test(hosts_see_a_primary_only_and_a_target_that_is_there),
        cmocka_unit_test(a_snapshot_is_of_every_volume_or_is_none),
        cmocka_unit_test(a_drill_is_a_clone_beside_the_copy_and_goes_without_a_trace),
        cmocka_unit_test(dual_write_is_sound_only_with_a_fence_between_the_two),
        cmocka_unit_test(a_probe_is_read_back_at_both_slots),
        cmocka_unit_test(an_epoch_is_kept_at_the_host),
    };
    return cmocka_run_group_tests(tests, NULL, tell);
}
