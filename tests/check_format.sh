#!/usr/bin/env bash
# C files are formatted as .clang-format says. Formats differ between versions: only 14 counts.
set -eu
export LC_ALL=C

top=${srcdir:-$(dirname "$0")/..}
formatter=
for candidate in clang-format-14 clang-format; do
	if "$candidate" --version 2>/dev/null | grep -q 'version 14\.'; then
		formatter=$candidate
		break
	fi
done
if [ -z "$formatter" ]; then
	echo "no clang-format 14 (Debian: apt-get install clang-format)"
	exit 77
fi

# The check can fail.
if echo 'int  f( void ) {return 0 ;}' |
	"$formatter" --dry-run -Werror --style="file:$top/.clang-format" 2>/dev/null; then
	echo "check_format.sh: self-test failed" >&2
	exit 1
fi
find "$top/sim" "$top/tests" -name '*.[ch]' -type f -print0 | sort -z |
	xargs -0 "$formatter" --dry-run -Werror --style="file:$top/.clang-format"
echo "format: clean"
