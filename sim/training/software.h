/* Software stacks: what a training framework of some generation does, feature by feature.
 *
 * An entry of catalog/software states documented behaviour with its source: which kernels run,
 * what is fused, what overlaps, how wide gradients travel. The only number in it that is measured
 * and not documented is the host's time per kernel launch. `generic`, the default, stands for no
 * framework: the accelerator's roofline without host, what the model's own keys say about fusion and
 * the attention kernel, PyTorch's automatic mixed precision for weights.
 *
 * attention.kernel says how the core of attention runs:
 *   model    as the model's `kernel` key says, at the efficiency of any matrix product;
 *   unfused  batched products and sweeps over scores in memory. softmax fused: scale, mask and
 *            softmax in one kernel, where sequences are at most softmax_sequence long and the heads
 *            of a micro-batch on a rank are a multiple of four, as Megatron-LM's kernel asks; else
 *            scale, mask, softmax and the conversions around them go through memory one by one;
 *   triton, flash2, flash3, cudnn
 *            scores stay on the chip; the accelerator's file has the efficiency of each generation.
 *
 * Host time [prototype form]: a block of a transformer launches host.forward kernels forward and
 * host.backward backward, each end of the model host.ends in either direction; 0: as many as the
 * device runs. With `graphs` launches are recorded once and the device replays them: the host has
 * nothing to do but for host.step launches around the optimizer, one by one: copies per parameter,
 * norms, reductions, logging.
 *
 * Ownership: sections live in the configuration's arena. */
#ifndef DC_TRAINING_SOFTWARE_H
#define DC_TRAINING_SOFTWARE_H

#include <stdbool.h>
#include <stdint.h>

#include "config/fields.h"
#include "hardware/accelerator.h"
#include "hardware/roofline.h"

enum dc_software_attention {
	DC_SOFTWARE_ATTENTION_MODEL,
	DC_SOFTWARE_ATTENTION_UNFUSED,
	DC_SOFTWARE_ATTENTION_TRITON,
	DC_SOFTWARE_ATTENTION_FLASH2,
	DC_SOFTWARE_ATTENTION_FLASH3,
	DC_SOFTWARE_ATTENTION_CUDNN,
};

struct dc_software_attention_keys {
	const struct dc_node *node;
	int kernel;  /* enum dc_software_attention */
	bool causal; /* leaves out the scores that a causal mask hides */
	bool softmax_fused;
	uint64_t softmax_sequence;
};

enum dc_software_weights { DC_SOFTWARE_WEIGHTS_AMP, DC_SOFTWARE_WEIGHTS_COPIES };

/* workload: as its synchronization says. */
enum dc_software_overlap {
	DC_SOFTWARE_OVERLAP_WORKLOAD,
	DC_SOFTWARE_OVERLAP_NO,
	DC_SOFTWARE_OVERLAP_YES
};

/* Which of the tensor ranks' exchanges run beside products. */
enum dc_software_tensor_overlap {
	DC_SOFTWARE_TENSOR_OVERLAP_NONE,
	DC_SOFTWARE_TENSOR_OVERLAP_BACKWARD,
	DC_SOFTWARE_TENSOR_OVERLAP_ALL
};

struct dc_software_host {
	const struct dc_node *node;
	double launch_s;
	double forward, backward, ends;
	double step; /* launches per iteration that nothing hides, around the optimizer */
	bool graphs; /* launches of layers are recorded once and replayed */
};

struct dc_software {
	const struct dc_node *node;
	const char *name;
	const char *description;
	uint64_t year;
	struct dc_software_attention_keys attention;
	struct dc_software_host host;
	bool fused;            /* chains of elementwise operations are one sweep, either way */
	bool transposes;       /* queries, keys and values are laid out anew around attention */
	bool fused_loss;       /* cross-entropy in two sweeps */
	bool fused_gradients;  /* products add to the gradient buffer themselves */
	int weights;           /* enum dc_software_weights */
	double gradient_bytes; /* of an element of the gradient buffer, as it is kept */
	double reduce_bytes;   /* and as it travels; 0: as kept */
	double gather_bytes;   /* of a gathered parameter; 0: the width of products' operands */
	uint64_t vocabulary_multiple;           /* times the tensor ranks; 0: no padding */
	bool vocabulary_alone;                  /* pads with one tensor rank, too */
	int overlap_gradients, overlap_gathers; /* enum dc_software_overlap */
	int tensor_overlap;                     /* enum dc_software_tensor_overlap */
	/* Parameters of a bucket of gradients: at least so many, and so many per rank that shares them; 0:
	 * as the workload's synchronization says, in bytes. */
	double bucket, bucket_per_rank;
	bool context_ring; /* context exchanges run beside attention */
	bool split_sends;  /* tensor ranks each send their part of what a stage passes on */
	bool overlap_sends;
};

extern const struct dc_section dc_software_section;
extern const struct dc_catalogue_family dc_software_family; /* catalog/software */

/* The software, or for NULL the features of no framework (generic). */
const struct dc_software *dc_software_of(const struct dc_software *software);

/* The kernel that the core of attention runs by; PRODUCT: no fused one of the software's own. */
enum dc_kernel dc_software_kernel(const struct dc_software *software);

/* Host time of one launch of a layer, s. software NULL: the generic one. */
double dc_software_launch_s(const struct dc_software *software);

/* Bytes of gradients, `width` each, that travel together; 0: as the workload says. `ranks` that share
 * them. software NULL: the generic one. */
double dc_software_bucket_bytes(const struct dc_software *software, double width, double ranks);

#endif
