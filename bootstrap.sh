#!/usr/bin/env bash
# From a fresh checkout to ./dcsim: installs the Debian packages that are missing, then autoreconf,
# configure and make. Safe to run again; quick when there is nothing to do.
#
#   ./bootstrap.sh [OPTION OF CONFIGURE]...
#
# Options go to configure (./bootstrap.sh --enable-sanitizers). Packages that are there are not
# touched, and then no network is needed.
set -eu

cd "$(dirname "$0")"

say() { printf 'bootstrap: %s\n' "$*"; }

case "${1:-}" in
-h | --help)
	sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"
	echo
	echo "For the options of configure: ./configure --help (after the first run)"
	exit 0
	;;
esac

# --- Packages ---------------------------------------------------------------------------------

missing=()    # without them there is no dcsim
optional=()   # without them no tests, or no plots

need_command() { command -v "$1" >/dev/null 2>&1 || missing+=("$2"); }
need_module() { pkg-config --exists "$1" 2>/dev/null || missing+=("$2"); }

look_for_packages() {
	missing=()
	optional=()
	[ -n "${CC:-}" ] || need_command gcc gcc
	need_command make make
	need_command autoreconf autoconf
	need_command automake automake
	need_command pkg-config pkg-config
	[ -e /usr/include/stdio.h ] || missing+=(libc6-dev)
	need_module 'gsl >= 2.7' libgsl-dev
	need_module yaml-0.1 libyaml-dev
	pkg-config --exists hdf5 2>/dev/null || need_module hdf5-serial libhdf5-dev
	pkg-config --exists criterion 2>/dev/null || optional+=(libcriterion-dev)
	command -v gnuplot >/dev/null 2>&1 || optional+=(gnuplot-nox)
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

look_for_packages
wanted=(${missing[@]+"${missing[@]}"} ${optional[@]+"${optional[@]}"})
if [ ${#wanted[@]} -gt 0 ]; then
	if ! command -v apt-get >/dev/null 2>&1; then
		say "missing, by the names of Debian's packages: ${wanted[*]}"
		say "this is not a Debian system: install what they hold by hand, then run this again"
		[ ${#missing[@]} -eq 0 ] || exit 1
	elif [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null 2>&1; then
		say "missing: ${wanted[*]}"
		say "neither root nor sudo here; have an administrator run:"
		say "    apt-get install --no-install-recommends ${wanted[*]}"
		[ ${#missing[@]} -eq 0 ] || exit 1
	else
		say "installing ${wanted[*]}"
		export DEBIAN_FRONTEND=noninteractive
		as_root apt-get update -q=2 || say "package lists could not be refreshed; going on"
		as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q=2 -y \
			--no-install-recommends "${wanted[@]}" >/dev/null || true
		look_for_packages
		if [ ${#missing[@]} -gt 0 ]; then
			say "could not install ${missing[*]}; install by hand, then run this again"
			exit 1
		fi
	fi
	[ ${#optional[@]} -eq 0 ] ||
		say "going on without ${optional[*]} (tests need libcriterion-dev, plots gnuplot-nox)"
else
	say "packages: all there"
fi

# --- autoreconf, configure, make --------------------------------------------------------------

generated=no
for input in configure.ac Makefile.am m4/*.m4; do
	if [ ! -e configure ] || [ ! -e Makefile.in ] || [ "$input" -nt configure ] ||
		{ [ "$input" = Makefile.am ] && [ "$input" -nt Makefile.in ]; }; then
		generated=yes
	fi
done
if [ $generated = yes ]; then
	say "autoreconf"
	autoreconf --install --force
	# autoreconf leaves an unchanged file alone; its time is what says that it is up to date.
	touch aclocal.m4 && touch Makefile.in configure
fi

# %q writes '' for an empty list.
arguments=$(printf '%q ' "$@")
if [ ! -e Makefile ] || [ ! -e config.status ] || [ ! -e .bootstrap-arguments ] ||
	[ "$(cat .bootstrap-arguments)" != "$arguments" ]; then
	if [ -e Makefile ]; then
		say "configured otherwise before: make clean"
		make -s clean >/dev/null 2>&1 || true
	fi
	generated=yes
fi
if [ $generated = yes ]; then
	say "configure $*"
	rm -f .bootstrap-arguments
	if ! ./configure "$@" >configure-output.log 2>&1; then
		tail -n 20 configure-output.log >&2
		say "configure failed; the whole of it is in configure-output.log and config.log"
		exit 1
	fi
	printf '%s' "$arguments" >.bootstrap-arguments
fi

jobs=$(nproc 2>/dev/null || echo 2)
if make -q all >/dev/null 2>&1; then
	say "make: nothing to do"
else
	say "make -j$jobs"
	make -s -j"$jobs"
fi
say "ready: ./dcsim"
