/*
 * A history of flips whose every transaction writes record, step and audit line together, so that
 * half of one shows: the epoch, the number of steps and the number of audit lines are equal.
 */
#ifndef SUPPORT_STORE_HISTORY_H
#define SUPPORT_STORE_HISTORY_H

#include "support/store_fixture.h"

/* Lock and run; then flips until FLIPS or a failure. DONE is told after each that was
 * acknowledged. */
int history_write(struct fixture *f, struct dr_store *s, int64_t flips,
                  void (*done)(int64_t epoch, void *user), void *user, struct drstor_error **err);
/* Opens the store as the next controller would and answers the epoch it finds; fails the test when
 * anything is half. */
int64_t history_check(struct fixture *f);

#endif
