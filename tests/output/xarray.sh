#!/bin/sh
# Results open as labelled data in Python: h5py, and xarray with netCDF-4.
#
# Skipped (77) where the modules are missing. WRITER is the generator (writer.c).
set -eu
WRITER=${WRITER:-tests/output/writer}
srcdir=${srcdir:-.}
check=$srcdir/xarray_check.py
[ -e "$check" ] || check=$srcdir/tests/output/xarray_check.py
python=/usr/bin/python3
if ! "$python" -c 'import h5py, netCDF4, xarray' > /dev/null 2>&1; then
	echo "python3-h5py, python3-xarray or python3-netcdf4 is missing"
	exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$WRITER" "$folder/known.h5" 5000 20 0 > "$folder/log"
"$WRITER" "$folder/empty.h5" 0 20 0 > "$folder/log"
"$WRITER" "$folder/example.h5" --example 1 1 > "$folder/log"
"$WRITER" "$folder/pipeline.h5" --pipeline 2 3 > "$folder/log"
"$python" "$check" "$folder/known.h5" "$folder/empty.h5" "$folder/example.h5" "$folder/pipeline.h5"
