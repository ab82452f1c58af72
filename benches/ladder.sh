#!/usr/bin/env bash
# How the cost of a whole analysis grows: with lines, with the share that fails, with the number of backends, with the window.
# One of them is changed at a time; the rest stays as in the first row. Prints ns per line and peak memory.
#
#   benches/ladder.sh [--lines "100000 1000000 10000000"] [--failing "0.0001 0.001 0.01 0.1 0.5 1"] [--backends "1 3 10 30"]
#                     [--windows "10 60 600"] [--base LINES] [--threads N] [--rounds N] [--limit S] [--folder DIR] [--record]
#
# Lines are those of all logs together, about half of them the proxy's. --limit (300) ends a run that takes longer, seconds;
# larger ones of the same kind are not tried then. --record writes the table to benches/record/DATE-ladder.md. Logs are generated below DIR and
# removed again: the largest takes some 200 bytes a line. Needs GNU time. Run it on a machine that has nothing else to do.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

lines="100000 1000000 10000000" failing="0.0001 0.001 0.01 0.1 0.5 1" backends="1 3 10 30" windows="10 60 600"
base=1000000 threads=1 rounds=3 limit=300 folder="" record=false
while (($#)); do
    case $1 in
        --lines | --failing | --backends | --windows | --base | --threads | --rounds | --limit | --folder)
            printf -v "${1#--}" %s "$2"; shift 2 ;;
        --record) record=true; shift ;;
        *) echo "ladder.sh: unknown argument $1" >&2; exit 2 ;;
    esac
done
if [[ ! -x /usr/bin/time ]]; then
    echo "ladder.sh: GNU time is needed for peak memory (Debian: apt-get install time)" >&2
    exit 2
fi
own=$(mktemp -d ${folder:+-p "$folder"})
trap 'rm -rf "$own"' EXIT

cargo build --quiet --release -p logjoin-cli -p logjoin-bench --bin logjoin --bin bulk
out=$own/table.md

# One row: NAME LINES SHARE BACKENDS WINDOW. Fails where the limit was exceeded or there is no room.
row() {
    local name=$1 logs=$own/logs free bytes count
    free=$(df -Pk "$own" | awk 'NR == 2 {print $4}')
    if ((free * 1024 < $2 * 300)); then
        echo "| $name | no room on the disk: skipped | | | |" | tee -a "$out"
        return 1
    fi
    rm -rf "$logs"
    read -r bytes count < <(target/release/bulk "$logs" --requests $(($2 / 2)) --failing "$3" --backends "$4" |
        awk '$2 == "bytes" {b += $1; n += $3} END {print b, n}')
    : > "$own/times"
    for ((round = 0; round < rounds; round++)); do
        if ! /usr/bin/time -f "%e %U %S %M" -a -o "$own/times" timeout "$limit" \
            target/release/logjoin -j"$threads" "$logs" --window "${5}s" -F json -o /dev/null > /dev/null 2>&1; then
            echo "| $name | over $limit s | | | |" | tee -a "$out"
            return 1
        fi
    done
    sort -n "$own/times" | awk -v name="$name" -v n="$count" -v bytes="$bytes" '
        {wall[NR] = $1; cpu[NR] = $2 + $3; if ($4 > peak) peak = $4}
        END {
            m = int((NR + 1) / 2)
            printf "| %s | %.0f (%.0f–%.0f) | %.0f | %.0f | %.0f |\n", name, wall[m] * 1e9 / n, wall[1] * 1e9 / n,
                wall[NR] * 1e9 / n, cpu[m] * 1e9 / n, bytes / 1e6 / (wall[m] > 0 ? wall[m] : 0.01), peak / 1024
        }' | tee -a "$out"
}

{
    echo "# $(date -u +%F): how cost grows"
    echo
    echo "nginx and its backends, plain logs, whole analysis, $threads thread(s), $rounds rounds. $(nproc) cores, $(awk -F': ' '/model name/ {print $2; exit}' /proc/cpuinfo), $(uname -sr); $(rustc --version)."
    echo
    echo "| what | ns per line, median (least–most) | CPU ns per line | MB/s | peak MB |"
    echo "| --- | ---: | ---: | ---: | ---: |"
} | tee "$out"
row "$base lines, 0.1 % failing, 3 backends, window 60 s" "$base" 0.001 3 60 || true
for n in $lines; do row "$n lines" "$n" 0.001 3 60 || break; done
for share in $failing; do row "$(awk -v s="$share" 'BEGIN {print s * 100}') % failing" "$base" "$share" 3 60 || true; done
for n in $backends; do row "$n backends" "$base" 0.001 "$n" 60 || true; done
for s in $windows; do row "window $s s" "$base" 0.001 3 "$s" || true; done
if $record; then
    mkdir -p benches/record
    cp "$out" "benches/record/$(date -u +%F)-ladder.md"
fi
