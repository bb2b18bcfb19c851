/* Machines: field tables, finding them by text, building their fabrics. */
#include "study/machine.h"

#include <ctype.h>
#include <string.h>

#include "fabric/topology_links.h"

static const char *const shapes[] = {"switch", "fully-connected", "links", NULL};

static const struct dc_field inside_fields[] = {
	{.key = "shape",
	 .kind = DC_ENUM,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct dc_machine_inside, shape),
	 .choices = shapes,
	 .help = "how the accelerators of a node are joined"},
	{.key = "links",
	 .kind = DC_PATH,
	 .offset = offsetof(struct dc_machine_inside, links),
	 .help = "shape links: a table of links: id, from, to, bandwidth, latency"},
	{.key = "bandwidth",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_BANDWIDTH,
	 .offset = offsetof(struct dc_machine_inside, bandwidth_bps),
	 .max = 1e18,
	 .fallback = "0 B/s",
	 .help = "per direction: of an accelerator's port, or of each pair's link"},
	{.key = "reduce_in_network",
	 .kind = DC_BOOL,
	 .offset = offsetof(struct dc_machine_inside, reduces),
	 .fallback = "false",
	 .help = "the switch adds up what passes (NVLS)"},
	{.key = "transport",
	 .kind = DC_CATALOGUE,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct dc_machine_inside, transport),
	 .catalogue = &dc_transport_family,
	 .help = "what messages cost beyond links"},
};

static const struct dc_section inside_section = {
	.name = "machine's node",
	.doc = "Links between the accelerators of a node",
	.size = sizeof(struct dc_machine_inside),
	DC_FIELDS(inside_fields),
};

static const struct dc_field network_fields[] = {
	{.key = "text",
	 .kind = DC_STRING,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct dc_machine_network, text),
	 .help = "what tables call it: texts, separated by |; the first network found counts"},
	{.key = "bandwidth",
	 .kind = DC_QUANTITY,
	 .dimension = DC_DIM_BANDWIDTH,
	 .flags = DC_REQUIRED | DC_POSITIVE,
	 .offset = offsetof(struct dc_machine_network, bandwidth_bps),
	 .max = 1e18,
	 .help = "per accelerator and direction"},
	{.key = "transport",
	 .kind = DC_CATALOGUE,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct dc_machine_network, transport),
	 .catalogue = &dc_transport_family,
	 .help = "what messages cost beyond links"},
};

static const struct dc_section network_section = {
	.name = "machine's network",
	.doc = "A network between nodes",
	.size = sizeof(struct dc_machine_network),
	DC_FIELDS(network_fields),
};

static const struct dc_field fields[] = {
	{.key = "name",
	 .kind = DC_STRING,
	 .offset = offsetof(struct dc_measured_machine, name),
	 .help = "name of the machine"},
	{.key = "description",
	 .kind = DC_STRING,
	 .offset = offsetof(struct dc_measured_machine, description),
	 .help = "one line for people"},
	{.key = "accelerators",
	 .kind = DC_STRING,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct dc_measured_machine, accelerators),
	 .help = "what tables call its accelerators: texts, separated by |"},
	{.key = "except",
	 .kind = DC_STRING,
	 .offset = offsetof(struct dc_measured_machine, except),
	 .help = "texts that rule it out, separated by |"},
	{.key = "size",
	 .kind = DC_COUNT,
	 .offset = offsetof(struct dc_measured_machine, size),
	 .min = 1,
	 .max = 1024,
	 .fallback = "8",
	 .help = "accelerators of a node"},
	{.key = "node",
	 .kind = DC_SECTION,
	 .flags = DC_REQUIRED,
	 .offset = offsetof(struct dc_measured_machine, inside),
	 .section = &inside_section,
	 .help = "links inside a node"},
	{.key = "networks",
	 .kind = DC_LIST,
	 .offset = offsetof(struct dc_measured_machine, networks),
	 .section = &network_section,
	 .help = "networks between nodes"},
};

const struct dc_section dc_machine_section = {
	.name = "machine",
	.doc = "The fabric behind measurements",
	.size = sizeof(struct dc_measured_machine),
	DC_FIELDS(fields),
};

const struct dc_catalogue_family dc_machine_family = {"machines", &dc_machine_section};

/* --- texts --- */

static bool contains(const char *cell, const char *text, size_t length)
{
	size_t room = strlen(cell);

	for (size_t at = 0; at + length <= room; at++) {
		size_t i = 0;

		while (i < length &&
		       tolower((unsigned char)cell[at + i]) == tolower((unsigned char)text[i]))
			i++;
		if (i == length)
			return true;
	}
	return false;
}

bool dc_machine_mentions(const char *cell, const char *texts)
{
	while (texts && *texts) {
		size_t length = strcspn(texts, "|");

		if (length && contains(cell, texts, length))
			return true;
		texts += length + (texts[length] == '|');
	}
	return false;
}

bool dc_machine_is(const struct dc_measured_machine *machine, const char *accelerator)
{
	return dc_machine_mentions(accelerator, machine->accelerators) &&
	       !dc_machine_mentions(accelerator, machine->except);
}

enum dc_status dc_machine_read_all(struct dc_config *config,
				   const struct dc_measured_machine ***machines, size_t *count)
{
	struct dc_arena *arena = dc_config_arena(config);
	const char *const *names;
	enum dc_status status = dc_catalogue_names(config, dc_machine_family.name, &names, count);

	if (status)
		return status;
	*machines = dc_arena_array(arena, *count + 1, sizeof **machines);
	if (!*machines)
		return DC_ERR_MEMORY;
	for (size_t i = 0; i < *count; i++) {
		const struct dc_mark nowhere = {0};
		struct dc_node *name = dc_node_scalar(arena, &nowhere, names[i]);
		void *entry;

		if (!name)
			return DC_ERR_MEMORY;
		status = dc_catalogue_read(config, &dc_machine_family, name, &entry);
		if (status)
			return status;
		(*machines)[i] = entry;
	}
	return DC_OK;
}

/* --- fabrics --- */

static enum dc_status build_links(const struct dc_measured_machine *machine,
				  struct dc_config *config, uint64_t members,
				  struct dc_fabric_dimension *dimension)
{
	const struct dc_machine_inside *inside = &machine->inside;
	struct dc_arena *arena = dc_config_arena(config);
	struct dc_diag *diag = dc_config_diag(config);
	const struct dc_mark *mark = dc_node_mark(inside->node, "links");
	uint32_t *terminals = dc_arena_array(arena, members, sizeof *terminals);
	struct dc_graph graph;
	enum dc_status status;
	const char *path;
	FILE *file;

	if (!terminals)
		return DC_ERR_MEMORY;
	for (uint32_t i = 0; i < members; i++)
		terminals[i] = i;
	dc_graph_init(&graph, arena);
	file = dc_config_open(config, dc_node_get(inside->node, "links"), inside->links, &path);
	if (!file)
		return DC_ERR_INPUT;
	fclose(file);
	status = dc_graph_read(&graph, diag, path);
	if (!status && graph.vertices.count < members)
		return dc_diag_error(diag, mark, "links: fewer vertices than accelerators");
	if (!status)
		status = dc_graph_index(&graph);
	if (!status)
		status = dc_topology_of_graph(&graph, terminals, members, true, diag, mark, arena,
					      dimension);
	return status;
}

/* What rows cannot say: links need a file, other shapes a rate. */
static enum dc_status check(const struct dc_measured_machine *machine, struct dc_diag *diag)
{
	const struct dc_machine_inside *inside = &machine->inside;

	if (inside->shape == DC_MACHINE_LINKS && !inside->links)
		return dc_diag_error(diag, dc_node_mark(inside->node, "shape"),
				     "shape 'links' needs the key 'links'");
	if (inside->shape != DC_MACHINE_LINKS && inside->bandwidth_bps <= 0)
		return dc_diag_error(diag, dc_node_mark(inside->node, "shape"),
				     "shape '%s' needs the key 'bandwidth'", shapes[inside->shape]);
	return DC_OK;
}

/* bandwidth_bps: 0: the machine's. */
static enum dc_status add_inside(const struct dc_measured_machine *machine,
				 struct dc_config *config, uint64_t members, double bandwidth_bps,
				 struct dc_fabric *fabric)
{
	struct dc_fabric_dimension dimension = {
		.type = machine->inside.shape == DC_MACHINE_SWITCH ? &dc_topology_switch
								   : &dc_topology_fully_connected,
		.size = members,
		.bandwidth_bps = bandwidth_bps > 0 ? bandwidth_bps : machine->inside.bandwidth_bps,
		.reduces = machine->inside.reduces,
	};
	enum dc_status status = check(machine, dc_config_diag(config));

	if (!status && machine->inside.shape == DC_MACHINE_LINKS)
		status = build_links(machine, config, members, &dimension);
	dimension.transport = machine->inside.transport;
	return status ? status : dc_fabric_add(fabric, &dimension);
}

static const struct dc_machine_network *find_network(const struct dc_measured_machine *machine,
						     const char *text)
{
	const struct dc_machine_network *networks = machine->networks.items;

	for (size_t i = 0; i < machine->networks.count; i++)
		if (dc_machine_mentions(text, networks[i].text))
			return &networks[i];
	return NULL;
}

enum dc_status dc_machine_build(const struct dc_measured_machine *machine, struct dc_config *config,
				uint64_t accelerators, uint64_t nodes, const char *network,
				struct dc_fabric *fabric, const struct dc_machine_network **between,
				const char **why)
{
	struct dc_arena *arena = dc_config_arena(config);
	const struct dc_machine_network *found = NULL;
	struct dc_fabric_dimension rail = {.type = &dc_topology_switch, .size = nodes};
	enum dc_status status = DC_OK;
	uint64_t members;

	if (between)
		*between = NULL;
	*why = "the accelerators do not divide evenly into nodes";
	if (nodes == 0 || accelerators == 0 || accelerators % nodes)
		return DC_ERR_RUN;
	members = accelerators / nodes;
	*why = dc_arena_printf(arena, "%s has %llu accelerators per node", machine->name,
			       (unsigned long long)machine->size);
	if (members > machine->size)
		return DC_ERR_RUN;
	*fabric = (struct dc_fabric){
		.name = machine->name,
		.routing = {.channels = 1, .seed = 1},
		.group = machine->name,
		.node_size = members,
	};
	if (members > 1)
		status = add_inside(machine, config, members, 0, fabric);
	if (status || nodes == 1)
		return status;
	found = find_network(machine, network);
	*why = dc_arena_printf(arena, "%s has no network '%s'", machine->name, network);
	if (!found)
		return DC_ERR_RUN;
	if (between)
		*between = found;
	rail.bandwidth_bps = found->bandwidth_bps;
	rail.transport = found->transport;
	return dc_fabric_add(fabric, &rail);
}

/* --- clusters --- */

static const struct dc_machine_network *network_of(const struct dc_measured_machine *machine,
						   const struct dc_machine_cluster *cluster)
{
	const struct dc_machine_network *networks = machine->networks.items;

	if (cluster->network)
		return find_network(machine, cluster->network);
	for (size_t i = 0; i < machine->networks.count; i++)
		if (networks[i].bandwidth_bps == cluster->between_bps)
			return &networks[i];
	return machine->networks.count ? networks : NULL;
}

enum dc_status dc_machine_build_cluster(const struct dc_measured_machine *machine,
					struct dc_config *config,
					const struct dc_machine_cluster *cluster,
					struct dc_fabric *fabric, const char **why)
{
	struct dc_arena *arena = dc_config_arena(config);
	const struct dc_machine_network *network = network_of(machine, cluster);
	uint64_t members =
		cluster->domain < cluster->accelerators ? cluster->domain : cluster->accelerators;
	struct dc_fabric_dimension rail = {.type = &dc_topology_switch};
	enum dc_status status = DC_OK;

	*why = "the accelerators do not divide evenly into nodes";
	if (members == 0 || cluster->accelerators % members)
		return DC_ERR_RUN;
	rail.size = cluster->accelerators / members;
	*fabric = (struct dc_fabric){
		.name = machine->name,
		.routing = {.channels = 1, .seed = 1},
		.group = machine->name,
		.node_size = members,
	};
	if (members > 1)
		status = add_inside(machine, config, members, cluster->inside_bps, fabric);
	if (status || rail.size == 1)
		return status;
	*why = dc_arena_printf(arena, "%s has no network to join nodes by", machine->name);
	if (!network)
		return DC_ERR_RUN;
	rail.bandwidth_bps =
		cluster->between_bps > 0 ? cluster->between_bps : network->bandwidth_bps;
	rail.transport = network->transport;
	return dc_fabric_add(fabric, &rail);
}
