#include "world_kit.h"

#define HOSTS(site, n) "\"host_groups\": {\"rhv-" site "\": {\"lun\": " n ", \"portal\": \"p\"}}"
#define MEMBERS(a, b) "\"members\": [{\"id\": \"" a "\", \"bytes\": 1024}, {\"id\": \"" b "\"}]"

static const char kit_groups[] =
    "{\"seed\": 7,"
    "\"sites\": {\"milan\": {}, \"rome\": {}},"
    "\"arrays\": {\"am\": {\"site\": \"milan\", \"latency_ms\": 5, \"parallel_calls\": 4},"
    "             \"ar\": {\"site\": \"rome\", \"latency_ms\": 5, \"parallel_calls\": 4}},"
    "\"groups\": {"
    " \"erp\": {\"mode\": \"async\", \"period_s\": 60, \"preferred\": \"milan\", \"copies\": ["
    "   {\"array\": \"am\", \"id\": \"erp_m\", " HOSTS("milan", "10") ", " MEMBERS(
        "erp_m_1",
        "erp_m_2") "},"
                   "   {\"array\": \"ar\", \"id\": \"erp_r\", " HOSTS("rome", "10") ", " MEMBERS(
                       "erp_r_1",
                       "erp_r_2") "}]},"
                                  " \"db\": {\"mode\": \"sync\", \"stops_when_alone\": true, "
                                  "\"copies\": ["
                                  "   {\"array\": \"am\", \"id\": \"db_m\", " HOSTS("milan", "20") ", " MEMBERS(
                                      "db_m_1",
                                      "db_m_2") "},"
                                                "   {\"array\": \"ar\", \"id\": \"db_r\", " HOSTS("rome", "20") ", " MEMBERS(
                                                    "db_r_1",
                                                    "db_r_2") "}]},"
                                                              " \"web\": "
                                                              "{\"mode\": "
                                                              "\"sync\", "
                                                              "\"stepwise\": "
                                                              "true, "
                                                              "\"copies\": ["
                                                              "   {\"array\": "
                                                              "\"am\", \"id\": "
                                                              "\"web_m\","
                                                              " " HOSTS("milan", "30") ", " MEMBERS(
                                                                  "web_m_1",
                                                                  "web_m_2") "},"
                                                                             "  "
                                                                             " {"
                                                                             "\""
                                                                             "ar"
                                                                             "ra"
                                                                             "y"
                                                                             "\""
                                                                             ": "
                                                                             "\""
                                                                             "ar"
                                                                             "\""
                                                                             ", "
                                                                             "\""
                                                                             "id"
                                                                             "\""
                                                                             ": "
                                                                             "\""
                                                                             "we"
                                                                             "b_"
                                                                             "r"
                                                                             "\""
                                                                             ","
                                                                             " " HOSTS("rome", "30") ", " MEMBERS(
                                                                                 "web_r_1",
                                                                                 "web_r_2") "}]},"
                                                                                            " \"aa"
                                                                                            "\": "
                                                                                            "{\"mod"
                                                                                            "e\": "
                                                                                            "\"sync"
                                                                                            "\", "
                                                                                            "\"topo"
                                                                                            "logy\""
                                                                                            ": "
                                                                                            "\"acti"
                                                                                            "ve-"
                                                                                            "active"
                                                                                            "\", "
                                                                                            "\"pref"
                                                                                            "erred"
                                                                                            "\": "
                                                                                            "\"mila"
                                                                                            "n\","
                                                                                            "  "
                                                                                            "\"copi"
                                                                                            "es\": "
                                                                                            "["
                                                                                            "   "
                                                                                            "{\"arr"
                                                                                            "ay\": "
                                                                                            "\"am\""
                                                                                            ", "
                                                                                            "\"id\""
                                                                                            ": "
                                                                                            "\"aa_"
                                                                                            "m\","
                                                                                            " " HOSTS("milan", "40") ", " MEMBERS(
                                                                                                "aa"
                                                                                                "_m"
                                                                                                "_"
                                                                                                "1",
                                                                                                "aa"
                                                                                                "_m"
                                                                                                "_"
                                                                                                "2") "},"
                                                                                                     "   {\"array\": \"ar\", \"id\": \"aa_r\", " HOSTS(
                                                                                                         "rome",
                                                                                                         "40") ", " MEMBERS("aa_r_1",
                                                                                                                            "aa_r_2") "}]}"
                                                                                                                                      "}}";

struct json_object *
kit_spec(const char *clock)
{
    struct json_object *spec = json_tokener_parse(kit_groups);
    assert_non_null(spec);
    json_object_object_add(spec, "clock", json_object_new_string(clock));
    return spec;
}

struct sim_world *
kit_world(void)
{
    struct json_object *spec = kit_spec("virtual");
    struct sim_world *w = NULL;
    char why[SIM_WORDS] = "";
    int r = sim_world_new(spec, &w, why);
    json_object_put(spec);
    if (r < 0)
        fail_msg("%s", why);
    assert_int_equal(sim_enter(w), 0);
    return w;
}

struct sim_reply
kit_call(struct sim_world *w, struct sim_request request)
{
    struct sim_ticket ticket;
    struct sim_reply reply = {0};
    assert_int_equal(sim_begin(w, &request, &ticket), 0);
    for (;;) {
        uint64_t look;
        if (sim_poll(w, ticket.id, &look))
            break;
        if (look == SIM_NEVER)
            fail_msg("no answer to %s", sim_op_name(request.op));
        assert_int_equal(sim_advance(w, look - sim_now(w)), 0);
    }
    assert_int_equal(sim_finish(w, ticket.id, &reply), 0);
    return reply;
}

int
kit_job(struct sim_world *w, const char *array, const char *job)
{
    struct sim_view_job v;
    for (int i = 0; i < 100000; i++) {
        assert_int_equal(sim_view_job(w, array, job, &v), 0);
        if (v.state != DRSTOR_JOB_RUNNING)
            return v.state;
        assert_int_equal(sim_advance(w, 100 * SIM_MS), 0);
    }
    return DRSTOR_JOB_UNKNOWN;
}

struct sim_view
kit_view(struct sim_world *w, const char *array, const char *group)
{
    struct sim_view v;
    assert_int_equal(sim_view(w, array, group, &v), 0);
    return v;
}

enum drstor_access
kit_access(struct sim_world *w, const char *array, const char *group)
{
    struct sim_view v = kit_view(w, array, group);
    enum drstor_access access = v.access;
    sim_view_clear(&v);
    return access;
}

void
kit_writer(struct sim_world *w, const char *site, const char *array, const char *group, bool add)
{
    struct sim_view v = kit_view(w, array, group);
    for (size_t i = 0; i < v.n_members; i++)
        assert_int_equal(sim_lun_writer(w, site, v.members[i].wwid, "kit", add), 0);
    sim_view_clear(&v);
}

uint64_t
kit_writes(struct sim_world *w, const char *array, const char *volume)
{
    uint64_t n = 0;
    assert_int_equal(sim_writes(w, array, volume, &n), 0);
    return n;
}
