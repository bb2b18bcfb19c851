#!/bin/sh
# Kills a writer with SIGKILL at random moments, recovers, and compares every row.
#
# Every row that the writer reported as flushed must be there, and no wrong one. At the end a killed
# run of dcsim itself: the summary of its rows is that of a run of just their time. DCSIM is the
# program, WRITER the generator (writer.c), KILLS how often (100).
set -eu
DCSIM=${DCSIM:-./dcsim}
WRITER=${WRITER:-tests/output/writer}
KILLS=${KILLS:-100}
srcdir=${srcdir:-.}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

fail() {
	echo "kill $i: $*" >&2
	exit 1
}

i=0
kept=0
while [ "$i" -lt "$KILLS" ]; do
	i=$((i + 1))
	rm -f "$folder"/run.h5*
	# Mostly full speed with chunks of 32 to 128 rows, so that kills fall into writes; every
	# tenth time slowly, so that the clock flushes.
	width=$((1024 + i % 4 * 1024))
	delay=0
	moment=$(awk -v seed="$$$i" 'BEGIN { srand(seed); printf "%.3f", 0.02 + 0.15 * rand() }')
	if [ $((i % 10)) = 0 ]; then
		width=16
		delay=2000
		moment=$(awk -v m="$moment" 'BEGIN { printf "%.3f", 1 + 8 * m }')
	fi
	"$WRITER" "$folder/run.h5" 10000000 "$width" "$delay" > "$folder/log" &
	writer=$!
	sleep "$moment"
	kill -9 "$writer" 2> "$folder/kill" || fail "the writer had ended"
	wait "$writer" 2> "$folder/kill" && fail "the writer had ended well"
	[ ! -e "$folder/run.h5" ] || fail "something looks complete"
	# The last line may be cut short, and a line counts only once it is whole.
	flushed=$(awk '/^flushed [0-9]+$/ { n = $2 } END { print n + 0 }' "$folder/log")
	if ! "$DCSIM" export --recover "$folder/run.h5.part" 2> "$folder/words"; then
		[ "$flushed" = 0 ] || fail "none of $flushed rows: $(cat "$folder/words")"
		continue
	fi
	"$WRITER" "$folder/run.h5" --check "$flushed" > "$folder/verdict" 2>&1 ||
		fail "of $flushed flushed rows: $(cat "$folder/verdict")"
	read -r rows words < "$folder/verdict"
	kept=$((kept + rows))
done

# Ten years take a while; the kill comes later and later until something was flushed.
topology=$srcdir/topologies/bert-48h.yaml
for moment in 0.5 2 8 32; do
	rm -f "$folder"/killed.h5*
	"$DCSIM" -c "$topology" -q -s run.duration=3650d -o "$folder/killed.h5" &
	run=$!
	sleep "$moment"
	kill -9 "$run" 2> "$folder/kill" || fail "the run had ended"
	wait "$run" 2> "$folder/kill" && fail "the run had ended well"
	"$DCSIM" export --recover "$folder/killed.h5.part" 2> "$folder/words" && break
done
[ -e "$folder/killed.h5" ] || fail "nothing of a run was recovered: $(cat "$folder/words")"
seconds=$("$DCSIM" export --table power "$folder/killed.h5" | tail -n 1 | cut -f 1)
"$DCSIM" -c "$topology" -q -s run.duration="$seconds s" -o "$folder/prefix.h5"
"$DCSIM" compare --csv "$folder/prefix.h5" "$folder/killed.h5" > "$folder/figures"
# What rows cannot tell is nan; of the 36 figures these hold 19 (duration, iterations, 5 shares, 9
# energies, PUE, electricity, carbon). Means times intervals round: hence the tolerance.
awk -F , '
	NR == 1 { for (i = 1; i <= NF; i++) name[i] = $i }
	NR == 2 { for (i = 1; i <= NF; i++) value[i] = $i }
	NR == 3 {
		for (i = 3; i <= NF; i++) {
			if ($i == "nan")
				continue
			difference = $i - value[i]
			scale = 1e-12 * (value[i] < 0 ? -value[i] : value[i])
			if (difference > scale || difference < -scale) {
				print name[i] ": " $i ", not " value[i]
				exit 1
			}
			same++
		}
		if (same != 19) {
			print same + 0 " figures, not 19"
			exit 1
		}
	}' "$folder/figures" > "$folder/verdict" || fail "a recovered summary: $(cat "$folder/verdict")"
[ "$kept" -gt 0 ] || { echo "no row was ever recovered: the kills came too early" >&2; exit 1; }
echo "$KILLS kills, $kept rows recovered, none lost or wrong"
