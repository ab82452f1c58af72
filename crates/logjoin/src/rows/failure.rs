//! One row per failed request.

use serde_json::{Map, Value as Json};

use super::{Kind, Value, places};
use crate::analysis::{Attempt, Failure};

/// A column of the rows of failures.
#[derive(Debug)]
pub struct FailureColumn {
    /// Name.
    pub name: &'static str,
    /// Name in the Elastic Common Schema; below `logjoin.` where that has none.
    pub ecs: &'static str,
    /// Type.
    pub kind: Kind,
    /// The value in a failure.
    pub value: for<'a> fn(&'a Failure) -> Value<'a>,
}

fn last(f: &Failure) -> Option<&Attempt> {
    f.attempts.last()
}

const fn column(
    name: &'static str,
    ecs: &'static str,
    kind: Kind,
    value: for<'a> fn(&'a Failure) -> Value<'a>,
) -> FailureColumn {
    FailureColumn { name, ecs, kind, value }
}

/// The columns, in order. Lists are flattened: the last attempt has its columns.
pub static FAILURE_COLUMNS: &[FailureColumn] = &[
    column("id", "event.id", Kind::Text, |f| f.id.as_str().into()),
    column("time", "@timestamp", Kind::Time, |f| f.time.into()),
    column("start", "event.start", Kind::Time, |f| f.start.into()),
    column("file", "log.file.path", Kind::Text, |f| f.file.as_str().into()),
    column("line", "log.file.line", Kind::Int, |f| f.line.into()),
    column("proxy", "observer.name", Kind::Text, |f| f.proxy.as_str().into()),
    column("method", "http.request.method", Kind::Text, |f| f.method.as_deref().into()),
    column("target", "url.original", Kind::Text, |f| f.target.as_deref().into()),
    column("status", "http.response.status_code", Kind::Int, |f| f.status.into()),
    column("client", "client.address", Kind::Text, |f| f.client.as_deref().into()),
    column("request_id", "http.request.id", Kind::Text, |f| f.request_id.as_deref().into()),
    column("attempts", "logjoin.attempts", Kind::Int, |f| (f.attempts.len() as u64).into()),
    column("address", "server.address", Kind::Text, |f| last(f).and_then(|t| t.address.as_deref()).into()),
    column("instance", "service.node.name", Kind::Text, |f| {
        last(f).and_then(|t| t.instance.as_deref()).into()
    }),
    column("connect_s", "logjoin.connect_s", Kind::Float, |f| last(f).and_then(|t| t.connect_s).into()),
    column("header_s", "logjoin.header_s", Kind::Float, |f| last(f).and_then(|t| t.header_s).into()),
    column("response_s", "logjoin.response_s", Kind::Float, |f| last(f).and_then(|t| t.response_s).into()),
    column("origin", "logjoin.origin", Kind::Text, |f| f.origin.as_str().into()),
    column("mechanism", "event.action", Kind::Text, |f| f.mechanism.as_str().into()),
    column("cause", "event.reason", Kind::Text, |f| f.cause.as_str().into()),
    column("detail", "logjoin.detail", Kind::Text, |f| f.detail.as_deref().into()),
    column("confidence", "logjoin.confidence", Kind::Float, |f| f.confidence.into()),
    column("gateway", "logjoin.gateway", Kind::Bool, |f| f.gateway.into()),
    column("stands_for", "logjoin.stands_for", Kind::Int, |f| f.stands_for.into()),
    column("episode", "logjoin.episode", Kind::Text, |f| f.episode.as_deref().into()),
    column("join", "logjoin.join", Kind::Text, |f| f.join.as_str().into()),
    column("error_lines", "logjoin.error_lines", Kind::List, |f| places(f.error_lines.iter())),
    column("chain", "logjoin.chain", Kind::List, |f| places(f.chain.iter().map(|c| &c.at))),
    column("backend_lines", "logjoin.backend_lines", Kind::List, |f| places(f.backend.iter().map(|b| &b.at))),
    column("backend_how", "logjoin.backend_how", Kind::Text, |f| {
        f.backend.first().map(|b| b.how.as_str()).into()
    }),
    column("backend_confidence", "logjoin.backend_confidence", Kind::Float, |f| {
        f.backend.first().map(|b| b.confidence).into()
    }),
    column("cause_lines", "logjoin.cause_lines", Kind::List, |f| places(f.cause_lines.iter())),
    column("alternatives", "logjoin.alternatives", Kind::List, |f| {
        Value::List(f.alternatives.iter().map(|x| format!("{}={}", x.cause, x.confidence)).collect())
    }),
];

/// A failure as a flat JSON object with the names of the Elastic Common Schema. What is not known is absent.
pub fn failure_json(f: &Failure) -> Map<String, Json> {
    let mut out = Map::new();
    for (name, value) in [
        ("event.kind", "event"),
        ("event.category", "web"),
        ("event.outcome", "failure"),
        ("ecs.version", "8.17"),
    ] {
        out.insert(name.to_owned(), value.into());
    }
    if let Some(start) = f.start {
        // ECS counts nanoseconds.
        out.insert("event.duration".to_owned(), f.time.0.saturating_sub(start.0).max(0).into());
    }
    for c in FAILURE_COLUMNS {
        let value = match (c.value)(f) {
            Value::Null => continue,
            Value::Text(t) => t.into_owned().into(),
            Value::Int(n) => n.into(),
            Value::Float(x) => x.into(),
            Value::Bool(b) => b.into(),
            Value::Time(t) => t.to_string().into(),
            Value::List(all) if all.is_empty() => continue,
            Value::List(all) => all.into(),
        };
        out.insert(c.ecs.to_owned(), value);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;

    #[test]
    fn every_value_has_the_type_of_its_column() {
        for f in &sample::rich().failures {
            for c in FAILURE_COLUMNS {
                assert!((c.value)(f).fits(c.kind), "{}", c.name);
            }
        }
    }

    #[test]
    fn ecs_names_what_it_knows() {
        let f = &sample::rich().failures[33];
        let row = failure_json(f);
        assert_eq!(row["http.response.status_code"], 504);
        assert_eq!(row["@timestamp"], f.time.to_string());
        assert_eq!(row["event.duration"], 30_000_000_000_i64);
        assert_eq!(row["event.reason"], "timeout-too-short");
        assert!(!row.contains_key("logjoin.chain") || !row["logjoin.chain"].as_array().unwrap().is_empty());
    }
}
