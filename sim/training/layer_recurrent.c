/* Recurrent layer over the tokens of a sequence: LSTM or GRU.
 *
 * Per sequence of s tokens, input i, state h, g gates (LSTM 4 [Hochreiter & Schmidhuber 1997; Gers et al.
 * 2000], GRU 3 [Cho et al. 2014]): one product of all tokens i -> g h, then s steps one after
 * the other, each a product h -> g h of the batch and a sweep over gates and state; multiply-add = 2:
 * 2 s g h (i + h) FLOP. Backward: s steps of a sweep and the gradient of the state, then one product each
 * for the weights' and the input's gradients. Parameters: g h (i + h), and `biases` vectors of g h:
 * two where input and state have their own, as in cuDNN and PyTorch.
 *
 * Each step reads the state's matrix again (no kernel that keeps it on the chip) and costs its
 * launches: with small batches these bound the layer, which is how such networks run [Appleyard et
 * al. 2016]. Sweeps: forward reads both products' gates and the last state (LSTM: the cell's), writes
 * gates and states (LSTM: two); backward reads gates, states and gradients of the state from both
 * sides, writes gradients of gates and state. */
#include "training/layer.h"
#include "training/layer_kinds.h"

enum cell { CELL_LSTM, CELL_GRU };

static const char *const cells[] = {"lstm", "gru", NULL};

struct recurrent {
	const struct dc_node *node;
	const char *type, *name;
	uint64_t in, hidden, biases;
	int cell;
	bool dropout;
};

static const struct dc_field fields[] = {
	{.key = "type",
	 .kind = DC_STRING,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct recurrent, type),
	 .help = "recurrent"},
	{.key = "name",
	 .kind = DC_STRING,
	 .offset = offsetof(struct recurrent, name),
	 .help = "what reports call the layer"},
	{.key = "cell",
	 .kind = DC_ENUM,
	 .fallback = "lstm",
	 .choices = cells,
	 .offset = offsetof(struct recurrent, cell),
	 .help = "lstm: four gates and two states; gru: three and one"},
	{.key = "in",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .min = 1.0,
	 .max = 1e6,
	 .offset = offsetof(struct recurrent, in),
	 .help = "width of a token"},
	{.key = "hidden",
	 .kind = DC_COUNT,
	 .flags = DC_REQUIRED,
	 .min = 1.0,
	 .max = 1e6,
	 .offset = offsetof(struct recurrent, hidden),
	 .help = "width of the state, which is the output"},
	{.key = "biases",
	 .kind = DC_COUNT,
	 .max = 2.0,
	 .fallback = "2",
	 .offset = offsetof(struct recurrent, biases),
	 .help = "bias vectors: 0, 1, or 2 for input and state"},
	{.key = "dropout",
	 .kind = DC_BOOL,
	 .fallback = "false",
	 .offset = offsetof(struct recurrent, dropout),
	 .help = "dropout at the end"},
};

const struct dc_section dc_layer_recurrent_section = {
	.name = "recurrent layer",
	.doc = "LSTM or GRU over the tokens of a sequence",
	.size = sizeof(struct recurrent),
	DC_FIELDS(fields),
};

/* steps: tokens; gates: elements of all gates of a token; state: of a state. */
static void add_steps(double steps, double gates, double state, double states, struct dc_layer *out)
{
	struct dc_layer_pass product = {
		.flops = 2.0 * steps * state * gates,
		.elements = steps * (state + gates),
		.elements_fixed = steps * state * gates,
		.inner = state,
		.kernels = (unsigned)steps,
	};
	struct dc_layer_pass weights = product,
			     sweep = {
				     .elements = steps * (3.0 * gates + (states + 1.0) * state),
				     .kernels = (unsigned)steps,
			     };

	dc_layer_add_forward(out, product);
	dc_layer_add_forward(out, sweep);
	/* the state's weights, once for all steps; before that, the steps backward */
	weights.elements_fixed = state * gates;
	weights.inner = 0.0;
	weights.inner_per_sample = steps;
	weights.kernels = 1;
	dc_layer_add_backward(out, weights);
	product.inner = gates;
	dc_layer_add_backward(out, product);
	sweep.elements = steps * (2.0 * gates + 2.0 * (states + 1.0) * state);
	dc_layer_add_backward(out, sweep);
}

static enum dc_status expand(const void *section, const struct dc_layer_scope *scope,
			     struct dc_layer *out)
{
	const struct recurrent *keys = section;
	double steps = scope->sequence, in = (double)keys->in, state = (double)keys->hidden;
	double gates = (keys->cell == CELL_LSTM ? 4.0 : 3.0) * state;
	double states = keys->cell == CELL_LSTM ? 2.0 : 1.0, y = steps * state;

	if (!(steps > 0.0))
		return dc_diag_error(scope->diag, dc_node_mark(keys->node, "type"),
				     "recurrent layer: the model's samples have no tokens: give "
				     "the model a 'sequence' length");
	out->matrix_parameters = gates * (in + state);
	out->parameters = out->matrix_parameters + (double)keys->biases * gates;
	out->whole_parameters = out->parameters;
	out->input_elements = steps * in;
	/* gates and states of all steps, and the model's input */
	out->saved_elements = steps * (gates + states * state) + (keys->dropout ? y : 0.0) +
			      (scope->first ? steps * in : 0.0);
	out->saved_bytes = keys->dropout ? y : 0.0;
	out->transient_elements = steps * (gates + state + in);
	/* Passes append to both directions at once; backward is turned round at the end. */
	dc_layer_add_product(out, &(struct dc_layer_product){
					  .macs = steps * in * gates,
					  .in_elements = steps * in,
					  .out_elements = steps * gates,
					  .weights = in * gates,
					  .inner = in,
					  .inner_input = gates,
					  .rows = steps,
					  .first = scope->first,
				  });
	if (keys->biases > 0)
		dc_layer_add_backward(
			out, (struct dc_layer_pass){.elements = steps * gates, .kernels = 1});
	add_steps(steps, gates, state, states, out);
	if (keys->dropout) {
		dc_layer_add_forward(out, dc_layer_dropout(y));
		dc_layer_add_backward(out, dc_layer_dropout(y));
	}
	dc_layer_reverse_backward(out);
	return DC_OK;
}

const struct dc_layer_type dc_layer_recurrent = {
	.name = "recurrent",
	.doc = "LSTM or GRU: one product of all tokens, then step by step.",
	.expand = expand,
};
