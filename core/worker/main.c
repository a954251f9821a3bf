/*
 * drstor-worker PLUGIN ARRAY FOLDER LEVEL: begun by drstor, for one array (plugin/worker.h). The
 * words are there to be seen in a list of processes; all else comes over the socket.
 */
#include "base/log.h"
#include "plugin/loader.h"
#include "plugin/worker.h"
#include "worker/limits.h"
#include "worker/loop.h"
#include "worker/services.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

int
main(int argc, char **argv)
{
    dr_auto(dr_error_freep) struct drstor_error *err = NULL;
    struct dr_plugin *plugin = NULL;
    struct stat st;
    dr_limits_set();
    if (argc != 5 || fstat(DR_WORKER_SOCKET, &st) < 0 || !S_ISSOCK(st.st_mode)) {
        (void)fputs("drstor-worker: drstor begins it; it is not for people\n", stderr);
        return 2;
    }
    if (strlen(argv[4]) == 1)
        dr_log_level((enum drstor_log_level)(argv[4][0] - '0'));
    dr_loop_log(DR_WORKER_SOCKET);
    if (dr_plugin_load(argv[3], argv[1], &plugin, &err) < 0) {
        dr_log(DRSTOR_LOG_ERROR, "array %s: %s", argv[2], dr_error_message(err));
        return 1;
    }
    dr_plugin_services_set(&dr_worker_services);
    dr_loop_run(dr_env_real(), plugin, DR_WORKER_SOCKET);
}
