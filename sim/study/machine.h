/* Machines: which fabric stands for the accelerators that a table of measurements names.
 *
 * A machine is an entry of catalog/machines: the texts that a table calls its accelerators by, the links
 * inside a node, and the networks between nodes, by the texts that a table calls them by. Texts are
 * looked for anywhere in a cell, case ignored. Between nodes every accelerator has its own rail: a
 * switch that joins those of the same number in each node. All link latencies are 0: a transport's step
 * holds them (fabric/transport.h).
 *
 * Ownership: machines live in the arena of the configuration they were read through. */
#ifndef DC_STUDY_MACHINE_H
#define DC_STUDY_MACHINE_H

#include "config/config.h"
#include "fabric/fabric.h"

enum dc_machine_shape { DC_MACHINE_SWITCH, DC_MACHINE_FULLY_CONNECTED, DC_MACHINE_LINKS };

struct dc_machine_inside {
	const struct dc_node *node;
	int shape;         /* enum dc_machine_shape */
	const char *links; /* LINKS: the table of links; accelerators in the order it names them */
	double bandwidth_bps; /* others: of an accelerator's port, or of each pair's link */
	bool reduces;
	struct dc_transport *transport;
};

struct dc_machine_network {
	const struct dc_node *node;
	const char *text;     /* texts, separated by | */
	double bandwidth_bps; /* per accelerator and direction */
	struct dc_transport *transport;
};

struct dc_measured_machine {
	const struct dc_node *node;
	const char *name;
	const char *description;
	const char *accelerators; /* texts, separated by | */
	const char *except;       /* the same; NULL: none */
	uint64_t size;            /* accelerators of a node */
	struct dc_machine_inside inside;
	struct dc_list networks; /* of struct dc_machine_network; the first that is named */
};

extern const struct dc_section dc_machine_section;
extern const struct dc_catalogue_family dc_machine_family; /* catalog/machines */

/* Whether one of several texts, separated by |, is anywhere in a cell; case ignored. texts NULL: no. */
bool dc_machine_mentions(const char *cell, const char *texts);
/* Whether a text is that of a machine's accelerators. */
bool dc_machine_is(const struct dc_measured_machine *machine, const char *accelerator);
/* Every machine of the catalogue, in the arena. */
enum dc_status dc_machine_read_all(struct dc_config *config,
				   const struct dc_measured_machine ***machines,
				   size_t *count) DC_CHECK;

/* The fabric of `nodes` nodes with `accelerators` in all, the first ones of each node; network: the text
 * that names it, which one node does not need. *why, in the arena, and DC_ERR_RUN when there is no such
 * fabric. *between (may be NULL): the network that was taken; NULL within a node. */
enum dc_status dc_machine_build(const struct dc_measured_machine *machine, struct dc_config *config,
				uint64_t accelerators, uint64_t nodes, const char *network,
				struct dc_fabric *fabric, const struct dc_machine_network **between,
				const char **why) DC_CHECK;

/* What a table says about a cluster of such accelerators beside its name. */
struct dc_machine_cluster {
	uint64_t accelerators;
	uint64_t domain;   /* joined by the links inside; at least accelerators_per_node */
	double inside_bps; /* of an accelerator's port inside, per direction; 0: the machine's */
	double between_bps; /* of an accelerator's port between domains; 0: the machine's first network's */
	const char *
		network; /* text that names the network; NULL: the machine's first that has this rate, else its
				first */
};

/* The fabric of a cluster: domains of the machine's kind, a rail per accelerator of a domain between them. *why and
 * DC_ERR_RUN as above. */
enum dc_status dc_machine_build_cluster(const struct dc_measured_machine *machine,
					struct dc_config *config,
					const struct dc_machine_cluster *cluster,
					struct dc_fabric *fabric, const char **why) DC_CHECK;

#endif
