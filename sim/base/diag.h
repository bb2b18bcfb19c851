/* Diagnostics: located messages, collected, printed by whoever owns the terminal.
 *
 * A message has a severity, a mark (file, line, column, length) or none, and a sentence that says
 * what is wrong, where, and what was expected. Rendered, it is
 *
 *     ring64.yaml:3:53: error: ring: bandwidth: '50 GBps' has an unknown unit 'GBps'; did you mean ...
 *       3 | fabric: {dimensions: [{topology: ring, bandwidth: 50 GBps}]}
 *         |                                                   ^~~~~~~
 *
 * The sink keeps at most DC_DIAG_LIMIT messages and counts the rest. Messages are kept in the order
 * in which they came; rendering sorts located ones by file (first seen first), line and column, with
 * the others behind them; a note stays behind the message that it follows. The same words at the same
 * place are printed once (a value shared by an alias is read twice), but count each time.
 * Ownership: the sink copies every text; sources registered with it live as long as it does. */
#ifndef DC_BASE_DIAG_H
#define DC_BASE_DIAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/status.h"

enum { DC_DIAG_LIMIT = 100 };

enum dc_severity { DC_NOTE, DC_WARNING, DC_ERROR };

/* A text that marks point into: a file, or an override from the command line. */
struct dc_source {
	const char *name; /* as the user wrote it */
	const char *text; /* whole, terminated; may hold NUL bytes before length */
	size_t length;
};

/* A place in a source. line and column count from 1 (column in bytes); 0 means unknown. */
struct dc_mark {
	const struct dc_source *source;
	unsigned line;
	unsigned column;
	unsigned length; /* bytes to underline, at least 1 when known */
};

struct dc_diag;

struct dc_diag *dc_diag_create(void);
void dc_diag_destroy(struct dc_diag *diag);

/* Registers a source; the sink copies name and text. NULL when out of memory. */
const struct dc_source *dc_diag_source(struct dc_diag *diag, const char *name, const char *text,
				       size_t length);

/* Adds a message; mark may be NULL. Returns DC_ERR_INPUT, so that a refusal reads
 * `return dc_diag_error(...)`. */
enum dc_status dc_diag_error(struct dc_diag *diag, const struct dc_mark *mark, const char *format,
			     ...) DC_PRINTF(3, 4);
/* The same, in a form in which compilers and checkers see that it never returns DC_OK. */
#define dc_diag_error(...)                                                                         \
	__extension__({                                                                            \
		(void)dc_diag_error(__VA_ARGS__);                                                  \
		DC_ERR_INPUT;                                                                      \
	})
void dc_diag_warning(struct dc_diag *diag, const struct dc_mark *mark, const char *format, ...)
	DC_PRINTF(3, 4);
void dc_diag_note(struct dc_diag *diag, const struct dc_mark *mark, const char *format, ...)
	DC_PRINTF(3, 4);

size_t dc_diag_errors(const struct dc_diag *diag);
size_t dc_diag_warnings(const struct dc_diag *diag);
/* The first error's sentence, without its place; "" when there is none. Belongs to the sink. */
const char *dc_diag_first_error(const struct dc_diag *diag);

/* Writes every message to out, with ANSI colours when asked. */
void dc_diag_render(const struct dc_diag *diag, FILE *out, bool colour);

/* The candidate nearest to word (Damerau-Levenshtein, ignoring case; at most a third of the
 * word's length away, but always at least 1), or NULL. candidates may hold NULLs. */
const char *dc_diag_nearest(const char *word, const char *const *candidates, size_t count);

#endif
