#include "server_control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "listen.h"
#include "util.h"

#define LINE_MAX_BYTES (4u << 20)

struct client {
    int fd;
    char *line;
    size_t length;
};

struct control {
    int fd;
    char *path;
    struct client clients[CONTROL_CLIENTS];
};

struct control *
control_new(const char *path)
{
    int fd = listen_unix(path);
    if (fd < 0)
        return NULL;
    struct control *c = emu_alloc(sizeof(*c));
    c->fd = fd;
    c->path = emu_strdup(path);
    for (size_t i = 0; i < CONTROL_CLIENTS; i++)
        c->clients[i].fd = -1;
    return c;
}

static void
client_close(struct client *cl)
{
    if (cl->fd >= 0)
        close(cl->fd);
    free(cl->line);
    *cl = (struct client){.fd = -1};
}

void
control_free(struct control *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < CONTROL_CLIENTS; i++)
        client_close(&c->clients[i]);
    close(c->fd);
    unlink(c->path);
    free(c->path);
    free(c);
}

nfds_t
control_fds(struct control *c, struct pollfd fds[CONTROL_FDS])
{
    if (!c)
        return 0;
    fds[0] = (struct pollfd){.fd = c->fd, .events = POLLIN};
    for (size_t i = 0; i < CONTROL_CLIENTS; i++)
        fds[i + 1] = (struct pollfd){.fd = c->clients[i].fd, .events = POLLIN};
    return CONTROL_FDS;
}

static void
client_write(struct client *cl, const char *text)
{
    size_t left = strlen(text);
    while (left > 0) {
        ssize_t n = send(cl->fd, text, left, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        text += n;
        left -= (size_t)n;
    }
}

static void
client_command(struct client *cl, struct emu_server *s, struct emu_engine *e, const char *line)
{
    struct json_object *command = json_tokener_parse(line);
    const char *name = js_str(command, "command");
    struct json_object *reply = NULL;
    if (emu_same(name, "silent") || emu_same(name, "answer")) {
        emu_server_silent(s, emu_same(name, "silent"));
        reply = json_object_new_object();
        js_add_bool(reply, "ok", true);
    } else {
        reply = emu_control(e, command, emu_clock_ns());
    }
    const char *text = json_object_to_json_string_ext(reply, JSON_C_TO_STRING_PLAIN);
    client_write(cl, text);
    client_write(cl, "\n");
    json_object_put(reply);
    json_object_put(command);
}

static void
client_serve(struct client *cl, struct emu_server *s, struct emu_engine *e)
{
    char *line = realloc(cl->line, cl->length + 65536 + 1);
    if (!line)
        abort();
    cl->line = line;
    ssize_t n = recv(cl->fd, line + cl->length, 65536, 0);
    if (n <= 0 || cl->length > LINE_MAX_BYTES) {
        client_close(cl);
        return;
    }
    cl->length += (size_t)n;
    line[cl->length] = '\0';
    char *end = NULL;
    while ((end = memchr(cl->line, '\n', cl->length))) {
        *end = '\0';
        client_command(cl, s, e, cl->line);
        size_t used = (size_t)(end + 1 - cl->line);
        cl->length -= used;
        memmove(cl->line, end + 1, cl->length);
    }
}

void
control_serve(struct control *c, struct emu_server *s, struct emu_engine *e,
              const struct pollfd *fds, nfds_t n)
{
    for (size_t i = 1; i < n; i++)
        if (fds[i].revents && c->clients[i - 1].fd >= 0)
            client_serve(&c->clients[i - 1], s, e);
    if (n == 0 || !fds[0].revents)
        return;
    for (size_t i = 0; i < CONTROL_CLIENTS; i++)
        if (c->clients[i].fd < 0) {
            c->clients[i].fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC);
            return;
        }
}
