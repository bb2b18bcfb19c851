#!/usr/bin/env bash
# The long form of a scenario is the same scenario: `check --resolved` of it gives it back unchanged,
# and running it writes the same file and prints the same summary, byte for byte.
#
# For every scenario of topologies/, with each workload, and for the corpus of the fuzz target, whose
# scenarios use other keys; runs are cut to a few iterations, but those of the network alone, which have none.
set -u
export LC_ALL=C NO_COLOR=1

top=$(cd "${srcdir:-$(dirname "$0")/../..}" && pwd)
program=${DCSIM:-$top/dcsim}
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
mkdir "$temporary/short" "$temporary/long"
unset DCSIM_DATA
passed=0
failed=0

fail() {
	echo "FAIL $1: $2"
	failed=$((failed + 1))
}

# same NAME ARGUMENT...: the scenario that the arguments name.
same() {
	local name=$1 long=$temporary/long.yaml again=$temporary/again.yaml
	shift
	if ! "$program" check --resolved "$@" >"$long"; then
		fail "$name" "not accepted"
		return
	elif ! "$program" check --resolved "$long" >"$again"; then
		fail "$name" "its long form is not accepted"
		return
	elif ! diff -u "$long" "$again"; then
		fail "$name" "the long form of the long form differs"
		return
	fi
	(cd "$temporary/short" && "$program" -c "$@" -o x.h5 >summary) || fail "$name" "no run"
	(cd "$temporary/long" && "$program" -c "$long" -o x.h5 >summary) || fail "$name" "no long run"
	if ! diff -u "$temporary/short/summary" "$temporary/long/summary"; then
		fail "$name" "the long form has another summary"
	elif [ ! -s "$temporary/short/summary" ]; then
		fail "$name" "no summary"
	elif ! cmp "$temporary/short/x.h5" "$temporary/long/x.h5"; then
		fail "$name" "the long form writes another file"
	else
		passed=$((passed + 1))
	fi
}

# Runs of the network alone have no iterations.
shorten() {
	if grep -qE 'kind: (flows|collective)' "$1"; then
		same "${1##*/}" "$1"
	else
		same "${1##*/}" "$1" "${cut[@]}"
	fi
}

cut=(-s run.epochs=null -s run.duration=null -s run.iterations=20)
for scenario in "$top"/topologies/*.yaml; do
	shorten "$scenario"
done
for workload in "$top"/workloads/*.yaml; do
	same "${workload##*/}" "$top/topologies/dgx8x8.yaml" -w "$workload" "${cut[@]}"
done
for scenario in "$top"/tests/cases/files/base.yaml "$top"/tests/fuzz/corpus/scenario-*.yaml; do
	grep -q '^# refused' "$scenario" || shorten "$scenario"
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
