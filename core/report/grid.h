/* A table that fits: columns chosen by the reader, cells shortened where it hurts least. */
#ifndef DR_REPORT_GRID_H
#define DR_REPORT_GRID_H

#include "report/page.h"

struct dr_column {
    const char *name; /* as in --columns; the head is the same in capitals */
    unsigned keep;    /* the lowest is shortened first */
    unsigned how;     /* enum dr_column_how */
};

enum dr_column_how {
    DR_COLUMN_USUAL = 1, /* shown when nothing is asked for */
    DR_COLUMN_RIGHT = 2, /* numbers */
    DR_COLUMN_WORD = 4,  /* no column: asks for more beside the table */
    DR_COLUMN_WRAP = 8   /* where it is the last: goes on in the next line, is not cut */
};

struct dr_grid;

/* In PAGE's arena. INVALID: page->columns names what is not there. */
int dr_grid_new(struct dr_page *page, const struct dr_column *columns, size_t n,
                struct dr_grid **ret, struct drstor_error **err);
/* Shown regardless of the page's columns: for tables beside the main one. */
struct dr_grid *dr_grid_plain(struct dr_page *page, const struct dr_column *columns, size_t n);
bool dr_grid_wants(const struct dr_grid *g, const char *word);
/* One cell per column of the table, in its order; NULL: "-". */
void dr_grid_row(struct dr_grid *g, const char *const *cells);
/* Prints nothing when there is no row. */
void dr_grid_print(struct dr_grid *g, unsigned indent);

#endif
