"""Why a reverse proxy (nginx, Apache httpd, HAProxy) answered 502, 503 or 504, from logs alone.

    import logjoin
    analysis = logjoin.analyze("./logs")
    for incident in analysis.incidents:
        print(incident.summary)
"""

from ._native import (
    Alternative,
    Analysis,
    Attempt,
    BackendJoin,
    Clock,
    Episode,
    Evidence,
    Failure,
    Failures,
    Incident,
    LineRef,
    Note,
    ParseError,
    Progress,
    Record,
    Source,
    Totals,
    __version__,
    analyze,
    analyze_bytes,
    parse_line,
)

__all__ = [
    "Alternative",
    "Analysis",
    "Attempt",
    "BackendJoin",
    "Clock",
    "Episode",
    "Evidence",
    "Failure",
    "Failures",
    "Incident",
    "LineRef",
    "Note",
    "ParseError",
    "Progress",
    "Record",
    "Source",
    "Totals",
    "__version__",
    "analyze",
    "analyze_bytes",
    "parse_line",
]
