#!/usr/bin/env bash
# The program as a user meets it: run, check, schema, catalog, help, interruption.
set -eu

temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
cd "$temporary"
topologies=$srcdir/topologies
failed=0
passed=0

check() { # what, command...
	local what=$1
	shift
	if "$@"; then
		passed=$((passed + 1))
	else
		echo "FAIL: $what"
		failed=$((failed + 1))
	fi
}

exits() { # status, command...
	local wanted=$1 got=0
	shift
	"$@" >out.txt 2>err.txt || got=$?
	[ "$got" -eq "$wanted" ] || { echo "exit $got, expected $wanted: $*"; cat err.txt; return 1; }
}

says() { grep -q -e "$1" "$2" || { echo "expected '$1' in:"; cat "$2"; return 1; }; }

# The main job: summary on stdout, silence on stderr, the file named after the scenario.
check "ring64 runs" exits 0 "$DCSIM" -c "$topologies/ring64.yaml"
cp out.txt summary.txt
check "stderr is silent" test ! -s err.txt
for word in 'ring64: resnet50 on 64 x a100-sxm4-80gb in 8 nodes' '7,020 in' 'bottleneck *compute' 'PUE 1\.' \
	'cost' 'carbon' 'result *ring64.h5; next: dcsim plot ring64.h5'; do
	check "summary has $word" says "$word" summary.txt
done
check "the result is there" test -s ring64.h5
check "nothing is left over" test ! -e ring64.h5.part

check "summary says how the largest collective is done" says \
	'collectives *largest: all-reduce of 30.5 MB by ring-bidirectional/simple, .* (ring: 1.90x)$' \
	summary.txt
# A slow cable is what holds it back; so it is message by message.
slow='fabric.overrides=[{link: "compute:nodes/0.3->nodes/0.4", bandwidth: 1 GB/s}]'
check "a slow cable" exits 0 "$DCSIM" -c "$topologies/ring64.yaml" -s "$slow" -s run.epochs=null \
	-s run.iterations=3 -o folded.h5
check "it holds the largest collective back" says 'held back by compute:nodes/0.3->nodes/0.4' out.txt
check "a slow cable, exact" exits 0 "$DCSIM" -q -c "$topologies/ring64.yaml" -s "$slow" \
	-s run.epochs=null -s run.iterations=3 --exact -o exact.h5
"$DCSIM" export --table iterations folded.h5 >folded.tsv
"$DCSIM" export --table iterations exact.h5 >exact.tsv
check "a slow cable: the same iterations" cmp -s folded.tsv exact.tsv

# One iteration: every operation, as a table, a trace and a picture.
check "the timeline" exits 0 "$DCSIM" export --table timeline ring64.h5
check "it has all roles" test "$(cut -f 5 out.txt | sort -u | tr '\n' ' ')" = \
	'backward forward gradients optimizer other role '
rows=$(($(wc -l <out.txt) - 1))
check "the trace" exits 0 "$DCSIM" export --trace ring64.h5
check "a row, an event" test "$(grep -c '"ph":"X"' out.txt)" -eq "$rows"
if command -v python3 >/dev/null; then
	check "the trace is JSON" python3 -c 'import json; json.load(open("out.txt"))'
fi
check "a network has no timeline" exits 0 "$DCSIM" -q -c "$topologies/flows-tree8.yaml" -o flows.h5
check "so no trace" exits 2 "$DCSIM" export --trace flows.h5

# Two equal runs are the same file; run may be spelled out; -q is quiet.
check "a second run" exits 0 "$DCSIM" run -q -c "$topologies/ring64.yaml" -o again.h5
check "quiet" test ! -s out.txt
check "byte-identical" cmp -s ring64.h5 again.h5

# Every scenario and every workload that ships.
for scenario in "$topologies"/*.yaml; do
	check "$scenario runs" exits 0 "$DCSIM" -q -c "$scenario" -o scenario.h5
	check "$scenario opens with a comment" test "$(head -c 2 "$scenario")" = "# "
done
for workload in "$srcdir"/workloads/*.yaml; do
	check "$workload runs" exits 0 "$DCSIM" -q -c "$topologies/dgx8x8.yaml" -w "$workload" \
		-s run.epochs=null -s run.iterations=50 -o workload.h5
	check "$workload opens with a comment" test "$(head -c 2 "$workload")" = "# "
done

# --exact gives the same table of iterations, word for word.
short="-s run.epochs=null -s run.iterations=20 -s fabric.dimensions.0.size=16"
check "folded" exits 0 "$DCSIM" -q -c "$topologies/ring64.yaml" $short -o folded.h5
check "exact" exits 0 "$DCSIM" -q -c "$topologies/ring64.yaml" $short --exact -o exact.h5
"$DCSIM" export --table iterations folded.h5 >folded.tsv
"$DCSIM" export --table iterations exact.h5 >exact.tsv
check "exact and folded iterations agree" cmp -s folded.tsv exact.tsv

# A network alone: flows, their table, and the same with --exact.
check "flows run" exits 0 "$DCSIM" -c "$topologies/flows-tree8.yaml"
for word in 'flows-tree8: 14 flows over 20 links between 11 vertices' '14 of 14 ended in 4.10 ms' \
	'busiest link *h0-down, used to 26.8 %' 'no power, no facility'; do
	check "flows: summary has $word" says "$word" out.txt
done
check "flows --exact" exits 0 "$DCSIM" -q -c "$topologies/flows-tree8.yaml" --exact -o exact.h5
check "flows: exact is the same" cmp -s flows-tree8.h5 exact.h5
check "flows: their table" exits 0 "$DCSIM" export --table flows flows-tree8.h5
check "flows: fourteen rows and a header" test "$(wc -l <out.txt)" -eq 15
check "flows are checked" exits 0 "$DCSIM" check "$topologies/flows-tree8.yaml"
check "flows: paths" says 'paths *4 links at most' out.txt

# Flows on dimensions: 25 MB at 50 GB/s after 4 x 500 ns, when nobody waits; ecmp puts three on one uplink.
check "flows on dimensions" exits 0 "$DCSIM" -c "$topologies/flows-clos.yaml"
check "flows on dimensions: sprayed" says 'longest 502 us' out.txt
check "flows on dimensions: hashed" exits 0 "$DCSIM" -c "$topologies/flows-clos.yaml" \
	-s fabric.routing.policy=ecmp -o ecmp.h5
check "flows on dimensions: three on a link" says 'longest 1.50 ms' out.txt

# Collectives by themselves: the table of nccl-tests, every message for itself the same times.
check "collectives run" exits 0 "$DCSIM" -c "$topologies/collective-ring64.yaml"
# 2 (p-1) (L + S/2/(pB)): half of each chunk either way, 126 (500 ns + 8 MiB/50 GB/s) = 21.2 ms
for word in 'collective-ring64: all-reduce on 64 ranks' 'size *time *algbw *busbw' \
	' 1 GiB *21.2 ms *50.6 GB/s *99.7 GB/s *ring-bidirectional/simple *ring, 2.00x *compute:0->1' \
	'next: dcsim plot' 'no power, no facility'; do
	check "collectives: summary has $word" says "$word" out.txt
done
for scenario in collective-ring64 collective-jobs collective-failure; do
	check "$scenario folded" exits 0 "$DCSIM" -q -c "$topologies/$scenario.yaml" -o folded.h5
	check "$scenario exact" exits 0 "$DCSIM" -q -c "$topologies/$scenario.yaml" --exact -o exact.h5
	"$DCSIM" export --csv --table collectives folded.h5 | cut -d, -f1-14 >folded.csv
	"$DCSIM" export --csv --table collectives exact.h5 | cut -d, -f1-14 >exact.csv
	check "$scenario: the same times" cmp -s folded.csv exact.csv
	"$DCSIM" check --resolved "$topologies/$scenario.yaml" >long.yaml
	check "$scenario: the long form runs" exits 0 "$DCSIM" -q -c long.yaml -o long.h5
	check "$scenario: to the same result" cmp -s folded.h5 long.h5
	check "$scenario is checked" exits 0 "$DCSIM" check "$topologies/$scenario.yaml"
done
"$DCSIM" export --table events folded.h5 >events.tsv
check "a link fails" says '^0.005.links-changed.run.link compute:7->8: down' events.tsv
check "and is mended" says '^0.06.links-back.run.link compute:7->8: down' events.tsv
check "cut off for ever" exits 1 "$DCSIM" -q -c "$topologies/collective-failure.yaml" -o never.h5 \
	-s 'events.0.subject=link compute:7->*' -s 'events.1.subject=link compute:*->7' \
	-s events.0.until=null -s events.1.until=null
check "says who waits where" says "all-reduce of 1.07 GB by 'ring-bidirectional' can never end: it waits at link 'compute:" err.txt
check "a barrier" exits 0 "$DCSIM" -c "$topologies/collective-ring64.yaml" -s workload.sizes=null \
	-s workload.operation=barrier -o barrier.h5
check "the catalogue has algorithms" exits 0 "$DCSIM" catalog algorithms
check "ring is one of them" says '^ring ' out.txt

# The resolved form is a scenario: it runs to the same file.
"$DCSIM" check --resolved "$topologies/ring64.yaml" >long.yaml
check "the long form runs" exits 0 "$DCSIM" -q -c long.yaml -o long.h5
check "to the same result" cmp -s ring64.h5 long.h5

# A signal ends the run cleanly, marked interrupted, with what was done till then.
for signal in INT TERM; do
	"$DCSIM" -c "$topologies/ring64.yaml" --exact -s run.epochs=2000 -o interrupted.h5 \
		>out.txt 2>err.txt &
	pid=$!
	for _ in $(seq 300); do
		[ -e interrupted.h5.part ] && break
		sleep 0.1
	done
	sleep 0.5
	kill -s $signal $pid
	got=0
	wait $pid || got=$?
	check "SIG$signal: exit 1" test "$got" -eq 1
	check "SIG$signal: says so" says 'interrupted' out.txt
	"$DCSIM" export --table events interrupted.h5 >events.tsv
	check "SIG$signal: in the events" says 'interrupted' events.tsv
	rm -f interrupted.h5
done

# Commands describe themselves; wrong words are refused with the right ones.
for command in run check schema catalog export plot compare validate; do
	check "$command --help" exits 0 "$DCSIM" $command --help
	check "$command has examples" says 'examples:' out.txt
	check "the man page knows $command" grep -q "$command\|SCENARIO" "$srcdir/man/dcsim.1"
done
check "--help" exits 0 "$DCSIM" --help
check "--version" exits 0 "$DCSIM" --version
check "no arguments" exits 2 "$DCSIM"
check "unknown command" exits 2 "$DCSIM" compre
check "nearest command" says "did you mean 'compare'" err.txt
check "unknown option" exits 2 "$DCSIM" -c x.yaml --exat
check "missing file" exits 2 "$DCSIM" -c none.yaml
check "a missing file is looked for" says 'looked in the current folder, ' err.txt
# What ships is found from any folder.
check "a shipped scenario" exits 0 "$DCSIM" check topologies/ring64.yaml
check "a shipped scenario runs" exits 0 "$DCSIM" -q -c topologies/ring64.yaml -s run.epochs=1 -o shipped.h5
# null takes a key back, also when an include gives it in the other form.
printf '%s\n' "include: [$topologies/ring64.yaml]" 'node: null' 'workload: null' 'run: {epochs: null, duration: 1 h}' \
	'nodes: [{accelerators: {type: tpu-v4, count: 4}, host: tpu-host}]' \
	'jobs: [{workload: workloads/vgg16-data-parallel.yaml}]' 'sites: null' >other.yaml
check "null takes keys back" exits 0 "$DCSIM" check other.yaml
check "the other form counts" says 'vgg16 on 64 x tpu-v4 in 16 nodes' out.txt
check "no scenario" exits 2 "$DCSIM" -q
check "schema" exits 0 "$DCSIM" schema
check "schema knows the fabric" says 'dimensions' out.txt
check "schema begins with the short form" says '^Short form: ' out.txt
check "schema counts reserved keys" says '^[0-9]* reserved keys' out.txt
check "schema --all" exits 0 "$DCSIM" schema --all
check "schema shows reserved keys" says 'scheduler.*reserved: not supported' out.txt
check "schema as JSON" exits 0 "$DCSIM" schema --json
if command -v python3 >/dev/null; then
	check "schema is JSON" python3 -c 'import json; json.load(open("out.txt"))'
fi
check "schema of a device" exits 0 "$DCSIM" schema accelerator
check "unknown section" exits 2 "$DCSIM" schema acelerator
check "catalog" exits 0 "$DCSIM" catalog
for family in accelerators hosts drives models transports switches optics nics machines; do
	check "catalog $family" exits 0 "$DCSIM" catalog $family
	for entry in $(cat out.txt); do
		check "catalog $family $entry" exits 0 "$DCSIM" catalog $family "$entry"
	done
done
for family in topologies tiers stages plants layers; do
	check "catalog $family" exits 0 "$DCSIM" catalog $family
done
check "unknown family" exits 2 "$DCSIM" catalog acelerators
check "unknown entry" exits 2 "$DCSIM" catalog accelerators a100

# Validation: the tables that ship.
check "validate flow lists" exits 0 "$DCSIM" validate -q "$srcdir"/tests/validation/flows/*.csv
check "says how many" says '2128 rows, 0 could not be run' out.txt
check "validate as CSV" exits 0 "$DCSIM" validate --csv "$srcdir/tests/validation/flows/permutation_128.csv"
check "a header and a row per flow" test "$(wc -l <out.txt)" -eq 129
check "validate collectives" exits 0 "$DCSIM" validate --by source "$srcdir/tests/validation/collectives/collectives.csv"
check "says what did not count" says '32 rows, 0 could not be run, 3 not scored' out.txt
check "prints the constants once" test "$(grep -c '^nvlink4 *efficiency' out.txt)" -eq 1
printf '%s\n' 'gpu,n_gpu,size_B,oop_time_us,suite' 'A100,8,1e9,8000,"one, two"' 'Abacus,8,1e9,8000,three' >unknown.csv
check "a row that cannot be run" exits 1 "$DCSIM" validate --csv unknown.csv
check "says why" says "no machine is known for 'Abacus'" err.txt
check "quotes what holds a comma" says '^"one, two",1,time,us,8000,' out.txt
check "a table of no known kind" exits 2 "$DCSIM" validate "$srcdir/catalog/price/us-mida-pjm-2024.csv"
check "a column that is not there" exits 2 "$DCSIM" validate --by nothing "$srcdir/tests/validation/flows/burst_1k.csv"

# Output that cannot be written: exit 1, and nothing that looks like a result.
check "a folder as output" exits 1 "$DCSIM" -c "$topologies/ring64.yaml" -o .
check "a missing folder" exits 1 "$DCSIM" -c "$topologies/ring64.yaml" -o none/run.h5
check "a full standard output" exits 1 sh -c "\"$DCSIM\" -c \"$topologies/ring64.yaml\" -o full.h5 >/dev/full"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
