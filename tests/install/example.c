/* A program of the user's: built by make installcheck against the installed header and library. */
#include <dcsim.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	struct dcsim *sim;
	int status;

	if (argc != 3) {
		fprintf(stderr, "usage: %s DATA SCENARIO\n", argv[0]);
		return 2;
	}
	sim = dcsim_create(argv[1]);
	if (!sim)
		return 1;
	status = dcsim_set(sim, "run={iterations: 10}");
	if (status == 0)
		status = dcsim_load(sim, argv[2]);
	if (status == 0)
		status = dcsim_run(sim, NULL);
	fputs(dcsim_messages(sim), stderr);
	/* 10 iterations of any length take some time and some energy. */
	if (status == 0 &&
	    !(dcsim_value(sim, "duration_s") > 0.0 && dcsim_value(sim, "energy_utility_j") > 0.0))
		status = 1;
	if (status == 0)
		printf("10 iterations: %g s, %g J\n", dcsim_value(sim, "duration_s"),
		       dcsim_value(sim, "energy_utility_j"));
	dcsim_destroy(sim);
	return status;
}
