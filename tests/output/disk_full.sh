#!/bin/sh
# A disk that fills up: a clear error, exit status 1, and nothing that looks complete; one that has
# just enough room: a result.
#
# On a small tmpfs where mounting is permitted, and with a limit on the size of files. WRITER is the
# generator (writer.c).
set -eu
WRITER=${WRITER:-tests/output/writer}
folder=$(mktemp -d)
mounted=
trap '[ -z "$mounted" ] || umount "$folder/disk"; rm -rf "$folder"' EXIT

fail() {
	echo "$*: $(cat "$folder/words")" >&2
	exit 1
}

expect() { # status, words expected, where
	[ "$1" = 1 ] || fail "$3: exit status $1, not 1"
	grep -q "cannot write .*/run\.h5\.part: $2" "$folder/words" || fail "$3: unclear message"
	[ "$(grep -c 'error' "$folder/words")" = 1 ] || fail "$3: not one message"
	if grep -q 'HDF5-DIAG' "$folder/words"; then fail "$3: HDF5 printed its own stack"; fi
	[ ! -e "$4/run.h5" ] || fail "$3: something looks complete"
}

# Where the space runs out: while creating, between rows, and near the end.
mkdir "$folder/disk"
if mount -t tmpfs -o size=2m tmpfs "$folder/disk" 2> "$folder/words"; then
	mounted=yes
	for filler in 0 1000 1900 2000 2040; do
		rm -f "$folder"/disk/*
		dd if=/dev/zero of="$folder/disk/filler" bs=1024 count=$filler 2> "$folder/words"
		status=0
		"$WRITER" "$folder/disk/run.h5" 1000000 4096 0 > "$folder/log" 2> "$folder/words" ||
			status=$?
		expect $status 'No space left on device' "$filler KiB taken" "$folder/disk"
	done
	# Full at the very end: rows that fit in memory are first written by the end itself.
	rm -f "$folder"/disk/*
	dd if=/dev/zero of="$folder/disk/filler" bs=1024 count=2016 2> "$folder/words"
	status=0
	"$WRITER" "$folder/disk/run.h5" 4000 16 0 > "$folder/log" 2> "$folder/words" || status=$?
	expect $status 'No space left on device' "tmpfs full at the end" "$folder/disk"
	# Room for the result, but not for writing it afresh after early flushes: it is kept as it is.
	rm -f "$folder"/disk/*
	dd if=/dev/zero of="$folder/disk/filler" bs=1024 count=400 2> "$folder/words"
	"$WRITER" "$folder/disk/run.h5" 3000 4096 500 > "$folder/log" 2> "$folder/words" ||
		fail "no room for a second copy"
	"$WRITER" "$folder/disk/run.h5" --check 3000 > "$folder/words" 2>&1 || fail "wrong rows"
	[ "$(ls "$folder/disk")" = "filler
run.h5" ] || fail "left over: $(ls "$folder/disk")"
else
	echo "no tmpfs: $(cat "$folder/words")"
fi

# A file-size limit of 256 blocks of 512 or 1024 bytes. The signal is ignored so that writes fail.
mkdir "$folder/limit"
status=0
(
	trap '' XFSZ
	ulimit -f 256
	exec "$WRITER" "$folder/limit/run.h5" 1000000 4096 0
) > "$folder/log" 2> "$folder/words" || status=$?
expect $status 'File too large' 'file-size limit' "$folder/limit"
echo "full disk: told once, exit status 1, nothing complete"
