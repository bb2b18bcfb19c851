/* Number formats of matrix products, and how wide they are in memory.
 *
 * A format names the operands of a matrix product; accumulation is wider and costs no traffic. TF32
 * is a way to multiply FP32 operands, so it occupies 4 bytes.
 *
 * fp8 is E4M3 or E5M2 with one scale per tensor [Micikevicius et al. 2022]. Block formats carry
 * their scales with them: mxfp8 one byte per 32 elements, 33/32 bytes each [OCP Microscaling Formats
 * 1.0, 2023, sec. 5.2]; nvfp4 half a byte and one FP8 scale per 16 elements, 9/16 [NVIDIA et al.
 * 2025, Pretraining LLMs with NVFP4, sec. 2]. int8 holds no gradients. */
#ifndef DC_HARDWARE_PRECISION_H
#define DC_HARDWARE_PRECISION_H

enum dc_precision {
	DC_FP64,
	DC_FP32,
	DC_TF32,
	DC_FP16,
	DC_BF16,
	DC_FP8,
	DC_MXFP8,
	DC_NVFP4,
	DC_INT8,
	DC_PRECISIONS,
};

/* "fp64", "fp32", ... in the order of the enumeration, then NULL: the choices of a key. */
extern const char *const dc_precision_names[DC_PRECISIONS + 1];

/* Bytes of one operand of a matrix product. */
double dc_precision_size_bytes(enum dc_precision precision);

/* Bytes of one activation between products. 8-bit training keeps activations in 16 bits and narrows
 * them at the product's door [Micikevicius et al. 2022, FP8 formats for deep learning]; every other
 * format keeps its operands' width, as automatic mixed precision does with the inputs and outputs
 * of products and normalisations [Micikevicius et al. 2018, Mixed precision training]. */
double dc_precision_activation_bytes(enum dc_precision precision);

#endif
