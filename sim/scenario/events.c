/* Scripted events: what happens to links in the course of a run. */
#include "scenario/events.h"

#include <stdlib.h>
#include <string.h>

static const char prefix[] = "link ";

/* The name of the links, or NULL: the subject is something else. */
static const char *link_of(const struct dc_scenario_event *event)
{
	if (strncmp(event->subject, prefix, sizeof prefix - 1) != 0)
		return NULL;
	return event->subject + sizeof prefix - 1;
}

static struct dc_fabric_change change_of(const struct dc_scenario_event *event)
{
	return (struct dc_fabric_change){
		.bandwidth_bps = event->set.bandwidth_bps,
		.latency_s = event->set.latency_s,
		.state = event->set.state == DC_SCENARIO_AS_IS  ? DC_FABRIC_AS_IS
			 : event->set.state == DC_SCENARIO_DOWN ? DC_FABRIC_DOWN
								: DC_FABRIC_UP,
	};
}

static enum dc_status check(const struct dc_scenario_event *event, const struct dc_fabric *fabric,
			    struct dc_diag *diag, struct dc_arena *arena)
{
	const struct dc_mark *subject = dc_node_mark(event->node, "subject");
	const struct dc_fabric_change change = change_of(event);
	struct dc_fabric copy = *fabric;
	const char *name = link_of(event);
	enum dc_status status;
	uint64_t found;
	char text[256];

	if (!name)
		return dc_diag_error(diag, subject,
				     "event: subject: '%s' is not supported yet; expected 'link "
				     "NETWORK:FROM->TO'",
				     event->subject);
	if (event->until_s != 0 && event->until_s <= event->at_s)
		return dc_diag_error(diag, dc_node_mark(event->node, "until"),
				     "event: 'until' is not after 'at'");
	if (change.state == DC_FABRIC_AS_IS && !(change.bandwidth_bps > 0) && change.latency_s < 0)
		return dc_diag_error(diag, dc_node_mark(event->node, "set"),
				     "event: set: nothing; expected state, bandwidth or latency");
	if (dc_fabric_links(fabric) > DC_FABRIC_NAMED_LINKS)
		return dc_diag_error(diag, subject,
				     "event: the fabric has more than %d links; none can be named",
				     DC_FABRIC_NAMED_LINKS);
	copy.exceptions = NULL;
	copy.exception_count = copy.exception_capacity = 0;
	status = dc_fabric_change_links(&copy, arena, name, &change, &found);
	if (status || found)
		return status;
	dc_fabric_link_name(fabric, 0, text, sizeof text);
	return dc_diag_error(diag, subject,
			     "event: no link is called '%s'; links are called such as '%s'", name,
			     dc_fabric_links(fabric) ? text : "(there are none)");
}

static int compare_times(const void *a, const void *b)
{
	dc_time x = *(const dc_time *)a, y = *(const dc_time *)b;

	return x < y ? -1 : x > y;
}

static int compare_events(const void *a, const void *b)
{
	const struct dc_scenario_event *x = *(const struct dc_scenario_event *const *)a;
	const struct dc_scenario_event *y = *(const struct dc_scenario_event *const *)b;

	if (x->at_s != y->at_s)
		return x->at_s < y->at_s ? -1 : 1;
	return x < y ? -1 : x > y;
}

/* The fabric as it is at a moment: built, with the events that then last. */
static enum dc_status apply(const struct dc_scenario_event *const *events, size_t count,
			    dc_time moment, const struct dc_fabric *built, struct dc_arena *arena,
			    struct dc_fabric *fabric)
{
	size_t room = built->exception_count;
	enum dc_status status = DC_OK;

	*fabric = *built;
	fabric->exceptions = dc_arena_array(arena, room, sizeof *fabric->exceptions);
	fabric->exception_capacity = room;
	if (!fabric->exceptions)
		return DC_ERR_MEMORY;
	if (room)
		memcpy(fabric->exceptions, built->exceptions, room * sizeof *fabric->exceptions);
	for (size_t i = 0; i < count && !status; i++) {
		const struct dc_fabric_change change = change_of(events[i]);
		uint64_t found;

		if (dc_time_from_s(events[i]->at_s) > moment ||
		    (events[i]->until_s > 0 && dc_time_from_s(events[i]->until_s) <= moment))
			continue;
		status = dc_fabric_change_links(fabric, arena, link_of(events[i]), &change, &found);
	}
	return status;
}

static enum dc_status build(const struct dc_scenario_event *const *events, size_t count,
			    const struct dc_fabric *built, struct dc_arena *arena,
			    struct dc_plan_epoch **epochs, size_t *epoch_count)
{
	dc_time *times = dc_arena_array(arena, 2 * count + 1, sizeof *times);
	size_t moments = 1;

	*epochs = dc_arena_array(arena, 2 * count + 1, sizeof **epochs);
	if (!times || !*epochs)
		return DC_ERR_MEMORY;
	/* times[0] is the start of the run. */
	for (size_t i = 0; i < count; i++) {
		times[moments++] = dc_time_from_s(events[i]->at_s);
		if (events[i]->until_s > 0)
			times[moments++] = dc_time_from_s(events[i]->until_s);
	}
	qsort(times, moments, sizeof *times, compare_times);
	*epoch_count = 0;
	for (size_t m = 0; m < moments; m++) {
		struct dc_fabric *fabric = dc_arena_alloc(arena, sizeof *fabric);
		enum dc_status status;

		if (m && times[m] == times[m - 1])
			continue;
		if (!fabric)
			return DC_ERR_MEMORY;
		status = apply(events, count, times[m], built, arena, fabric);
		if (status)
			return status;
		(*epochs)[(*epoch_count)++] = (struct dc_plan_epoch){times[m], fabric};
	}
	return DC_OK;
}

enum dc_status dc_scenario_build_epochs(const struct dc_scenario *scenario,
					const struct dc_fabric *fabric, struct dc_diag *diag,
					struct dc_arena *arena, struct dc_plan_epoch **epochs,
					size_t *count)
{
	const struct dc_scenario_event *items = scenario->events.items;
	size_t events = scenario->events.count;
	const struct dc_scenario_event **sorted = dc_arena_array(arena, events, sizeof *sorted);
	enum dc_status status = DC_OK;

	if (!sorted)
		return DC_ERR_MEMORY;
	for (size_t i = 0; i < events; i++) {
		enum dc_status one = check(&items[i], fabric, diag, arena);

		sorted[i] = &items[i];
		if (status == DC_OK || one == DC_ERR_MEMORY)
			status = one;
	}
	if (status)
		return status;
	if (events)
		qsort(sorted, events, sizeof *sorted, compare_events);
	return build(sorted, events, fabric, arena, epochs, count);
}

static const char *words_of(const struct dc_scenario_event *event, struct dc_arena *arena)
{
	const char *text = event->set.state == DC_SCENARIO_AS_IS  ? ""
			   : event->set.state == DC_SCENARIO_DOWN ? " down"
								  : " up";
	char value[64];

	if (event->set.bandwidth_bps > 0) {
		dc_units_human(event->set.bandwidth_bps, DC_DIM_BANDWIDTH, value, sizeof value);
		text = dc_arena_printf(arena, "%s bandwidth %s", text, value);
	}
	if (text && event->set.latency_s >= 0) {
		dc_units_human(event->set.latency_s, DC_DIM_TIME, value, sizeof value);
		text = dc_arena_printf(arena, "%s latency %s", text, value);
	}
	return text ? dc_arena_printf(arena, "%s:%s", event->subject, text) : NULL;
}

enum dc_status dc_scenario_tell_script(const struct dc_scenario *scenario,
				       const struct dc_plan_epoch *epochs, size_t count,
				       dc_time now, struct dc_arena *arena,
				       dc_scenario_moment *tell, void *context)
{
	const struct dc_scenario_event *events = scenario->events.items;
	enum dc_status status = DC_OK;

	for (size_t e = 0; e < count && epochs[e].begin <= now && !status; e++) {
		dc_time moment = epochs[e].begin;

		for (size_t i = 0; i < scenario->events.count && !status; i++) {
			const char *words = words_of(&events[i], arena);

			if (!words)
				return DC_ERR_MEMORY;
			if (events[i].until_s > 0 && dc_time_from_s(events[i].until_s) == moment)
				status = tell(context, moment, true, words);
			if (!status && dc_time_from_s(events[i].at_s) == moment)
				status = tell(context, moment, false, words);
		}
	}
	return status;
}
