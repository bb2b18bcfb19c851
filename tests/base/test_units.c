/* Units: every spelling's factor, refusals with their suggestion, and writing that reads back. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"

struct quantity_row {
	char text[32];
	enum dc_dimension dimension;
	double si;
};

/* Source of truth: the SI prefixes (powers of 1000), IEC 80000-13 (powers of 1024), 8 bits a byte,
 * 3600 s an hour, 365 days a year, 0 degC = 273.15 K. The value is the literal in SI. */
ParameterizedTestParameters(units, parse)
{
	static struct quantity_row rows[] = {
		{"1 fs", DC_DIM_TIME, 1e-15},
		{"500 ns", DC_DIM_TIME, 500e-9},
		{"3 ps", DC_DIM_TIME, 3e-12},
		{"0.1 us", DC_DIM_TIME, 0.1e-6},
		{"2.5 ms", DC_DIM_TIME, 2.5e-3},
		{"7 s", DC_DIM_TIME, 7},
		{"20 min", DC_DIM_TIME, 1200},
		{"2 h", DC_DIM_TIME, 7200},
		{"54 d", DC_DIM_TIME, 54 * 86400.0},
		{"2 wk", DC_DIM_TIME, 14 * 86400.0},
		{"5 y", DC_DIM_TIME, 5 * 365 * 86400.0},
		{"2 h 20 min", DC_DIM_TIME, 8400},
		{"1 d 1 h 1 min 1 s", DC_DIM_TIME, 90061},
		{"-2 h 20 min", DC_DIM_TIME, -8400},
		{"1 B", DC_DIM_BYTES, 1},
		{"110 kB", DC_DIM_BYTES, 110e3},
		{"25 MB", DC_DIM_BYTES, 25e6},
		{"80 GB", DC_DIM_BYTES, 80e9},
		{"3.84 TB", DC_DIM_BYTES, 3.84e12},
		{"2 PB", DC_DIM_BYTES, 2e15},
		{"1 EB", DC_DIM_BYTES, 1e18},
		{"1 KiB", DC_DIM_BYTES, 1024},
		{"1 MiB", DC_DIM_BYTES, 1048576},
		{"80 GiB", DC_DIM_BYTES, 80 * 1073741824.0},
		{"1 TiB", DC_DIM_BYTES, 1099511627776.0},
		{"1 PiB", DC_DIM_BYTES, 0x1p50},
		{"1 EiB", DC_DIM_BYTES, 0x1p60},
		{"8 b", DC_DIM_BYTES, 1},
		{"8 kb", DC_DIM_BYTES, 1e3},
		{"8 Mb", DC_DIM_BYTES, 1e6},
		{"8 Gb", DC_DIM_BYTES, 1e9},
		{"8 Tb", DC_DIM_BYTES, 1e12},
		{"50 GB/s", DC_DIM_BANDWIDTH, 50e9},
		{"400 Gb/s", DC_DIM_BANDWIDTH, 50e9},
		{"1 GiB/s", DC_DIM_BANDWIDTH, 0x1p30},
		{"2 TB/s", DC_DIM_BANDWIDTH, 2e12},
		{"100 Mb/s", DC_DIM_BANDWIDTH, 12.5e6},
		{"1.6 Tb/s", DC_DIM_BANDWIDTH, 0.2e12},
		{"500 MB/s", DC_DIM_BANDWIDTH, 500e6},
		{"9 kB/s", DC_DIM_BANDWIDTH, 9e3},
		{"3 FLOP/s", DC_DIM_FLOPS, 3},
		{"312 TFLOP/s", DC_DIM_FLOPS, 312e12},
		{"1.5 EFLOP/s", DC_DIM_FLOPS, 1.5e18},
		{"2 kFLOP/s", DC_DIM_FLOPS, 2e3},
		{"275 TOP/s", DC_DIM_FLOPS, 275e12},
		{"4 POP/s", DC_DIM_FLOPS, 4e15},
		{"7 GOP/s", DC_DIM_FLOPS, 7e9},
		{"4.1 GFLOP", DC_DIM_FLOP, 4.1e9},
		{"1 EFLOP", DC_DIM_FLOP, 1e18},
		{"5 mW", DC_DIM_POWER, 5e-3},
		{"400 W", DC_DIM_POWER, 400},
		{"6.5 kW", DC_DIM_POWER, 6500},
		{"40 MW", DC_DIM_POWER, 40e6},
		{"1 GW", DC_DIM_POWER, 1e9},
		{"1 J", DC_DIM_ENERGY, 1},
		{"2 kJ", DC_DIM_ENERGY, 2e3},
		{"2 MJ", DC_DIM_ENERGY, 2e6},
		{"2 GJ", DC_DIM_ENERGY, 2e9},
		{"1 Wh", DC_DIM_ENERGY, 3600},
		{"1 kWh", DC_DIM_ENERGY, 3.6e6},
		{"20 MWh", DC_DIM_ENERGY, 72e9},
		{"1 GWh", DC_DIM_ENERGY, 3.6e12},
		{"25 degC", DC_DIM_TEMPERATURE, 25},
		{"-5.5 degC", DC_DIM_TEMPERATURE, -5.5},
		{"273.15 K", DC_DIM_TEMPERATURE, 0},
		{"6 K", DC_DIM_TEMPERATURE_DIFFERENCE, 6},
		{"3 USD", DC_DIM_MONEY, 3},
		{"15 kUSD", DC_DIM_MONEY, 15e3},
		{"2 MUSD", DC_DIM_MONEY, 2e6},
		{"0.08 USD/kWh", DC_DIM_ENERGY_PRICE, 0.08 / 3.6e6},
		{"80 USD/MWh", DC_DIM_ENERGY_PRICE, 80 / 3.6e9},
		{"2 USD/J", DC_DIM_ENERGY_PRICE, 2},
		{"4 mg", DC_DIM_CARBON, 4e-6},
		{"4 g", DC_DIM_CARBON, 4e-3},
		{"5 kg", DC_DIM_CARBON, 5},
		{"3 t", DC_DIM_CARBON, 3e3},
		{"380 g/kWh", DC_DIM_CARBON_INTENSITY, 0.38 / 3.6e6},
		{"380 kg/MWh", DC_DIM_CARBON_INTENSITY, 0.38 / 3.6e6},
		{"1 kg/kWh", DC_DIM_CARBON_INTENSITY, 1 / 3.6e6},
		{"1 kg/J", DC_DIM_CARBON_INTENSITY, 1},
		{"7 J/K", DC_DIM_HEAT_CAPACITY, 7},
		{"90 kJ/K", DC_DIM_HEAT_CAPACITY, 90e3},
		{"1 MJ/K", DC_DIM_HEAT_CAPACITY, 1e6},
		{"8 W/K", DC_DIM_CONDUCTANCE, 8},
		{"2 kW/K", DC_DIM_CONDUCTANCE, 2e3},
		{"0.05 K/W", DC_DIM_RESISTANCE, 0.05},
		{"168 /s", DC_DIM_RATE, 168},
		{"2 k/s", DC_DIM_RATE, 2e3},
		{"2.5 M/s", DC_DIM_RATE, 2.5e6},
		{"60 /min", DC_DIM_RATE, 1},
		{"1.5", DC_DIM_NONE, 1.5},
		{"5 %", DC_DIM_NONE, 0.05},
		{"1_000", DC_DIM_NONE, 1000},
		{"15e12", DC_DIM_NONE, 15e12},
		{"+.5", DC_DIM_NONE, 0.5},
		{"-1.25E-3", DC_DIM_NONE, -1.25e-3},
		{"0", DC_DIM_POWER, 0},
		{"0", DC_DIM_TIME, 0},
		{"0.0", DC_DIM_TEMPERATURE_DIFFERENCE, 0},
		{"50GB/s", DC_DIM_BANDWIDTH, 50e9},
		{"  7 s ", DC_DIM_TIME, 7},
		{"1e-400", DC_DIM_NONE, 0},
	};

	return cr_make_param_array(struct quantity_row, rows, sizeof rows / sizeof *rows);
}

ParameterizedTest(struct quantity_row *row, units, parse)
{
	struct dc_units_error error;
	double value = NAN;

	cr_assert(dc_units_parse(row->text, row->dimension, &value, &error),
		  "'%s': refused (%d, %s)", row->text, (int)error.result, error.detail);
	/* One rounding, or two where the unit is no power of ten. */
	cr_assert(fabs(value - row->si) <= 4e-16 * fabs(row->si), "'%s': %.17g, expected %.17g",
		  row->text, value, row->si);
}

struct refusal_row {
	char text[32];
	enum dc_dimension dimension;
	enum dc_units_result result;
	char detail[16];
	char suggestion[16]; /* "" for none */
};

/* Source of truth: the grammar in units.h; a suggestion is what a person would have meant. */
ParameterizedTestParameters(units, refuse)
{
	static struct refusal_row rows[] = {
		{"50 GBps", DC_DIM_BANDWIDTH, DC_UNITS_UNKNOWN, "GBps", "GB/s"},
		{"400 Gbps", DC_DIM_BANDWIDTH, DC_UNITS_UNKNOWN, "Gbps", "Gb/s"},
		{"50 gb/s", DC_DIM_BANDWIDTH, DC_UNITS_UNKNOWN, "gb/s", "Gb/s"},
		{"312 TFLOPS", DC_DIM_FLOPS, DC_UNITS_UNKNOWN, "TFLOPS", "TFLOP/s"},
		{"275 TOPS", DC_DIM_FLOPS, DC_UNITS_UNKNOWN, "TOPS", "TOP/s"},
		{"20 C", DC_DIM_TEMPERATURE, DC_UNITS_UNKNOWN, "C", "degC"},
		{"68 F", DC_DIM_TEMPERATURE, DC_UNITS_UNKNOWN, "F", "degC"},
		{"6 degC", DC_DIM_TEMPERATURE_DIFFERENCE, DC_UNITS_WRONG, "degC", "K"},
		{"50 GB", DC_DIM_BANDWIDTH, DC_UNITS_WRONG, "GB", "GB/s"},
		{"50 GB/s", DC_DIM_BYTES, DC_UNITS_WRONG, "GB/s", "GB"},
		{"5 KB", DC_DIM_BYTES, DC_UNITS_UNKNOWN, "KB", "kB"},
		{"3 sec", DC_DIM_TIME, DC_UNITS_UNKNOWN, "sec", "s"},
		{"3 hours", DC_DIM_TIME, DC_UNITS_UNKNOWN, "hours", "h"},
		{"1 kwh", DC_DIM_ENERGY, DC_UNITS_UNKNOWN, "kwh", "kWh"},
		{"7 V", DC_DIM_POWER, DC_UNITS_UNKNOWN, "V", ""},
		{"3 kg", DC_DIM_POWER, DC_UNITS_WRONG, "kg", ""},
		{"50", DC_DIM_BANDWIDTH, DC_UNITS_MISSING, "50", "B/s"},
		{"0", DC_DIM_TEMPERATURE, DC_UNITS_MISSING, "0", "degC"},
		{"fast", DC_DIM_TIME, DC_UNITS_NOT_A_NUMBER, "fast", ""},
		{"", DC_DIM_TIME, DC_UNITS_NOT_A_NUMBER, "", ""},
		{"-", DC_DIM_TIME, DC_UNITS_NOT_A_NUMBER, "-", ""},
		{".", DC_DIM_NONE, DC_UNITS_NOT_A_NUMBER, ".", ""},
		{"inf", DC_DIM_NONE, DC_UNITS_NOT_A_NUMBER, "inf", ""},
		{"nan", DC_DIM_NONE, DC_UNITS_NOT_A_NUMBER, "nan", ""},
		{"0x10", DC_DIM_NONE, DC_UNITS_UNKNOWN, "x10", ""},
		{"1,5", DC_DIM_NONE, DC_UNITS_UNKNOWN, ",5", ""},
		{"_1", DC_DIM_NONE, DC_UNITS_NOT_A_NUMBER, "_1", ""},
		{"1_", DC_DIM_NONE, DC_UNITS_UNKNOWN, "_", ""},
		{"1__0", DC_DIM_NONE, DC_UNITS_UNKNOWN, "__0", ""},
		{"50 GB/s each", DC_DIM_BANDWIDTH, DC_UNITS_TRAILING, "each", ""},
		{"2 W 3 W", DC_DIM_POWER, DC_UNITS_TRAILING, "3 W", ""},
		{"2 h later", DC_DIM_TIME, DC_UNITS_TRAILING, "later", ""},
		{"2 h -20 min", DC_DIM_TIME, DC_UNITS_TRAILING, "-20 min", ""},
		{"2 h 20", DC_DIM_TIME, DC_UNITS_MISSING, "20", "s"},
		{"1e400", DC_DIM_NONE, DC_UNITS_RANGE, "1e400", ""},
		{"1e300 EB", DC_DIM_BYTES, DC_UNITS_RANGE, "1e300 EB", ""},
	};

	return cr_make_param_array(struct refusal_row, rows, sizeof rows / sizeof *rows);
}

ParameterizedTest(struct refusal_row *row, units, refuse)
{
	struct dc_units_error error;
	double value;

	cr_assert(!dc_units_parse(row->text, row->dimension, &value, &error), "'%s': accepted",
		  row->text);
	cr_assert_eq(error.result, row->result, "'%s': result %d", row->text, (int)error.result);
	cr_assert_str_eq(error.detail, row->detail, "'%s': detail '%s'", row->text, error.detail);
	cr_assert_str_eq(error.suggestion ? error.suggestion : "", row->suggestion,
			 "'%s': suggestion '%s'", row->text,
			 error.suggestion ? error.suggestion : "");
}

struct format_row {
	double value;
	enum dc_dimension dimension;
	char text[24];
	char human[24];
};

/* Source of truth: the contract in units.h (shortest text, largest unit among equals; three digits). */
ParameterizedTestParameters(units, format)
{
	static struct format_row rows[] = {
		{5e10, DC_DIM_BANDWIDTH, "50 GB/s", "50.0 GB/s"},
		{500e-9, DC_DIM_TIME, "500 ns", "500 ns"},
		{0.0423, DC_DIM_TIME, "42.3 ms", "42.3 ms"},
		{86400, DC_DIM_TIME, "1 d", "1.00 d"},
		{90, DC_DIM_TIME, "90 s", "1.50 min"},
		{85899345920.0, DC_DIM_BYTES, "80 GiB", "85.9 GB"},
		{0, DC_DIM_POWER, "0 W", "0 W"},
		{999.96, DC_DIM_POWER, "999.96 W", "1.00 kW"},
		{25, DC_DIM_TEMPERATURE, "25 degC", "25.0 degC"},
		{80 / 3.6e9, DC_DIM_ENERGY_PRICE, "80 USD/MWh", "80.0 USD/MWh"},
		{3.6e6, DC_DIM_ENERGY, "1 kWh", "1.00 kWh"},
		{0.5, DC_DIM_NONE, "0.5", "0.500"},
		{-1500, DC_DIM_POWER, "-1.5 kW", "-1.50 kW"},
	};

	return cr_make_param_array(struct format_row, rows, sizeof rows / sizeof *rows);
}

ParameterizedTest(struct format_row *row, units, format)
{
	char text[64];

	dc_units_format(row->value, row->dimension, text, sizeof text);
	cr_assert_str_eq(text, row->text, "%.17g: '%s', expected '%s'", row->value, text,
			 row->text);
	dc_units_human(row->value, row->dimension, text, sizeof text);
	cr_assert_str_eq(text, row->human, "%.17g: '%s', expected '%s'", row->value, text,
			 row->human);
}

/* Reading back what was written gives the same double, for awkward doubles of every dimension. */
Test(units, format_round_trips)
{
	static const double values[] = {1.0 / 3,
					1e-300,
					4.9e-324,
					1.7976931348623157e308,
					2e9 / 3,
					0.1,
					123456789.123456789,
					6.02214076e23,
					-7.0 / 9,
					1e22};

	for (int dimension = 0; dimension < DC_DIM_COUNT; dimension++) {
		for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
			char text[64];
			double back;

			dc_units_format(values[i], (enum dc_dimension)dimension, text, sizeof text);
			cr_assert(dc_units_parse(text, (enum dc_dimension)dimension, &back, NULL),
				  "dimension %d: '%s' does not read", dimension, text);
			cr_assert(back == values[i], "dimension %d: '%s' reads %.17g, was %.17g",
				  dimension, text, back, values[i]);
		}
	}
}

/* A decimal with a decimal unit is read as one decimal: the same double as the literal. */
Test(units, decimal_units_round_once)
{
	double value;

	cr_assert(dc_units_parse("0.3 ns", DC_DIM_TIME, &value, NULL));
	cr_assert(value == 0.3e-9, "%.17g", value);
	cr_assert(dc_units_parse("1.1 us", DC_DIM_TIME, &value, NULL));
	cr_assert(value == 1.1e-6, "%.17g", value);
}

/* 0 degC is 273.15 K; 1 MWh is 3.6e9 J. */
Test(units, lookup_gives_factor_and_offset)
{
	double factor, offset;

	cr_assert(dc_units_lookup("K", DC_DIM_TEMPERATURE, &factor, &offset));
	cr_assert(factor == 1 && offset == -273.15, "%g %g", factor, offset);
	cr_assert(dc_units_lookup("USD/MWh", DC_DIM_ENERGY_PRICE, &factor, &offset));
	cr_assert(fabs(factor * 3.6e9 - 1) < 1e-15 && offset == 0, "%g %g", factor, offset);
	cr_assert(dc_units_lookup("", DC_DIM_NONE, &factor, &offset));
	cr_assert(factor == 1 && offset == 0, "%g %g", factor, offset);
	cr_assert(!dc_units_lookup("GB", DC_DIM_BANDWIDTH, &factor, &offset));
}

/* A detail longer than its field is cut between characters, not inside one. */
Test(units, long_detail_is_cut_at_a_character)
{
	char text[256] = "x";
	struct dc_units_error error;
	double value;

	for (int i = 0; i < 40; i++)
		strcat(text, "\xc3\xa4");
	cr_assert(!dc_units_parse(text, DC_DIM_TIME, &value, &error));
	/* 63 bytes: 'x' and 31 characters of two bytes. */
	cr_assert_eq(strlen(error.detail), 63, "%zu", strlen(error.detail));
	cr_assert_eq((unsigned char)error.detail[62], 0xa4);
}

/* Every dimension's example is a quantity of that dimension, and its SI unit has factor 1. */
Test(units, examples_and_si_units_are_valid)
{
	for (int dimension = 0; dimension < DC_DIM_COUNT; dimension++) {
		const char *example = dc_units_example((enum dc_dimension)dimension);
		const char *si = dc_units_si((enum dc_dimension)dimension);
		double value, factor, offset;

		cr_assert(dc_units_parse(example, (enum dc_dimension)dimension, &value, NULL),
			  "dimension %d: '%s'", dimension, example);
		cr_assert(dc_units_lookup(si, (enum dc_dimension)dimension, &factor, &offset),
			  "dimension %d: '%s'", dimension, si);
		cr_assert(factor == 1 && offset == 0, "dimension %d: '%s' has factor %g", dimension,
			  si, factor);
	}
}
