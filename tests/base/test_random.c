/* Random streams: the same name and seed give the same draws; others do not meet. */
#include <criterion/criterion.h>

#include "base/random.h"

/* Source of truth: FNV-1a of "" is its offset basis 0xcbf29ce484222325, of "a" 0xaf63dc4c8601ec8c
 * [Fowler, Noll, Vo]; SplitMix64 of 0 is 0xe220a8397b1dcdaf [Vigna, prng.di.unimi.it]. */
static uint64_t splitmix64(uint64_t x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

Test(random, seed_is_the_documented_hash)
{
	uint64_t zero = 0xe220a8397b1dcdafu;

	cr_assert_eq(splitmix64(0), zero);
	cr_assert_eq(dc_random_seed(0, "", 0), splitmix64(splitmix64(zero ^ 0xcbf29ce484222325u)));
	cr_assert_eq(dc_random_seed(0, "a", 5),
		     splitmix64(splitmix64(zero ^ 0xaf63dc4c8601ec8cu) ^ 5));
}

Test(random, same_name_same_draws)
{
	struct dc_random *a = dc_random_create(1, "jitter", 0);
	struct dc_random *b = dc_random_create(1, "jitter", 0);

	for (int i = 0; i < 100; i++)
		cr_assert_eq(gsl_rng_get(dc_random_gsl(a)), gsl_rng_get(dc_random_gsl(b)),
			     "draw %d", i);
	dc_random_destroy(a);
	dc_random_destroy(b);
	dc_random_destroy(NULL);
}

/* Another master seed, name or replication is another stream: of 8 draws of 32 bits all equal would
 * happen once in 2^256. */
Test(random, other_streams_differ)
{
	struct dc_random *streams[4] = {
		dc_random_create(1, "jitter", 0),
		dc_random_create(2, "jitter", 0),
		dc_random_create(1, "jitters", 0),
		dc_random_create(1, "jitter", 1),
	};
	unsigned long draws[4][8];

	for (int s = 0; s < 4; s++)
		for (int i = 0; i < 8; i++)
			draws[s][i] = gsl_rng_get(dc_random_gsl(streams[s]));
	for (int s = 0; s < 4; s++) {
		for (int t = 0; t < s; t++) {
			int equal = 0;

			for (int i = 0; i < 8; i++)
				equal += draws[s][i] == draws[t][i];
			cr_assert(equal < 8, "streams %d and %d", s, t);
		}
		dc_random_destroy(streams[s]);
	}
}
