"""The interface of the native module, with types."""

import os
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, final

import pandas
import pyarrow

__version__: str

class ParseError(ValueError):
    """A line that no format reads."""

@final
class LineRef:
    """A line of an input."""

    @property
    def file(self) -> str:
        """Path as given."""
    @property
    def line(self) -> int:
        """Line number, from 1, in the decompressed file."""
    def to_dict(self) -> Any:
        """All of it, as in the JSON."""

@final
class Attempt:
    """One try at one upstream server."""

    @property
    def address(self) -> str | None:
        """Address, or HAProxy's backend/server."""
    @property
    def instance(self) -> str | None:
        """Instance behind it, where it is known."""
    @property
    def mechanism(self) -> str:
        """What the proxy saw."""
    @property
    def status(self) -> int | None:
        """Status of the attempt."""
    @property
    def connect_s(self) -> float | None:
        """Seconds to connect."""
    @property
    def header_s(self) -> float | None:
        """Seconds to the response header."""
    @property
    def response_s(self) -> float | None:
        """Seconds to the end."""
    def to_dict(self) -> Any:
        """All of it, as in the JSON."""

@final
class BackendJoin:
    """A backend's line that belongs to a failed request."""

    @property
    def file(self) -> str:
        """Path as given."""
    @property
    def line(self) -> int:
        """Line number, from 1."""
    @property
    def how(self) -> str:
        """Such as "id", "request" or "time"."""
    @property
    def confidence(self) -> float:
        """Probability that it belongs to this request."""
    def to_dict(self) -> Any:
        """All of it, as in the JSON."""

@final
class Alternative:
    """Another cause that was considered."""

    @property
    def cause(self) -> str:
        """Which."""
    @property
    def confidence(self) -> float:
        """Probability that it is the right one."""
    def to_dict(self) -> Any:
        """All of it, as in the JSON."""

@final
class Failure:
    """A failed request."""

    @property
    def id(self) -> str:
        """Such as "F1", "F2" ... in order of time."""
    @property
    def time(self) -> datetime:
        """End of the request on the reference clock."""
    @property
    def file(self) -> str:
        """The proxy's file."""
    @property
    def line(self) -> int:
        """Its line, from 1."""
    @property
    def proxy(self) -> str:
        """Name of the proxy instance."""
    @property
    def method(self) -> str | None:
        """Method."""
    @property
    def target(self) -> str | None:
        """Request target as logged."""
    @property
    def status(self) -> int | None:
        """Status as logged."""
    @property
    def client(self) -> str | None:
        """Client address."""
    @property
    def request_id(self) -> str | None:
        """Request id, where one was logged."""
    @property
    def attempts(self) -> list[Attempt]:
        """The tries, in order."""
    @property
    def origin(self) -> str:
        """Who made the error answer: "proxy", "backend", "client" or "unknown"."""
    @property
    def mechanism(self) -> str:
        """What the proxy saw."""
    @property
    def cause(self) -> str:
        """Why."""
    @property
    def detail(self) -> str | None:
        """A finer name, where there is one."""
    @property
    def confidence(self) -> float:
        """Probability that the cause is right."""
    @property
    def gateway(self) -> bool:
        """False for what is listed but is no gateway failure."""
    @property
    def stands_for(self) -> int:
        """How many failed requests it stands for, itself included; 1 unless there were too many to keep each."""
    @property
    def episode(self) -> str | None:
        """Id of its episode."""
    @property
    def error_lines(self) -> list[LineRef]:
        """The proxy's error lines about it."""
    @property
    def backend(self) -> list[BackendJoin]:
        """The backend's lines about it."""
    @property
    def join(self) -> str:
        """What the join came to."""
    @property
    def cause_lines(self) -> list[LineRef]:
        """Lines about the event behind it."""
    @property
    def alternatives(self) -> list[Alternative]:
        """Other causes that were considered."""
    def to_dict(self) -> Any:
        """All of it, as in the JSON."""

@final
class Evidence:
    """One fact for or against a verdict."""

    @property
    def id(self) -> str:
        """Such as "E1.1" ..."""
    @property
    def claim(self) -> str:
        """What it says, in one sentence."""
    @property
    def time(self) -> datetime | None:
        """When, where the fact has a moment."""
    @property
    def lines(self) -> list[LineRef]:
        """The lines (the first ones of many)."""
    @property
    def text(self) -> str | None:
        """The text of the first line, escaped and shortened."""
    @property
    def count(self) -> int:
        """How many lines say so."""
    def to_dict(self) -> Any:
        """All of it, as in the JSON."""

@final
class Episode:
    """Consecutive failures with one cause on one target."""

    @property
    def id(self) -> str:
        """Such as "E1", "E2" ... in order of time."""
    @property
    def start(self) -> datetime:
        """First failure."""
    @property
    def end(self) -> datetime:
        """Last failure."""
    @property
    def cause(self) -> str:
        """Why."""
    @property
    def detail(self) -> str | None:
        """A finer name, where there is one."""
    @property
    def confidence(self) -> float:
        """Probability that the cause is right."""
    @property
    def targets(self) -> list[str]:
        """Instances or addresses that failed."""
    @property
    def proxies(self) -> list[str]:
        """Proxies that answered."""
    @property
    def failures(self) -> int:
        """Failures."""
    @property
    def requests(self) -> int:
        """Requests of those proxies meanwhile, failures included."""
    @property
    def evidence(self) -> list[Evidence]:
        """What proves it."""
    @property
    def against(self) -> list[Evidence]:
        """What speaks against it."""
    @property
    def alternatives(self) -> list[Alternative]:
        """Other causes that were considered."""
    @property
    def advice(self) -> list[str]:
        """What to do."""
    @property
    def refuted_by(self) -> str:
        """What would show that the verdict is wrong."""
    def to_dict(self) -> Any:
        """All of it, as in the JSON."""

@final
class Incident:
    """Episodes that overlap or follow from one another."""

    @property
    def id(self) -> str:
        """Such as "I1", "I2" ... in order of time."""
    @property
    def start(self) -> datetime:
        """First failure."""
    @property
    def end(self) -> datetime:
        """Last failure."""
    @property
    def failures(self) -> int:
        """Failures in all its episodes."""
    @property
    def cause(self) -> str:
        """The cause of its largest episode."""
    @property
    def summary(self) -> str:
        """One sentence: what, when, who, why."""
    @property
    def episodes(self) -> list[Episode]:
        """Its episodes, in order of time."""
    def to_dict(self) -> Any:
        """All of it, as in the JSON."""

@final
class Totals:
    """Counts over everything."""

    @property
    def requests(self) -> int:
        """Requests that the proxies logged."""
    @property
    def failures(self) -> int:
        """Gateway failures."""
    @property
    def seen_twice(self) -> int:
        """Failures that a proxy behind the one that logged them had logged, too."""
    @property
    def hidden_by_retry(self) -> int:
        """Requests that were served after a failed attempt."""
    @property
    def by_cause(self) -> dict[str, int]:
        """Failures by cause."""
    @property
    def by_mechanism(self) -> dict[str, int]:
        """Failures by mechanism."""
    @property
    def by_origin(self) -> dict[str, int]:
        """Failures by origin."""
    @property
    def by_status(self) -> dict[str, int]:
        """Proxies' requests by status."""
    def to_dict(self) -> Any:
        """All of it, as in the JSON."""

@final
class Clock:
    """The clock of one host or instance."""

    @property
    def source(self) -> str:
        """Name of the instance."""
    @property
    def reference(self) -> str:
        """Name of the instance whose clock is the reference."""
    @property
    def offset_s(self) -> float | None:
        """The log's clock minus the reference's, seconds; None when it could not be fitted."""
    @property
    def band_s(self) -> float | None:
        """Half width of the range in which the offset lies, seconds."""
    @property
    def state(self) -> str:
        """How it was found, or why not."""
    def to_dict(self) -> Any:
        """All of it, as in the JSON."""

@final
class Source:
    """One writer's stream: a file, or a rotated set."""

    @property
    def id(self) -> str:
        """Stable id."""
    @property
    def files(self) -> list[str]:
        """Its files, oldest first."""
    @property
    def role(self) -> str:
        """Role: "proxy-access", "proxy-error", "backend-access" ..."""
    @property
    def product(self) -> str:
        """Product."""
    @property
    def instance(self) -> str:
        """Name of the instance that it belongs to."""
    @property
    def zone(self) -> str:
        """Zone of its stamps."""
    @property
    def start(self) -> datetime | None:
        """First moment."""
    @property
    def end(self) -> datetime | None:
        """Last moment."""
    @property
    def lines(self) -> int:
        """Lines read."""
    @property
    def unparsed(self) -> int:
        """Lines that no format read."""
    @property
    def assumptions(self) -> list[str]:
        """What was assumed where the lines do not say."""
    def to_dict(self) -> Any:
        """All of it, as in the JSON."""

@final
class Note:
    """Something the reader should know."""

    @property
    def level(self) -> str:
        """Such as "info" or "warning"."""
    @property
    def about(self) -> str:
        """What it is about."""
    @property
    def text(self) -> str:
        """The sentence."""
    def to_dict(self) -> Any:
        """All of it, as in the JSON."""

@final
class Failures:
    """All failed requests, in order of time: a sequence, and a table for whoever reads Arrow."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> Failure: ...
    def __iter__(self) -> Iterator[Failure]: ...
    def to_arrow(self) -> pyarrow.Table:
        """A pyarrow.Table, one row per failure, with the columns of `logjoin join`. Needs pyarrow."""
    def to_pandas(self) -> pandas.DataFrame:
        """A pandas.DataFrame, one row per failure, with the columns of `logjoin join`. Needs pandas and pyarrow."""
    def __arrow_c_stream__(self, requested_schema: Any | None = None) -> Any:
        """The rows as a stream of one batch, by the Arrow PyCapsule interface."""

@final
class Analysis:
    """A whole analysis."""

    @property
    def totals(self) -> Totals:
        """Counts over everything."""
    @property
    def incidents(self) -> list[Incident]:
        """What happened, the worst first."""
    @property
    def failures(self) -> Failures:
        """Every failed request, in order of time."""
    @property
    def sources(self) -> list[Source]:
        """The writers' streams."""
    @property
    def clocks(self) -> list[Clock]:
        """The clocks of the hosts."""
    @property
    def notes(self) -> list[Note]:
        """Things the reader should know."""
    @property
    def problems(self) -> list[str]:
        """What could not be read; the rest was analysed."""
    def to_json(self) -> str:
        """The published JSON."""
    def to_dict(self) -> dict[str, Any]:
        """All of it, as the JSON has it."""
    def render(self, format: str) -> str:
        """A report: "text", "html", "markdown", "json", "ndjson" or "csv"."""

@final
class Progress:
    """How far reading is."""

    @property
    def files(self) -> int:
        """Log files that were found."""
    @property
    def files_done(self) -> int:
        """Those that were read."""
    @property
    def bytes(self) -> int:
        """Decompressed bytes that were read."""

@final
class Record:
    """A line, read."""

    @property
    def format(self) -> str:
        """Id of the format that read it."""
    @property
    def kind(self) -> str:
        """One of "access", "error", "state", "log"."""
    @property
    def time(self) -> datetime | None:
        """When, where the line has year and zone."""
    @property
    def client_ip(self) -> str | None:
        """Client address."""
    @property
    def method(self) -> str | None:
        """Method of the request."""
    @property
    def path(self) -> str | None:
        """Target of the request."""
    @property
    def status(self) -> int | None:
        """Status of the answer."""
    @property
    def level(self) -> str | None:
        """Level of the message."""
    @property
    def message(self) -> str | None:
        """The message."""
    @property
    def fields(self) -> dict[str, Any]:
        """What the line says, by name; what it does not say is absent."""

def analyze(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    configs: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | None = None,
    progress: Callable[[Progress], object] | None = None,
    statuses: Iterable[int] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    zones: dict[str, str] | None = None,
    skews: dict[str, float] | None = None,
    roles: dict[str, str] | None = None,
    peers: dict[str, str] | None = None,
    year: int | None = None,
    window_s: float | None = None,
    max_failures: int | None = None,
    keep_failures: int | None = None,
) -> Analysis:
    """Analyses files and folders: logs, rotated and compressed ones too, and the proxies' configurations among them.

    progress is called with a Progress about ten times a second, and once when all is read; if it raises, the analysis ends
    with that exception. since and until need a zone. zones, skews and roles map patterns of paths; peers maps addresses to
    patterns of paths. What could not be read is in Analysis.problems; OSError is raised where nothing could.
    """

def analyze_bytes(files: Iterable[tuple[str, bytes]]) -> Analysis:
    """Analyses logs that are in memory: pairs of a path and the bytes behind it."""

def parse_line(line: bytes | str) -> Record:
    """Reads one line, without its end, by whatever format fits it; ParseError where none does."""
