//! Rows of failures, one JSON object a line: what `logjoin join` prints.

use super::{RenderOptions, Renderer, escape};
use crate::Analysis;
use crate::rows::{Names, failure_json};

pub(super) static RENDERER: Renderer = Renderer {
    id: "ndjson",
    title: "one JSON object per failed request",
    extensions: &["ndjson", "jsonl"],
    use_for: "the joined rows, for jq, DuckDB or a log store",
    rows: true,
    render,
};

fn render(a: &Analysis, o: &RenderOptions) -> Vec<u8> {
    let mut out = Vec::new();
    for f in &a.failures {
        // Strings, numbers and lists of them: there is nothing that cannot be written.
        let line = match o.names {
            Names::Own => serde_json::to_string(f),
            Names::Ecs => serde_json::to_string(&failure_json(f)),
        };
        let line = line.unwrap_or_default();
        out.extend_from_slice(escape::json(&line).as_bytes());
        out.push(b'\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use crate::analysis::Failure;

    #[test]
    fn each_row_is_the_failure_of_the_whole_result() {
        let a = sample::rich();
        let text = String::from_utf8(render(&a, &RenderOptions::default())).unwrap();
        let rows: Vec<Failure> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        assert_eq!(rows, a.failures);
    }
}
