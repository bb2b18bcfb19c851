#!/bin/sh
# The commands that read results: exit statuses, messages, files they make.
#
# DCSIM is the program, WRITER the generator (writer.c). Drawing is checked where gnuplot is.
set -eu
DCSIM=${DCSIM:-./dcsim}
WRITER=${WRITER:-tests/output/writer}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

fail() {
	echo "$*" >&2
	cat "$folder/out" "$folder/err" >&2
	exit 1
}

# try STATUS WORDS ARGUMENTS...: the program's exit status, and words (if any) in what it says.
try() {
	expected=$1
	words=$2
	shift 2
	status=0
	"$DCSIM" "$@" > "$folder/out" 2> "$folder/err" || status=$?
	[ "$status" = "$expected" ] || fail "dcsim $*: status $status, not $expected"
	[ -z "$words" ] || cat "$folder/out" "$folder/err" | grep -qF -- "$words" || fail "dcsim $*: no '$words'"
}

a=$folder/a.h5
b=$folder/b.h5
"$WRITER" "$a" --example 0.5 1
"$WRITER" "$b" --example 1 2

for command in export plot compare; do
	try 0 "usage: dcsim $command" $command --help
	try 0 examples: $command -h
	try 2 "unknown option '--nonsense'; see 'dcsim $command --help'" $command --nonsense "$a"
	try 2 'expected' $command
done
try 2 "option '--table' needs a value" export "$a" --table
try 2 'exclude each other' export --list --table power "$a"
try 1 'No such file or directory' export "$folder/missing.h5"
try 2 'is not a dcsim result' export "$0"
try 1 'it is a folder' plot "$folder"
try 2 "has no table 'powr'" export --table powr -o "$folder/powr.tsv" "$a"
[ ! -e "$folder/powr.tsv" ] || fail 'a table that does not exist made a file'

# 0.5 d of 60 s: 720 rows and a header.
try 0 'part_w [W] per part (7)' export --list "$a"
grep -q '^status  *complete$' "$folder/out" || fail 'no status in the list'
try 0 'part_w.psu loss [W]' export --table power "$a"
[ "$(wc -l < "$folder/out")" = 721 ] || fail 'not 720 rows'
try 0 '' export --table summary --csv -o "$folder/summary.csv" "$a"
grep -q '^duration_s,43200,s,' "$folder/summary.csv" || fail 'no duration in the summary'
try 1 'cannot write' export --table summary -o "$folder/missing/summary.csv" "$a"
try 2 'exists already: say -o FILE' export --recover "$a.part"
try 0 '720 rows of the series recovered' export --recover "$a" -o "$folder/copy.h5"
cmp "$a" "$folder/copy.h5" || fail 'a copy differs'

# The timeline of 4 stages and 8 micro-batches, forward and backward each, gradients and update: 72 rows.
p=$folder/p.h5
"$WRITER" "$p" --pipeline 4 8
try 0 '' export --table timeline "$p"
[ "$(wc -l < "$folder/out")" = 73 ] || fail 'not 72 rows of the timeline'
cp "$folder/out" "$folder/timeline.tsv"
try 0 '' export --trace -o "$folder/p.json" "$p"
[ ! -s "$folder/out" ] || fail 'a trace on standard output and in a file'
try 0 '' export --trace "$p"
cmp "$folder/out" "$folder/p.json" || fail 'two traces of one timeline differ'
# A line per event. Those of every stage and stream last as long as the table says; 1e6 us are 1 s.
awk -F '\t' 'NR > 1 { sum[$3 + 1 " " ($4 == "data" ? 2 : 1) " " $5] += $10 }
	END { for (k in sum) printf "%s %.9g\n", k, sum[k] }' "$folder/timeline.tsv" | sort > "$folder/wanted"
sed -n 's/^{"ph":"X",.*"cat":"\(.*\)","pid":\(.*\),"tid":\(.*\),"ts":.*,"dur":\(.*\),"args".*/\2 \3 \1 \4/p' \
	"$folder/p.json" | awk '{ sum[$1 " " $2 " " $3] += $4 / 1e6 }
	END { for (k in sum) printf "%s %.9g\n", k, sum[k] }' | sort > "$folder/found"
# Forward, backward, update and gradients of each of four stages.
[ "$(wc -l < "$folder/found")" = 16 ] || fail 'not 16 kinds of events'
diff "$folder/wanted" "$folder/found" || fail 'the trace differs from the table'
grep -q '^1 1 backward 16$' "$folder/found" || fail 'not 8 times 2 s backward'
if command -v python3 > "$folder/out"; then
	python3 - "$folder/p.json" > "$folder/out" 2> "$folder/err" << 'END' || fail 'a wrong trace'
import json, sys
trace = json.load(open(sys.argv[1]))
events = [e for e in trace["traceEvents"] if e["ph"] == "X"]
names = {e["pid"]: e["args"]["name"] for e in trace["traceEvents"] if e["name"] == "process_name"}
threads = {(e["pid"], e["tid"]): e["args"]["name"] for e in trace["traceEvents"] if e["name"] == "thread_name"}
assert len(events) == 72
assert names == {1: "stage 0", 2: "stage 1", 3: "stage 2", 4: "stage 3"}
assert all(threads[e["pid"], 1] == "compute" and threads[e["pid"], 2] == "data" for e in events)
# 1F1B: (m + p - 1) times 3 s, gradients and update.
assert max(e["ts"] + e["dur"] for e in events) == 34.5e6 == trace["otherData"]["iteration_dur_us"]
last = {}
for e in sorted(events, key=lambda e: e["ts"]):
    assert e["ts"] >= last.get((e["pid"], e["tid"]), 0), "events of a thread overlap"
    last[e["pid"], e["tid"]] = e["ts"] + e["dur"]
END
fi
try 2 'has no timeline' export --trace -o "$folder/none.json" "$a"
[ ! -e "$folder/none.json" ] || fail 'a trace of no timeline'
try 2 'not a table' export --trace --table power "$p"
try 2 'not a table' export --recover --trace "$p"
try 1 'cannot write' export --trace -o "$folder/missing/p.json" "$p"
try 2 'has no timeline' plot --timeline "$a"

# Twice the time: a ratio of 2.
try 0 'duration_s' compare "$a" "$b"
# One unit for both: 0.5 d and 1 d are 12 h and 24 h, and the ratio stays.
grep -q '^duration_s  *h  *12  *24 *2x$' "$folder/out" || fail 'no unit or ratio'
grep -q '^status  *complete  *complete *$' "$folder/out" || fail 'no status'
! grep -q '[*]' "$folder/out" || fail 'a complete run is marked'
# A row per run, a column per figure with its unit, no ratios.
try 0 '' compare --csv "$a" "$b"
sed -n 1p "$folder/out" | grep -q '^run,status,duration_s \[s\],iterations \[1\],energy_utility_j \[J\],' ||
	fail 'no header of figures with units'
sed -n 2p "$folder/out" | grep -q '^a,complete,43200,' || fail 'no row of the first run'
sed -n 3p "$folder/out" | grep -q '^b,complete,86400,' || fail 'no row of the second run'
[ "$(wc -l < "$folder/out")" = 3 ] || fail 'not a row per run'
awk -F , 'NF != 9 { exit 1 }' "$folder/out" || fail 'not 2 columns and 7 figures'
try 1 'missing.h5' compare "$a" "$folder/missing.h5"

# A run that was killed: the summary of its rows, marked wherever it is shown. The writer leaves out
# the end of a day's example; what it had flushed is a whole number of chunks.
"$WRITER" "$folder/killed.h5" --killed 4 1
try 0 'killed.h5.part may be deleted' export --recover "$folder/killed.h5.part"
rows=$(sed -n 's/.*: \([0-9]*\) rows of the series recovered; the summary is of these rows;.*/\1/p' "$folder/err")
[ "${rows:-0}" -gt 0 ] || fail 'no rows recovered'
try 0 '' export --list "$folder/killed.h5"
grep -q '^status  *interrupted$' "$folder/out" || fail 'the list hides the interruption'
# The same rows uninterrupted (of 60 s, 1440 a day): equal figures where rows hold them.
"$WRITER" "$folder/prefix.h5" --example "$(awk -v n="$rows" 'BEGIN { printf "%.17g", (n + 0.5) / 1440 }')" 1
try 0 '' compare --csv "$folder/prefix.h5" "$folder/killed.h5"
awk -F , '
	NR == 1 { for (i = 1; i <= NF; i++) name[i] = $i }
	NR == 2 { for (i = 1; i <= NF; i++) value[i] = $i }
	NR == 3 {
		for (i = 3; i <= NF; i++) {
			if (name[i] ~ /^(duration_s|iterations|energy_utility_j) /) {
				difference = $i / value[i] - 1
				if ($i == "nan" || difference > 1e-12 || difference < -1e-12) {
					print name[i] ": " $i " is not " value[i]
					exit 1
				}
				seen++
			}
			# The example has no column of these.
			if (name[i] ~ /^(cost_total_usd|carbon_kg) / && $i != "nan")
				exit 1
		}
		exit seen != 3
	}' "$folder/out" || fail 'the figures of the recovered rows differ'
try 0 '* interrupted' compare "$folder/a.h5" "$folder/killed.h5"
sed -n 1p "$folder/out" | grep -q 'killed[*]$' || fail 'the interrupted run is not marked'
grep -q '^status  *complete  *interrupted' "$folder/out" || fail 'no status of the interrupted run'

# Endings that are no picture's.
try 2 'x.pdf ends in neither .svg nor .png; say --svg or --png' plot -o "$folder/x.pdf" "$a"
[ ! -e "$folder/x.pdf" ] || fail 'a picture of no known kind'

# Without gnuplot: which package to install.
status=0
(PATH=$folder; export PATH; exec "$DCSIM" plot "$a") > "$folder/out" 2> "$folder/err" || status=$?
[ "$status" = 1 ] || fail "plot without gnuplot: status $status"
grep -q 'apt-get install gnuplot-nox' "$folder/err" || fail 'no word of the package'
[ ! -e "$folder/a.svg" ] || fail 'a picture without gnuplot'

command -v gnuplot > "$folder/out" || { echo 'commands: good; no gnuplot, nothing drawn'; exit 0; }

# The size of a PNG stands in bytes 16 to 23 of the file [PNG specification, 11.2.2].
size_of() {
	od -A n -t u1 -j 16 -N 8 "$1" | awk '{ print $3 * 256 + $4 "x" $7 * 256 + $8 }'
}
try 0 'a.svg' plot "$a"
grep -q '<svg' "$folder/a.svg" || fail 'no SVG'
try 0 'a.png' plot --png "$a"
[ "$(size_of "$folder/a.png")" = 1200x900 ] || fail "a PNG of $(size_of "$folder/a.png")"
grep -q 'a: example from 2024-07-15T12:00:00<' "$folder/a.svg" || fail 'no title with both names'
# 12 h are drawn over the clock.
grep -q 'local standard time' "$folder/a.svg" || fail 'no clock below a run of 12 h'
grep -q '>2024-07-15<' "$folder/a.svg" || fail 'no date below a run of 12 h'
"$WRITER" "$folder/example.h5" --example 0.2 1
try 0 'short.svg' plot -o "$folder/short.svg" "$folder/example.h5"
grep -q '>example from 2024-07-15T12:00:00<' "$folder/short.svg" || fail 'the title says a name twice'
grep -q 'time since the start \[h\]' "$folder/short.svg" || fail 'no elapsed time below a run of 4.8 h'
try 0 'x.pdf' plot --svg -o "$folder/x.pdf" "$a"
try 0 'killed.svg' plot "$folder/killed.h5"
grep -q '(interrupted)<' "$folder/killed.svg" || fail 'the title hides the interruption'
cp "$folder/a.svg" "$folder/first.svg"
try 0 'a.svg' plot --svg "$a"
cmp "$folder/a.svg" "$folder/first.svg" || fail 'the same result is drawn differently'
try 0 'duration_s' compare --plot "$folder/bars.png" "$a" "$b"
[ "$(size_of "$folder/bars.png")" = 1200x900 ] || fail 'no bars'
try 0 'duration_s' compare --plot "$folder/bars.svg" "$a" "$folder/killed.h5"
for text in 'killed\*' '12.0' '\* interrupted'; do
	grep -q ">.*$text" "$folder/bars.svg" || fail "no '$text' in the bars"
done
try 1 'cannot write' plot -o "$folder/missing/a.svg" "$a"
# One iteration: stages, micro-batches, and where its time goes. The bubble is 3 (p-1) of
# 3 (m+p-1) + 1.5 s.
mkdir "$folder/kept"
status=0
TMPDIR=$folder/kept "$DCSIM" plot --timeline --keep "$p" > "$folder/out" 2> "$folder/err" || status=$?
[ "$status" = 0 ] || fail "plot --timeline: status $status"
for text in 'p: pipeline from 2024-07-15T12:00:00' 'iteration 1 on the first rank of each stage' 'stage 3' \
	'gradients' 'exposed data' 'bubble' '26.1 %' 'mean of 10' 'time since the start of the iteration \[s\]'; do
	grep -q ">$text<" "$folder/p-timeline.svg" || fail "no '$text' in the timeline"
done
# A rectangle for every row of the table, each as wide as its operation is long.
awk -F '\t' 'NF == 6 { rows++; sum += $4 - $3 } END { exit rows != 72 || sum < 101.9999 || sum > 102.0001 }' \
	"$folder"/kept/*/pieces.tsv || fail 'the rectangles are not the operations'
# Micro-batches 0 to 7, forward and backward, on each stage.
[ "$(grep -c . "$folder"/kept/*/numbers.tsv)" = 64 ] || fail 'not 64 numbers of micro-batches'
try 0 'p-timeline.png' plot --timeline --png "$p"
[ "$(size_of "$folder/p-timeline.png")" = 1200x900 ] || fail 'no picture of the timeline'
"$WRITER" "$folder/many.h5" --pipeline 40 80
try 0 'many-timeline.svg' plot --timeline "$folder/many.h5"
grep -q 'compute stream only<' "$folder/many-timeline.svg" || fail 'no word of what is left out'
# A network alone: curves by size, and the map of links where they are recorded.
topologies=${srcdir:-.}/topologies
"$DCSIM" -q -c "$topologies/collective-ring64.yaml" -o "$folder/curve.h5"
try 0 'no rows of series links' plot --svg "$folder/curve.h5"
for text in 'all-reduce of 64' 'ring-bidirectional' '1 GiB' 'busbw \[GB/s\]'; do
	grep -q ">$text<" "$folder/curve.svg" || fail "no '$text' in the curves"
done
"$DCSIM" -q -c "$topologies/collective-failure.yaml" -o "$folder/map.h5" -s record.links=all \
	-s 'record.interval=1 ms'
try 0 'map.svg' plot --svg "$folder/map.h5"
for text in 'utilisation of links (128 of 128)' 'compute:0->1' 'time since the start \[ms\]'; do
	grep -q ">$text<" "$folder/map.svg" || fail "no '$text' in the map of links"
done
try 0 'map.png' plot --png "$folder/map.h5"
"$DCSIM" -q -c "$topologies/flows-tree8.yaml" -o "$folder/flows.h5"
try 2 'has nothing that could be drawn' plot "$folder/flows.h5"

# A result without the usual series: said, not drawn.
"$WRITER" "$folder/known.h5" 10 4 0 > "$folder/out"
try 2 'has nothing that could be drawn' plot "$folder/known.h5"
echo 'commands: good'
