/* Units at the door: text with a unit in, SI out, and back.
 *
 * Inside the program: seconds, bytes, bytes/s, FLOP/s, watts, joules, degC (temperatures) and K
 * (differences), USD, and their ratios. At the door every quantity carries a unit; a bare number is
 * an error, save 0 of a dimension without offset. GB is 1e9 bytes, GiB 2^30, Gb is bits. A duration
 * may add parts: "2 h 20 min". */
#ifndef DC_BASE_UNITS_H
#define DC_BASE_UNITS_H

#include <stdbool.h>
#include <stddef.h>

enum dc_dimension {
	DC_DIM_NONE,                   /* a plain number: count or ratio */
	DC_DIM_TIME,                   /* s */
	DC_DIM_BYTES,                  /* B */
	DC_DIM_BANDWIDTH,              /* B/s: "50 GB/s", "400 Gb/s" */
	DC_DIM_FLOPS,                  /* FLOP/s: "312 TFLOP/s" (TOP/s is the same size) */
	DC_DIM_FLOP,                   /* FLOP */
	DC_DIM_POWER,                  /* W */
	DC_DIM_ENERGY,                 /* J: "1 kWh" */
	DC_DIM_TEMPERATURE,            /* degC: "25 degC" (also "298 K") */
	DC_DIM_TEMPERATURE_DIFFERENCE, /* K: "6 K" */
	DC_DIM_MONEY,                  /* USD */
	DC_DIM_ENERGY_PRICE,           /* USD/J: "0.08 USD/kWh", "80 USD/MWh" */
	DC_DIM_CARBON,                 /* kg CO2e: "5 kg", "3 t" */
	DC_DIM_CARBON_INTENSITY,       /* kg/J: "380 g/kWh" */
	DC_DIM_HEAT_CAPACITY,          /* J/K: "90 kJ/K" */
	DC_DIM_CONDUCTANCE,            /* W/K: "2 kW/K" */
	DC_DIM_RESISTANCE,             /* K/W */
	DC_DIM_RATE,                   /* 1/s: "168 /s", "2.5 M/s" */
	DC_DIM_COUNT
};

enum dc_units_result {
	DC_UNITS_OK,
	DC_UNITS_NOT_A_NUMBER, /* no number at the start; detail = the text */
	DC_UNITS_MISSING,      /* a number without unit */
	DC_UNITS_UNKNOWN,      /* a unit nobody knows; detail = that unit */
	DC_UNITS_WRONG,        /* a unit of another dimension; detail = that unit */
	DC_UNITS_TRAILING,     /* something after the quantity; detail = it */
	DC_UNITS_RANGE,        /* the value is not finite */
};

struct dc_units_error {
	enum dc_units_result result;
	char detail[64];
	enum dc_dimension other; /* for WRONG: the dimension the unit has */
	const char *suggestion;  /* nearest valid unit of the dimension, or NULL */
};

/* Parses text as a quantity of the dimension into SI; fills error (may be NULL) when it fails. */
bool dc_units_parse(const char *text, enum dc_dimension dimension, double *value,
		    struct dc_units_error *error);
/* Multiplies SI values of the unit alone, for headers of tables: "USD/MWh", "degC". False when
 * the unit is not one of the dimension. value_si = factor * value + offset. */
bool dc_units_lookup(const char *unit, enum dc_dimension dimension, double *factor, double *offset);

/* The dimension's words: "a duration", "a bandwidth per direction"; its SI unit: "s", "B/s";
 * an example a user can type: "500 ns", "50 GB/s". */
const char *dc_units_noun(enum dc_dimension dimension);
const char *dc_units_si(enum dc_dimension dimension);
const char *dc_units_example(enum dc_dimension dimension);

/* Writes the value so that reading it back gives the same double, in the largest unit that keeps it
 * short: 5e10 -> "50 GB/s". size >= 64. */
void dc_units_format(double value, enum dc_dimension dimension, char *text, size_t size);
/* The same for people: three significant digits, "42.3 ms". */
void dc_units_human(double value, enum dc_dimension dimension, char *text, size_t size);

#endif
