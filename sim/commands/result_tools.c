/* What the commands that read results share: talking to the user, and drawing with gnuplot. */
#include "commands/result_tools.h"

#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "commands/data_folders.h"

enum { PATH_SIZE = 1024, NOT_FOUND = 127 };

int dc_command_refuse(const char *command, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "dcsim %s: ", command);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "; see 'dcsim %s --help'\n", command);
	return 2;
}

int dc_command_refuse_option(const char *command, int option, char **argv)
{
	return dc_command_refuse(
		command, option == ':' ? "option '%s' needs a value" : "unknown option '%s'",
		argv[optind - 1]);
}

int dc_command_finish(struct dc_diag *diag, enum dc_status status)
{
	const char *plain = getenv("NO_COLOR");
	bool colour = isatty(STDERR_FILENO) && !(plain && *plain);

	if (status == DC_ERR_MEMORY)
		fputs("dcsim: out of memory\n", stderr);
	if (diag)
		dc_diag_render(diag, stderr, colour);
	dc_diag_destroy(diag);
	if (status == DC_OK)
		return 0;
	return status == DC_ERR_INPUT ? 2 : 1;
}

bool dc_command_ends(const char *name, const char *ending)
{
	size_t length = strlen(name), tail = strlen(ending);

	return length >= tail && strcasecmp(name + length - tail, ending) == 0;
}

char *dc_command_stem(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t length = strlen(name);

	return strndup(name, dc_command_ends(name, ".h5") ? length - strlen(".h5") : length);
}

void dc_plot_quote(const char *text, FILE *out)
{
	fputc('\'', out);
	for (const char *c = text; *c; c++) {
		if (*c == '\'')
			fputc('\'', out);
		fputc(*c == '\n' ? ' ' : *c, out);
	}
	fputc('\'', out);
}

struct dc_plot_unit dc_plot_unit_for(const char *dimension, double largest)
{
	static const struct {
		const char *dimension;
		double from; /* the largest value that this unit is for starts here */
		struct dc_plot_unit unit;
	} units[] = {
		{"s", 0, {"ms", 1e-3}},
		{"s", 1, {"s", 1}},
		{"s", 600, {"min", 60}},
		{"s", 3 * 3600, {"h", 3600}},
		{"s", 5 * 86400, {"d", 86400}},
		{"W", 0, {"W", 1}},
		{"W", 2e3, {"kW", 1e3}},
		{"W", 2e6, {"MW", 1e6}},
		{"J", 0, {"kJ", 1e3}},
		{"J", 3.6e5, {"kWh", 3.6e6}},
		{"J", 7.2e9, {"MWh", 3.6e9}},
		{"J", 7.2e12, {"GWh", 3.6e12}},
		{"USD", 0, {"USD", 1}},
		{"USD", 2e4, {"thousand USD", 1e3}},
		{"USD", 2e6, {"million USD", 1e6}},
		{"kg", 0, {"kg", 1}},
		{"kg", 2e3, {"t", 1e3}},
	};
	struct dc_plot_unit chosen = {dimension, 1};

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (strcmp(units[i].dimension, dimension) == 0 && fabs(largest) >= units[i].from)
			chosen = units[i].unit;
	return chosen;
}

enum dc_status dc_plot_begin(struct dc_diag *diag, struct dc_plot *plot)
{
	const char *temporary = getenv("TMPDIR");
	char path[PATH_SIZE];

	*plot = (struct dc_plot){.diag = diag};
	snprintf(plot->folder, sizeof(plot->folder), "%s/dcsim-plot-XXXXXX",
		 temporary && *temporary && strlen(temporary) < 200 ? temporary : "/tmp");
	if (!mkdtemp(plot->folder)) {
		dc_diag_error(diag, NULL, "cannot make a temporary folder %s: %s", plot->folder,
			      strerror(errno));
		plot->folder[0] = '\0';
		return DC_ERR_IO;
	}
	snprintf(path, sizeof(path), "%s/settings.gp", plot->folder);
	plot->settings = fopen(path, "w");
	if (plot->settings)
		return DC_OK;
	dc_diag_error(diag, NULL, "cannot write %s: %s", path, strerror(errno));
	return DC_ERR_IO;
}

FILE *dc_plot_data(struct dc_plot *plot, const char *name)
{
	char path[PATH_SIZE];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.tsv", plot->folder, name);
	file = fopen(path, "w");
	if (!file)
		dc_diag_error(plot->diag, NULL, "cannot write %s: %s", path, strerror(errno));
	fprintf(plot->settings, "%s = ", name);
	dc_plot_quote(path, plot->settings);
	fputc('\n', plot->settings);
	return file;
}

/* What differs between the two pictures of one plot. */
static bool write_target(const struct dc_plot *plot, bool png, const char *target,
			 const char *picture)
{
	FILE *file = fopen(target, "w");

	if (!file)
		return false;
	fprintf(file, "format = '%s'\noutput_file = ", png ? "png" : "svg");
	dc_plot_quote(picture, file);
	fprintf(file, "\nload '%s/settings.gp'\n", plot->folder);
	return fclose(file) == 0;
}

static int run_gnuplot(const char *target, const char *style, const char *script)
{
	int status;
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child == 0) {
		execlp("gnuplot", "gnuplot", target, style, script, (char *)NULL);
		_exit(errno == ENOENT ? NOT_FOUND : NOT_FOUND - 1);
	}
	while (child > 0 && waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return child > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The picture is made in the temporary folder first: what is there keeps its old content until the
 * new one is whole. */
static enum dc_status deliver(struct dc_diag *diag, const char *picture, const char *file)
{
	FILE *from = fopen(picture, "rb");
	FILE *to = from ? fopen(file, "wb") : NULL;
	char block[65536];
	size_t size, total = 0;
	bool ok = to != NULL;

	while (ok && (size = fread(block, 1, sizeof(block), from)) > 0) {
		ok = fwrite(block, 1, size, to) == size;
		total += size;
	}
	if (!from || (ok && !total)) {
		dc_diag_error(diag, NULL, "gnuplot made no picture");
		ok = false;
	} else if (!ok) {
		dc_diag_error(diag, NULL, "cannot write %s: %s", file, strerror(errno));
	}
	if (from)
		fclose(from);
	if (to && fclose(to) != 0 && ok) {
		dc_diag_error(diag, NULL, "cannot write %s: %s", file, strerror(errno));
		ok = false;
	}
	return ok ? DC_OK : DC_ERR_IO;
}

enum dc_status dc_plot_draw(struct dc_plot *plot, const char *script, bool png, const char *file)
{
	char name[64], path[PATH_SIZE], style[PATH_SIZE], target[PATH_SIZE], picture[PATH_SIZE];
	int result;

	snprintf(name, sizeof(name), "plots/%s", script);
	if (!dc_data_file(name, path, sizeof(path)) ||
	    !dc_data_file("plots/style.gp", style, sizeof(style))) {
		dc_diag_error(plot->diag, NULL,
			      "cannot find %s; set DCSIM_DATA to the folder that holds plots/",
			      name);
		return DC_ERR_IO;
	}
	snprintf(target, sizeof(target), "%s/target.gp", plot->folder);
	snprintf(picture, sizeof(picture), "%s/picture", plot->folder);
	if (fflush(plot->settings) != 0 || !write_target(plot, png, target, picture)) {
		dc_diag_error(plot->diag, NULL, "cannot write %s: %s", target, strerror(errno));
		return DC_ERR_IO;
	}
	result = run_gnuplot(target, style, path);
	if (result == 0)
		return deliver(plot->diag, picture, file);
	if (result == NOT_FOUND)
		dc_diag_error(plot->diag, NULL,
			      "gnuplot is not installed; on Debian: apt-get install gnuplot-nox");
	else
		dc_diag_error(plot->diag, NULL, "gnuplot failed with status %d drawing %s", result,
			      file);
	return DC_ERR_IO;
}

static void remove_folder(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(dir), entry->d_name, 0);
	}
	if (dir)
		closedir(dir);
	rmdir(folder);
}

void dc_plot_end(struct dc_plot *plot, bool keep)
{
	if (plot->settings)
		fclose(plot->settings);
	if (!plot->folder[0])
		return;
	if (keep)
		fprintf(stderr, "data and settings of the plot: %s\n", plot->folder);
	else
		remove_folder(plot->folder);
}
