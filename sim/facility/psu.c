/* The power supplies inside nodes: efficiency by load. */
#include <gsl/gsl_interp.h>
#include <math.h>

#include "config/config.h"
#include "facility/stage.h"
#include "facility/stage_sections.h"

enum { POINTS = 4, KNOTS = POINTS + 1 };

/* Loads at which the 80 PLUS programme states efficiencies. */
static const double loads[KNOTS] = {0.0, 0.1, 0.2, 0.5, 1.0};

struct psu {
	struct dc_stage_head head;
	struct dc_list efficiency;
	/* private: the loss as a share of the rating, piece by piece:
	 * loss(x) = c0 + t (c1 + t (c2 + t c3)), t = x - loads[i] */
	double piece[POINTS][4];
	double full_load_ratio; /* input over output at and beyond full load */
};

static const struct dc_field fields[] = {
	DC_STAGE_FIELDS(struct psu, head, "psu: power supplies inside the nodes"),
	{.key = "efficiency",
	 .kind = DC_NUMBERS,
	 .offset = offsetof(struct psu, efficiency),
	 .min = 0.0,
	 .max = 1.0,
	 .flags = DC_POSITIVE,
	 .fallback = "[0.90, 0.94, 0.96, 0.91]",
	 .help = "Efficiency at 10, 20, 50 and 100 % load; the default is 80 PLUS Titanium, 230 V"},
};

const struct dc_section dc_stage_psu_section = {
	.name = "power supply stage",
	.doc = "Power supplies of the nodes: monotone interpolation of the loss over load",
	.size = sizeof(struct psu),
	DC_FIELDS(fields),
};

/* The losses at the knots, as shares of the rating. The loss at no load is not part of 80 PLUS: the
 * line through the losses at 10 and 20 % is extended to it, not below zero. */
static enum dc_status knot_losses(const struct psu *psu, struct dc_diag *diag, double *loss)
{
	const double *efficiency = psu->efficiency.items;
	const struct dc_mark *mark = dc_node_mark(psu->head.node, "efficiency");

	if (psu->efficiency.count != POINTS)
		return dc_diag_error(
			diag, mark,
			"efficiency: expected 4 numbers (at 10, 20, 50 and 100 %% load), "
			"found %zu",
			psu->efficiency.count);
	for (int i = 1; i < KNOTS; i++)
		loss[i] = loads[i] * (1.0 / efficiency[i - 1] - 1.0);
	loss[0] = fmin(fmax(2.0 * loss[1] - loss[2], 0.0), loss[1]);
	for (int i = 2; i < KNOTS; i++)
		/* Rounding of equal efficiencies aside. */
		if (loss[i] < loss[i - 1] * (1.0 - 1e-12))
			return dc_diag_error(
				diag, mark,
				"efficiency: the loss at %g %% load is less than at %g %% "
				"load; expected losses that do not fall as load rises",
				100.0 * loads[i], 100.0 * loads[i - 1]);
	return DC_OK;
}

/* Steffen's interpolation [Steffen 1990, A&A 239, 443]: cubic pieces with continuous slope and no
 * extremes between knots, so a loss that does not fall gives an input that rises strictly. GSL finds
 * the slopes; the pieces are kept as polynomials because they are evaluated very often. */
static enum dc_status prepare(void *section, struct dc_diag *diag)
{
	struct psu *psu = section;
	double loss[KNOTS], slope[KNOTS];
	gsl_interp *interpolation;
	enum dc_status status = knot_losses(psu, diag, loss);

	if (status)
		return status;
	interpolation = gsl_interp_alloc(gsl_interp_steffen, KNOTS);
	if (!interpolation)
		return DC_ERR_MEMORY;
	status = DC_ERR_RUN;
	if (gsl_interp_init(interpolation, loads, loss, KNOTS))
		goto out;
	for (int i = 0; i < KNOTS; i++)
		if (gsl_interp_eval_deriv_e(interpolation, loads, loss, loads[i], NULL, &slope[i]))
			goto out;
	for (int i = 0; i < POINTS; i++) {
		double width = loads[i + 1] - loads[i];
		double chord = (loss[i + 1] - loss[i]) / width;

		psu->piece[i][0] = loss[i];
		psu->piece[i][1] = slope[i];
		psu->piece[i][2] = (3.0 * chord - 2.0 * slope[i] - slope[i + 1]) / width;
		psu->piece[i][3] = (slope[i] + slope[i + 1] - 2.0 * chord) / (width * width);
	}
	psu->full_load_ratio = 1.0 + loss[POINTS];
	status = DC_OK;
out:
	gsl_interp_free(interpolation);
	return status;
}

static double input_w(const void *section, double output_w, double rated_w)
{
	const struct psu *psu = section;
	double load = output_w / rated_w;
	const double *c;
	double t;
	int i = 0;

	if (load >= 1.0)
		return output_w * psu->full_load_ratio;
	while (load >= loads[i + 1])
		i++;
	c = psu->piece[i];
	t = load - loads[i];
	return output_w + rated_w * (c[0] + t * (c[1] + t * (c[2] + t * c[3])));
}

const struct dc_stage_type dc_stage_psu = {
	.name = "psu",
	.doc = "Power supplies inside the nodes, by their efficiency at 10, 20, 50 and 100 % load.",
	.section = &dc_stage_psu_section,
	.prepare = prepare,
	.input_w = input_w,
};
