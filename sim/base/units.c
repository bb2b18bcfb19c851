/* Units at the door: parsing and writing of quantities; the units themselves are units_table.c. */
#include "base/units.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/units_table.h"

enum {
	DIGITS_LIMIT = 400, /* digits of a number; a double needs 17, an exact one at most 767 */
	EXPONENT_LIMIT = 100000,
};

static const struct {
	const char *noun, *si, *example;
} words[DC_DIM_COUNT] = {
	[DC_DIM_NONE] = {"a number", "", "1.5"},
	[DC_DIM_TIME] = {"a duration", "s", "500 ns"},
	[DC_DIM_BYTES] = {"an amount of data", "B", "80 GiB"},
	[DC_DIM_BANDWIDTH] = {"a bandwidth per direction", "B/s", "50 GB/s"},
	[DC_DIM_FLOPS] = {"a rate of arithmetic", "FLOP/s", "312 TFLOP/s"},
	[DC_DIM_FLOP] = {"an amount of arithmetic", "FLOP", "4.1 GFLOP"},
	[DC_DIM_POWER] = {"a power", "W", "400 W"},
	[DC_DIM_ENERGY] = {"an energy", "J", "1 kWh"},
	[DC_DIM_TEMPERATURE] = {"a temperature", "degC", "25 degC"},
	[DC_DIM_TEMPERATURE_DIFFERENCE] = {"a temperature difference", "K", "6 K"},
	[DC_DIM_MONEY] = {"an amount of money", "USD", "15 kUSD"},
	[DC_DIM_ENERGY_PRICE] = {"a price of energy", "USD/J", "0.08 USD/kWh"},
	[DC_DIM_CARBON] = {"a mass of CO2", "kg", "150 kg"},
	[DC_DIM_CARBON_INTENSITY] = {"a carbon intensity", "kg/J", "380 g/kWh"},
	[DC_DIM_HEAT_CAPACITY] = {"a heat capacity", "J/K", "90 kJ/K"},
	[DC_DIM_CONDUCTANCE] = {"a thermal conductance", "W/K", "2 kW/K"},
	[DC_DIM_RESISTANCE] = {"a thermal resistance", "K/W", "0.05 K/W"},
	[DC_DIM_RATE] = {"a rate", "/s", "168 /s"},
};

const char *dc_units_noun(enum dc_dimension dimension)
{
	return words[dimension].noun;
}

const char *dc_units_si(enum dc_dimension dimension)
{
	return words[dimension].si;
}

const char *dc_units_example(enum dc_dimension dimension)
{
	return words[dimension].example;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static const char *skip_blanks(const char *text)
{
	while (is_blank(*text))
		text++;
	return text;
}

/* A decimal number: its digits without point, and the power of ten that belongs to them. Digits and
 * exponent leave strtod() nothing that a locale could change. */
struct decimal {
	bool negative;
	char digits[DIGITS_LIMIT + 1];
	int exponent;
};

/* Reads digits with single underscores between them; false when there are too many. */
static bool scan_digits(const char **at, struct decimal *number, size_t *count, int *scanned)
{
	const char *c = *at;

	for (*scanned = 0; is_digit(*c); ++*scanned) {
		if (*count == DIGITS_LIMIT)
			return false;
		number->digits[(*count)++] = *c++;
		if (*c == '_' && is_digit(c[1]))
			c++;
	}
	*at = c;
	return true;
}

/* Reads a decimal number at the start of text; returns where it ends, NULL when there is none. */
static const char *scan_number(const char *text, struct decimal *number)
{
	size_t count = 0;
	int whole, fraction = 0;

	number->negative = *text == '-';
	number->exponent = 0;
	if (*text == '-' || *text == '+')
		text++;
	if (!scan_digits(&text, number, &count, &whole))
		return NULL;
	if (*text == '.') {
		text++;
		if (!scan_digits(&text, number, &count, &fraction))
			return NULL;
		number->exponent = -fraction;
	}
	if (!whole && !fraction)
		return NULL;
	number->digits[count] = '\0';
	if ((*text == 'e' || *text == 'E') &&
	    (is_digit(text[1]) || ((text[1] == '-' || text[1] == '+') && is_digit(text[2])))) {
		bool minus = text[1] == '-';
		int exponent = 0;

		text += is_digit(text[1]) ? 1 : 2;
		for (; is_digit(*text); text++)
			if (exponent < EXPONENT_LIMIT)
				exponent = exponent * 10 + (*text - '0');
		number->exponent += minus ? -exponent : exponent;
	}
	return text;
}

/* The number times 10^power, rounded once. */
static double decimal_value(const struct decimal *number, int power)
{
	char text[DIGITS_LIMIT + 32];
	double value;

	snprintf(text, sizeof text, "%se%d", number->digits, number->exponent + power);
	value = strtod(text, NULL);
	return number->negative ? -value : value;
}

static const struct dc_unit *find_unit(const char *name, size_t length, enum dc_dimension dimension)
{
	for (unsigned i = 0; i < dc_units_table_count; i++) {
		const struct dc_unit *unit = &dc_units_table[i];

		if ((dimension == DC_DIM_COUNT || unit->dimension == dimension) &&
		    strlen(unit->name) == length && memcmp(unit->name, name, length) == 0)
			return unit;
	}
	return NULL;
}

static double to_si(const struct decimal *number, const struct dc_unit *unit)
{
	static const struct decimal one = {.digits = "1"};

	/* One exact divisor: "80 USD/MWh" is 80 / 3.6e9, rounded once. */
	if (unit->power < 0 && unit->divide != 1)
		return decimal_value(number, 0) * unit->multiply /
		       (unit->divide * decimal_value(&one, -unit->power));
	return decimal_value(number, unit->power) * unit->multiply / unit->divide + unit->offset;
}

bool dc_units_lookup(const char *unit_name, enum dc_dimension dimension, double *factor,
		     double *offset)
{
	static const struct decimal one = {.digits = "1"};
	const struct dc_unit *unit = find_unit(unit_name, strlen(unit_name), dimension);

	if (!unit) {
		if (dimension != DC_DIM_NONE || *unit_name)
			return false;
		*factor = 1.0;
		*offset = 0.0;
		return true;
	}
	*factor = decimal_value(&one, unit->power) * unit->multiply / unit->divide;
	*offset = unit->offset;
	return true;
}

/* The unit of the dimension that a wrong spelling most likely meant, or NULL. */
static const char *suggest(const char *written, enum dc_dimension dimension, bool known)
{
	const char *names[256];
	char other[80];
	size_t count = 0, length = strlen(written);
	const struct dc_unit *unit;

	for (unsigned i = 0; i < dc_units_aliases_count; i++) {
		const char *meant = dc_units_aliases[i].meant;

		if (strcmp(dc_units_aliases[i].written, written) == 0 &&
		    (unit = find_unit(meant, strlen(meant), dimension)))
			return unit->name;
	}
	/* An amount for a rate, or a rate for an amount. */
	if (length && length < sizeof other - 3) {
		snprintf(other, sizeof other, "%s/s", written);
		unit = find_unit(other, length + 2, dimension);
		if (!unit && length > 2 && strcmp(written + length - 2, "/s") == 0)
			unit = find_unit(written, length - 2, dimension);
		if (unit)
			return unit->name;
	}
	/* A unit that exists is not a misspelt other one. */
	if (known)
		return NULL;
	for (unsigned i = 0; i < dc_units_table_count && count < sizeof names / sizeof *names; i++)
		if (dc_units_table[i].dimension == dimension)
			names[count++] = dc_units_table[i].name;
	return dc_diag_nearest(written, names, count);
}

static bool fail(struct dc_units_error *error, enum dc_units_result result, const char *detail,
		 size_t length)
{
	if (error) {
		if (length >= sizeof error->detail) {
			length = sizeof error->detail - 1;
			while (length && ((unsigned char)detail[length] & 0xc0) == 0x80)
				length--;
		}
		error->result = result;
		memcpy(error->detail, detail, length);
		error->detail[length] = '\0';
	}
	return false;
}

/* Refuses a unit: unknown, or of another dimension. */
static bool fail_unit(struct dc_units_error *error, const char *name, size_t length,
		      enum dc_dimension dimension)
{
	const struct dc_unit *unit = find_unit(name, length, DC_DIM_COUNT);

	fail(error, unit ? DC_UNITS_WRONG : DC_UNITS_UNKNOWN, name, length);
	if (error) {
		error->other = unit ? unit->dimension : DC_DIM_NONE;
		error->suggestion = suggest(error->detail, dimension, unit);
	}
	return false;
}

/* One number with its unit; *rest is what follows, blanks skipped. */
static bool parse_part(const char *text, enum dc_dimension dimension, double *value,
		       const char **rest, struct dc_units_error *error)
{
	struct decimal number;
	const char *name = scan_number(text, &number);
	const struct dc_unit *unit;
	size_t length;

	if (!name)
		return fail(error, DC_UNITS_NOT_A_NUMBER, text, strlen(text));
	name = skip_blanks(name);
	length = strcspn(name, " \t");
	*rest = skip_blanks(name + length);
	if (!length) {
		static const struct dc_unit plain = {.multiply = 1, .divide = 1};

		*value = to_si(&number, &plain);
		if (dimension != DC_DIM_NONE && (*value != 0 || dimension == DC_DIM_TEMPERATURE)) {
			fail(error, DC_UNITS_MISSING, text, strlen(text));
			if (error)
				error->suggestion = dc_units_si(dimension);
			return false;
		}
	} else {
		unit = find_unit(name, length, dimension);
		if (!unit)
			return fail_unit(error, name, length, dimension);
		*value = to_si(&number, unit);
	}
	if (!isfinite(*value))
		return fail(error, DC_UNITS_RANGE, text, strlen(text));
	return true;
}

bool dc_units_parse(const char *text, enum dc_dimension dimension, double *value,
		    struct dc_units_error *error)
{
	double sum, part;
	bool negative;

	if (error)
		*error = (struct dc_units_error){.result = DC_UNITS_OK};
	text = skip_blanks(text);
	negative = *text == '-';
	if (!parse_part(text, dimension, &sum, &text, error))
		return false;
	while (dimension == DC_DIM_TIME && is_digit(*text)) {
		if (!parse_part(text, dimension, &part, &text, error))
			return false;
		sum += negative ? -part : part;
	}
	if (*text)
		return fail(error, DC_UNITS_TRAILING, text, strlen(text));
	if (!isfinite(sum))
		return fail(error, DC_UNITS_RANGE, text, strlen(text));
	*value = sum;
	return true;
}

/* printf writes the locale's decimal point; ours is a point. */
static void undo_locale(char *text)
{
	const char *point = localeconv()->decimal_point;
	size_t length = strlen(point);
	char *at = length ? strstr(text, point) : NULL;

	if (at && strcmp(point, ".") != 0) {
		memmove(at + 1, at + length, strlen(at + length) + 1);
		*at = '.';
	}
}

/* The shortest text of value in the unit that reads back as value; false when there is none. */
static bool write_in(double value, const struct dc_unit *unit, char *text, size_t size)
{
	struct decimal scale = {.digits = "1"};
	double number = (value - unit->offset) * unit->divide / unit->multiply;

	/* Powers of ten from 1e0 to 1e22 are exact: divide or multiply by one of them. */
	if (unit->power >= 0)
		number /= decimal_value(&scale, unit->power);
	else
		number *= decimal_value(&scale, -unit->power);
	for (int digits = 15; digits <= 17; digits++) {
		double back;

		snprintf(text, size, "%.*g%s%s", digits, number, *unit->name ? " " : "",
			 unit->name);
		undo_locale(text);
		if (dc_units_parse(text, unit->dimension, &back, NULL) && back == value)
			return true;
	}
	return false;
}

void dc_units_format(double value, enum dc_dimension dimension, char *text, size_t size)
{
	const struct dc_unit si = {
		.name = words[dimension].si, .dimension = dimension, .multiply = 1, .divide = 1};
	char best[64], other[64];

	if (!write_in(value, &si, best, sizeof best))
		snprintf(best, sizeof best, "%.17g %s", value, si.name);
	for (unsigned i = 0; value != 0 && i < dc_units_table_count; i++) {
		const struct dc_unit *unit = &dc_units_table[i];
		bool whole;

		if (unit->dimension != dimension || !(unit->flags & DC_UNIT_WRITE))
			continue;
		if (!write_in(value, unit, other, sizeof other))
			continue;
		/* Rows grow: among equally short texts the largest unit wins, but "500 ns" is better
		 * than "0.5 us". */
		whole = other[0] != '0' && strncmp(other, "-0", 2) != 0;
		if (strlen(other) < strlen(best) || (strlen(other) == strlen(best) && whole))
			memcpy(best, other, sizeof best);
	}
	snprintf(text, size, "%s", best);
}

/* Three significant digits without exponent, of a number that is at most 999.5 by preference. */
static void write_short(double number, const char *unit, char *text, size_t size)
{
	double magnitude = fabs(number);
	int decimals = magnitude >= 99.95 ? 0 : magnitude >= 9.995 ? 1 : 2;
	const char *blank = *unit ? " " : "";

	if (magnitude != 0 && (magnitude < 0.1 || magnitude >= 1e6))
		snprintf(text, size, "%.3g%s%s", number, blank, unit);
	else if (magnitude == 0)
		snprintf(text, size, "0%s%s", blank, unit);
	else
		snprintf(text, size, "%.*f%s%s", magnitude < 0.9995 ? 3 : decimals, number, blank,
			 unit);
	undo_locale(text);
}

void dc_units_human(double value, enum dc_dimension dimension, char *text, size_t size)
{
	const struct dc_unit *chosen = NULL;
	double number = value;

	for (unsigned i = 0; value != 0 && i < dc_units_table_count; i++) {
		const struct dc_unit *unit = &dc_units_table[i];
		double factor, offset, there;

		if (unit->dimension != dimension || !(unit->flags & DC_UNIT_HUMAN) ||
		    !dc_units_lookup(unit->name, dimension, &factor, &offset))
			continue;
		there = (value - offset) / factor;
		/* 0.9995 of a unit is shown as 1.00 of it. */
		if (!chosen || fabs(there) >= 0.9995) {
			chosen = unit;
			number = there;
		}
	}
	write_short(number, chosen ? chosen->name : words[dimension].si, text, size);
}
