#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sample.h"

int
fixture_setup(void **state)
{
    static struct fixture f;
    memset(&f, 0, sizeof(f));
    f.now = 1000 * SECOND;
    struct json_object *conf = json_tokener_parse(SAMPLE_LUNS);
    f.luns = lunview_mem_new(conf);
    json_object_put(conf);
    site_open(&f.milan, SAMPLE_MILAN, f.luns, &f.now);
    site_open(&f.rome, SAMPLE_ROME, f.luns, &f.now);
    site_login(&f.milan);
    site_login(&f.rome);
    *state = &f;
    return 0;
}

int
fixture_teardown(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(lunview_mem_violations(f->luns), 0);
    site_close(&f->milan);
    site_close(&f->rome);
    lunview_mem_free(f->luns);
    return 0;
}

void
array_promote(struct fixture *f)
{
    static const char *const milan[] = {"3600a1", "3600a2", "3600a3"};
    static const char *const rome[] = {"3600b1", "3600b2", "3600b3"};
    lunview_mem_replicate(f->luns, "milan");
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(lunview_mem_access(f->luns, "milan", milan[i], "read-only"), 0);
        assert_int_equal(lunview_mem_access(f->luns, "rome", rome[i], "read-write"), 0);
    }
}

int
import_sd(struct fixture *f, const char *id)
{
    char body[256];
    snprintf(body, sizeof(body),
             "{'id':'%s','import':'true','type':'data',"
             "'host':{'name':'rome1'},'storage':{'type':'fcp'}}",
             id);
    return site_call(&f->rome, "POST", "storagedomains", body);
}

int
attach_sd(struct fixture *f, const char *id)
{
    char body[128];
    snprintf(body, sizeof(body), "{'id':'%s'}", id);
    return site_call(&f->rome, "POST", ATTACH_R, body);
}

void
crash_and_promote(struct fixture *f)
{
    site_control(&f->milan, "{'command':'hosts_lost'}");
    array_promote(f);
}

void
attached_at_rome(struct fixture *f)
{
    crash_and_promote(f);
    assert_int_equal(import_sd(f, SD1), 201);
    assert_int_equal(import_sd(f, SD2), 201);
    assert_int_equal(attach_sd(f, SD1), 201);
    assert_string_equal(site_str(&f->rome, "status"), "active");
    assert_int_equal(attach_sd(f, SD2), 201);
    assert_string_equal(site_str(&f->rome, "status"), "active");
}

int
register_at(struct fixture *f, const char *sd, const char *kind, const char *id)
{
    char path[256];
    snprintf(path, sizeof(path), "storagedomains/%s/%s/%s/register", sd, kind, id);
    return site_call(&f->rome, "POST", path, REGISTER);
}

void
registered_at_rome(struct fixture *f)
{
    attached_at_rome(f);
    assert_int_equal(register_at(f, SD1, "templates", TPL1), 200);
    assert_int_equal(register_at(f, SD1, "vms", VM1), 200);
    assert_int_equal(register_at(f, SD2, "vms", VM2), 200);
    site_sleep(&f->rome, SECOND);
}

const char *
vm_status(struct site *s, const char *id)
{
    char path[128];
    snprintf(path, sizeof(path), "vms/%s", id);
    site_call(s, "GET", path, NULL);
    return site_str(s, "status") ? site_str(s, "status") : "";
}

void
fault(struct site *s, const char *command)
{
    site_control(s, command);
    assert_true(js_bool(s->body, "ok", false));
}
