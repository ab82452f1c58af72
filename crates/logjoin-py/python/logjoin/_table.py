"""Failures as columns: text, 64-bit numbers, seconds, moments in UTC, and places of lines as lists of "file:line"."""

import pyarrow as pa

_TEXT, _INT, _FLOAT, _LIST = pa.string(), pa.int64(), pa.float64(), pa.list_(pa.string())

_OWN = [
    ("id", _TEXT),
    ("time", pa.timestamp("us", tz="UTC")),
    ("file", _TEXT),
    ("line", _INT),
    ("proxy", _TEXT),
    ("method", _TEXT),
    ("target", _TEXT),
    ("status", _INT),
    ("client", _TEXT),
    ("request_id", _TEXT),
    ("origin", _TEXT),
    ("mechanism", _TEXT),
    ("cause", _TEXT),
    ("detail", _TEXT),
    ("confidence", _FLOAT),
    ("gateway", pa.bool_()),
    ("episode", _TEXT),
    ("join", _TEXT),
]
# Of the last attempt: the one that made the answer.
_LAST = [("address", _TEXT), ("instance", _TEXT), ("connect_s", _FLOAT), ("header_s", _FLOAT), ("response_s", _FLOAT)]
_PLACES = ["error_lines", "backend", "cause_lines"]


def table(failures):
    """A pyarrow.Table with one row per failure."""
    rows = list(failures)
    last = [row.attempts[-1] if row.attempts else None for row in rows]
    columns = {name: pa.array([getattr(row, name) for row in rows], kind) for name, kind in _OWN}
    columns["attempts"] = pa.array([len(row.attempts) for row in rows], _INT)
    for name, kind in _LAST:
        columns[name] = pa.array([getattr(attempt, name, None) for attempt in last], kind)
    for name in _PLACES:
        columns[name] = pa.array([[f"{at.file}:{at.line}" for at in getattr(row, name)] for row in rows], _LIST)
    return pa.table(columns)
