"""The package as a user sees it, on recorded logs."""

import json
import os
import subprocess
import threading
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pandas
import pyarrow
import pyarrow.parquet
import pytest

import logjoin

FIXTURES = Path(__file__).parents[3] / "fixtures" / "scenarios"
CRASH = FIXTURES / "worker-crash"


@pytest.fixture(scope="module")
def crash():
    return logjoin.analyze(CRASH)


def test_attributes(crash):
    assert (crash.totals.failures, crash.totals.requests) == (95, 1355)
    assert crash.totals.by_cause == {"backend-down": 84, "backend-crash": 11}
    assert [(i.id, i.cause, i.failures) for i in crash.incidents] == [("I2", "backend-down", 84), ("I1", "backend-crash", 11)]
    episode = crash.incidents[0].episodes[0]
    assert episode.cause == "backend-down" and 0.5 < episode.confidence <= 1
    assert episode.evidence[0].lines[0].file.endswith(".log")
    assert episode.start <= episode.end
    assert {s.role for s in crash.sources} >= {"proxy-access", "proxy-error"}
    assert crash.problems == []
    assert "95 failures in 1355 requests" in repr(crash)


def test_failures_are_a_sequence(crash):
    failures = crash.failures
    assert len(failures) == len(list(failures)) == 95
    first, last = failures[0], failures[-1]
    assert first.id == "F1" and last.id == "F95" and first.time < last.time
    assert first.time.tzinfo is not None and first.time.utcoffset() == timedelta(0)
    assert first.status == 502 and first.attempts[0].mechanism == first.mechanism
    with pytest.raises(IndexError):
        failures[95]
    with pytest.raises(AttributeError):
        first.status = 200
    assert first.to_dict()["cause"] == first.cause


def test_tables(crash):
    table = crash.failures.to_arrow()
    assert isinstance(table, pyarrow.Table) and table.num_rows == 95
    assert table.column("id").to_pylist() == [f.id for f in crash.failures]
    assert table.column("time").type == pyarrow.timestamp("us", tz="UTC")
    frame = crash.failures.to_pandas()
    assert isinstance(frame, pandas.DataFrame)
    assert frame.cause.value_counts().to_dict() == crash.totals.by_cause
    assert list(frame.confidence) == [f.confidence for f in crash.failures]
    assert table.column("error_lines").to_pylist()[0] == [f"{at.file}:{at.line}" for at in crash.failures[0].error_lines]
    # Arrow's own interface, as Polars and DuckDB use it.
    assert pyarrow.table(crash.failures).equals(table)
    # The rows live on after what they came from.
    other = logjoin.analyze(CRASH).failures.to_arrow()
    assert other.equals(table)


@pytest.mark.parametrize("recording", sorted(p.name for p in FIXTURES.iterdir() if (p / "logs").is_dir()))
def test_tables_equal_those_of_the_program(recording, tmp_path):
    """Column by column: names, order, types, values."""
    program = os.environ.get("LOGJOIN_PROGRAM")
    if not program:
        pytest.skip("LOGJOIN_PROGRAM does not name the program; test.sh builds it")
    logs = FIXTURES / recording
    path = tmp_path / "failures.parquet"
    subprocess.run([program, "join", logs, "--output-format", "parquet", "-o", path], check=True)
    written = pyarrow.parquet.read_table(path)
    table = logjoin.analyze(logs).failures.to_arrow()
    assert table.column_names == written.column_names
    assert table.num_rows == written.num_rows > 0
    for name in table.column_names:
        assert table.schema.field(name) == written.schema.field(name), name
        assert table.column(name).equals(written.column(name)), name
    frame = logjoin.analyze(logs).failures.to_pandas()
    pandas.testing.assert_frame_equal(frame, written.to_pandas())


def test_no_failures_are_an_empty_table():
    analysis = logjoin.analyze_bytes([])
    assert analysis.failures.to_arrow().num_rows == 0
    assert "cause" in analysis.failures.to_pandas().columns


def test_reports(crash):
    data = json.loads(crash.to_json())
    assert data == crash.to_dict() and data["totals"]["failures"] == 95
    assert crash.render("markdown").startswith("# ")
    with pytest.raises(ValueError, match="markdown"):
        crash.render("pdf")


def test_options():
    access = b'192.0.2.1 - - [21/Nov/2026:02:47:17 +0000] "GET /cart HTTP/1.1" 500 150 "-" "curl"\n'
    assert logjoin.analyze_bytes([("access.log", access)]).totals.failures == 0
    half = datetime(2026, 11, 21, 2, 47, 10, tzinfo=timezone.utc)
    late = logjoin.analyze([CRASH], since=half)
    assert late.totals.failures == 84 and late.failures[0].time >= half
    berlin = half.astimezone(timezone(timedelta(hours=1)))
    assert logjoin.analyze(str(CRASH), until=berlin).totals.failures == 11
    assert len(logjoin.analyze(CRASH, max_failures=3).failures) == 3
    assert logjoin.analyze(CRASH, statuses=[500]).totals.failures == 3
    for wrong in [{"zones": {"*": "Mars/Base"}}, {"roles": {"*": "king"}}]:
        with pytest.raises(ValueError, match="Mars/Base|king"):
            logjoin.analyze(CRASH, **wrong)
    with pytest.raises(TypeError):
        logjoin.analyze(CRASH, zone="UTC")


def test_what_cannot_be_read(tmp_path):
    with pytest.raises(OSError, match="missing"):
        logjoin.analyze(tmp_path / "missing")
    partly = logjoin.analyze([CRASH, tmp_path / "missing"])
    assert partly.totals.failures == 95 and "missing" in partly.problems[0]


def test_progress_is_told(crash):
    told = []
    logjoin.analyze(CRASH, progress=told.append)
    last = told[-1]
    assert last.files == last.files_done == sum(len(s.files) for s in crash.sources)
    assert last.bytes > 500_000
    assert all(a.bytes <= b.bytes for a, b in zip(told, told[1:]))


def test_progress_that_raises_ends_it():
    class Enough(Exception):
        pass

    def stop(progress):
        raise Enough(progress.files)

    with pytest.raises(Enough):
        logjoin.analyze(CRASH, progress=stop)


def test_other_threads_go_on(tmp_path):
    line = b'192.0.2.1 - - [21/Nov/2026:02:47:17 +0000] "GET /cart HTTP/1.1" 200 150 "-" "curl"\n'
    (tmp_path / "access.log").write_bytes(line * 100_000)
    done = threading.Event()
    ticks = []

    def tick():
        while not done.is_set():
            ticks.append(time.monotonic())
            time.sleep(0.005)

    thread = threading.Thread(target=tick)
    thread.start()
    start = time.monotonic()
    logjoin.analyze(tmp_path)
    end = time.monotonic()
    done.set()
    thread.join()
    assert sum(start < t < end for t in ticks) >= min(5, int((end - start) / 0.1))


def test_parse_line():
    record = logjoin.parse_line(b'192.0.2.7 - - [21/Nov/2026:01:50:53 +0100] "GET /cart HTTP/1.1" 502 157 "-" "curl/8.5.0"')
    assert (record.kind, record.status, record.method, record.path) == ("access", 502, "GET", "/cart")
    assert record.time == datetime(2026, 11, 21, 0, 50, 53, tzinfo=timezone.utc)
    assert record.fields["user_agent"] == "curl/8.5.0" and record.fields["bytes"] == 157
    assert logjoin.parse_line("2026/11/21 02:47:17 [error] 7#7: *1 oops").level == "error"
    assert logjoin.parse_line("2026-11-21T02:47:17Z ERROR caf\u00e9").message is not None
    assert logjoin.parse_line(b"2026-11-21T02:47:17Z ERROR caf\xe9 \x00").kind == "log"
    for nothing in [b"", b"\x00"]:
        with pytest.raises(logjoin.ParseError):
            logjoin.parse_line(nothing)
    assert issubclass(logjoin.ParseError, ValueError)
    with pytest.raises(TypeError):
        logjoin.parse_line(7)


def test_everything_is_documented():
    for name in logjoin.__all__:
        assert name == "__version__" or getattr(logjoin, name).__doc__, name
