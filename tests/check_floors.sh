#!/usr/bin/env bash
# The house keeps its floors: a file in sim/ includes headers of its own folder or of lower floors
# only; folders on one floor do not know each other; yaml.h and hdf5.h have one home each.
set -eu
export LC_ALL=C

# folder:floor. main.c lives with the commands; dcsim.h is for programs outside and includes none
# of ours.
floors="base:0 config:1 engine:1 fluid:2 hardware:3 fabric:3 storage:3 facility:3 economics:3
output:3 program:4 training:5 traffic:5 serving:5 trace:5 cluster:6 scenario:7 study:8 commands:9"

# Prints every arrow below TOP/sim that goes the wrong way; 0 when there is none.
check_floors() {
	(cd "$1" && find sim -name '*.[ch]' -type f | sort | xargs awk -v floors="$floors" '
	BEGIN {
		n = split(floors, pairs, /[ \n]+/)
		for (i = 1; i <= n; i++) { split(pairs[i], p, ":"); floor[p[1]] = p[2] }
	}
	function bad(why) { printf "%s:%d: %s\n", FILENAME, FNR, why; failed = 1 }
	FNR == 1 {
		parts = split(FILENAME, path, "/")
		own = parts == 2 ? "" : path[2]
		level = own == "" ? (FILENAME == "sim/main.c" ? 9 : 8) : floor[own]
		if (own != "" && !(own in floor)) bad("folder " own " has no floor in this script")
	}
	/^[ \t]*#[ \t]*include[ \t]*</ {
		if ($0 ~ /<yaml\.h>/ && FILENAME != "sim/config/yaml_tree.c")
			bad("yaml.h belongs to sim/config/yaml_tree.c")
		if ($0 ~ /<hdf5[a-z_]*\.h>/ && own != "output") bad("hdf5.h belongs to sim/output/")
	}
	/^[ \t]*#[ \t]*include[ \t]*"/ {
		name = $0; sub(/^[^"]*"/, "", name); sub(/".*/, "", name)
		if (name == "yaml.h" || name ~ /^hdf5/) bad("include <" name "> with angle brackets")
		if (name == "dcsim.h" && level >= 7) next
		if (FILENAME == "sim/dcsim.h") { bad("the public header includes " name); next }
		folder = name; if (!sub(/\/.*/, "", folder)) { bad(name ": write the folder"); next }
		if (!(folder in floor)) { bad(name ": no such floor"); next }
		if (folder != own && floor[folder] >= level && FILENAME != "sim/main.c")
			bad((own == "" ? "sim" : own) " (floor " level ") includes " name \
				" (floor " floor[folder] ")")
	}
	END { exit failed }')
}

# The check can fail: one file per rule, each refused; and a lawful tree, accepted.
self_test() {
	local temporary refused=0 rules=0 text where
	temporary=$(mktemp -d)
	while read -r where text; do
		rm -rf "$temporary/sim"
		mkdir -p "$temporary/$(dirname "$where")"
		echo "$text" >"$temporary/$where"
		rules=$((rules + 1))
		check_floors "$temporary" >/dev/null || refused=$((refused + 1))
	done <<-'LIST'
		sim/base/a.c #include "config/tree.h"
		sim/config/a.c #include "engine/engine.h"
		sim/fabric/a.c #include "hardware/host.h"
		sim/program/a.h #  include "training/model.h"
		sim/scenario/a.c #include "commands/commands.h"
		sim/config/tree.c #include <yaml.h>
		sim/scenario/a.c #include <hdf5.h>
		sim/commands/a.c #include <hdf5_hl.h>
		sim/base/a.c #include "arena.h"
		sim/base/a.c #include "attic/a.h"
		sim/attic/a.c #include "base/arena.h"
		sim/dcsim.h #include "base/status.h"
		sim/base/a.c #include "dcsim.h"
	LIST
	rm -rf "$temporary/sim"
	mkdir -p "$temporary/sim/config" "$temporary/sim/output" "$temporary/sim/commands"
	printf '#include <yaml.h>\n#include "base/arena.h"\n#include "config/tree.h"\n' \
		>"$temporary/sim/config/yaml_tree.c"
	printf '#include <hdf5.h>\n#include "engine/record.h"\n' >"$temporary/sim/output/a.c"
	printf '#include "dcsim.h"\n#include "output/a.h"\n' >"$temporary/sim/commands/a.c"
	printf '#include "commands/commands.h"\n' >"$temporary/sim/main.c"
	check_floors "$temporary" || rules=0
	rm -rf "$temporary"
	[ $refused -eq 13 ] && [ $rules -eq 13 ]
}

self_test || {
	echo "check_floors.sh: self-test failed" >&2
	exit 1
}
top=${srcdir:-$(dirname "$0")/..}
check_floors "$top" || exit 1
echo "floors: $(find "$top/sim" -name '*.[ch]' | wc -l) files, every include points down"
