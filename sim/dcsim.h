/* dcsim as a library: load a scenario, run it, ask for its summary.
 *
 *     struct dcsim *sim = dcsim_create(NULL);
 *     if (dcsim_load(sim, "ring64.yaml") == 0 && dcsim_run(sim, "ring64.h5") == 0)
 *             printf("%g s\n", dcsim_value(sim, "duration_s"));
 *     fputs(dcsim_messages(sim), stderr);
 *     dcsim_destroy(sim);
 *
 * Link with `pkg-config --static --libs dcsim`. Nothing is printed and nothing exits; several
 * simulations in one process do not meet. Calls return 0, or 2 when the input is wrong, or 1 when
 * something else failed; dcsim_messages() says what. Ownership: texts belong to the simulation. */
#ifndef DCSIM_H
#define DCSIM_H

#ifdef __cplusplus
extern "C" {
#endif

struct dcsim;

/* data_folder: where catalog/ is, NULL for the installed one. NULL when out of memory. */
struct dcsim *dcsim_create(const char *data_folder);
void dcsim_destroy(struct dcsim *sim);

/* Adds an override `key.path=value`; before dcsim_load(). The text must live until then. */
int dcsim_set(struct dcsim *sim, const char *assignment);
/* Reads, checks and builds a scenario file. Once per simulation. */
int dcsim_load(struct dcsim *sim, const char *path);
/* Runs it. result: path of the HDF5 file, NULL for none. */
int dcsim_run(struct dcsim *sim, const char *result);
/* The same, every rank for itself and every message: slow, and the same answer. */
int dcsim_run_exact(struct dcsim *sim, const char *result);
/* A figure of the summary by name ("energy_utility_j"), in SI units; NaN when there is none. */
double dcsim_value(const struct dcsim *sim, const char *name);
/* Messages so far, empty when there are none. */
const char *dcsim_messages(struct dcsim *sim);

#ifdef __cplusplus
}
#endif

#endif
