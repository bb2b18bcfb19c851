#!/usr/bin/env bash
# What make install left can be used: a program of the user's builds with the installed header,
# library and dcsim.pc and runs; the installed dcsim finds its data. Run by make installcheck.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

export PKG_CONFIG_PATH="$PREFIX_LIB/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}"
# With DESTDIR the folders are not those that dcsim.pc names.
relocate=()
[ -n "${DESTDIR:-}" ] && relocate=(--define-prefix)
modules=$("$PKG_CONFIG" ${relocate[@]+"${relocate[@]}"} --cflags --libs dcsim)

# Words, not paths: flags are split on purpose.
# shellcheck disable=SC2086
$CC $FLAGS -o "$work/example" "$srcdir/tests/install/example.c" $modules
cd "$work"
export DCSIM_DATA="$INSTALLED_DATA"
./example "$INSTALLED_DATA" "$INSTALLED_DATA/topologies/ring64.yaml"

"$INSTALLED" --version
"$INSTALLED" check "$INSTALLED_DATA/topologies/ring64.yaml"
echo "installcheck: header, library, dcsim.pc, program and data are usable"
