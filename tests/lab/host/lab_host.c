/*
 * A host of the lab: it sees the storage as a hypervisor does, by iSCSI from both sites under one
 * serial, and follows it from one to the other.
 *
 *   lab-host luns ADDRESS:PORT IQN          `lun N serial S size BYTES` each
 *   lab-host write RUN ACKS SERIAL[,...] ADDRESS:PORT IQN [ADDRESS:PORT IQN...]
 *       numbered blocks until it is ended; a line `RUN NUMBER MILLISECONDS` for each that was
 * acknowledged. What was not acknowledged is written again, at whichever site takes it, so it never
 * ends by itself
 */
#include "../guest/block.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <iscsi/iscsi.h>
#include <iscsi/scsi-lowlevel.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* PAUSE_MS: flat out it would keep a guest's one processor to itself. */
enum {
    VOLUMES_MAX = 8,
    PORTALS_MAX = 2,
    ANSWER_SECONDS = 4,
    AGAIN_MS = 50,
    PAUSE_MS = 100,
    SECTOR = 512
};

static const char initiator[] = "iqn.2026-01.example.drstor:host-1";
static volatile sig_atomic_t ended;

struct portal {
    const char *address, *target;
};

struct host {
    struct portal portals[PORTALS_MAX];
    unsigned n_portals, at;
    char *serials[VOLUMES_MAX];
    int luns[VOLUMES_MAX];
    unsigned volumes;
    struct iscsi_context *session;
};

static void
end_me(int signal_number)
{
    (void)signal_number;
    ended = 1;
}

static struct iscsi_context *
session_open(const struct portal *portal)
{
    struct iscsi_context *session = iscsi_create_context(initiator);
    if (!session)
        return NULL;
    iscsi_set_targetname(session, portal->target);
    iscsi_set_session_type(session, ISCSI_SESSION_NORMAL);
    iscsi_set_header_digest(session, ISCSI_HEADER_DIGEST_NONE);
    iscsi_set_timeout(session, ANSWER_SECONDS);
    /* A lost connection is an answer: the other site may be the one now. */
    iscsi_set_noautoreconnect(session, 1);
    if (iscsi_connect_sync(session, portal->address) == 0 && iscsi_login_sync(session) == 0)
        return session;
    iscsi_destroy_context(session);
    return NULL;
}

static void
session_close(struct iscsi_context **session)
{
    if (*session)
        iscsi_destroy_context(*session);
    *session = NULL;
}

static bool
good(struct scsi_task *task)
{
    return task && task->status == SCSI_STATUS_GOOD;
}

static int
lun_serial(struct iscsi_context *session, int lun, char *ret, size_t size)
{
    struct scsi_task *task =
        iscsi_inquiry_sync(session, lun, 1, SCSI_INQUIRY_PAGECODE_UNIT_SERIAL_NUMBER, 255);
    struct scsi_inquiry_unit_serial_number *page = good(task) ? scsi_datain_unmarshall(task) : NULL;
    const bool found =
        page && page->qualifier == SCSI_INQUIRY_PERIPHERAL_QUALIFIER_CONNECTED && page->usn;
    if (found)
        snprintf(ret, size, "%s", page->usn);
    if (task)
        scsi_free_scsi_task(task);
    return found ? 0 : -1;
}

/* The first command after a login, or after LUNs came or went, is answered with a note of that. */
static void
attention_take(struct iscsi_context *session, int lun)
{
    for (int i = 0; i < 3; i++) {
        struct scsi_task *task = iscsi_testunitready_sync(session, lun);
        const bool ready = good(task);
        if (task)
            scsi_free_scsi_task(task);
        if (ready)
            break;
    }
}

static struct scsi_task *
luns_read(struct iscsi_context *session, struct scsi_reportluns_list **ret)
{
    attention_take(session, 0);
    struct scsi_task *task = iscsi_reportluns_sync(session, 0, 1024);
    *ret = good(task) ? scsi_datain_unmarshall(task) : NULL;
    if (*ret)
        return task;
    if (task)
        scsi_free_scsi_task(task);
    return NULL;
}

static int
cmd_luns(char **words, int n)
{
    if (n != 2)
        return 2;
    const struct portal portal = {words[0], words[1]};
    struct iscsi_context *session = session_open(&portal);
    if (!session) {
        fprintf(stderr, "lab-host: no session with %s at %s\n", portal.target, portal.address);
        return 1;
    }
    struct scsi_reportluns_list *list = NULL;
    struct scsi_task *task = luns_read(session, &list);
    int status = task ? 0 : 1;
    for (uint32_t i = 0; task && i < list->num; i++) {
        char serial[64] = "";
        const int lun = list->luns[i];
        attention_take(session, lun);
        if (lun_serial(session, lun, serial, sizeof serial) < 0)
            continue; /* LUN 0 is always in the list */
        struct scsi_task *size = iscsi_readcapacity16_sync(session, lun);
        struct scsi_readcapacity16 *c = good(size) ? scsi_datain_unmarshall(size) : NULL;
        printf("lun %d serial %s size %" PRIu64 "\n", lun, serial,
               c ? (c->returned_lba + 1) * c->block_length : 0);
        if (size)
            scsi_free_scsi_task(size);
    }
    if (task)
        scsi_free_scsi_task(task);
    else
        fprintf(stderr, "lab-host: %s\n", iscsi_get_error(session));
    session_close(&session);
    return status;
}

/* All volumes are there, under the numbers that this site gave them. */
static bool
host_find(struct host *h)
{
    struct scsi_reportluns_list *list = NULL;
    struct scsi_task *task = luns_read(h->session, &list);
    unsigned found = 0;
    for (uint32_t i = 0; task && i < list->num; i++) {
        char serial[64] = "";
        attention_take(h->session, list->luns[i]);
        if (lun_serial(h->session, list->luns[i], serial, sizeof serial) < 0)
            continue;
        for (unsigned v = 0; v < h->volumes; v++)
            if (strcmp(serial, h->serials[v]) == 0) {
                h->luns[v] = list->luns[i];
                found++;
            }
    }
    if (task)
        scsi_free_scsi_task(task);
    return found == h->volumes;
}

static bool
host_write(struct host *h, unsigned char *block, uint64_t number)
{
    const int lun = h->luns[lab_block_volume(number, h->volumes)];
    const uint32_t lba = (uint32_t)(lab_block_offset(number, h->volumes) / SECTOR);
    struct scsi_task *task =
        iscsi_write10_sync(h->session, lun, lba, block, LAB_BLOCK, SECTOR, 0, 0, 1, 0, 0);
    const bool done = good(task);
    if (task)
        scsi_free_scsi_task(task);
    return done;
}

/* One try to get NUMBER written. What fails leaves the session, so that the next try is at the
 * other site. */
static bool
host_try(struct host *h, unsigned char *block, uint64_t number)
{
    if (!h->session) {
        h->session = session_open(&h->portals[h->at]);
        if (h->session && !host_find(h))
            session_close(&h->session);
    }
    if (h->session && host_write(h, block, number))
        return true;
    session_close(&h->session);
    h->at = (h->at + 1) % h->n_portals;
    return false;
}

static int
cmd_write(char **words, int n)
{
    struct host h = {0};
    if (n < 5 || n > 3 + 2 * PORTALS_MAX || n % 2 == 0)
        return 2;
    char *end = NULL;
    const uint64_t run = strtoull(words[0], &end, 16);
    if (*end)
        return 2;
    for (char *s = strtok(words[2], ","); s && h.volumes < VOLUMES_MAX; s = strtok(NULL, ","))
        h.serials[h.volumes++] = s;
    for (int i = 3; i < n; i += 2)
        h.portals[h.n_portals++] = (struct portal){words[i], words[i + 1]};
    FILE *acks = fopen(words[1], "ae");
    if (!acks || h.volumes == 0)
        return 1;
    const struct sigaction stop = {.sa_handler = end_me};
    sigaction(SIGTERM, &stop, NULL);
    signal(SIGPIPE, SIG_IGN);
    unsigned char block[LAB_BLOCK];
    for (uint64_t number = 1; !ended;) {
        lab_block_make(block, run, number);
        if (!host_try(&h, block, number)) {
            poll(NULL, 0, AGAIN_MS);
            continue;
        }
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        fprintf(acks, "%016" PRIx64 " %" PRIu64 " %" PRIu64 "\n", run, number,
                (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000);
        fflush(acks);
        number++;
        poll(NULL, 0, PAUSE_MS);
    }
    session_close(&h.session);
    return 0;
}

int
main(int argc, char **argv)
{
    int status = 2;
    if (argc > 1 && strcmp(argv[1], "luns") == 0)
        status = cmd_luns(argv + 2, argc - 2);
    else if (argc > 1 && strcmp(argv[1], "write") == 0)
        status = cmd_write(argv + 2, argc - 2);
    if (status == 2)
        fprintf(stderr, "usage: lab-host luns ADDRESS:PORT IQN | write RUN ACKS SERIAL[,...] "
                        "ADDRESS:PORT IQN...\n");
    return status;
}
