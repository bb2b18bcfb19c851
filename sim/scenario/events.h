/* Scripted events: what happens to links in the course of a run.
 *
 * An event changes the links that its subject names, from `at` on, up to `until` where that is given;
 * events that overlap add up in the order of their times, the later on top. The run then has epochs,
 * between which links do not change (fabric/plan.h).
 *
 * Ownership: epochs live in the arena given. */
#ifndef DC_SCENARIO_EVENTS_H
#define DC_SCENARIO_EVENTS_H

#include "fabric/plan.h"
#include "scenario/scenario.h"

/* Resolves the events on the fabric as built: *epochs begins with that. Every event whose links there are
 * not, or which ends before it begins, is told at its place. */
enum dc_status dc_scenario_build_epochs(const struct dc_scenario *scenario,
					const struct dc_fabric *fabric, struct dc_diag *diag,
					struct dc_arena *arena, struct dc_plan_epoch **epochs,
					size_t *count) DC_CHECK;

/* A moment of the script: an event begins, or is over (back). words: "link compute:0->1: down". */
typedef enum dc_status dc_scenario_moment(void *context, dc_time moment, bool back,
					  const char *words);

/* Tells the moments up to `now` in their order. */
enum dc_status dc_scenario_tell_script(const struct dc_scenario *scenario,
				       const struct dc_plan_epoch *epochs, size_t count,
				       dc_time now, struct dc_arena *arena,
				       dc_scenario_moment *tell, void *context) DC_CHECK;

#endif
