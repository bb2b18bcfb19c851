#!/usr/bin/env bash
# Every external symbol of a folder's objects begins with dc_ and a module of that folder.
set -eu
export LC_ALL=C

modules_of() {
	case $1 in
	base) echo arena intern diag time date random units sum ;;
	config) echo tree node section config catalogue hourly fields field names table ;;
	engine) echo engine queue signal record filter profile ;;
	fluid) echo fluid ;;
	hardware) echo accelerator host precision roofline ;;
	fabric) echo fabric topology route group schedule algorithm algorithms operation plan step runner collective stepwise graph transport rings protocol ;;
	storage) echo storage drive tier ;;
	facility) echo facility stage thermal cooling plant weather rack room ;;
	economics) echo economics ;;
	output) echo hdf5 result export copy ;;
	program) echo program ensemble executor ;;
	traffic) echo traffic ;;
	training) echo lower offload parallelism parallel pipeline schedule layers nearest model layer training optimizer transformer software ;;
	scenario) echo scenario simulation datacenter ;;
	study) echo validation machine prediction suites training ;;
	commands) echo command data console plot ;;
	*) echo ;;
	esac
}

# Symbols on standard input, one per line; prints those that have no module of FOLDER.
check_symbols() {
	awk -v folder="$1" -v modules="$(modules_of "$1")" '
	BEGIN { n = split(modules, module, " ") }
	/^__(odr_asan|gcov|llvm)/ { next } # made by the compiler
	{
		# The public interface, sim/dcsim.h, is written on floor 7.
		good = folder == "scenario" && index($1, "dcsim_") == 1
		for (i = 1; i <= n; i++)
			if ($1 == "dc_" module[i] || index($1, "dc_" module[i] "_") == 1) good = 1
		if (!good) { print "sim/" folder ": " $1; failed = 1 }
	}
	END { exit failed }'
}

self_test() {
	! echo stray | check_symbols base >/dev/null &&
		! echo arena_create | check_symbols base >/dev/null &&
		! echo dc_arenas | check_symbols base >/dev/null &&
		! echo dc_ring_cost | check_symbols base >/dev/null &&
		! echo dc_arena_create | check_symbols config >/dev/null &&
		! echo dcsim_run | check_symbols base >/dev/null &&
		! echo dc_arena_create | check_symbols attic >/dev/null &&
		printf 'dc_arena_create\ndc_sum_of\n' | check_symbols base
}

self_test || {
	echo "check_prefix.sh: self-test failed" >&2
	exit 1
}
top=${srcdir:-$(dirname "$0")/..}
built=${builddir:-$top}
status=0
symbols=0
for source in "$top"/sim/*/*.c; do
	folder=$(basename "$(dirname "$source")")
	name=$(basename "$source" .c)
	object=$built/sim/$folder/$name.o
	[ "$folder" = commands ] && object=$built/sim/commands/libdcsim_commands_a-$name.o
	if [ ! -f "$object" ]; then
		echo "sim/$folder/$name.c: no object file; run make first" >&2
		status=1
		continue
	fi
	list=$(${NM:-nm} -g -P --defined-only "$object" | awk '{ print $1 }')
	[ -n "$list" ] || continue
	symbols=$((symbols + $(wc -l <<<"$list")))
	check_symbols "$folder" <<<"$list" || status=1
done
if [ $status -eq 0 ]; then echo "prefixes: $symbols symbols, all in their folder's name"; fi
exit $status
