#!/usr/bin/env bash
# Many failed requests against many lines of backends, without ids: logjoin's join and DuckDB's ASOF JOIN on the same logs, one
# after the other, each on one core.
#
#   benches/join.sh [--requests N] [--failing SHARE] [--urls N] [--folder DIR]
#
# By default 2.55 million requests of which two in a hundred fail: 50,000 against 2.5 million. Needs python3 with the package
# duckdb for the comparison.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

requests=2550000 failing=0.02 urls=400 folder=""
while (($#)); do
    case $1 in
        --requests) requests=$2; shift 2 ;;
        --failing) failing=$2; shift 2 ;;
        --urls) urls=$2; shift 2 ;;
        --folder) folder=$2; shift 2 ;;
        *) echo "join.sh: unknown argument $1" >&2; exit 2 ;;
    esac
done
if [[ -z $folder ]]; then
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
fi
cargo build --quiet --release -p logjoin-bench --bin bulk --bin join
if [[ ! -f $folder/truth.csv ]]; then
    target/release/bulk "$folder" --requests "$requests" --failing "$failing" --urls "$urls"
fi
echo "logjoin:"
target/release/join "$folder" -j 1
if command -v python3 > /dev/null && python3 -c 'import duckdb' 2> /dev/null; then
    echo "DuckDB, ASOF JOIN:"
    python3 benches/asof.py "$folder"
else
    echo "DuckDB: python3 without the package duckdb, skipped" >&2
fi
