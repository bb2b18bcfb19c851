#!/usr/bin/env bash
# make bench-peers: the same flows and collectives through dcsim and through SimGrid, one after the other.
#
# Each run is a process of its own; CPU seconds are those of the simulation alone, platform built and
# flows parsed. Both sides know by then what will start: SimGrid has its actors, dcsim has reserved the
# memory of the flows that start together, of 1,024 at least. Medians of 5 runs, of SimGrid's as many as fit in
# SECONDS_EACH (1 at least; the ring: SECONDS_AT_MOST), one after the other of both. The difference is the largest relative one
# between completion times; 1 fs, dcsim's clock, is 1e-10 of the shortest here.
#
# Memory: "grown" is what the process holds at most beyond what it held with the list read (SimGrid:
# and the platform built; dcsim's counts as grown), "process" all of it, program and list included.
#
# SimGrid runs every list two ways (peer_simgrid.cpp). "actors" is the way that counts: a sender and a
# receiver for each flow, as S4U's examples and its users write it. "driver" is a lower bound for its
# memory, one actor that starts everything; on lists that start at once it is not the faster one.
# The all-to-all that counts goes by hash (ECMP) over a k=8 fat tree, as the other lists do over k=16.
# By d mod k or over one switch all flows are alike and end together: a single level for both sides.
# A ring all-reduce of 1,024 hosts (1 GiB, links of 50 GB/s and 500 ns) has no list: SimGrid's actors send
# every message, dcsim does so too (stepwise), or folds the ring (folded). The making of the collective,
# schedule and plan, counts as dcsim's simulation.
# dcsim alone runs the 100,000 flows; SimGrid does not finish them in any time worth waiting for.
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
	awk 'FNR <= 3 { next } NR == FNR { time[$1] = $2; next }
		{ if (!($1 in time)) bad = 1
			d = ($2 - time[$1]) / time[$1]; if (d < 0) d = -d; if (d > most) most = d
			count++ }
		END { if (bad || !count || count != length(time)) print "flows differ"
			else printf "%.1e\n", most }' "$1" "$2"
}

format="%-22s %-7s %4s %9s %9s %6s %8s %8s %7s %8s %8s %7s %11s\n"
# shellcheck disable=SC2059
printf "$format" "" "" "" dcsim SimGrid "" "dcsim" SimGrid "" dcsim SimGrid "" largest
# shellcheck disable=SC2059
printf "$format" case SimGrid runs s s ratio "grown MB" MB "" process MB "" difference

# run_dcsim CASE FILE
run_dcsim() {
	case $1 in
	ring_*) "$build/tests/peer_dcsim" ring "${1##*_}" 1024 >"$2" ;;
	*) "$build/tests/peer_dcsim" run "$folder/$1.csv" >"$2" ;;
	esac
}

# run_simgrid CASE WAY FILE
run_simgrid() {
	case $1 in
	ring_*) set -- ring 1024 "$3" ;;
	*) set -- "$2" "$folder/$1.csv" "$3" ;;
	esac
	timeout "$seconds_at_most" "$build/tests/peer_simgrid" "$1" "$2" >"$3" 2>"$folder/errors"
}

# compare CASE WAY
compare() {
	local out=$folder/$1 run=0 runs=0 begin=$SECONDS each=$seconds_each
	[[ $1 != ring_* ]] || each=$seconds_at_most
	while ((run < tries)); do
		run_dcsim "$1" "$out.dcsim.$run"
		run=$((run + 1))
		((runs < tries && (runs == 0 || (SECONDS - begin) * (runs + 1) <= each * runs))) ||
			continue
		if ! run_simgrid "$1" "$2" "$out.$2.$runs"; then
			printf '%-22s %-7s not done within %s s or failed\n' "$1" "$2" "$seconds_at_most"
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
		-v dcsim_g="$(median grown_bytes "$out".dcsim.*)" \
		-v other_g="$(median grown_bytes "$out.$2".*)" \
		-v difference="$(difference "$out.dcsim.0" "$out.$2.0")" \
		'function mb(bytes) { return sprintf("%.1f", bytes / 1e6) }
		function part(a, b) { return sprintf("%.1f %%", b > 0 ? 100 * a / b : 0) }
		BEGIN { printf format, name, way, runs, sprintf("%.5f", dcsim_s),
			sprintf("%.4f", other_s), sprintf("%.0f", other_s / dcsim_s),
			mb(dcsim_g), mb(other_g), part(dcsim_g, other_g),
			mb(dcsim_b), mb(other_b), part(dcsim_b, other_b), difference }'
}

# alone CASE
alone() {
	local run
	for ((run = 0; run < 3; run++)); do
		run_dcsim "$1" "$folder/$1.dcsim.$run"
	done
	printf '%-22s %-7s %4s %9.4f\n' "$1" "-" 3 "$(median cpu_s "$folder/$1".dcsim.*)"
}

if (($# == 0)); then
	set -- tested_poisson_1k poisson_1k permutation_1024 all_to_all_128_hash \
		all_to_all_128_d_mod_k all_to_all_128_switch ring_1024_stepwise ring_1024_folded \
		poisson_10k poisson_100k
fi
for name; do
	if [[ $name == poisson_100k ]]; then
		alone "$name"
		continue
	fi
	compare "$name" actors
	[[ $name == ring_* ]] || compare "$name" driver
done
