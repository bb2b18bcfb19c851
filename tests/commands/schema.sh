#!/usr/bin/env bash
# The JSON Schema accepts what the program accepts: every scenario, workload and catalogue entry that
# ships, the long forms, and the ways to write less; and it refuses misspelt keys. Skipped without a
# validator.
set -eu

validator=
for python in python3 /usr/bin/python3; do
	if [ -z "$validator" ] && "$python" -c 'import jsonschema, yaml' 2>/dev/null; then
		validator=$python
	fi
done
if [ -z "$validator" ]; then
	echo "skipped: python3-jsonschema or python3-yaml is not there"
	exit 77
fi

top=$(cd "${srcdir:-$(dirname "$0")/../..}" && pwd)
program=${DCSIM:-$top/dcsim}
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT

"$program" schema --json >"$temporary/schema.json"
"$validator" "$top/tests/commands/schema_check.py" "$temporary/schema.json" self
"$validator" "$top/tests/commands/schema_check.py" "$temporary/schema.json" scenario \
	"$top"/topologies/*.yaml "$top"/tests/cases/files/base.yaml
"$validator" "$top/tests/commands/schema_check.py" "$temporary/schema.json" workload \
	"$top"/workloads/*.yaml
for scenario in "$top"/topologies/*.yaml; do
	long=$temporary/long-${scenario##*/}
	"$program" check --resolved "$scenario" >"$long"
	"$validator" "$top/tests/commands/schema_check.py" "$temporary/schema.json" scenario "$long"
done
for section in accelerator host drive model software; do
	folder=${section}s
	[ $section = software ] && folder=software
	"$program" schema --json $section >"$temporary/$section.json"
	"$validator" "$top/tests/commands/schema_check.py" "$temporary/$section.json" file \
		"$top/catalog/$folder"/*.yaml
done
