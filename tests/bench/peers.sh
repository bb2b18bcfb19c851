#!/usr/bin/env bash
# make bench-peers: the same flow lists through dcsim and through SimGrid, one after the other.
#
# Each run is a process of its own; CPU seconds are those of the simulation alone, platform built and
# flows parsed; memory is the most the process has held. Medians of 5 runs, of SimGrid's as many as
# fit in SECONDS_EACH (1 at least). The difference is the largest relative one between completion
# times; 1 fs, dcsim's clock, is 1e-10 of the shortest here.
# SimGrid runs every list two ways (peer_simgrid.cpp): "driver" is the leanest, "actors" the usual one.
# Usage: peers.sh [CASE]...; environment: BUILD, srcdir, SECONDS_EACH, SECONDS_AT_MOST.
set -eu
export LC_ALL=C

build=${BUILD:-.}
source=${srcdir:-$(dirname "$0")/../..}
seconds_each=${SECONDS_EACH:-60}
seconds_at_most=${SECONDS_AT_MOST:-900}
tries=5

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$build/tests/peer_dcsim" write "$folder"
# The list whose completion times are tested; its columns are id, src, dst, bytes, start_s, links.
awk -F, -v OFS=, '{ print $1, $4, $5, $6 }' "$source/tests/validation/flows/poisson_1k.csv" \
	>"$folder/tested_poisson_1k.csv"

# median NAME FILE...: the middle value, of the files of a case that have it.
median() {
	local name=$1
	shift
	awk -v name="$name" '$1 == name { print $2 }' "$@" | sort -g |
		awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'
}

# difference FILE FILE: the largest relative difference of completion times.
difference() {
	awk 'FNR <= 2 { next } NR == FNR { time[$1] = $2; next }
		{ if (!($1 in time)) bad = 1
			d = ($2 - time[$1]) / time[$1]; if (d < 0) d = -d; if (d > most) most = d
			count++ }
		END { if (bad || !count || count != length(time)) print "flows differ"
			else printf "%.1e\n", most }' "$1" "$2"
}

format="%-24s %-7s %4s %10s %10s %7s %9s %10s %7s %12s\n"
# shellcheck disable=SC2059
printf "$format" case SimGrid runs "dcsim s" "SimGrid s" ratio "dcsim MB" "SimGrid MB" memory \
	difference

# compare CASE WAY
compare() {
	local list=$folder/$1.csv out=$folder/$1 run runs=0 begin=$SECONDS
	for ((run = 0; run < tries; run++)); do
		"$build/tests/peer_dcsim" run "$list" >"$out.dcsim.$run"
	done
	while ((runs < tries && (runs == 0 || (SECONDS - begin) * (runs + 1) <= seconds_each * runs)))
	do
		if ! timeout "$seconds_at_most" "$build/tests/peer_simgrid" "$2" "$list" \
			>"$out.$2.$runs" 2>"$folder/errors"; then
			printf '%-24s %-7s not done within %s s or failed\n' "$1" "$2" "$seconds_at_most"
			head -3 "$folder/errors"
			return
		fi
		runs=$((runs + 1))
	done
	awk -v format="$format" -v name="$1" -v way="$2" -v runs=$runs \
		-v dcsim_s="$(median cpu_s "$out".dcsim.*)" \
		-v other_s="$(median cpu_s "$out.$2".*)" \
		-v dcsim_b="$(median peak_bytes "$out".dcsim.*)" \
		-v other_b="$(median peak_bytes "$out.$2".*)" \
		-v difference="$(difference "$out.dcsim.0" "$out.$2.0")" \
		'BEGIN { printf format, name, way, runs, sprintf("%.5f", dcsim_s),
			sprintf("%.4f", other_s), sprintf("%.0f", other_s / dcsim_s),
			sprintf("%.1f", dcsim_b / 1e6), sprintf("%.1f", other_b / 1e6),
			sprintf("%.1f %%", 100 * dcsim_b / other_b), difference }'
}

if (($# == 0)); then
	set -- tested_poisson_1k poisson_1k permutation_1024 all_to_all_128_switch \
		all_to_all_128_d_mod_k all_to_all_128_hash poisson_10k
fi
for name; do
	compare "$name" driver
	compare "$name" actors
done
