#!/bin/sh
# Runs a test of the sanitizer flavour; any report is a failure.
#
# Criterion runs each test in a process of its own, whose leaks and reports do not reach the exit
# status. Here they are written to files, and a file is a failure. One test at a time: with several at once
# Criterion's own process may lose 48 bytes of a test that ends while another does, and any loss is told.
reports=$(mktemp -d) || exit 99
trap 'rm -rf "$reports"' EXIT
ASAN_OPTIONS="log_path=$reports/asan:allocator_may_return_null=1${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
UBSAN_OPTIONS="log_path=$reports/ubsan:print_stacktrace=1${UBSAN_OPTIONS:+:$UBSAN_OPTIONS}"
CRITERION_JOBS=1
export ASAN_OPTIONS UBSAN_OPTIONS CRITERION_JOBS
"$@"
status=$?
for report in "$reports"/*; do
	[ -e "$report" ] || break
	echo "sanitizer report:" >&2
	cat "$report" >&2
	status=1
done
exit $status
