#!/usr/bin/env bash
# Every input that fuzzing ever kept, and every case, goes through the fuzz target once more.
set -eu
corpus=$srcdir/tests/fuzz/corpus
count=$(find "$corpus" -type f | wc -l)
[ "$count" -gt 0 ] || { echo "no corpus in $corpus" >&2; exit 1; }
"$builddir/tests/replay" "$corpus" "$srcdir/tests/cases"
# The replay can fail: a folder that is not there.
if "$builddir/tests/replay" "$corpus/no-such-folder" 2>/dev/null; then
	echo "replay accepted a missing folder" >&2
	exit 1
fi
echo "replay: $count inputs"
