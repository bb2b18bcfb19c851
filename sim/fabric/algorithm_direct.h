/* Direct algorithms, in turns or at once: what the two share. */
#ifndef DC_FABRIC_ALGORITHM_DIRECT_H
#define DC_FABRIC_ALGORITHM_DIRECT_H

#include "fabric/algorithm_part.h"

#define DC_ALGORITHM_DIRECT_OPERATIONS                                                             \
	(1u << DC_OPERATION_ALL_REDUCE | 1u << DC_OPERATION_REDUCE_SCATTER |                       \
	 1u << DC_OPERATION_ALL_GATHER | 1u << DC_OPERATION_GATHER | 1u << DC_OPERATION_SCATTER |  \
	 1u << DC_OPERATION_ALL_TO_ALL | 1u << DC_OPERATION_BARRIER | 1u << DC_OPERATION_SEND)

/* Members send their parts straight to whom they are for, at once or the i-th one on in step i. */
void dc_algorithm_direct_lower(const struct dc_request *request, struct dc_schedule *schedule,
			       bool at_once);

#endif
