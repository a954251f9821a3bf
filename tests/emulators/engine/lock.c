/* The engine's object locks: taken at the start of an operation or refused, never waited for. */
#include "engine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

int
op_lock(struct emu_op *op, bool exclusive, const char *type, const char *id)
{
    struct emu_engine *e = op->e;
    char key[sizeof(((struct emu_lock *)NULL)->key)];
    snprintf(key, sizeof(key), "%s:%s", type, id);
    for (struct emu_lock *l = e->locks; l; l = l->next)
        if (l->op != op && (l->exclusive || exclusive) && emu_same(l->key, key)) {
            op_fault(op, 409,
                     "[Cannot %s. Related operation is currently in progress. "
                     "Please try again later.]",
                     op->name);
            return -EBUSY;
        }
    struct emu_lock *l = emu_alloc(sizeof(*l));
    EMU_SET(l->key, key);
    l->exclusive = exclusive;
    l->op = op;
    l->next = e->locks;
    e->locks = l;
    return 0;
}

void
op_unlock(struct emu_op *op)
{
    for (struct emu_lock **p = &op->e->locks; *p;) {
        struct emu_lock *l = *p;
        if (l->op == op) {
            *p = l->next;
            free(l);
        } else {
            p = &l->next;
        }
    }
}
