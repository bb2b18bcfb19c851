/* Hourly year series from a value, a CSV file or an EPW file. */
#include "config/hourly.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/units.h"

enum {
	HOUR_S = 3600,
	YEAR_S = DC_HOURLY_HOURS * HOUR_S,
	LEAP_HOURS = DC_HOURLY_HOURS + 24,
	LEAP_FIRST = (31 + 28) * 24, /* 29 February 00:00 */
	BYTES_LIMIT = 16 * 1024 * 1024,
	ERRORS_LIMIT = 8,
	COLUMNS_LIMIT = 64,
	OFFSET_LIMIT_HOURS = 18,
	EPW_HEADER_LINES = 8,
};

struct dc_hourly {
	bool flat;
	bool offset_known;
	double offset_s;
	const double *value; /* DC_HOURLY_HOURS of them, or one */
};

/* A stretch of the file's text. */
struct span {
	const char *start;
	size_t length;
};

struct reader {
	struct dc_config *config;
	const char *name;
	char *text;
	size_t length;
	const struct dc_source *source; /* registered when the first error needs it */
	const char *column;
	enum dc_dimension dimension;
	size_t index;          /* of the column */
	double factor, offset; /* to SI */
	double *value;         /* LEAP_HOURS of them */
	size_t rows;
	unsigned errors;
	unsigned line; /* being read, from 1 */
	const char *line_start;
	struct dc_hourly *out;
};

static void report(struct reader *reader, struct span at, const char *format, ...) DC_PRINTF(3, 4);

static void report(struct reader *reader, struct span at, const char *format, ...)
{
	struct dc_diag *diag = dc_config_diag(reader->config);
	char message[512];
	struct dc_mark mark;
	va_list args;

	if (++reader->errors > ERRORS_LIMIT)
		return;
	if (!reader->source)
		reader->source = dc_diag_source(diag, reader->name, reader->text, reader->length);
	mark = (struct dc_mark){
		.source = reader->source,
		.line = reader->line,
		.column = (unsigned)(at.start - reader->line_start) + 1,
		.length = at.length ? (unsigned)at.length : 1,
	};
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	(void)dc_diag_error(diag, &mark, "%s", message);
}

static struct span trim(struct span span)
{
	while (span.length && strchr(" \t\r\"", span.start[0]) && span.start[0]) {
		span.start++;
		span.length--;
	}
	while (span.length && strchr(" \t\r\"", span.start[span.length - 1]) &&
	       span.start[span.length - 1])
		span.length--;
	return span;
}

static bool span_is(struct span span, const char *word)
{
	return span.length == strlen(word) && strncasecmp(span.start, word, span.length) == 0;
}

/* Fields in messages are cut to this. */
static int shown(struct span span)
{
	return span.length > 40 ? 40 : (int)span.length;
}

/* The next line without its end; false when there is none. */
static bool next_line(struct reader *reader, size_t *at, struct span *line)
{
	const char *end;

	if (*at >= reader->length)
		return false;
	line->start = reader->text + *at;
	end = memchr(line->start, '\n', reader->length - *at);
	line->length = end ? (size_t)(end - line->start) : reader->length - *at;
	*at += line->length + 1;
	reader->line++;
	reader->line_start = line->start;
	return true;
}

/* Field number index of a line, trimmed; false when the line is shorter. */
static bool field_at(struct span line, size_t index, struct span *field)
{
	const char *end = line.start + line.length;
	const char *start = line.start;
	const char *comma;

	for (size_t i = 0;; i++) {
		comma = memchr(start, ',', (size_t)(end - start));
		if (i == index) {
			*field =
				trim((struct span){start, (size_t)((comma ? comma : end) - start)});
			return true;
		}
		if (!comma)
			return false;
		start = comma + 1;
	}
}

/* A finite decimal number that fills the field. */
static bool parse_number(struct span field, double *value)
{
	char text[64], *end;

	if (!field.length || field.length >= sizeof(text))
		return false;
	memcpy(text, field.start, field.length);
	text[field.length] = '\0';
	if (strspn(text, "0123456789+-.eE") != field.length)
		return false;
	*value = strtod(text, &end);
	return *end == '\0' && isfinite(*value);
}

static void set_offset(struct reader *reader, struct span field)
{
	double hours;

	field = trim(field);
	if (!parse_number(field, &hours) || fabs(hours) > OFFSET_LIMIT_HOURS) {
		report(reader, field,
		       "utc_offset: '%.*s' is not an offset; expected hours from UTC, such as -5",
		       shown(field), field.start);
		return;
	}
	reader->out->offset_known = true;
	reader->out->offset_s = hours * HOUR_S;
}

static void read_comment(struct reader *reader, struct span line)
{
	static const char key[] = "utc_offset:";
	struct span rest = trim((struct span){line.start + 1, line.length - 1});

	if (rest.length < strlen(key) || strncasecmp(rest.start, key, strlen(key)) != 0)
		return;
	rest.start += strlen(key);
	rest.length -= strlen(key);
	set_offset(reader, rest);
}

/* Splits "price [USD/MWh]"; unit is empty when there is none. */
static struct span split_unit(struct span field, struct span *unit)
{
	const char *open = memchr(field.start, '[', field.length);

	*unit = (struct span){field.start + field.length, 0};
	if (!open || field.start[field.length - 1] != ']')
		return field;
	*unit = trim((struct span){open + 1, (size_t)(field.start + field.length - open) - 2});
	return trim((struct span){field.start, (size_t)(open - field.start)});
}

/* A unit of the dimension that people use: that of its example. */
static const char *unit_example(enum dc_dimension dimension)
{
	const char *unit = strchr(dc_units_example(dimension), ' ');

	return unit ? unit + 1 : "%";
}

static void read_unit(struct reader *reader, struct span field, struct span unit)
{
	char text[32];

	reader->factor = 1.0;
	reader->offset = 0.0;
	if (unit.length < sizeof(text)) {
		memcpy(text, unit.start, unit.length);
		text[unit.length] = '\0';
		if (reader->dimension == DC_DIM_NONE && strcmp(text, "%") == 0) {
			reader->factor = 0.01;
			return;
		}
		if (reader->dimension == DC_DIM_NONE && (!text[0] || strcmp(text, "1") == 0))
			return;
		if (text[0] &&
		    dc_units_lookup(text, reader->dimension, &reader->factor, &reader->offset))
			return;
	}
	if (!unit.length)
		report(reader, field,
		       "%s: the column has no unit; expected one of %s, as in '%s [%s]'",
		       reader->column, dc_units_noun(reader->dimension), reader->column,
		       unit_example(reader->dimension));
	else
		report(reader, unit, "%s: '%.*s' is not a unit of %s; expected one such as '%s'",
		       reader->column, shown(unit), unit.start,
		       reader->dimension == DC_DIM_NONE ? "a ratio"
							: dc_units_noun(reader->dimension),
		       unit_example(reader->dimension));
}

/* Finds the column; the reader's index is beyond COLUMNS_LIMIT when it is not there. */
static void read_header(struct reader *reader, struct span line)
{
	struct span field, name, unit;
	char seen[200] = "";
	size_t used = 0;

	reader->index = COLUMNS_LIMIT;
	for (size_t i = 0; i < COLUMNS_LIMIT && field_at(line, i, &field); i++) {
		name = split_unit(field, &unit);
		if (span_is(name, reader->column)) {
			if (reader->index < COLUMNS_LIMIT) {
				report(reader, field, "%s: there are two such columns",
				       reader->column);
				return;
			}
			reader->index = i;
			read_unit(reader, field, unit);
		}
		if (used < sizeof(seen))
			used += (size_t)snprintf(seen + used, sizeof(seen) - used, "%s'%.*s'",
						 i ? ", " : "", shown(name), name.start);
	}
	if (reader->index == COLUMNS_LIMIT)
		report(reader, trim(line), "there is no column '%s'; found %s", reader->column,
		       seen);
}

static void read_row(struct reader *reader, struct span line)
{
	struct span field;
	double number;

	if (reader->rows++ >= LEAP_HOURS)
		return;
	if (!field_at(line, reader->index, &field))
		report(reader, trim(line), "%s: the row ends before column %zu", reader->column,
		       reader->index + 1);
	else if (!parse_number(field, &number))
		report(reader, field, "%s: '%.*s' is not a number", reader->column, shown(field),
		       field.start);
	else
		reader->value[reader->rows - 1] = number * reader->factor + reader->offset;
}

static void read_csv(struct reader *reader)
{
	bool header = false;
	struct span line;
	size_t at = 0;

	if (reader->length >= 3 && memcmp(reader->text, "\xef\xbb\xbf", 3) == 0)
		at = 3; /* a byte order mark, as spreadsheets write */
	while (next_line(reader, &at, &line)) {
		struct span content = trim(line);

		if (!content.length)
			continue;
		if (content.start[0] == '#')
			read_comment(reader, content);
		else if (header)
			read_row(reader, line);
		else {
			header = true;
			read_header(reader, line);
			if (reader->errors)
				return; /* rows mean nothing without their column */
		}
	}
	if (!header)
		report(reader, (struct span){reader->line_start, 0},
		       "the file is empty; expected a header such as '%s [%s]' and %d rows",
		       reader->column, unit_example(reader->dimension), DC_HOURLY_HOURS);
}

/* EnergyPlus weather [EnergyPlus Auxiliary Programs, "EPW data dictionary"]: eight header lines, the
 * first LOCATION with the time zone as its ninth field; then dry bulb [degC] as seventh and relative
 * humidity [%] as ninth field, which are 99.9 and 999 where missing. */
static void read_epw(struct reader *reader)
{
	bool humidity = strcmp(reader->column, "relative_humidity") == 0;
	double missing = humidity ? 9.99 : 99.9;
	struct span line, field;
	size_t at = 0;

	if (!humidity && strcmp(reader->column, "dry_bulb") != 0) {
		report(reader, (struct span){reader->line_start, 0},
		       "an EPW file has no column '%s'; expected a CSV file", reader->column);
		return;
	}
	reader->index = humidity ? 8 : 6;
	reader->factor = humidity ? 0.01 : 1.0;
	while (next_line(reader, &at, &line)) {
		if (reader->line > EPW_HEADER_LINES) {
			if (!trim(line).length)
				continue;
			read_row(reader, line);
			if (reader->rows <= LEAP_HOURS &&
			    reader->value[reader->rows - 1] >= missing &&
			    field_at(line, reader->index, &field))
				report(reader, field, "%s: the value is missing", reader->column);
		} else if (reader->line == 1) {
			if (!field_at(line, 0, &field) || !span_is(field, "LOCATION") ||
			    !field_at(line, 8, &field)) {
				report(reader, trim(line),
				       "expected the line LOCATION of an EPW file");
				return;
			}
			set_offset(reader, field);
		}
	}
}

static void check_rows(struct reader *reader)
{
	if (reader->rows == LEAP_HOURS)
		memmove(reader->value + LEAP_FIRST, reader->value + LEAP_FIRST + 24,
			(DC_HOURLY_HOURS - LEAP_FIRST) * sizeof(*reader->value));
	else if (reader->rows != DC_HOURLY_HOURS)
		report(reader, (struct span){reader->line_start, 0},
		       "found %zu rows; expected one per hour of a year: %d, or %d with 29 February",
		       reader->rows, DC_HOURLY_HOURS, LEAP_HOURS);
}

/* The whole stream into the arena, terminated. */
static enum dc_status slurp(struct reader *reader, const struct dc_node *node, FILE *file)
{
	struct dc_arena *arena = dc_config_arena(reader->config);
	size_t capacity = 64 * 1024, length = 0;
	char *text = malloc(capacity), *more;
	size_t got;

	while (text && (got = fread(text + length, 1, capacity - length, file)) > 0) {
		length += got;
		if (length < capacity)
			continue;
		if (length >= BYTES_LIMIT) {
			free(text);
			return dc_diag_error(dc_config_diag(reader->config), &node->mark,
					     "'%s' is longer than %d MiB", reader->name,
					     BYTES_LIMIT / (1024 * 1024));
		}
		capacity *= 2;
		more = realloc(text, capacity);
		if (!more)
			free(text);
		text = more;
	}
	if (!text)
		return DC_ERR_MEMORY;
	if (ferror(file)) {
		free(text);
		return dc_diag_error(dc_config_diag(reader->config), &node->mark,
				     "'%s' cannot be read", reader->name);
	}
	reader->text = dc_arena_strndup(arena, text, length);
	reader->length = length;
	reader->line_start = reader->text;
	free(text);
	return reader->text ? DC_OK : DC_ERR_MEMORY;
}

static bool ends_in(const char *name, const char *ending)
{
	size_t length = strlen(name);

	return length >= strlen(ending) && strcasecmp(name + length - strlen(ending), ending) == 0;
}

static enum dc_status read_file(struct dc_config *config, const struct dc_node *node,
				const char *column, enum dc_dimension dimension,
				struct dc_hourly *out)
{
	struct reader reader = {
		.config = config,
		.column = column,
		.dimension = dimension,
		.out = out,
	};
	enum dc_status status;
	FILE *file = dc_config_open(config, node, node->text, &reader.name);

	if (!file)
		return DC_ERR_INPUT;
	if (!reader.name)
		reader.name = node->text;
	status = slurp(&reader, node, file);
	fclose(file);
	if (status)
		return status;
	reader.value = dc_arena_array(dc_config_arena(config), LEAP_HOURS, sizeof(double));
	if (!reader.value)
		return DC_ERR_MEMORY;
	if (ends_in(node->text, ".epw"))
		read_epw(&reader);
	else
		read_csv(&reader);
	if (!reader.errors || reader.rows)
		check_rows(&reader);
	if (reader.errors > ERRORS_LIMIT)
		(void)dc_diag_error(dc_config_diag(config), &node->mark,
				    "'%s': %u more errors in the file", reader.name,
				    reader.errors - ERRORS_LIMIT);
	out->value = reader.value;
	return reader.errors ? DC_ERR_INPUT : DC_OK;
}

/* The words for a scalar that starts like a quantity but is none of the dimension. */
static enum dc_status refuse_quantity(struct dc_config *config, const struct dc_node *node,
				      const char *column, enum dc_dimension dimension,
				      const struct dc_units_error *error)
{
	struct dc_diag *diag = dc_config_diag(config);
	const char *noun = dc_units_noun(dimension);
	const char *example = dc_units_example(dimension);

	if (error->result == DC_UNITS_MISSING)
		return dc_diag_error(diag, &node->mark,
				     "%s: '%s' has no unit; expected %s such as '%s', or a file",
				     column, node->text, noun, example);
	if (error->suggestion)
		return dc_diag_error(diag, &node->mark,
				     "%s: '%s' is not %s; did you mean the unit '%s'?", column,
				     node->text, noun, error->suggestion);
	return dc_diag_error(diag, &node->mark,
			     "%s: '%s' is not %s; expected one such as '%s', or a file", column,
			     node->text, noun, example);
}

enum dc_status dc_hourly_read(struct dc_config *config, const struct dc_node *node,
			      const char *column, enum dc_dimension dimension,
			      const struct dc_hourly **out)
{
	struct dc_units_error error;
	struct dc_hourly *hourly;
	enum dc_status status;
	double value;

	if (node->kind != DC_NODE_SCALAR || dc_node_is_null(node))
		return dc_diag_error(dc_config_diag(config), &node->mark,
				     "%s: expected %s such as '%s', or the name of a file", column,
				     dc_units_noun(dimension), dc_units_example(dimension));
	if (dc_units_parse(node->text, dimension, &value, &error)) {
		*out = dc_hourly_flat(dc_config_arena(config), value);
		return *out ? DC_OK : DC_ERR_MEMORY;
	}
	if (error.result != DC_UNITS_NOT_A_NUMBER && !ends_in(node->text, ".csv") &&
	    !ends_in(node->text, ".epw"))
		return refuse_quantity(config, node, column, dimension, &error);
	hourly = dc_arena_alloc(dc_config_arena(config), sizeof(*hourly));
	if (!hourly)
		return DC_ERR_MEMORY;
	status = read_file(config, node, column, dimension, hourly);
	*out = status ? NULL : hourly;
	return status;
}

const struct dc_hourly *dc_hourly_flat(struct dc_arena *arena, double value)
{
	struct dc_hourly *hourly = dc_arena_alloc(arena, sizeof(*hourly));
	double *place = dc_arena_alloc(arena, sizeof(*place));

	if (!hourly || !place)
		return NULL;
	*place = value;
	*hourly = (struct dc_hourly){.flat = true, .value = place};
	return hourly;
}

/* The second of the file's year, in [0, YEAR_S), and the hour it lies in. */
static double file_second(const struct dc_hourly *hourly, double local_second_of_year,
			  double site_utc_offset_s, unsigned *hour)
{
	double second = local_second_of_year;

	if (hourly->offset_known)
		second += hourly->offset_s - site_utc_offset_s;
	second = fmod(second, YEAR_S);
	if (second < 0.0)
		second += YEAR_S;
	if (second >= YEAR_S) /* a negative second too small to count */
		second = 0.0;
	*hour = (unsigned)(second / HOUR_S);
	if ((double)*hour * HOUR_S > second) /* the quotient was rounded up */
		--*hour;
	return second;
}

double dc_hourly_at(const struct dc_hourly *hourly, double local_second_of_year,
		    double site_utc_offset_s)
{
	unsigned hour;

	if (hourly->flat)
		return hourly->value[0];
	(void)file_second(hourly, local_second_of_year, site_utc_offset_s, &hour);
	return hourly->value[hour];
}

double dc_hourly_next_change_s(const struct dc_hourly *hourly, double local_second_of_year,
			       double site_utc_offset_s)
{
	double second;
	unsigned hour;

	if (hourly->flat)
		return (double)INFINITY;
	second = file_second(hourly, local_second_of_year, site_utc_offset_s, &hour);
	return ((double)hour + 1.0) * HOUR_S - second;
}

bool dc_hourly_utc_offset(const struct dc_hourly *hourly, double *offset_s)
{
	if (!hourly->offset_known)
		return false;
	*offset_s = hourly->offset_s;
	return true;
}
