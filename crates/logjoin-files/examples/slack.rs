//! A message for a chat: the JSON that an incoming webhook of Slack takes. `slack PATH...`
//!
//! The text of logs comes from strangers: `&`, `<` and `>` are what Slack asks to be escaped, and without `<` there is
//! neither a link nor a mention.
#![allow(clippy::print_stdout)]

use std::path::PathBuf;

use logjoin::{Analysis, Options};
use logjoin_files::analyze;
use serde_json::{Value, json};

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn message(a: &Analysis) -> Value {
    let section = |text: String| json!({"type": "section", "text": {"type": "mrkdwn", "text": text}});
    let title = format!("{} gateway failures in {} requests", a.totals.failures, a.totals.requests);
    let mut blocks = vec![json!({"type": "header", "text": {"type": "plain_text", "text": title}})];
    for incident in a.incidents.iter().take(5) {
        let Some(worst) = incident.episodes.iter().max_by_key(|e| e.failures) else { continue };
        let mut text = format!("*{}* {}", worst.cause, escape(&incident.summary));
        if let Some(line) = worst.evidence.iter().find_map(|e| e.lines.first()) {
            text += &format!("\n`{}`", escape(&line.to_string()));
        }
        if let Some(advice) = worst.advice.first() {
            text += &format!("\n_{}_", escape(advice));
        }
        blocks.push(section(text));
    }
    json!({"text": title, "blocks": blocks})
}

fn main() {
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let (analysis, _problems) = analyze(&paths, &[], Options::default());
    println!("{}", message(&analysis));
}
