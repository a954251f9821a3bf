/* Durations, sizes and times as people write them. */
#ifndef DR_BASE_TIMETEXT_H
#define DR_BASE_TIMETEXT_H

#include "base/arena.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* "90", "90s", "5m", "2h", "90d" -> seconds. */
bool dr_duration_parse(const char *text, int64_t *ret_s);
/* "512B", "64KiB", "3MiB", "1GiB" -> bytes; the unit is needed, a bare number is a duration. */
bool dr_bytes_parse(const char *text, int64_t *ret_bytes);

/* "14 s", "2 min 5 s", "3 h 20 min", "4 d 2 h" */
const char *dr_duration_text(struct dr_arena *a, int64_t s);
const char *dr_bytes_text(struct dr_arena *a, int64_t bytes);
/* "2026-11-22T14:03:21Z" */
const char *dr_utc_text(struct dr_arena *a, int64_t utc);
bool dr_utc_parse(const char *text, int64_t *ret_utc);

#endif
