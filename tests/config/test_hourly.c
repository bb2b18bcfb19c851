/* Hourly series: values, CSV, EPW, hour boundaries, offsets, wrapping, and located mistakes. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/hourly.h"

struct setup {
	char folder[64];
	char file[160];
	struct dc_diag *diag;
	struct dc_config *config;
};

static struct setup start(const char *file)
{
	struct setup setup = {.folder = "/tmp/dcsim-hourly-XXXXXX", .diag = dc_diag_create()};
	const char *source = getenv("srcdir");
	const char *folders[] = {source ? source : ".", NULL};

	cr_assert_not_null(mkdtemp(setup.folder));
	snprintf(setup.file, sizeof(setup.file), "%s/%s", setup.folder, file);
	setup.config = dc_config_create(setup.diag, folders);
	return setup;
}

static void end(struct setup *setup)
{
	unlink(setup->file);
	rmdir(setup->folder);
	dc_config_destroy(setup->config);
	dc_diag_destroy(setup->diag);
}

static char *messages(const struct setup *setup)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	dc_diag_render(setup->diag, out, false);
	fclose(out);
	return text;
}

static void expect_message(const struct setup *setup, const char *words)
{
	char *text = messages(setup);

	cr_expect(strstr(text, words) != NULL, "expected \"%s\" in:\n%s", words, text);
	free(text);
}

static enum dc_status read_scalar(const struct setup *setup, const char *scalar, const char *column,
				  enum dc_dimension dimension, const struct dc_hourly **out)
{
	struct dc_node *root;
	char yaml[256];

	snprintf(yaml, sizeof(yaml), "key: %s\n", scalar);
	cr_assert_eq(dc_tree_read_text(dc_config_arena(setup->config), setup->diag, "test.yaml",
				       yaml, strlen(yaml), &root),
		     DC_OK);
	return dc_hourly_read(setup->config, dc_node_get(root, "key"), column, dimension, out);
}

/* A file of a header and rows whose value is their number. */
static void write_rows(const struct setup *setup, const char *header, unsigned rows)
{
	FILE *out = fopen(setup->file, "w");

	fputs(header, out);
	for (unsigned i = 0; i < rows; i++)
		fprintf(out, "%u,%u\n", i, rows - i);
	fclose(out);
}

static void write_text(const struct setup *setup, const char *text)
{
	FILE *out = fopen(setup->file, "w");

	fputs(text, out);
	fclose(out);
}

Test(hourly, a_quantity_is_flat)
{
	struct setup setup = start("none.csv");
	const struct dc_hourly *hourly;
	double offset_s;

	cr_assert_eq(read_scalar(&setup, "36 USD/MWh", "price", DC_DIM_ENERGY_PRICE, &hourly),
		     DC_OK);
	/* 36 USD/MWh = 36 / 3.6e9 J = 1e-8 USD/J */
	cr_expect_float_eq(dc_hourly_at(hourly, 1e7, 0.0), 1e-8, 1e-22);
	cr_expect(isinf(dc_hourly_next_change_s(hourly, 1e7, 0.0)));
	cr_expect_not(dc_hourly_utc_offset(hourly, &offset_s));
	end(&setup);
}

/* Row i is the hour i of the year. */
Test(hourly, a_year_by_the_hour)
{
	struct setup setup = start("a.csv");
	const struct dc_hourly *hourly;

	write_rows(&setup, "# a comment\nfirst [degC],second [%]\n", 8760);
	cr_assert_eq(read_scalar(&setup, setup.file, "first", DC_DIM_TEMPERATURE, &hourly), DC_OK,
		     "%s", messages(&setup));
	for (int hour = 0; hour < 8760; hour++) {
		double at = hour * 3600.0;

		cr_assert_eq(dc_hourly_at(hourly, at, 0.0), hour, "hour %d", hour);
		cr_assert_eq(dc_hourly_at(hourly, at + 3599.999999, 0.0), hour, "hour %d", hour);
		cr_assert_eq(dc_hourly_next_change_s(hourly, at, 0.0), 3600.0, "hour %d", hour);
		cr_assert_eq(dc_hourly_next_change_s(hourly, at + 1.0, 0.0), 3599.0, "hour %d",
			     hour);
		cr_assert_eq(dc_hourly_next_change_s(hourly, at + 3599.0, 0.0), 1.0, "hour %d",
			     hour);
	}
	/* The year wraps, forwards and backwards. */
	cr_expect_eq(dc_hourly_at(hourly, 8760 * 3600.0, 0.0), 0.0);
	cr_expect_eq(dc_hourly_at(hourly, 3.0 * 8760 * 3600.0 + 7200.0, 0.0), 2.0);
	cr_expect_eq(dc_hourly_at(hourly, -1.0, 0.0), 8759.0);
	cr_expect_eq(dc_hourly_next_change_s(hourly, -1.0, 0.0), 1.0);
	cr_expect_eq(dc_hourly_at(hourly, -1e-300, 0.0), 0.0);
	/* The nearest double below a boundary still belongs to its hour, and the boundary is ahead. */
	cr_expect_eq(dc_hourly_at(hourly, nextafter(3600.0 * 5000, 0.0), 0.0), 4999.0);
	cr_expect(dc_hourly_next_change_s(hourly, nextafter(3600.0 * 5000, 0.0), 0.0) > 0.0);
	/* 8760 % of the second column's first row is 87.6. */
	cr_assert_eq(read_scalar(&setup, setup.file, "second", DC_DIM_NONE, &hourly), DC_OK);
	cr_expect_float_eq(dc_hourly_at(hourly, 0.0, 0.0), 87.6, 1e-12);
	end(&setup);
}

/* A file in UTC seen from UTC-5: local 19:00 is 00:00 of the file's next day. */
Test(hourly, offsets_from_utc)
{
	struct setup setup = start("utc.csv");
	const struct dc_hourly *hourly;
	double offset_s = 1.0;

	write_rows(&setup, "# utc_offset: 0\nprice [USD],x [1]\n", 8760);
	cr_assert_eq(read_scalar(&setup, setup.file, "price", DC_DIM_MONEY, &hourly), DC_OK);
	cr_expect(dc_hourly_utc_offset(hourly, &offset_s));
	cr_expect_eq(offset_s, 0.0);
	cr_expect_eq(dc_hourly_at(hourly, 0.0, -18000.0), 5.0);
	cr_expect_eq(dc_hourly_at(hourly, 19 * 3600.0, -18000.0), 24.0);
	cr_expect_eq(dc_hourly_at(hourly, 0.0, 3600.0), 8759.0);
	/* India, 5 h 30 min: boundaries fall on the half hour. */
	cr_expect_eq(dc_hourly_next_change_s(hourly, 0.0, 19800.0), 1800.0);
	end(&setup);
}

Test(hourly, fractional_offset)
{
	struct setup setup = start("india.csv");
	const struct dc_hourly *hourly;
	double offset_s;

	write_rows(&setup, "#utc_offset: 5.5\nprice [USD],x [1]\n", 8760);
	cr_assert_eq(read_scalar(&setup, setup.file, "price", DC_DIM_MONEY, &hourly), DC_OK);
	cr_expect(dc_hourly_utc_offset(hourly, &offset_s));
	cr_expect_eq(offset_s, 19800.0);
	cr_expect_eq(dc_hourly_at(hourly, 7200.0, 19800.0), 2.0);
	end(&setup);
}

/* 29 February is the hours 1416 to 1439 of a leap year. */
Test(hourly, leap_years_lose_29_february)
{
	struct setup setup = start("leap.csv");
	const struct dc_hourly *hourly;

	write_rows(&setup, "price [USD],x [1]\n", 8784);
	cr_assert_eq(read_scalar(&setup, setup.file, "price", DC_DIM_MONEY, &hourly), DC_OK);
	cr_expect_eq(dc_hourly_at(hourly, 1415 * 3600.0, 0.0), 1415.0);
	cr_expect_eq(dc_hourly_at(hourly, 1416 * 3600.0, 0.0), 1440.0);
	cr_expect_eq(dc_hourly_at(hourly, 8759 * 3600.0, 0.0), 8783.0);
	end(&setup);
}

/* Line ends of DOS, a byte order mark, quotes and blanks change nothing. */
Test(hourly, dos_files)
{
	struct setup setup = start("dos.csv");
	const struct dc_hourly *hourly;
	FILE *out = fopen(setup.file, "w");

	fputs("\xef\xbb\xbf\"price [USD]\" , x[1]\r\n\r\n", out);
	for (int i = 0; i < 8760; i++)
		fprintf(out, " \"%d.5\",7\r\n", i);
	fclose(out);
	cr_assert_eq(read_scalar(&setup, setup.file, "price", DC_DIM_MONEY, &hourly), DC_OK, "%s",
		     messages(&setup));
	cr_expect_eq(dc_hourly_at(hourly, 3600.0, 0.0), 1.5);
	end(&setup);
}

static void write_epw(const struct setup *setup, unsigned rows, const char *first)
{
	FILE *out = fopen(setup->file, "w");

	fputs("LOCATION,Somewhere,VA,USA,TMYx,724055,39.0,-77.5,-5.0,119.0\n", out);
	for (int i = 2; i <= 8; i++)
		fputs("HEADER LINE\n", out);
	for (unsigned i = 0; i < rows; i++)
		fprintf(out, "2010,1,1,1,0,?9,%s,1.1,%u,99846\n", i ? "12.5" : first, i % 100);
	fclose(out);
}

Test(hourly, epw)
{
	struct setup setup = start("a.epw");
	const struct dc_hourly *hourly;
	double offset_s;

	write_epw(&setup, 8760, "-3.5");
	cr_assert_eq(read_scalar(&setup, setup.file, "dry_bulb", DC_DIM_TEMPERATURE, &hourly),
		     DC_OK, "%s", messages(&setup));
	cr_expect_eq(dc_hourly_at(hourly, 0.0, -18000.0), -3.5);
	cr_expect_eq(dc_hourly_at(hourly, 3600.0, -18000.0), 12.5);
	cr_expect(dc_hourly_utc_offset(hourly, &offset_s));
	cr_expect_eq(offset_s, -18000.0);
	cr_assert_eq(read_scalar(&setup, setup.file, "relative_humidity", DC_DIM_NONE, &hourly),
		     DC_OK);
	cr_expect_float_eq(dc_hourly_at(hourly, 3600.0 * 42, -18000.0), 0.42, 1e-15);
	end(&setup);
}

Test(hourly, epw_with_missing_values)
{
	struct setup setup = start("missing.epw");
	const struct dc_hourly *hourly;

	write_epw(&setup, 8760, "99.9");
	cr_expect_eq(read_scalar(&setup, setup.file, "dry_bulb", DC_DIM_TEMPERATURE, &hourly),
		     DC_ERR_INPUT);
	expect_message(&setup, "missing.epw:9:17: error: dry_bulb: the value is missing");
	end(&setup);
}

/* The shipped files: row counts are right, and values are those of their first rows. */
Test(hourly, shipped_prices_and_carbon)
{
	struct setup setup = start("none.csv");
	const struct dc_hourly *hourly;
	double sum = 0.0, offset_s;

	cr_assert_eq(read_scalar(&setup, "price/us-mida-pjm-2024.csv", "price", DC_DIM_ENERGY_PRICE,
				 &hourly),
		     DC_OK, "%s", messages(&setup));
	cr_expect(dc_hourly_utc_offset(hourly, &offset_s));
	cr_expect_eq(offset_s, 0.0);
	cr_expect_float_eq(dc_hourly_at(hourly, 0.0, 0.0) * 3.6e9, 40.25, 1e-12);
	for (int hour = 0; hour < 8760; hour++)
		sum += dc_hourly_at(hourly, hour * 3600.0, 0.0);
	/* the mean that the file's own comment states */
	cr_expect_float_eq(sum / 8760 * 3.6e9, 36.12, 0.005);
	cr_assert_eq(read_scalar(&setup, "carbon/us-mida-pjm-2022.csv", "carbon",
				 DC_DIM_CARBON_INTENSITY, &hourly),
		     DC_OK, "%s", messages(&setup));
	/* 358.7 g/kWh = 0.3587 kg / 3.6e6 J; by hand from the EIA's first hour of 2022:
	 * (1043.262 x 17255 + 439.985 x 33595 + 1079.550 x 241) / 92113 MW = 358.7 g/kWh */
	cr_expect_float_eq(dc_hourly_at(hourly, 0.0, 0.0) * 3.6e9, 358.7, 1e-9);
	end(&setup);
}

/* Text of a file in, words of the message out; each is refused. */
static const struct {
	const char *text, *words;
} mistakes[] = {
	{"", "the file is empty; expected a header such as 'price [USD/kWh]' and 8760 rows"},
	{"# only a comment\n", "the file is empty"},
	{"cost [USD/MWh],x\n1,2\n",
	 "m.csv:1:1: error: there is no column 'price'; found 'cost', 'x'"},
	{"price\n1\n",
	 "m.csv:1:1: error: price: the column has no unit; expected one of a price of energy, as in 'price [USD/kWh]'"},
	{"price [kg]\n1\n",
	 "m.csv:1:8: error: price: 'kg' is not a unit of a price of energy; expected one such as 'USD/kWh'"},
	{"price [USD/MWh],price [USD/MWh]\n",
	 "m.csv:1:17: error: price: there are two such columns"},
	{"price [USD/MWh]\n1\n2\n",
	 "m.csv:3:1: error: found 2 rows; expected one per hour of a year: 8760, or 8784 with 29 February"},
	{"price [USD/MWh]\n", "found 0 rows"},
	{"price [USD/MWh]\n1\nabc\n", "m.csv:3:1: error: price: 'abc' is not a number"},
	{"price [USD/MWh]\n1\nnan\n", "m.csv:3:1: error: price: 'nan' is not a number"},
	{"price [USD/MWh]\n1e999\n", "m.csv:2:1: error: price: '1e999' is not a number"},
	{"price [USD/MWh]\n0x10\n", "m.csv:2:1: error: price: '0x10' is not a number"},
	{"a [1],price [USD/MWh]\n1,2\n3\n",
	 "m.csv:3:1: error: price: the row ends before column 2"},
	{"a [1],price [USD/MWh]\n1,2\n3,\n", "m.csv:3:3: error: price: '' is not a number"},
	{"# utc_offset: east\nprice [USD/MWh]\n",
	 "m.csv:1:15: error: utc_offset: 'east' is not an offset"},
	{"# utc_offset: 99\nprice [USD/MWh]\n", "utc_offset: '99' is not an offset"},
};

Test(hourly, mistakes_are_located)
{
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		struct setup setup = start("m.csv");
		const struct dc_hourly *hourly;

		write_text(&setup, mistakes[i].text);
		cr_expect_eq(read_scalar(&setup, setup.file, "price", DC_DIM_ENERGY_PRICE, &hourly),
			     DC_ERR_INPUT, "%s", mistakes[i].text);
		expect_message(&setup, mistakes[i].words);
		end(&setup);
	}
}

/* Several at once, but not thousands. */
Test(hourly, mistakes_are_counted)
{
	struct setup setup = start("many.csv");
	const struct dc_hourly *hourly;
	FILE *out = fopen(setup.file, "w");

	fputs("price [USD/MWh]\n", out);
	for (int i = 0; i < 8760; i++)
		fputs(i < 100 ? "x\n" : "1\n", out);
	fclose(out);
	cr_expect_eq(read_scalar(&setup, setup.file, "price", DC_DIM_ENERGY_PRICE, &hourly),
		     DC_ERR_INPUT);
	expect_message(&setup, "many.csv:2:1: error");
	expect_message(&setup, "many.csv:9:1: error");
	expect_message(&setup, "92 more errors in the file");
	cr_expect_eq(dc_diag_errors(setup.diag), 9);
	end(&setup);
}

static const struct {
	const char *scalar, *words;
} refused[] = {
	{"0.08",
	 "price: '0.08' has no unit; expected a price of energy such as '0.08 USD/kWh', or a file"},
	{"0.08 kWh", "price: '0.08 kWh' is not a price of energy"},
	{"0.08 USD/kwhh", "price: '0.08 USD/kwhh' is not a price of energy"},
	{"nowhere.csv", "nowhere.csv"},
	{"2024-prices.csv", "2024-prices.csv"},
	{"[1, 2]",
	 "price: expected a price of energy such as '0.08 USD/kWh', or the name of a file"},
	{"~", "price: expected a price of energy"},
};

Test(hourly, scalars_that_are_neither)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct setup setup = start("none.csv");
		const struct dc_hourly *hourly;

		cr_expect_eq(read_scalar(&setup, refused[i].scalar, "price", DC_DIM_ENERGY_PRICE,
					 &hourly),
			     DC_ERR_INPUT, "%s", refused[i].scalar);
		expect_message(&setup, refused[i].words);
		end(&setup);
	}
}
