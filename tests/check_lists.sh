#!/usr/bin/env bash
# Makefile.am names every source and test file, and no other.
set -eu
export LC_ALL=C

top=${srcdir:-$(dirname "$0")/..}
script=$top/build-aux/list-sources.sh

# The check can fail: a file that no list names, a name without a file, a folder without a list.
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
mkdir -p "$temporary/sim/base" "$temporary/sim/attic" "$temporary/tests"
touch "$temporary/sim/base/listed.c" "$temporary/sim/base/new.c" "$temporary/sim/attic/a.c"
printf 'sim_base = \\\n\tsim/base/gone.c \\\n\tsim/base/listed.c\n' >"$temporary/Makefile.am"
found=$("$BASH" "$script" --top "$temporary" || true)
for words in "missing: sim/base/new.c" "stale:   sim/base/gone.c" "no list: sim_attic"; do
	if ! grep -q "^$words" <<<"$found"; then
		echo "check_lists.sh: self-test failed: '$words' not reported" >&2
		exit 1
	fi
done
if grep -q 'listed\.c' <<<"$found"; then
	echo "check_lists.sh: self-test failed: a listed file was reported" >&2
	exit 1
fi

"$BASH" "$script" --top "$top"
echo "lists: complete"
