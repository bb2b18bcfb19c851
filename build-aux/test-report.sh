#!/bin/sh
# Runs one test under Automake's test-driver and shows what its log hides: Criterion's closing
# line, and why a script was skipped.
here=$(dirname "$0")
log=
previous=
for argument; do
	[ "$argument" = -- ] && break
	[ "$previous" = --log-file ] && log=$argument
	previous=$argument
done
sh "$here/test-driver" "$@"
status=$?
if [ -n "$log" ] && [ -f "$log" ]; then
	grep -E 'Synthesis: Tested:|^[0-9]+ passed, [0-9]+ failed$' "$log"
	if grep -q '^:test-result: SKIP' "${log%.log}.trs" 2>/dev/null; then
		tail -n 2 "$log" | sed -n '/^SKIP .*exit status/d; /./s/^/  skipped: /p'
	fi
fi
exit $status
