#!/bin/sh
# The commands that read results: exit statuses, messages, files they make.
#
# DCSIM is the program, WRITER the generator (writer.c). Drawing is checked where gnuplot is.
set -eu
DCSIM=${DCSIM:-./dcsim}
WRITER=${WRITER:-tests/output/writer}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

fail() {
	echo "$*" >&2
	cat "$folder/out" "$folder/err" >&2
	exit 1
}

# try STATUS WORDS ARGUMENTS...: the program's exit status, and words (if any) in what it says.
try() {
	expected=$1
	words=$2
	shift 2
	status=0
	"$DCSIM" "$@" > "$folder/out" 2> "$folder/err" || status=$?
	[ "$status" = "$expected" ] || fail "dcsim $*: status $status, not $expected"
	[ -z "$words" ] || cat "$folder/out" "$folder/err" | grep -qF -- "$words" || fail "dcsim $*: no '$words'"
}

a=$folder/a.h5
b=$folder/b.h5
"$WRITER" "$a" --example 0.5 1
"$WRITER" "$b" --example 1 2

for command in export plot compare; do
	try 0 "usage: dcsim $command" $command --help
	try 0 examples: $command -h
	try 2 "unknown option '--nonsense'; see 'dcsim $command --help'" $command --nonsense "$a"
	try 2 'expected' $command
done
try 2 "option '--table' needs a value" export "$a" --table
try 2 'exclude each other' export --list --table power "$a"
try 1 'No such file or directory' export "$folder/missing.h5"
try 2 'is not a dcsim result' export "$0"
try 1 'it is a folder' plot "$folder"
try 2 "has no table 'powr'" export --table powr -o "$folder/powr.tsv" "$a"
[ ! -e "$folder/powr.tsv" ] || fail 'a table that does not exist made a file'

# 0.5 d of 60 s: 720 rows and a header.
try 0 'part_w [W] per part (7)' export --list "$a"
try 0 'part_w.psu loss [W]' export --table power "$a"
[ "$(wc -l < "$folder/out")" = 721 ] || fail 'not 720 rows'
try 0 '' export --table summary --csv -o "$folder/summary.csv" "$a"
grep -q '^duration_s,43200,s,' "$folder/summary.csv" || fail 'no duration in the summary'
try 1 'cannot write' export --table summary -o "$folder/missing/summary.csv" "$a"
try 2 'exists already: say -o FILE' export --recover "$a.part"
try 0 '720 rows of the series recovered' export --recover "$a" -o "$folder/copy.h5"
cmp "$a" "$folder/copy.h5" || fail 'a copy differs'

# Twice the time: a ratio of 2.
try 0 'duration_s' compare "$a" "$b"
grep -q '^duration_s .* 2x$' "$folder/out" || fail 'no ratio'
try 0 'duration_s,s,43200,86400,2' compare --csv "$a" "$b"
try 1 'missing.h5' compare "$a" "$folder/missing.h5"

# Without gnuplot: which package to install.
status=0
(PATH=$folder; export PATH; exec "$DCSIM" plot "$a") > "$folder/out" 2> "$folder/err" || status=$?
[ "$status" = 1 ] || fail "plot without gnuplot: status $status"
grep -q 'apt-get install gnuplot-nox' "$folder/err" || fail 'no word of the package'
[ ! -e "$folder/a.svg" ] || fail 'a picture without gnuplot'

command -v gnuplot > "$folder/out" || { echo 'commands: good; no gnuplot, nothing drawn'; exit 0; }

# The size of a PNG stands in bytes 16 to 23 of the file [PNG specification, 11.2.2].
size_of() {
	od -A n -t u1 -j 16 -N 8 "$1" | awk '{ print $3 * 256 + $4 "x" $7 * 256 + $8 }'
}
try 0 'a.svg' plot "$a"
grep -q '<svg' "$folder/a.svg" || fail 'no SVG'
try 0 'a.png' plot --png "$a"
[ "$(size_of "$folder/a.png")" = 1200x900 ] || fail "a PNG of $(size_of "$folder/a.png")"
cp "$folder/a.svg" "$folder/first.svg"
try 0 'a.svg' plot --svg "$a"
cmp "$folder/a.svg" "$folder/first.svg" || fail 'the same result is drawn differently'
try 0 'duration_s' compare --plot "$folder/bars.png" "$a" "$b"
[ "$(size_of "$folder/bars.png")" = 1200x900 ] || fail 'no bars'
try 1 'cannot write' plot -o "$folder/missing/a.svg" "$a"
# A result without the usual series: said, not drawn.
"$WRITER" "$folder/known.h5" 10 4 0 > "$folder/out"
try 2 'has nothing that could be drawn' plot "$folder/known.h5"
echo 'commands: good'
