"""Opens what logjoin writes in DuckDB: Parquet and CSV hold the same rows as JSON, with the types that are promised.

    python3 .ci/columns.py target/debug/logjoin fixtures/scenarios/worker-crash

Needs the package duckdb. Run by `.ci/run columns`.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb


def main(program, logs):
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)

        def make(command, name):
            path = folder / name
            subprocess.run([program, command, logs, "-o", path], check=True)
            return path

        def types(path):
            return {row[0]: row[1] for row in duckdb.sql(f"describe select * from '{path}'").fetchall()}

        failures = make("join", "failures.parquet")
        rows = [json.loads(line) for line in make("join", "failures.ndjson").read_text().splitlines()]
        of = types(failures)
        for column, kind in {
            "time": "TIMESTAMP WITH TIME ZONE", "status": "BIGINT", "confidence": "DOUBLE", "gateway": "BOOLEAN",
            "cause": "VARCHAR", "error_lines": "VARCHAR[]", "line": "BIGINT",
        }.items():
            assert of[column] == kind, f"{column} is {of[column]}, expected {kind}"
        got = duckdb.sql(
            f"select id, epoch_ms(time), status, cause, confidence, gateway, len(error_lines) from '{failures}' order by line, file, id"
        ).fetchall()
        rows.sort(key=lambda r: (r["line"], r["file"], r["id"]))
        assert len(got) == len(rows) > 0, (len(got), len(rows))
        for row, want in zip(got, rows):
            told = (want["id"], want["status"], want["cause"], want["confidence"], want["gateway"], len(want["error_lines"]))
            assert (row[0], *row[2:]) == told, (row, told)
        csv = make("join", "failures.csv")
        same = duckdb.sql(
            f"select count(*) from '{failures}' p join read_csv('{csv}', header = true) c on p.id = c.id and p.cause = c.cause"
        ).fetchall()[0][0]
        assert same == len(rows), "CSV and Parquet differ"

        records = make("parse", "records.parquet")
        lines = make("parse", "records.ndjson").read_text().splitlines()
        of = types(records)
        assert (of["time_utc"], of["status"], of["request_time"]) == ("TIMESTAMP WITH TIME ZONE", "BIGINT", "DOUBLE"), of
        count, statuses = duckdb.sql(f"select count(*), sum(status) from '{records}'").fetchall()[0]
        assert count == len(lines), (count, len(lines))
        assert statuses == sum(s for r in map(json.loads, lines) if isinstance(s := r.get("status"), int))
        print(f"    {len(rows)} failures and {count} records are the same in JSON, CSV and Parquet (DuckDB {duckdb.__version__})")


main(*sys.argv[1:])
