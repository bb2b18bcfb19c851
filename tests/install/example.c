/* A program of the user's: built by make installcheck against the installed header and library. */
#include <dcsim.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: %s SCENARIO\n", argv[0]);
		return 2;
	}
	printf("%s\n", argv[1]);
	return 0;
}
