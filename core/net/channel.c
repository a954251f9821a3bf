#include "net/channel.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static const uint32_t magic = 0x6d667264; /* "drfm" */

int
dr_channel_pair(int ret_fd[2])
{
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ret_fd);
}

union control {
    struct cmsghdr head;
    char space[CMSG_SPACE(sizeof(int))];
};

/* One descriptor is expected; whatever else comes is closed. */
static void
take_descriptors(struct msghdr *m, struct dr_frame_in *in)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < n; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
            dr_closep(&in->fd);
            in->fd = fd;
        }
    }
}

int
dr_frame_read(int s, size_t most, struct dr_frame_in *in)
{
    union control control;
    bool head = in->got < sizeof(in->head);
    size_t at = head ? in->got : in->got - sizeof(in->head);
    struct iovec part = {head ? (unsigned char *)&in->head + at : in->body + at,
                         (head ? sizeof(in->head) : in->head.n) - at};
    struct msghdr m = {.msg_iov = &part,
                       .msg_iovlen = 1,
                       .msg_control = &control,
                       .msg_controllen = sizeof(control)};
    ssize_t got = recvmsg(s, &m, MSG_CMSG_CLOEXEC);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (got <= 0)
        return -1;
    take_descriptors(&m, in);
    in->got += (size_t)got;
    if (in->got < sizeof(in->head))
        return 0;
    if (in->head.magic != magic || !in->head.kind || in->head.n > most)
        return -2;
    if (in->head.n && !in->body)
        in->body = dr_alloc0(in->head.n, 1);
    return in->got == sizeof(in->head) + in->head.n;
}

void
dr_frame_next(struct dr_frame_in *in)
{
    if (in->body)
        explicit_bzero(in->body, in->head.n);
    free(in->body);
    dr_closep(&in->fd);
    *in = (struct dr_frame_in){.fd = -1};
}

int
dr_frame_write(int s, bool wait, struct dr_frame_out *out)
{
    out->head.magic = magic;
    out->head.n = (uint32_t)out->n;
    while (out->done < sizeof(out->head) + out->n) {
        union control control = {.space = {0}};
        size_t head = out->done < sizeof(out->head) ? sizeof(out->head) - out->done : 0;
        size_t body = head ? 0 : out->done - sizeof(out->head);
        struct iovec part[2] = {{(unsigned char *)&out->head + out->done, head},
                                {(unsigned char *)(uintptr_t)out->body + body, out->n - body}};
        struct msghdr m = {.msg_iov = head ? part : part + 1, .msg_iovlen = head ? 2 : 1};
        if (out->fd >= 0 && out->done == 0) {
            m.msg_control = &control;
            m.msg_controllen = sizeof(control);
            control.head = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)),
                                            .cmsg_level = SOL_SOCKET,
                                            .cmsg_type = SCM_RIGHTS};
            memcpy(CMSG_DATA(&control.head), &out->fd, sizeof(int));
        }
        ssize_t put = sendmsg(s, &m, MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT));
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return errno == EAGAIN && !wait ? 0 : -1;
        out->done += (size_t)put;
    }
    return 1;
}
