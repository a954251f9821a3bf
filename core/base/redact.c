#include "base/redact.h"

#include "base/base64.h"
#include "base/mem.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* As given, base64, URL-encoded. */
enum { FORMS = 3 };

struct dr_secret {
    char *bytes;
    size_t n;
    char *forms[FORMS];
    struct dr_secret *next;
};

static struct {
    pthread_mutex_t lock;
    struct dr_secret *head;
} known = {PTHREAD_MUTEX_INITIALIZER, NULL};

static char *
url_encode(const char *bytes, size_t n)
{
    char *out = dr_alloc0(n * 3 + 1, 1);
    size_t o = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
            strchr("-._~", c))
            out[o++] = (char)c;
        else
            o += (size_t)snprintf(out + o, 4, "%%%02X", c);
    }
    return out;
}

struct dr_secret *
dr_secret_new(const char *bytes, size_t n)
{
    struct dr_secret *s = dr_new0(struct dr_secret);
    s->bytes = dr_alloc0(n + 1, 1);
    memcpy(s->bytes, bytes, n);
    s->n = n;
    s->forms[0] = dr_strdup(s->bytes);
    /* The last group is left out: what follows the secret in the same encoded text changes it. */
    s->forms[1] = dr_base64(bytes, n - n % 3);
    s->forms[2] = url_encode(bytes, n);
    pthread_mutex_lock(&known.lock);
    s->next = known.head;
    known.head = s;
    pthread_mutex_unlock(&known.lock);
    return s;
}

static void
wipe(char *s, size_t n)
{
    if (s)
        explicit_bzero(s, n);
    free(s);
}

void
dr_secret_free(struct dr_secret *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&known.lock);
    for (struct dr_secret **p = &known.head; *p; p = &(*p)->next)
        if (*p == s) {
            *p = s->next;
            break;
        }
    pthread_mutex_unlock(&known.lock);
    for (size_t i = 0; i < FORMS; i++)
        wipe(s->forms[i], strlen(s->forms[i]));
    wipe(s->bytes, s->n);
    free(s);
}

const char *
dr_secret_bytes(const struct dr_secret *s)
{
    return s->bytes;
}

size_t
dr_secret_length(const struct dr_secret *s)
{
    return s->n;
}

void
dr_redact(char *text)
{
    pthread_mutex_lock(&known.lock);
    for (const struct dr_secret *s = known.head; s; s = s->next)
        for (size_t i = 0; i < FORMS; i++) {
            size_t n = strlen(s->forms[i]);
            if (n < 4)
                continue;
            for (char *hit = text; (hit = strstr(hit, s->forms[i])); hit += n)
                memset(hit, '*', n);
        }
    pthread_mutex_unlock(&known.lock);
}
