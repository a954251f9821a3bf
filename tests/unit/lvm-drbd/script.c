#include "script.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct act *acts;
static unsigned at;
static char *answer; /* of the last call, valid until the next one */

void
script_set(const struct act *a)
{
    acts = a;
    at = 0;
}

unsigned
script_end(void)
{
    if (acts[at].want)
        fail_msg("\"%s\" was not sent", acts[at].want);
    free(answer);
    answer = NULL;
    return at;
}

static void
joined(const struct drstor_ssh_request *q, size_t from, char *ret, size_t size)
{
    size_t n = 0;
    *ret = '\0';
    for (size_t i = from; i < q->n_argv; i++) {
        int m = snprintf(ret + n, size - n, "%s%s", i > from ? " " : "", q->argv[i]);
        assert_true(m >= 0 && (size_t)m < size - n);
        n += (size_t)m;
    }
}

/* SAID, and behind its frames those of SCENE. */
static char *
with_report(char *said, const char *scene)
{
    char *report = kit_report(&(const struct kit_host){.scene = scene}), *all = NULL;
    said[strlen(said) - 2] = '\0'; /* its end */
    assert_true(asprintf(&all, "%s@report 0 0 0\n\n%s", said, strchr(report, '\n') + 1) > 0);
    free(report);
    free(said);
    return all;
}

static int
script_ssh(struct drstor_call *call, const struct drstor_ssh_request *q,
           struct drstor_ssh_reply *ret)
{
    char line[1024];
    const struct act *a = &acts[at];
    assert_true(q->n_argv >= 2);
    assert_string_equal(q->argv[0], "drstor/1");
    bool change = strcmp(q->argv[1], "change") == 0;
    joined(q, change ? 6 : 1, line, sizeof(line));
    if (!a->want)
        fail_msg("\"%s\" was sent after the last act", line);
    if (strcmp(line, a->want) != 0)
        fail_msg("act %u: \"%s\" was sent, not \"%s\"", at, line, a->want);
    assert_int_equal(q->mutating, change);
    if (change) {
        assert_string_equal(q->argv[2], "7");
        assert_string_equal(q->argv[3], "3");
        unsigned long budget = strtoul(q->argv[4], NULL, 10);
        assert_true(budget > 0 && fake_now + budget * 1000000 < call->deadline_ns);
        assert_string_equal(q->argv[5], "20260101T000000Z-1");
    }
    at++;
    free(answer);
    answer = NULL;
    if (a->lost)
        return call->said[0] = 'l', call->said[1] = '\0', a->lost;
    answer = a->report.scene ? kit_report(&a->report)
                             : kit_said(a->status, a->frame, a->exit, a->out ? a->out : "",
                                        a->err ? a->err : "");
    if (a->carries)
        answer = with_report(answer, a->carries);
    ret->out = answer;
    ret->n_out = strlen(answer);
    ret->err = "";
    ret->n_err = 0;
    ret->exit = 0;
    return DRSTOR_OK;
}

const struct drstor_plugin *
script_plugin(void)
{
    static struct drstor_host host_of_script;
    static const struct drstor_plugin *plugin;
    if (plugin)
        return plugin;
    void *file = dlopen(LVM_DRBD_PLUGIN, RTLD_NOW | RTLD_LOCAL);
    if (!file)
        fail_msg("%s", dlerror());
    drstor_plugin_entry_fn entry;
    void *symbol = dlsym(file, DRSTOR_PLUGIN_ENTRY_NAME);
    memcpy(&entry, &symbol, sizeof(entry));
    assert_true(entry != NULL);
    host_of_script = fake_host;
    host_of_script.ssh = script_ssh;
    plugin = entry(&host_of_script);
    return plugin;
}

struct drstor_change
script_change(void)
{
    return (struct drstor_change){.size = sizeof(struct drstor_change),
                                  .op = "20260101T000000Z-1",
                                  .group = "r0",
                                  .epoch = 3,
                                  .token = 7};
}
