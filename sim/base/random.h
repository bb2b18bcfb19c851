/* Random streams by name.
 *
 * A stream's seed is hash(master seed, stream name, replication) [FNV-1a, then SplitMix64], so adding
 * a component or running in another order changes no other component's draws. The generator is
 * GSL's MT19937; draw from it with GSL's distributions through dc_random_gsl().
 * Ownership: the caller destroys the stream; dc_random_destroy(NULL) is fine. */
#ifndef DC_BASE_RANDOM_H
#define DC_BASE_RANDOM_H

#include <gsl/gsl_rng.h>
#include <stdint.h>

struct dc_random;

uint64_t dc_random_seed(uint64_t master, const char *name, uint64_t replication);
struct dc_random *dc_random_create(uint64_t master, const char *name, uint64_t replication);
void dc_random_destroy(struct dc_random *stream);
gsl_rng *dc_random_gsl(struct dc_random *stream);

#endif
