/* What a library call came to.
 *
 * Library code never prints, exits or asserts on input: it returns one of these and leaves the
 * words in a diagnostics sink (diag.h). Only sim/commands/ turns a status into an exit status:
 * input errors 2, every other failure 1, success 0. */
#ifndef DC_BASE_STATUS_H
#define DC_BASE_STATUS_H

enum dc_status {
	DC_OK = 0,
	DC_ERR_INPUT,   /* the user's files or options are wrong; the sink says where */
	DC_ERR_MEMORY,  /* an allocation failed */
	DC_ERR_IO,      /* a file could not be opened, read or written */
	DC_ERR_RUN,     /* the simulation could not go on: blocked program, broken balance */
	DC_INTERRUPTED, /* the caller asked to stop; results up to then are valid */
};

/* The result of such a call may not be dropped. */
#define DC_CHECK __attribute__((warn_unused_result))
#define DC_PRINTF(text, first) __attribute__((format(printf, text, first)))

#endif
