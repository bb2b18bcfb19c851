/* Random streams by name, on GSL's generator. */
#include "base/random.h"

#include <stdlib.h>

struct dc_random {
	gsl_rng *rng;
};

static uint64_t splitmix64(uint64_t x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

uint64_t dc_random_seed(uint64_t master, const char *name, uint64_t replication)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (const unsigned char *c = (const unsigned char *)name; *c; c++)
		hash = (hash ^ *c) * 0x100000001b3u;
	return splitmix64(splitmix64(splitmix64(master) ^ hash) ^ replication);
}

struct dc_random *dc_random_create(uint64_t master, const char *name, uint64_t replication)
{
	struct dc_random *stream = calloc(1, sizeof *stream);

	if (!stream)
		return NULL;
	stream->rng = gsl_rng_alloc(gsl_rng_mt19937);
	if (!stream->rng) {
		free(stream);
		return NULL;
	}
	gsl_rng_set(stream->rng, (unsigned long)dc_random_seed(master, name, replication));
	return stream;
}

void dc_random_destroy(struct dc_random *stream)
{
	if (!stream)
		return;
	gsl_rng_free(stream->rng);
	free(stream);
}

gsl_rng *dc_random_gsl(struct dc_random *stream)
{
	return stream->rng;
}
