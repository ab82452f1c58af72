"""The join as people write it in SQL: failed requests against the nearest earlier backend line of the same method and path.

Regular expressions over the lines of an nginx access log and of three backends, then DuckDB's ASOF JOIN. Prints how many failed
requests got a partner; whether it is the right one nobody knows.
"""

import sys

import duckdb

logs = sys.argv[1]
db = duckdb.connect()
db.execute("SET threads TO 1")
line = r"""^(\S+) \S+ \S+ \[([^\]]+)\] "(\S+) (\S+)[^"]*" (\d+) (\d+)"""


def table(name: str, pattern: str) -> None:
    # One column: a delimiter that no line holds.
    db.execute(
        f"""CREATE TABLE {name} AS
        SELECT strptime(f.t, '%d/%b/%Y:%H:%M:%S %z') AS t, f.method, f.path, CAST(f.status AS INTEGER) AS status
        FROM (SELECT regexp_extract(l, ?, ['client', 't', 'method', 'path', 'status', 'bytes']) AS f
              FROM read_csv(?, columns={{'l': 'VARCHAR'}}, delim='\x01', header=false, quote='', escape=''))
        WHERE f.client <> ''""",
        [line, pattern],
    )


table("proxy", f"{logs}/edge/access.log")
table("backend", f"{logs}/node-*/access.log")
found = db.execute(
    """SELECT count(b.t), count(*) FROM (SELECT * FROM proxy WHERE status IN (502, 503, 504)) p
    ASOF LEFT JOIN backend b ON p.method = b.method AND p.path = b.path AND p.t >= b.t"""
).fetchone()
print(f"{found[0]} of {found[1]} failed requests have a partner")
