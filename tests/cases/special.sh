#!/usr/bin/env bash
# Bad input that cannot lie in a folder as a file: huge, binary, devices, folders, outputs that cannot
# be written. Each is refused with exactly the text below, and what was there stays as it was.
set -u
export LC_ALL=C NO_COLOR=1

top=$(cd "${srcdir:-$(dirname "$0")/../..}" && pwd)
program=${DCSIM:-$top/dcsim}
base=$top/tests/cases/files/base.yaml
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
cd "$temporary" || exit 1
unset DCSIM_DATA
passed=0
failed=0

# expect STATUS TEXT COMMAND...: the program's exit status and standard error.
expect() {
	local wanted=$1 text=$2 status=0 found
	shift 2
	found=$("$program" "$@" 2>&1 >/dev/null) || status=$?
	found=$(sed "s|$top/||g; s|; looked in .*|; looked in FOLDERS|" <<<"$found")
	if [ $status -eq "$wanted" ] && [ "$found" = "$text" ]; then
		passed=$((passed + 1))
		return
	fi
	failed=$((failed + 1))
	echo "FAIL dcsim $*: status $status, expected $wanted; text:"
	diff -u <(printf '%s\n' "$text") <(printf '%s\n' "$found")
}

# The check can fail.
expect 0 "" check no-such-file.yaml >/dev/null
if [ $failed -ne 1 ]; then
	echo "special.sh: self-test failed: a wrong expectation passed" >&2
	exit 1
fi
failed=0

cp "$base" base.yaml

# Size: a file of 100 MB, and devices that never end.
head -c 100000000 /dev/zero | tr '\0' 'a' >large
expect 2 "error: large: larger than 16 MiB, the limit of a configuration file" check large
expect 2 "error: /dev/zero: larger than 16 MiB, the limit of a configuration file" check /dev/zero
expect 2 "-s:1:18: error: 'large' is longer than 16 MiB
    1 | facility.weather=large
      |                  ^~~~~" check -s facility.weather=large base.yaml
expect 2 "-s:1:21: error: '/dev/zero' is longer than 16 MiB
    1 | facility.grid.price=/dev/zero
      |                     ^~~~~~~~~" check -s facility.grid.price=/dev/zero base.yaml
rm large

# What is no file, or not there.
mkdir folder
expect 2 "error: folder: is a folder, not a file" check folder
expect 2 "error: no file 'none.yaml'; looked in FOLDERS" check none.yaml
expect 2 "/dev/null:1:1: error: the file is empty
    1 | 
      | ^" check /dev/null
expect 2 "-w:1:1: error: 'folder' is a folder, not a file
    1 | folder
      | ^~~~~~" check -w folder base.yaml
ln -s self self
expect 2 "error: self: cannot be opened: Too many levels of symbolic links" check self
if [ "$(id -u)" -ne 0 ]; then
	cp base.yaml secret.yaml
	chmod 0 secret.yaml
	expect 2 "error: secret.yaml: cannot be opened: Permission denied" check secret.yaml
fi

# Bytes that are no text.
printf 'name: \377\n' >bytes.yaml
expect 2 "bytes.yaml:1:7: error: the byte 0xff is not valid UTF-8
    1 | name: ?
      |       ^" check bytes.yaml
printf 'name: \303(\n' >bytes.yaml
expect 2 "bytes.yaml:1:7: error: the byte 0xc3 is not valid UTF-8
    1 | name: ?(
      |       ^" check bytes.yaml
printf 'name: \355\240\200\n' >bytes.yaml
expect 2 "bytes.yaml:1:7: error: the byte 0xed is not valid UTF-8
    1 | name: ???
      |       ^" check bytes.yaml
printf 'name: a\0b\n' >bytes.yaml
expect 2 "bytes.yaml:1:8: error: the control character 0x00 is not allowed
    1 | name: a?b
      |        ^" check bytes.yaml
printf 'name: \033[31m\n' >bytes.yaml
expect 2 "bytes.yaml:1:7: error: the control character 0x1b is not allowed
    1 | name: ?[31m
      |       ^" check bytes.yaml
printf '\377\376n\0a\0' >bytes.yaml
expect 2 "bytes.yaml:1:1: error: the text is UTF-16; save it as UTF-8
    1 | ??n?a?
      | ^" check bytes.yaml
# A mark at the beginning and the line ends of other systems are no error: the fault is the key.
printf '\357\273\277include: [base.yaml]\r\nrum: 1\r\n' >bytes.yaml
expect 2 "bytes.yaml:2:1: error: scenario: unknown key 'rum'; did you mean 'run'?
    2 | rum: 1
      | ^~~" check bytes.yaml
rm bytes.yaml self

# The command line.
expect 2 "dcsim check: unexpected argument 'base.yaml'; see 'dcsim check --help'" \
	check base.yaml base.yaml
expect 2 "dcsim check: which scenario? give a file; see 'dcsim check --help'" check
expect 2 "dcsim check: unknown option '--colour'; see 'dcsim check --help'" \
	check --colour base.yaml
expect 2 "dcsim check: option '-s' needs a value; see 'dcsim check --help'" check base.yaml -s
expect 2 "dcsim run: which scenario? give -c FILE; see 'dcsim run --help'" run

# Outputs that cannot be written: exit 1, since the input is right.
expect 1 "error: cannot write none/x.h5: No such file or directory" -c base.yaml -o none/x.h5
expect 1 "error: cannot write folder: it is a folder" -c base.yaml -o folder
expect 1 "error: cannot write base.yaml: it exists and is no result; it would be lost" \
	-c base.yaml -o base.yaml
expect 1 "error: cannot write /dev/null: it is a device" -c base.yaml -o /dev/null
mkdir x.h5.part
expect 1 "error: cannot write x.h5.part: it is a folder" -c base.yaml -o x.h5
rmdir x.h5.part
if [ "$(id -u)" -ne 0 ]; then
	mkdir locked
	chmod a-w locked
	expect 1 "error: cannot write locked/x.h5: Permission denied" -c base.yaml -o locked/x.h5
	rmdir locked
fi
rm -f secret.yaml
cmp base.yaml "$base" || failed=$((failed + 1))

# A refused run leaves an older result alone, and no other file.
expect 0 "" -q -c base.yaml -o old.h5
cp old.h5 copy.h5
expect 2 "-s:1:10: error: run: seed: 'x' is not a whole number
    1 | run.seed=x
      |          ^" -q -c base.yaml -s run.seed=x -o old.h5
cmp old.h5 copy.h5 || failed=$((failed + 1))
rm copy.h5
left=$(ls -A)
if [ "$left" != "base.yaml
folder
old.h5" ]; then
	echo "FAIL refused runs left files: $left"
	failed=$((failed + 1))
fi

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
