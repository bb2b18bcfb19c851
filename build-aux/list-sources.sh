#!/usr/bin/env bash
# Compares the lists in Makefile.am with the files in sim/ and tests/.
#
# Prints every file that no list names and every name without a file; exit status 1 when there is
# one. With --write, puts the lists right instead: sorted, one name per line.
set -eu
export LC_ALL=C

top=$(cd "$(dirname "$0")/.." && pwd)
write=no
case "${1:-}" in
"") ;;
--write) write=yes ;;
--top) top=$(cd "$2" && pwd) ;;
*)
	echo "usage: list-sources.sh [--write | --top FOLDER]" >&2
	exit 2
	;;
esac
cd "$top"

# The lists as they stand: "VARIABLE FILE" per entry, "VARIABLE" alone for each list.
read_lists() {
	awk '/^((sim|tests)_[a-z]+|script_tests|test_data) =/ { name = $1; print name; $1 = $2 = "" }
		name { more = /\\$/; gsub(/\\/, ""); for (i = 1; i <= NF; i++) print name, $i
			if (!more) name = "" }' Makefile.am
}

# Every file named in Makefile.am outside the lists: programs of their own, headers, helpers.
read_others() {
	awk '/^((sim|tests)_[a-z]+|script_tests|test_data) =/ { inside = 1 }
		!inside { n = split($0, words, /[ \t\\]+/)
			for (i = 1; i <= n; i++) if (words[i] ~ /^(sim|tests)\/.*\./) print words[i] }
		!/\\$/ { inside = 0 }' Makefile.am | sort -u
}

# The list a file belongs to.
list_of() {
	local folder
	case $1 in
	sim/*/*.[ch] | tests/*/*.[ch])
		folder=${1%/*}
		echo "${folder//\//_}"
		;;
	sim/*.[ch]) echo sim_top ;;
	tests/*.sh) echo script_tests ;;
	tests/*) echo test_data ;;
	*) echo stray ;;
	esac
}

# What should be in the lists.
wanted() {
	find sim tests -type f \
		! -path 'tests/cases/*' ! -path 'tests/fuzz/corpus/*' \
		! -path '*/.*' ! -name '*.o' ! -name '*.log' ! -name '*.trs' ! -name '*.gc??' \
		! -name '*.h5' ! -name '*.part' ! -name '*~' ! -path '*/__pycache__/*' |
		sort | comm -23 - <(read_others) |
		while read -r file; do
			# Programs that were built in place have no dot in their name.
			[[ ${file##*/} == *.* ]] && echo "$(list_of "$file") $file"
		done
	return 0
}

report() {
	local status=0 list file
	while read -r list file; do
		echo "missing: $file (list $list)"
		status=1
	done < <(comm -13 <(read_lists | awk 'NF == 2' | sort) <(wanted | sort))
	while read -r list file; do
		echo "stale:   $file (list $list)"
		status=1
	done < <(comm -23 <(read_lists | awk 'NF == 2' | sort) <(wanted | sort))
	while read -r list; do
		echo "no list: $list (add it to Makefile.am and name it in a program or library)"
		status=1
	done < <(comm -13 <(read_lists | awk '{ print $1 }' | sort -u) \
		<(wanted | awk '{ print $1 }' | sort -u))
	return $status
}

if [ $write = yes ]; then
	temporary=$(mktemp)
	trap 'rm -f "$temporary"' EXIT
	awk 'NR == FNR { if (NF == 2) items[$1] = items[$1] " \\\n\t" $2; next }
		skip { skip = /\\$/; next }
		/^((sim|tests)_[a-z]+|script_tests|test_data) =/ {
			print $1 " =" items[$1]; skip = /\\$/; next }
		{ print }' <(wanted | sort) Makefile.am >"$temporary"
	cmp -s "$temporary" Makefile.am || cat "$temporary" >Makefile.am
fi
report
