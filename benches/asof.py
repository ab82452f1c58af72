"""The join as people write it in SQL: failed requests against the nearest earlier backend line of the same method and path.

Regular expressions over the lines of an nginx access log and of three backends, then DuckDB's ASOF JOIN, on one thread. Prints
how many failed requests got a partner and how long reading and joining took; beside a `truth.csv`, as `bulk` writes it, also how
many partners are the right ones.
"""

import os
import sys
import time

import duckdb

folder = sys.argv[1]
logs = f"{folder}/logs" if os.path.isdir(f"{folder}/logs") else folder
truth = f"{folder}/truth.csv"
db = duckdb.connect()
db.execute("SET threads TO 1")
line = r"""^(\S+) \S+ \S+ \[([^\]]+)\] "(\S+) (\S+)[^"]*" (\d+) (\d+)"""


def memory() -> int:
    """Peak, megabytes."""
    with open("/proc/self/status") as status:
        return next(int(l.split()[1]) for l in status if l.startswith("VmHWM")) // 1024


def rows(path: str) -> str:
    """The lines of a file with their numbers."""
    # One column: a delimiter that no line holds.
    return f"""SELECT l, row_number() OVER () AS n, '{path}' AS file
        FROM read_csv('{path}', columns={{'l': 'VARCHAR'}}, delim='\x01', header=false, quote='', escape='')"""


def table(name: str, paths: list[str]) -> None:
    files = " UNION ALL ".join(rows(p) for p in paths)
    db.execute(
        f"""CREATE TABLE {name} AS
        SELECT strptime(f.t, '%d/%b/%Y:%H:%M:%S %z') AS t, f.method, f.path, CAST(f.status AS INTEGER) AS status, n, file
        FROM (SELECT regexp_extract(l, ?, ['client', 't', 'method', 'path', 'status', 'bytes']) AS f, n, file FROM ({files}))
        WHERE f.client <> ''""",
        [line],
    )


start = time.perf_counter()
table("proxy", [f"{logs}/edge/access.log"])
table("backend", [f"{logs}/{d}/access.log" for d in sorted(os.listdir(logs)) if d.startswith("node-")])
read = time.perf_counter()
db.execute(
    """CREATE TABLE joined AS
    SELECT p.n AS access, b.file, b.n AS line FROM (SELECT * FROM proxy WHERE status IN (502, 503, 504)) p
    ASOF LEFT JOIN backend b ON p.method = b.method AND p.path = b.path AND p.t >= b.t"""
)
end = time.perf_counter()
found = db.execute("SELECT count(line), count(*) FROM joined").fetchone()
print(f"{found[0]} of {found[1]} failed requests have a partner")
print(f"read {read - start:.2f} s, join {end - read:.2f} s, at most {memory()} MB")
if os.path.exists(truth):
    right = db.execute(
        """SELECT count(*) FILTER (suffix(j.file, t.file) AND j.line = t.line), count(j.line), count(t.line)
        FROM joined j JOIN read_csv(?, columns={'access': 'BIGINT', 'file': 'VARCHAR', 'line': 'BIGINT'}) t ON j.access = t.access""",
        [truth],
    ).fetchone()
    of = lambda n, all: 100 * n / max(all, 1)
    print(f"{of(right[0], right[1]):.2f} % of the partners are the true ones; {of(right[0], right[2]):.2f} % of the logged ones found")
