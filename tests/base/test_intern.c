/* Names numbered in the order in which they first came. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "base/intern.h"

/* By definition: numbers count from 0, a name keeps its own, what was not added is none. */
Test(intern, numbers)
{
	struct dc_arena *arena = dc_arena_create();
	struct dc_intern names;
	uint32_t number = 7;

	dc_intern_init(&names, arena);
	cr_expect_eq(dc_intern_find(&names, "a"), DC_INTERN_NONE);
	cr_assert_eq(dc_intern_add(&names, "a", &number), DC_OK);
	cr_expect_eq(number, 0);
	cr_assert_eq(dc_intern_add(&names, "", &number), DC_OK);
	cr_expect_eq(number, 1);
	cr_assert_eq(dc_intern_add(&names, "a", &number), DC_OK);
	cr_expect_eq(number, 0);
	cr_expect_eq(names.count, 2);
	cr_expect_str_eq(names.texts[0], "a");
	dc_arena_destroy(arena);
}

/* Many names, through several growths: each is found again. */
Test(intern, grows)
{
	enum { NAMES = 10000 };
	struct dc_arena *arena = dc_arena_create();
	struct dc_intern names;
	char text[32];

	dc_intern_init(&names, arena);
	for (uint32_t i = 0; i < NAMES; i++) {
		uint32_t number;

		snprintf(text, sizeof text, "name %u", i);
		cr_assert_eq(dc_intern_add(&names, text, &number), DC_OK);
		cr_assert_eq(number, i);
	}
	for (uint32_t i = 0; i < NAMES; i++) {
		snprintf(text, sizeof text, "name %u", i);
		cr_assert_eq(dc_intern_find(&names, text), i, "%s", text);
		cr_assert_str_eq(names.texts[i], text);
	}
	cr_expect_eq(dc_intern_find(&names, "name"), DC_INTERN_NONE);
	dc_arena_destroy(arena);
}
