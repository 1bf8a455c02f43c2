#!/bin/sh
# Make a virtual environment in .venv and install the project into it, editable.
# The core stays interpreted there, so that an edit takes effect; a wheel has it compiled (setup.py).
# Usage: tools/setup.sh EXTRAS STAMP, where EXTRAS is "" or "[dev]".  Called by make.
set -eu

python=${PYTHON:-python3}
extras=$1
stamp=$2

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "plimsoll needs Python 3.11 or newer; $python is $("$python" --version 2>&1)." >&2
    echo "Name another one: make demo PYTHON=python3.12" >&2
    exit 1
fi

make_venv() {
    rm -rf .venv
    "$python" -m venv .venv >/dev/null 2>&1
}

if ! [ -x .venv/bin/pip ] && ! make_venv; then
    # Debian and Ubuntu ship venv as a package of its own.
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "Installing python3-venv ..." >&2
        apt-get update -qq >/dev/null && apt-get install -y -qq python3-venv >/dev/null
        make_venv
    else
        echo "$python cannot make a virtual environment.  On Debian or Ubuntu:" >&2
        echo "  sudo apt-get install python3-venv" >&2
        exit 1
    fi
fi

echo "Installing into .venv (once) ..." >&2
PLIMSOLL_COMPILE=${PLIMSOLL_COMPILE:-0} .venv/bin/pip install --quiet --disable-pip-version-check --editable ".$extras"
touch "$stamp"
