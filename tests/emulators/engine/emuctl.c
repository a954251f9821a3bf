/* engine-emuctl SOCKET COMMAND [JSON]: one control command, the reply on stdout. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "util.h"

static int
control_connect(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(a.sun_path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(a.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&a, sizeof(a)) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

int
main(int argc, char **argv)
{
    if (argc < 3 || argc > 4) {
        fprintf(stderr, "usage: engine-emuctl SOCKET COMMAND [JSON]\n");
        return 2;
    }
    struct json_object *command = json_tokener_parse(argc > 3 ? argv[3] : "{}");
    if (!command || !json_object_is_type(command, json_type_object)) {
        fprintf(stderr, "the third argument is no JSON object\n");
        return 2;
    }
    js_add_str(command, "command", argv[2]);
    int fd = control_connect(argv[1]);
    FILE *f = fd >= 0 ? fdopen(fd, "r+") : NULL;
    if (!f) {
        fprintf(stderr, "cannot reach %s: %s\n", argv[1], strerror(errno));
        json_object_put(command);
        return EXIT_FAILURE;
    }
    dprintf(fd, "%s\n", json_object_to_json_string_ext(command, JSON_C_TO_STRING_PLAIN));
    json_object_put(command);
    char *line = NULL;
    size_t size = 0;
    int status = EXIT_FAILURE;
    if (getline(&line, &size, f) > 0) {
        fputs(line, stdout);
        struct json_object *reply = json_tokener_parse(line);
        status = js_bool(reply, "ok", false) ? EXIT_SUCCESS : EXIT_FAILURE;
        json_object_put(reply);
    }
    free(line);
    fclose(f);
    return status;
}
