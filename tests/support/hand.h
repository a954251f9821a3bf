/* What somebody else does to a site (site.h) while drstor is at work, or not. */
#ifndef TESTS_SUPPORT_HAND_H
#define TESTS_SUPPORT_HAND_H

#include "support/site.h"

/* By hand at the array, without drstor. */
void hand_set_access(struct site *s, const char *array, const char *copy, enum drstor_access access,
                     bool planned);
enum drstor_access hand_access(struct site *s, const char *array, const char *copy);
/* Until erp at rome is so many seconds behind. */
void hand_wait_lag(struct site *s, int64_t seconds);
/* Until such a call was sent after entry FROM of the world's log. */
void hand_wait_sent(struct site *s, uint64_t from, enum sim_op op, const char *array);
/* An act through the library; MEANWHILE happens while its question is answered. Returns the exit.
 */
int hand_act(struct site *s, const char *goal, void (*meanwhile)(struct site *s));

#endif
