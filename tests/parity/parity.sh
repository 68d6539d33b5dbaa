#!/bin/sh
# Installs the real Keras into a virtual environment and compares luma.keras with it: tests/parity/parity.sh
#
# Everything comes through pip into $BUILD/venv, from the package index pip is set up for (PIP_INDEX_URL,
# PIP_FIND_LINKS); what is there already is left alone. SEED and CASES choose the cases, PYTHON names
# another interpreter that has Keras, for use as it is. Options go to tests/parity/parity.py.
# Ends with 1 where a case differs and with 0, saying so, where Keras cannot be had.
set -u
cd "$(dirname "$0")/../.." || exit 1
BUILD=${BUILD:-build}
PYTHON=${PYTHON:-}
export KERAS_BACKEND=numpy

say() { echo "parity: $*"; }

without() {
    say "$*: nothing was compared"
    exit 0
}

# has MODULE [TEST]: the environment has it, and the version TEST asks for.
has() { "$PYTHON" -c "import $1
assert ${2:-True}" 2>/dev/null; }

# try MODULE REQUIREMENT [TEST]
try() {
    has "$1" "${3:-True}" && return
    say "pip install $2"
    "$PYTHON" -m pip install -q "$2" >"$BUILD/parity/pip-$1.log" 2>&1 ||
        without "pip cannot install $2 (see $BUILD/parity/pip-$1.log)"
}

if [ -z "$PYTHON" ]; then
    packages=
    command -v python3 >/dev/null 2>&1 || packages="python3"
    python3 -c 'import ensurepip, venv' 2>/dev/null || packages="$packages python3-venv"
    # shellcheck disable=SC2086 # a list of words
    [ -z "$packages" ] || sh tests/setup/packages.sh $packages || without "no $packages"
    mkdir -p "$BUILD/parity"
    PYTHON=$BUILD/venv/bin/python
    [ -x "$PYTHON" ] || python3 -m venv "$BUILD/venv" || without "no virtual environment"
    try keras keras
    # Keras' numpy backend imports it.
    try jax jax
    try scipy scipy
    # Pillow 13 resizes some images down their columns first and rounds between the passes: other bits.
    try PIL 'pillow<13' "int(PIL.__version__.split('.')[0]) < 13"
    try pandas pandas
fi
[ -z "${SEED:-}" ] || set -- --seed "$SEED" "$@"
[ -z "${CASES:-}" ] || set -- --cases "$CASES" "$@"
exec "$PYTHON" tests/parity/parity.py --luma "$BUILD/luma" "$@"
