/* Loading a configuration: data folders, includes, overrides, catalogue.
 *
 * One dc_config serves one load; it owns the arena in which trees and sections live, so it must
 * outlive everything read through it. */
#ifndef DC_CONFIG_CONFIG_H
#define DC_CONFIG_CONFIG_H

#include <stdio.h>

#include "base/diag.h"
#include "config/fields.h"
#include "config/tree.h"

struct dc_config;

/* data_folders: NULL-terminated, first match wins; each may hold catalog/, workloads/, plots/. The
 * sink must outlive the config. */
struct dc_config *dc_config_create(struct dc_diag *diag, const char *const *data_folders);
void dc_config_destroy(struct dc_config *config);

struct dc_arena *dc_config_arena(struct dc_config *config);
struct dc_diag *dc_config_diag(struct dc_config *config);

/* Reads a file, which is looked for in the current folder, then in the data folders, and what it
 * includes (`include: [a.yaml]`, merged first, later keys win, loops
 * refused); the include key is gone from the result. As with dc_tree_read_file(), *root may be set
 * although the status is DC_ERR_INPUT: reading it through its section then finds more errors. It is
 * NULL when an included file could not be read at all, since its keys would seem to be missing. */
enum dc_status dc_config_load(struct dc_config *config, const char *path,
			      struct dc_node **root) DC_CHECK;
/* Replaces a scalar under `key` (a path) by the tree of the file it names, relative to the scalar's
 * file, then to the data folders; the tree's nodes keep their own folder. A map is left alone. */
enum dc_status dc_config_load_under(struct dc_config *config, struct dc_node *map,
				    const char *key) DC_CHECK;
/* Applies `a.b.0.c=value`; value is YAML. Missing maps on the way are made; a scalar on the way
 * becomes {base: scalar}; a list index must exist (or be the next); an item may also be called by its
 * `name`. A value that an alias shares changes in the one place only. Paths in the value are relative
 * to the current folder. */
enum dc_status dc_config_override(struct dc_config *config, struct dc_node *root,
				  const char *assignment) DC_CHECK;

/* Opens a file named in the configuration: relative to `node`'s folder, then in each data folder and
 * below its catalog/. node is best the scalar that holds the name: the message points at it, and an
 * included or overridden value knows its own folder. *path (may be NULL) is where it was found. NULL and a message at node when nowhere. */
FILE *dc_config_open(struct dc_config *config, const struct dc_node *node, const char *name,
		     const char **path);

/* The catalogue is catalog/FAMILY/NAME.yaml in the data folders; a name that holds a '/' or ends in
 * .yaml is a file instead, relative to the folder of the node that names it, then to the data folders.
 * An entry's `name` is that of its file when the section has a STRING row `name` and the entry does not
 * give it.
 *
 * Names of a family, sorted, in the arena; and one entry read through its section. */
enum dc_status dc_catalogue_names(struct dc_config *config, const char *family,
				  const char *const **names, size_t *count) DC_CHECK;
enum dc_status dc_catalogue_read(struct dc_config *config, const struct dc_catalogue_family *family,
				 const struct dc_node *node, void **out) DC_CHECK;

#endif
