/* The tables of the world's structs, for reading and writing it. */
#ifndef SIMULATED_SHAPE_H
#define SIMULATED_SHAPE_H

#include "fields.h"

extern const struct field world_fields[];
extern const struct field site_fields[];
extern const struct field link_fields[];
extern const struct field array_fields[];
extern const struct field counter_fields[];
extern const struct field group_fields[];
extern const struct field copy_fields[];
extern const struct field host_group_fields[];
extern const struct field member_fields[];
extern const struct field point_fields[];
extern const struct field segment_fields[];
extern const struct field image_fields[];
extern const struct field job_fields[];
extern const struct field flight_fields[];
extern const struct field fault_fields[];
extern const struct field loss_fields[];
extern const struct field seen_fields[];

#endif
