#!/usr/bin/env bash
# Bad input: every NAME.yaml of this folder is refused with exactly the text of NAME.txt.
#
# NAME.args, when there, holds further arguments, one per line. The exit status is 2, or N when the
# text begins with a line "exit N". What `dcsim check` refuses, `dcsim -c` refuses in the same words,
# and leaves no file. Paths of the source tree are cut, and so are the data folders that a message
# lists: both differ from machine to machine.
#
#   tests/cases/run.sh [--update] [NAME]...    --update writes the texts anew, for review
#
# The environment may name the program (DCSIM) and another folder of cases (CASES).
set -u
export LC_ALL=C NO_COLOR=1

top=$(cd "${srcdir:-$(dirname "$0")/../..}" && pwd)
program=${DCSIM:-$top/dcsim}
script=$(cd "$(dirname "$0")" && pwd)/run.sh
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
unset DCSIM_DATA

# The check can fail: on another text, on an input that is right, on a text without its input.
if [ -z "${CASES:-}" ]; then
	mkdir "$temporary/self"
	echo 'name: [' >"$temporary/self/wrong.yaml"
	echo 'no such message' | tee "$temporary/self/wrong.txt" "$temporary/self/valid.txt" \
		>"$temporary/self/stray.txt"
	cp "$top/tests/cases/files/base.yaml" "$temporary/self/valid.yaml"
	found=$(DCSIM=$program CASES=$temporary/self "$BASH" "$script")
	if [ "${found##*$'\n'}" != "0 passed, 3 failed" ]; then
		echo "run.sh: self-test failed: $found" >&2
		exit 1
	fi
	rm -r "$temporary/self"
fi
cd "${CASES:-$top/tests/cases}" || exit 1

update=no
if [ "${1:-}" = --update ]; then
	update=yes
	shift
fi
[ $# -gt 0 ] || set -- $(printf '%s\n' *.yaml | sed 's/\.yaml$//')

# Runs one case; its text goes to standard output.
refuse() {
	local status=0
	"$@" >"$temporary/stdout" 2>"$temporary/stderr" || status=$?
	[ $status -eq 2 ] || echo "exit $status"
	sed "s|$top/||g; s|^[^ ]*/catalog/|catalog/|; s|; looked in [^;]*|; looked in FOLDERS|" "$temporary/stderr"
	[ ! -s "$temporary/stdout" ] || sed 's/^/stdout: /' "$temporary/stdout"
}

passed=0
failed=0
fail() {
	echo "FAIL $1: $2"
	failed=$((failed + 1))
}

for name; do
	args=()
	[ ! -f "$name.args" ] || mapfile -t args <"$name.args"
	refuse "$program" check ${args[@]+"${args[@]}"} "$name.yaml" >"$temporary/found"
	[ $update = no ] || cp "$temporary/found" "$name.txt"
	# What is not refused would run on.
	if grep -q '^exit 0' "$temporary/found"; then
		fail "$name" "not refused"
		continue
	fi
	refuse "$program" -c "$name.yaml" ${args[@]+"${args[@]}"} -o "$temporary/run.h5" \
		>"$temporary/run"
	if [ ! -f "$name.txt" ]; then
		fail "$name" "there is no $name.txt"
	elif ! diff -u "$name.txt" "$temporary/found"; then
		fail "$name" "other text than expected"
	elif ! diff -u "$temporary/found" "$temporary/run"; then
		fail "$name" "a run refuses it in other words"
	elif [ -n "$(find "$temporary" -name '*.h5*')" ]; then
		fail "$name" "a refused run left a file"
	else
		passed=$((passed + 1))
	fi
	rm -f "$temporary"/*.h5*
done
for text in *.txt; do
	[ -f "${text%.txt}.yaml" ] || fail "${text%.txt}" "a text without its input"
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
