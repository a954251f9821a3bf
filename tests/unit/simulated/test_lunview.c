#include "lunview_world.h"
#include "world_kit.h"

#include <errno.h>
#include <unistd.h>

static const char *
text_of(struct json_object *o, const char *key)
{
    struct json_object *v = NULL;
    return json_object_object_get_ex(o, key, &v) ? json_object_get_string(v) : "";
}

static void
engine_sees_and_writes_through_the_view(void **state)
{
    static const char *const ends[] = {"", ".lock", ".log", ".new"};
    char dir[] = "/tmp/drstor-lunview-XXXXXX", path[64], name[80];
    struct json_object *spec = kit_spec("virtual"), *luns, *doc;
    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/world.json", dir);
    assert_int_equal(sim_file_create(path, spec, NULL), 0);
    json_object_put(spec);

    assert_null(lunview_world_open("/nonexistent/world"));
    assert_int_equal(errno, ENOENT);
    struct lunview *view = lunview_world_open(path);
    assert_non_null(view);
    assert_int_equal(view->list(view->ctx, "milan", &luns), 0);
    assert_int_equal(json_object_array_length(luns), 8);
    struct json_object *lun = json_object_array_get_idx(luns, 0);
    assert_string_equal(text_of(lun, "access"), "read-write");
    assert_string_equal(text_of(lun, "lun"), "10");
    assert_string_equal(text_of(lun, "exposed_to"), "[ \"rhv-milan\" ]");
    const char *wwid = text_of(lun, "wwid");
    assert_int_equal(strlen(wwid), 33);

    doc = json_tokener_parse("{\"domain\": \"d1\"}");
    assert_int_equal(view->write(view->ctx, "milan", wwid, doc), 0);
    assert_int_equal(view->write(view->ctx, "rome", wwid, doc), -ENOENT);
    assert_int_equal(view->write(view->ctx, "oslo", wwid, doc), -ENOENT);
    assert_int_equal(view->writer_add(view->ctx, "milan", wwid, "engine/vm"), 0);
    assert_int_equal(view->writer_remove(view->ctx, "milan", wwid, "engine/vm"), 0);
    assert_int_equal(view->writer_remove(view->ctx, "milan", wwid, "engine/vm"), 0);
    json_object_put(doc);
    json_object_put(luns);

    assert_int_equal(view->list(view->ctx, "milan", &luns), 0);
    lun = json_object_array_get_idx(luns, 0);
    assert_string_equal(text_of(lun, "content"), "{ \"domain\": \"d1\" }");
    assert_string_equal(text_of(lun, "writes"), "1");
    json_object_put(luns);
    lunview_world_close(view);
    for (size_t i = 0; i < 4; i++) {
        snprintf(name, sizeof(name), "%s%s", path, ends[i]);
        unlink(name);
    }
    assert_int_equal(rmdir(dir), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(engine_sees_and_writes_through_the_view)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
