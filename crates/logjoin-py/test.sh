#!/usr/bin/env bash
# Builds the Python package, installs it into an environment of its own under target/, and tests it there.
# Needs Rust, and Python 3.10 or newer (PYTHON names another one than python3). Installs maturin, pytest, pyarrow, pandas and
# mypy into that environment.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

python="${PYTHON:-python3}"
target="${CARGO_TARGET_DIR:-$PWD/../../target}"
venv="$target/python-venv"

[[ -x "$venv/bin/python" ]] || "$python" -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check 'maturin>=1.9,<2' pytest pyarrow pandas mypy

rm -rf "$target/python-wheels"
VIRTUAL_ENV="$venv" "$venv/bin/maturin" build --quiet --profile "${PROFILE:-dev}" --out "$target/python-wheels"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps "$target"/python-wheels/*.whl
# What the program writes is what the tables are held against.
cargo build --quiet -p logjoin-cli --target-dir "$target"
LOGJOIN_PROGRAM="$target/debug/logjoin" "$venv/bin/python" -m pytest --quiet -p no:cacheprovider "$@"
# The stubs say what the module has, with the types that it has.
"$venv/bin/python" -m mypy.stubtest logjoin --mypy-config-file tests/mypy.ini --allowlist tests/stubtest-allow.txt
