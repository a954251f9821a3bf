/* The program behind TLS: token, list, lost reply, silence. The CA is verified, always. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <curl/curl.h>

#include "util.h"

#define CONFIG                                                                                     \
    "{\"site\":\"milan\",\"data_centers\":[{\"id\":\"d1\",\"name\":\"dc\"}],"                      \
    "\"clusters\":[{\"id\":\"c1\",\"name\":\"cl\",\"data_center\":\"dc\"}],"                       \
    "\"hosts\":[{\"id\":\"h1\",\"name\":\"host1\",\"cluster\":\"cl\"}]}"

struct fixture {
    char dir[64];
    pid_t pid;
    int port;
    CURL *curl;
    char *token;
    char *text;
    size_t length;
    long status;
};

static struct fixture f;

/* ---- the server ------------------------------------------------------------------------------ */

static int
run(char *const argv[])
{
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) {
        execv(argv[0], argv);
        _exit(127);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

static char *
in_dir(const char *name)
{
    return emu_printf("%s/%s", f.dir, name);
}

static pid_t
spawn(char *const argv[], int *ret_out)
{
    int out[2];
    assert_int_equal(pipe(out), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(out[1], STDOUT_FILENO);
        close(out[0]);
        close(out[1]);
        execv(argv[0], argv);
        _exit(127);
    }
    close(out[1]);
    *ret_out = out[0];
    return pid;
}

static int
setup(void **state)
{
    (void)state;
    memset(&f, 0, sizeof(f));
    snprintf(f.dir, sizeof(f.dir), "/tmp/engine-emu.XXXXXX");
    assert_non_null(mkdtemp(f.dir));
    char *const make_ca[] = {getenv("MAKE_CA"), f.dir, (char[]){"milan"}, NULL};
    assert_non_null(make_ca[0]);
    assert_int_equal(run(make_ca), 0);
    char *config = in_dir("config");
    FILE *file = fopen(config, "w");
    assert_non_null(file);
    fputs(CONFIG, file);
    fclose(file);

    char *cert = in_dir("milan.pem");
    char *key = in_dir("milan.key");
    char *control = in_dir("control");
    char *ready = in_dir("ready");
    char *const argv[] = {getenv("ENGINE_EMU"),
                          (char[]){"--config"},
                          config,
                          (char[]){"--cert"},
                          cert,
                          (char[]){"--key"},
                          key,
                          (char[]){"--control"},
                          control,
                          (char[]){"--ready-file"},
                          ready,
                          (char[]){"--die-with-parent"},
                          NULL};
    int out = -1;
    f.pid = spawn(argv, &out);
    FILE *said = fdopen(out, "r");
    assert_int_equal(fscanf(said, "port %d", &f.port), 1);
    fclose(said);
    assert_true(f.port > 0 && f.port < 32768);
    assert_int_equal(access(ready, R_OK), 0);
    free(config);
    free(cert);
    free(key);
    free(control);
    free(ready);
    f.curl = curl_easy_init();
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    int status = -1;
    curl_easy_cleanup(f.curl);
    kill(f.pid, SIGTERM);
    while (waitpid(f.pid, &status, 0) < 0 && errno == EINTR)
        ;
    char *control = in_dir("control");
    assert_int_equal(access(control, F_OK), -1); /* taken away at a clean end */
    free(control);
    static const char *const names[] = {"ca.pem", "ca.key", "milan.pem", "milan.key",
                                        "config", "ready",  NULL};
    for (const char *const *n = names; *n; n++) {
        char *path = in_dir(*n);
        unlink(path);
        free(path);
    }
    rmdir(f.dir);
    free(f.token);
    free(f.text);
    return status == 0 ? 0 : -1;
}

/* ---- a client -------------------------------------------------------------------------------- */

static size_t
take(char *data, size_t size, size_t count, void *cls)
{
    (void)cls;
    f.text = realloc(f.text, f.length + size * count + 1);
    if (!f.text)
        abort();
    memcpy(f.text + f.length, data, size * count);
    f.length += size * count;
    f.text[f.length] = '\0';
    return size * count;
}

static CURLcode
call(const char *method, const char *path, const char *body, long timeout_ms)
{
    char *url = emu_printf("https://127.0.0.1:%d%s", f.port, path);
    char *ca = in_dir("ca.pem");
    char *bearer = emu_printf("Authorization: Bearer %s", f.token ? f.token : "none");
    struct curl_slist *headers = curl_slist_append(NULL, bearer);
    headers = curl_slist_append(headers, "Accept: application/json");
    if (body && body[0] == '{')
        headers = curl_slist_append(headers, "Content-Type: application/json");
    free(f.text);
    f.text = NULL;
    f.length = 0;
    curl_easy_reset(f.curl);
    curl_easy_setopt(f.curl, CURLOPT_URL, url);
    curl_easy_setopt(f.curl, CURLOPT_CAINFO, ca);
    curl_easy_setopt(f.curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(f.curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(f.curl, CURLOPT_TIMEOUT_MS, timeout_ms);
    curl_easy_setopt(f.curl, CURLOPT_NOSIGNAL, 1L);
    if (body)
        curl_easy_setopt(f.curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(f.curl, CURLOPT_CUSTOMREQUEST, method);
    /* libcurl repeats a request, even a POST, when a reused connection dies without a byte. */
    curl_easy_setopt(f.curl, CURLOPT_FRESH_CONNECT, body ? 1L : 0L);
    CURLcode code = curl_easy_perform(f.curl);
    curl_easy_getinfo(f.curl, CURLINFO_RESPONSE_CODE, &f.status);
    curl_slist_free_all(headers);
    free(bearer);
    free(ca);
    free(url);
    return code;
}

static void
login(void)
{
    assert_int_equal(call("POST", "/ovirt-engine/sso/oauth/token",
                          "grant_type=password&scope=ovirt-app-api&username=admin%40internal"
                          "&password=secret",
                          20000),
                     CURLE_OK);
    assert_int_equal(f.status, 200);
    struct json_object *o = json_tokener_parse(f.text);
    f.token = emu_strdup(js_str(o, "access_token"));
    json_object_put(o);
}

static void
control(const char *command)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    char reply[4096];
    snprintf(a.sun_path, sizeof(a.sun_path), "%s/control", f.dir);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&a, sizeof(a)), 0);
    dprintf(fd, "%s\n", command);
    ssize_t n = read(fd, reply, sizeof(reply) - 1);
    assert_true(n > 0);
    reply[n] = '\0';
    assert_non_null(strstr(reply, "\"ok\":true"));
    close(fd);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void
token_then_list(void **state)
{
    (void)state;
    assert_int_equal(call("GET", "/ovirt-engine/api/hosts", NULL, 20000), CURLE_OK);
    assert_int_equal(f.status, 401);
    login();
    assert_int_equal(call("GET", "/ovirt-engine/api/hosts?search=name%3Dhost1", NULL, 20000),
                     CURLE_OK);
    assert_int_equal(f.status, 200);
    assert_non_null(strstr(f.text, "\"host1\""));
}

static void
lost_reply_leaves_the_effect(void **state)
{
    (void)state;
    login();
    control("{\"command\":\"fault\",\"op\":\"add_job\",\"kind\":\"drop\",\"when\":\"after\"}");
    assert_int_not_equal(
        call("POST", "/ovirt-engine/api/jobs", "{\"description\":\"drill\"}", 20000), CURLE_OK);
    assert_int_equal(f.length, 0);
    assert_int_equal(call("GET", "/ovirt-engine/api/jobs", NULL, 20000), CURLE_OK);
    char *first = strstr(f.text, "drill");
    assert_non_null(first);
    assert_null(strstr(first + 1, "drill"));
}

static void
reply_that_takes_time_comes(void **state)
{
    (void)state;
    login();
    control("{\"command\":\"fault\",\"op\":\"list_hosts\",\"kind\":\"slow\",\"delay_ms\":50}");
    assert_int_equal(call("GET", "/ovirt-engine/api/hosts", NULL, 20000), CURLE_OK);
    assert_int_equal(f.status, 200);
}

static void
silence_is_a_time_out_and_never_a_refusal(void **state)
{
    (void)state;
    login();
    control("{\"command\":\"silent\"}");
    /* The connection that is open, then new ones. */
    for (int i = 0; i < 3; i++)
        assert_int_equal(call("GET", "/ovirt-engine/api/hosts", NULL, 300),
                         CURLE_OPERATION_TIMEDOUT);
    control("{\"command\":\"answer\"}");
    assert_int_equal(call("GET", "/ovirt-engine/api/hosts", NULL, 20000), CURLE_OK);
    assert_int_equal(f.status, 200);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(token_then_list),
        T(lost_reply_leaves_the_effect),
        T(reply_that_takes_time_comes),
        T(silence_is_a_time_out_and_never_a_refusal),
    };
    signal(SIGPIPE, SIG_IGN);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    int r = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return r;
}
