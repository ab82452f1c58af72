#!/usr/bin/env bash
# Runs logjoin beside public tools on the same generated logs, in turns, several times, and prints one table: median and spread
# of the wall time, MB/s of log text, peak memory. Tools that are not installed are skipped with a word.
#
#   benches/compare.sh [--requests N] [--rounds N] [--limit S] [--folder DIR] [--record]
#   benches/compare.sh --ladder ...       how cost grows instead: benches/ladder.sh
#
# --limit ends a run that takes longer, seconds (600). --record also writes the table to benches/record/DATE.md. Needs GNU time
# (Debian: time). Of use, if there: ripgrep, haproxy (halog), goaccess, lnav, zstd, python3 with the package duckdb.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [[ ${1:-} == --ladder ]]; then exec benches/ladder.sh "${@:2}"; fi
requests=1000000 rounds=5 limit=600 folder="" record=false
while (($#)); do
    case $1 in
        --requests) requests=$2; shift 2 ;;
        --rounds) rounds=$2; shift 2 ;;
        --limit) limit=$2; shift 2 ;;
        --folder) folder=$2; shift 2 ;;
        --record) record=true; shift ;;
        *) echo "compare.sh: unknown argument $1" >&2; exit 2 ;;
    esac
done
if [[ ! -x /usr/bin/time ]]; then
    echo "compare.sh: GNU time is needed for peak memory (Debian: apt-get install time)" >&2
    exit 2
fi
if [[ -z $folder ]]; then
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
fi

cargo build --quiet --release -p logjoin-cli -p logjoin-bench --bin logjoin --bin bulk
logjoin=$PWD/target/release/logjoin
generate() { # NAME ARGUMENTS...
    [[ -d $folder/$1 ]] || target/release/bulk "$folder/$1" --requests "$requests" --failing 0.001 "${@:2}" > /dev/null
}
generate nginx --front nginx
generate haproxy --front haproxy
generate apache --front apache
generate json --front nginx --stamps ms
nginx=$folder/nginx/logs/edge/access.log
haproxy=$folder/haproxy/logs/edge/haproxy.log
apache=$folder/apache/logs/edge/access.log
json=$folder/json/logs/node-a
[[ -f $nginx.gz ]] || gzip -k "$nginx"
if command -v zstd > /dev/null && [[ ! -f $nginx.zst ]]; then zstd -q -k "$nginx"; fi

names=() inputs=() commands=()
job() { names+=("$1"); inputs+=("$2"); commands+=("$3"); }
with() {
    if command -v "$1" > /dev/null; then shift; job "$@"; else echo "$1: not installed, skipped" >&2; fi
}
have_duckdb() { command -v python3 > /dev/null && python3 -c 'import duckdb' 2> /dev/null; }

job "logjoin, one core: nginx access log" "$nginx" "'$logjoin' -j1 '$nginx' -o /dev/null"
job "logjoin, two cores: nginx with three backends" "$folder/nginx" "'$logjoin' -j2 '$folder/nginx' -o /dev/null"
job "logjoin, one core: HAProxy HTTP log" "$haproxy" "'$logjoin' -j1 '$haproxy' -o /dev/null"
job "logjoin, one core: Apache access log" "$apache" "'$logjoin' -j1 '$apache' -o /dev/null"
job "logjoin, one core: JSON backend log" "$json" "'$logjoin' -j1 '$json' -o /dev/null || test \$? = 3"
job "logjoin, one core: nginx access log, gzip" "$nginx" "'$logjoin' -j1 '$nginx.gz' -o /dev/null"
job "logjoin, two cores: nginx access log, gzip" "$nginx" "'$logjoin' -j2 '$nginx.gz' -o /dev/null"
if [[ -f $nginx.zst ]]; then
    job "logjoin, one core: nginx access log, zstd" "$nginx" "'$logjoin' -j1 '$nginx.zst' -o /dev/null"
fi
job "logjoin, one core: a minute of the nginx access log (--around)" "$nginx" \
    "'$logjoin' -j1 '$nginx' --around '2026-11-21 02:05 ±30s' --margin 1m -o /dev/null"
job "wc -l: nginx" "$nginx" "wc -l '$nginx'"
job "grep -c ' 502 ': nginx" "$nginx" "grep -c ' 502 ' '$nginx'"
with rg "rg -c ' 502 ': nginx" "$nginx" "rg -c ' 502 ' '$nginx'"
job "gzip -dc: nginx" "$nginx" "gzip -dc '$nginx.gz'"
with zstd "zstd -dc: nginx" "$nginx" "zstd -q -dc '$nginx.zst'"
with halog "halog -srv: HAProxy" "$haproxy" "halog -srv < '$haproxy'"
with halog "halog -pct: HAProxy" "$haproxy" "halog -pct < '$haproxy'"
with lnav "lnav: nginx, counting the 502s" "$nginx" \
    "lnav -n -q -c ';SELECT count(*) FROM access_log WHERE sc_status = 502' '$nginx'"
with goaccess "goaccess: nginx" "$nginx" \
    "goaccess '$nginx' --log-format='%h %^[%d:%t %^] \"%r\" %s %b \"%R\" \"%u\" %^' --date-format=%d/%b/%Y --time-format=%T -o '$folder/goaccess.json'"
if have_duckdb; then
    job "DuckDB: regular expressions and ASOF JOIN" "$folder/nginx" "python3 benches/asof.py '$folder/nginx'"
else
    echo "DuckDB: python3 without the package duckdb, skipped" >&2
fi

# Through cat: GNU grep stops at the first match when it sees that nobody reads on.
# In turns, so that what the machine does meanwhile falls on all of them.
results=$(mktemp)
for ((round = 0; round < rounds; round++)); do
    for i in "${!names[@]}"; do
        if ! /usr/bin/time -f "$i %e %U %S %M" -a -o "$results" timeout "$limit" bash -c "set -o pipefail; ${commands[$i]} | cat" > /dev/null 2>&1; then
            echo "failed, or over $limit s: ${names[$i]}" >&2
            # What ended early is no measurement.
            sed -i "/^$i /d" "$results"
        fi
    done
done

table() {
    echo "| what | wall s, median (least–most) | CPU s | MB/s | peak MB |"
    echo "| --- | ---: | ---: | ---: | ---: |"
    for i in "${!names[@]}"; do
        bytes=$(find "${inputs[$i]}" -type f ! -name '*.gz' ! -name '*.zst' -printf '%s\n' | awk '{s += $1} END {print s}')
        awk -v i="$i" '$1 == i {print $2, $3 + $4, $5}' "$results" | sort -n | awk -v name="${names[$i]}" -v bytes="$bytes" '
            {wall[NR] = $1; cpu[NR] = $2; if ($3 > peak) peak = $3}
            END {
                if (NR == 0) { printf "| %s | failed | | | |\n", name; exit }
                m = int((NR + 1) / 2)
                printf "| %s | %.2f (%.2f–%.2f) | %.2f | %.0f | %.0f |\n", name, wall[m], wall[1], wall[NR], cpu[m], bytes / 1e6 / (wall[m] > 0 ? wall[m] : 0.01), peak / 1024
            }'
    done
}
head_lines() {
    echo "# $(date -u +%F)"
    echo
    echo "$requests requests, $rounds rounds in turns. $(nproc) cores, $(awk -F': ' '/model name/ {print $2; exit}' /proc/cpuinfo), $(uname -sr); $(rustc --version)."
    echo
}
head_lines
table
if $record; then
    mkdir -p benches/record
    { head_lines; table; } > "benches/record/$(date -u +%F).md"
fi
rm -f "$results"
if ! $record; then echo "(not kept: --record writes benches/record/$(date -u +%F).md)" >&2; fi
