//! The differences that stay, and why.

/// Differences in one field of one file.
pub struct Reason {
    pub file: &'static str,
    pub field: &'static str,
    /// The lines, all of them.
    pub lines: &'static [u64],
    /// Whether what is expected is no property of the line, so that nothing can be compared.
    pub is_convention: bool,
    pub why: &'static str,
}

const fn ours(file: &'static str, field: &'static str, lines: &'static [u64], why: &'static str) -> Reason {
    Reason { file, field, lines, is_convention: false, why }
}

const fn convention(
    file: &'static str,
    field: &'static str,
    lines: &'static [u64],
    why: &'static str,
) -> Reason {
    Reason { file, field, lines, is_convention: true, why }
}

const SORTED: &str = "the members stand in the line in the order of the attempts (`0.100, 0.004`); Elastic's pipeline keeps \
    them as a set and writes them sorted, which loses which attempt took how long";
const SLOW_LOG: &str = "Elastic's pipeline takes the statement and its duration out of the message and leaves the whole \
    line, time and process included, as the message; the message that PostgreSQL wrote begins after `LOG:  `";
const STATEMENT: &str =
    "PostgreSQL's message is `statement: SELECT …`; Elastic's pipeline keeps the statement alone";
const GC: &str = "`[gc][young][…]` is what Elasticsearch's monitor writes into the message; Elastic's pipeline takes it \
    into fields of its own in one of the two lines and leaves the whole line as the message in the other";
const INDEX: &str = "the text is the JSON field `message`, where the index stands before the words; Elastic's pipeline \
    takes it out";
const OWN_TIME: &str = "the program begins its message with a time of its own, finer than syslog's and with a year: it \
    is read as the time of the line; Elastic leaves it in the text";
const LOCAL: &str =
    "the line has no zone; the expected instant is that of the machine on which the test was written";

pub const REASONS: &[Reason] = &[
    ours("elastic-beats/nginx/ingress_controller/test.log", "upstream_response_time", &[23, 24], SORTED),
    ours("elastic-beats/nginx/ingress_controller/test.log", "upstream_response_length", &[23, 24], SORTED),
    convention(
        "elastic-beats/postgresql/log/postgresql-9.6-debian-with-slowlog.log",
        "message",
        &[6, 14, 22, 32, 44, 45, 46, 58, 59, 60, 61, 62],
        SLOW_LOG,
    ),
    convention(
        "elastic-beats/postgresql/log/postgresql-13.csv.log",
        "message",
        &[9, 10, 11, 13, 15, 17, 18, 20, 22, 23, 29],
        STATEMENT,
    ),
    convention("elastic-beats/elasticsearch/server/test.log", "message", &[69, 71], GC),
    ours("elastic-beats/elasticsearch/server/elasticsearch-json.800.log", "message", &[2, 3], INDEX),
    ours("elastic-beats/system/syslog/darwin-syslog-sample.log", "message", &[1, 20], OWN_TIME),
    convention("vrl/apache.log", "ts", &[10], LOCAL),
];
