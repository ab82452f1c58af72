//! Where HAProxy's lines go and in which format: `log`, `option httplog` and its siblings, `log-format`.

use crate::{LogKind, LogTarget, NamedFormat, ProxyConfig};

use super::{Line, Section, View};

/// Adds formats and targets. A frontend logs to its own `log` lines; `log global` stands for those of `global`.
pub(super) fn collect(sections: &[Section], views: &[View<'_>], config: &mut ProxyConfig) {
    for section in sections {
        for line in &section.lines {
            let name = match line.word(0) {
                "log-format" => section.heading(),
                "error-log-format" => format!("{} error", section.heading()),
                _ => continue,
            };
            config.formats.push(NamedFormat {
                name,
                string: line.from(1),
                escape: None,
                place: line.place.clone(),
            });
        }
    }
    let global: Vec<&Line> = sections
        .iter()
        .filter(|s| s.kind == "global")
        .flat_map(|s| &s.lines)
        .filter(|l| l.word(0) == "log")
        .collect();
    for view in views.iter().filter(|view| view.accepts()) {
        let (format, string) = format_of(view);
        for line in targets(view, &global) {
            let target = target(line, &view.section.name, format.clone(), string.clone());
            config.logs.push(target);
        }
    }
    if config.logs.is_empty() {
        config.logs.extend(
            global.iter().map(|line| LogTarget { servers: Vec::new(), ..target(line, "", None, None) }),
        );
    }
}

/// The `log` lines in force: the section's own, else those of the nearest `defaults` that has some.
fn targets<'a>(view: &View<'a>, global: &[&'a Line]) -> Vec<&'a Line> {
    for section in view.chain() {
        let own: Vec<&Line> = section.lines.iter().filter(|line| line.word(0) == "log").collect();
        if own.is_empty() {
            continue;
        }
        let all = own.into_iter().flat_map(|line| match line.word(1) {
            "global" => global.to_vec(),
            _ => vec![line],
        });
        return all.collect();
    }
    Vec::new()
}

/// Name and string of the format in force: the last word of the nearest section that has one.
fn format_of(view: &View<'_>) -> (Option<String>, Option<String>) {
    for section in view.chain() {
        for line in section.lines.iter().rev() {
            let name = match (line.word(0), line.word(1)) {
                ("log-format", _) => return (Some(section.heading()), Some(line.from(1))),
                ("option", "httplog") if line.word(2) == "clf" => "clf",
                ("option", name @ ("httplog" | "tcplog" | "httpslog")) => name,
                _ => continue,
            };
            return (Some(name.to_owned()), None);
        }
    }
    (None, None)
}

/// `log ADDRESS [len N] [format F] [sample S] [profile P] FACILITY [MAXLEVEL [MINLEVEL]]`.
fn target(line: &Line, frontend: &str, format: Option<String>, string: Option<String>) -> LogTarget {
    let mut options: Vec<&str> = Vec::new();
    let mut level: Vec<&str> = Vec::new();
    let mut words = line.words.iter().skip(2);
    while let Some(word) = words.next() {
        match word.as_str() {
            "len" | "format" | "sample" | "profile" => {
                options.push(word);
                options.extend(words.next().map(String::as_str));
            }
            word => level.push(word),
        }
    }
    LogTarget {
        path: line.word(1).to_owned(),
        kind: LogKind::Access,
        format,
        string,
        level: (!level.is_empty()).then(|| level.join(" ")),
        options: options.join(" "),
        servers: vec![frontend.to_owned()],
        place: line.place.clone(),
    }
}
