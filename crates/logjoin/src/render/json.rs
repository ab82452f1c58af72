//! `analysis.json`: the whole result for programs, by the contract of [`crate::analysis`].
//!
//! Characters that could repaint a terminal or close a script element are written as `\uXXXX`: the value is the same.

use super::{RenderOptions, Renderer, escape};
use crate::Analysis;

pub(super) static RENDERER: Renderer = Renderer {
    id: "json",
    title: "the whole result, for programs",
    extensions: &["json"],
    use_for: "everything that was found, versioned; it can be read back and shown in any other format",
    rows: false,
    render,
};

fn render(a: &Analysis, o: &RenderOptions) -> Vec<u8> {
    let text = if o.compact { serde_json::to_string(a) } else { serde_json::to_string_pretty(a) };
    // The types hold strings, numbers and string-keyed maps only: there is nothing that cannot be written.
    let text = text.unwrap_or_default();
    let mut out = escape::json(&text).into_owned();
    out.push('\n');
    out.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn what_is_written_can_be_read_back() {
        let a = sample::rich();
        for compact in [false, true] {
            let bytes = render(&a, &RenderOptions { compact, ..RenderOptions::default() });
            let back: Analysis = serde_json::from_slice(&bytes).unwrap();
            assert_eq!(back, a);
            assert_eq!(bytes.iter().filter(|&&b| b == b'\n').count() == 1, compact);
        }
    }

    #[test]
    fn the_top_of_the_contract_stands() {
        let bytes = render(&sample::rich(), &RenderOptions::default());
        let v: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        for key in [
            "schema_version",
            "tool",
            "inputs",
            "sources",
            "clocks",
            "totals",
            "incidents",
            "failures",
            "distribution",
            "health",
            "lifecycle",
            "contrast",
            "unknown",
            "ledger",
            "notes",
        ] {
            assert!(v.get(key).is_some(), "{key}");
        }
        let f = &v["failures"][0];
        assert_eq!(f["time"], "2026-11-21T01:50:41.120Z");
        assert!(f["backend"][0]["file"].is_string(), "line references are flat");
    }
}
