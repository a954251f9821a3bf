/* Exit codes (design 7), and the state of a run that ends with one. */
#include "run/internal.h"

#include "base/mem.h"

int
dr_exit_worse(int x, int y)
{
    static const int worst_first[] = {130, 1, 5, 4, 9, 12, 11, 7, 3, 8};
    for (size_t i = 0; i < DR_COUNT(worst_first); i++)
        if (x == worst_first[i] || y == worst_first[i])
            return worst_first[i];
    return x ? x : y;
}

int
dr_exit_of_status(int status)
{
    switch ((enum drstor_status)status) {
    case DRSTOR_OK:
        return 0;
    case DRSTOR_E_BUSY:
        return 7;
    case DRSTOR_E_UNREACHABLE:
    case DRSTOR_E_REFUSED:
        return 3;
    case DRSTOR_E_UNKNOWN:
        return 5;
    case DRSTOR_E_CONFLICT:
        return 11;
    case DRSTOR_E_AUTH:
        return 9;
    case DRSTOR_E_INVALID:
    case DRSTOR_E_NOTFOUND:
        return 2;
    case DRSTOR_E_UNSUPPORTED:
        return 12;
    case DRSTOR_E_CANCELLED:
        return 130;
    case DRSTOR_E_TIMEOUT:
        return 8;
    case DRSTOR_E_PROTOCOL:
        return 4;
    case DRSTOR_E_NOMEM:
    case DRSTOR_E_INTERNAL:
        break;
    }
    return 1;
}

int
dr_exit_of_end(const struct dr_step *s)
{
    switch (s->end) {
    case DR_STEP_END_NONE:
    case DR_STEP_END_DONE:
        return 0;
    case DR_STEP_END_REFUSED:
        return 3;
    case DR_STEP_END_FAILED:
        if (dr_error_status(s->err) == DRSTOR_E_INTERNAL)
            return 1;
        return dr_error_status(s->err) == DRSTOR_E_AUTH ? 9 : 4;
    case DR_STEP_END_UNKNOWN:
        return 5;
    case DR_STEP_END_INTERRUPTED:
        return dr_error_status(s->err) == DRSTOR_E_TIMEOUT ? 8 : 130;
    }
    return 1;
}

enum dr_run_state
dr_run_state_of_exit(int exit)
{
    switch (exit) {
    case 0:
        return DR_RUN_DONE;
    case 3:
        return DR_RUN_REFUSED;
    case 5:
        return DR_RUN_UNKNOWN;
    case 8:
        return DR_RUN_WAITING;
    case 130:
        return DR_RUN_INTERRUPTED;
    default:
        return DR_RUN_FAILED;
    }
}
