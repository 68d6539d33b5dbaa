#!/bin/sh
# Installs what luma is compared with, as far as it can be had, and measures both: tests/bench/peers.sh.
# With --installed first nothing is installed: the peers that are there already are measured, in two rounds.
#
# oneDNN and OpenCV come as Debian packages; PyTorch, TensorFlow, numpy and Keras' image functions of old,
# with the scipy they run on, through pip into $BUILD/venv. pip asks the package index it is set up for
# (PIP_INDEX_URL, PIP_EXTRA_INDEX_URL, PIP_FIND_LINKS): where a build of PyTorch for processors alone is at
# hand, point it there, the default one brings gigabytes for graphics cards.
# What cannot be had is named and left out. Options go to tests/bench/peers.py.
set -u
cd "$(dirname "$0")/../.." || exit 1
BUILD=${BUILD:-build}
CC=${CC:-gcc}
PACKAGES=
TORCH=torch==2.13.0
TENSORFLOW=tensorflow-cpu==2.21.0

say() { echo "bench-peers: $*"; }

installed=
if [ "${1:-}" = --installed ]; then
    installed=yes
    shift
    set -- --rounds 2 "$@"
fi
command -v python3 >/dev/null 2>&1 || PACKAGES="$PACKAGES python3"
python3 -c 'import ensurepip, venv' 2>/dev/null || PACKAGES="$PACKAGES python3-venv"
[ -f /usr/include/dnnl.h ] || PACKAGES="$PACKAGES libdnnl-dev"
/usr/bin/python3 -c 'import cv2' 2>/dev/null || PACKAGES="$PACKAGES python3-opencv"
# shellcheck disable=SC2086 # a list of words
[ -z "$PACKAGES" ] || [ -n "$installed" ] || sh tests/setup/packages.sh $PACKAGES || say "not all of$PACKAGES could be installed"
if ! command -v python3 >/dev/null 2>&1; then
    say "python3 is not there, and it runs the comparison: nothing was measured"
    exit 0
fi

mkdir -p "$BUILD/bench"
rm -f "$BUILD/bench/onednn"
if ! "$CC" -std=c11 -O2 -o "$BUILD/bench/onednn" tests/bench/onednn.c -ldnnl 2>"$BUILD/bench/onednn.log"; then
    say "no oneDNN: its program does not build (see $BUILD/bench/onednn.log)"
fi

[ -n "$installed" ] || [ -x "$BUILD/venv/bin/python" ] || python3 -m venv "$BUILD/venv" || say "no virtual environment for Python's peers"
# try MODULE REQUIREMENT
try() {
    "$BUILD/venv/bin/python" -c "import $1" 2>/dev/null && return
    say "pip install $2"
    "$BUILD/venv/bin/python" -m pip install -q "$2" >"$BUILD/bench/pip-$1.log" 2>&1 ||
        say "no $1: pip cannot install it (see $BUILD/bench/pip-$1.log)"
}
if [ -z "$installed" ] && [ -x "$BUILD/venv/bin/python" ]; then
    try numpy numpy
    try torch "$TORCH"
    try scipy scipy
    try keras_preprocessing Keras-Preprocessing==1.1.2
    try tensorflow "$TENSORFLOW"
fi
if [ -n "$installed" ] && [ ! -x "$BUILD/bench/onednn" ] && [ ! -x "$BUILD/venv/bin/python" ] &&
    ! /usr/bin/python3 -c 'import cv2' 2>/dev/null; then
    say "no peers are installed here; make bench-peers installs them"
    exit 0
fi
exec python3 tests/bench/peers.py --build "$BUILD" "$@"
