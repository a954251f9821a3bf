/* What a worker gives up before it looks at the plugin. */
#ifndef DR_WORKER_LIMITS_H
#define DR_WORKER_LIMITS_H

/* Not dumped, not traced, no core, no new privileges; memory, descriptors and files bounded. Only
 * the last ones can fail, and then they were tighter already. */
void dr_limits_set(void);

#endif
