/* engine-emu: the emulated engine as a program. README.md tells how to use it. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "../lunview_mem.h"
#include "../lunview_world.h"
#include "server.h"
#include "util.h"

struct options {
    const char *config;
    const char *cert;
    const char *key;
    const char *ca;
    const char *ready;
    const char *luns;
    const char *world;
    const char *factor;
    bool die_with_parent;
    struct emu_server_options server;
};

enum {
    OPT_CONFIG = 1,
    OPT_LISTEN,
    OPT_PORT,
    OPT_CERT,
    OPT_KEY,
    OPT_CA,
    OPT_CONTROL,
    OPT_READY,
    OPT_LUNS,
    OPT_WORLD,
    OPT_FACTOR,
    OPT_DIE,
    OPT_PLAIN
};

static const struct option long_options[] = {
    {"config", required_argument, NULL, OPT_CONFIG},
    {"listen", required_argument, NULL, OPT_LISTEN},
    {"port", required_argument, NULL, OPT_PORT},
    {"cert", required_argument, NULL, OPT_CERT},
    {"key", required_argument, NULL, OPT_KEY},
    {"ca", required_argument, NULL, OPT_CA},
    {"control", required_argument, NULL, OPT_CONTROL},
    {"ready-file", required_argument, NULL, OPT_READY},
    {"luns", required_argument, NULL, OPT_LUNS},
    {"lunview-world", required_argument, NULL, OPT_WORLD},
    {"time-factor", required_argument, NULL, OPT_FACTOR},
    {"die-with-parent", no_argument, NULL, OPT_DIE},
    {"plain", no_argument, NULL, OPT_PLAIN},
    {NULL, 0, NULL, 0},
};

static int
options_parse(struct options *o, int argc, char **argv)
{
    int c = 0;
    char *end = NULL;
    while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        switch (c) {
        case OPT_CONFIG:
            o->config = optarg;
            break;
        case OPT_LISTEN:
            o->server.address = optarg;
            break;
        case OPT_PORT:
            o->server.port = (int)strtol(optarg, &end, 10);
            if (*end || o->server.port < 0 || o->server.port > 65535)
                return -EINVAL;
            break;
        case OPT_CERT:
            o->cert = optarg;
            break;
        case OPT_KEY:
            o->key = optarg;
            break;
        case OPT_CA:
            o->ca = optarg;
            break;
        case OPT_CONTROL:
            o->server.control_path = optarg;
            break;
        case OPT_READY:
            o->ready = optarg;
            break;
        case OPT_LUNS:
            o->luns = optarg;
            break;
        case OPT_WORLD:
            o->world = optarg;
            break;
        case OPT_FACTOR:
            o->factor = optarg;
            break;
        case OPT_DIE:
            o->die_with_parent = true;
            break;
        case OPT_PLAIN:
            o->server.plain = true;
            break;
        default:
            return -EINVAL;
        }
    }
    /* Without TLS nothing leaves the machine. */
    if (o->server.plain && strncmp(o->server.address, "127.", 4) != 0)
        return -EINVAL;
    return o->config && (o->server.plain || (o->cert && o->key)) && optind == argc ? 0 : -EINVAL;
}

static char *
file_read(const char *path)
{
    FILE *f = fopen(path, "re");
    char *text = NULL;
    size_t size = 0;
    if (f && getdelim(&text, &size, '\0', f) < 0) {
        free(text);
        text = NULL;
    }
    if (f)
        fclose(f);
    if (!text)
        fprintf(stderr, "cannot read %s: %s\n", path, strerror(errno));
    return text;
}

static int
ready_write(const char *path, int port)
{
    char *temporary = emu_printf("%s.new", path);
    FILE *f = fopen(temporary, "we");
    int r = f && fprintf(f, "%d\n", port) > 0 ? 0 : -1;
    if (f && fclose(f) != 0)
        r = -1;
    if (r == 0)
        r = rename(temporary, path);
    if (r < 0)
        fprintf(stderr, "cannot write %s: %s\n", path, strerror(errno));
    free(temporary);
    return r;
}

/* The one backend there can be, or NULL with a message. *RET_MEM is to be freed. */
static struct lunview *
storage_open(const struct options *o, struct lunview_mem **ret_mem)
{
    struct lunview *view = NULL;
    if (o->world) {
#ifdef ENGINE_EMU_WORLD
        view = lunview_world_open(o->world);
        if (!view)
            fprintf(stderr, "cannot open the world %s: %s\n", o->world, strerror(errno));
#else
        fprintf(stderr, "built without the world file\n");
#endif
        return view;
    }
    char *text = o->luns ? file_read(o->luns) : emu_strdup("{}");
    struct json_object *conf = text ? json_tokener_parse(text) : NULL;
    free(text);
    if (!conf) {
        fprintf(stderr, "%s holds no JSON\n", o->luns);
        return NULL;
    }
    *ret_mem = lunview_mem_new(conf);
    json_object_put(conf);
    return lunview_mem_view(*ret_mem);
}

static struct json_object *
config_open(const struct options *o)
{
    char *text = file_read(o->config);
    char *ca = o->ca ? file_read(o->ca) : NULL;
    struct json_object *conf = text ? json_tokener_parse(text) : NULL;
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    if (!conf && text)
        fprintf(stderr, "%s holds no JSON\n", o->config);
    if (conf && !js_get(conf, "epoch_ms"))
        js_add_int(conf, "epoch_ms", (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000);
    if (conf && ca)
        js_add_str(conf, "ca_pem", ca);
    if (conf && o->factor)
        js_add(conf, "time_factor", json_object_new_double(strtod(o->factor, NULL)));
    free(text);
    free(ca);
    return conf;
}

static int
serve(struct options *o, struct emu_engine *e, int signal_fd)
{
    char *cert = o->cert ? file_read(o->cert) : NULL;
    char *key = o->key ? file_read(o->key) : NULL;
    o->server.cert_pem = cert;
    o->server.key_pem = key;
    struct emu_server *s = (cert && key) || o->server.plain ? emu_server_new(e, &o->server) : NULL;
    int status = EXIT_FAILURE;
    if (s && (!o->ready || ready_write(o->ready, emu_server_port(s)) == 0)) {
        printf("port %d\n", emu_server_port(s));
        fflush(stdout);
        emu_server_run(s, signal_fd);
        status = EXIT_SUCCESS;
    }
    emu_server_free(s);
    free(cert);
    free(key);
    return status;
}

int
main(int argc, char **argv)
{
    struct options o = {.server = {.address = "127.0.0.1"}};
    pid_t parent = getppid();
    if (options_parse(&o, argc, argv) < 0) {
        fprintf(stderr,
                "usage: engine-emu --config FILE (--cert FILE --key FILE | --plain) [--ca FILE]\n"
                "  [--listen ADDRESS] [--port N] [--control SOCKET] [--ready-file FILE]\n"
                "  [--luns FILE | --lunview-world FILE] [--time-factor F]\n"
                "  [--die-with-parent]\n");
        return 2;
    }
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    int signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (o.die_with_parent && (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != parent))
        return EXIT_FAILURE;

    struct lunview_mem *mem = NULL;
    struct lunview *luns = storage_open(&o, &mem);
    struct json_object *conf = luns ? config_open(&o) : NULL;
    char *reason = NULL;
    struct emu_engine *e = conf ? emu_engine_new(conf, luns, emu_clock_ns(), &reason) : NULL;
    if (reason)
        fprintf(stderr, "%s: %s\n", o.config, reason);
    free(reason);
    json_object_put(conf);
    int status = e ? serve(&o, e, signal_fd) : EXIT_FAILURE;
    emu_engine_free(e);
    lunview_mem_free(mem);
    close(signal_fd);
    return status;
}
