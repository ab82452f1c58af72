//! The page `docs/signals.md`, rendered from the table.

use std::fmt::Write;

use super::{FAMILIES, Meaning, Scope, SignalDef};

/// The whole page in Markdown: the vocabulary, then a table per family in the order of matching.
pub fn reference_page() -> String {
    let mut page = String::from(
        "# Signals\n\n\
         Generated from the table in `crates/logjoin/src/signals`; run its tests with `UPDATE_EXPECT=1` to renew it.\n\n\
         A signal is a message of a backend, runtime, supervisor, container engine, kernel or proxy whose meaning is\n\
         known. Families are asked in the order below, and the first entry that fits names the signal; the wording that\n\
         many programs share comes last.\n\n\
         ## Meanings\n\n| meaning | stands for |\n| --- | --- |\n",
    );
    for meaning in Meaning::ALL {
        row(&mut page, &[&code(meaning.as_str()), &cell(meaning.explain())]);
    }
    page.push_str("\n## Scopes\n\n| scope | the message speaks of |\n| --- | --- |\n");
    for scope in Scope::ALL {
        row(&mut page, &[&code(scope.as_str()), &cell(scope.explain())]);
    }
    for family in FAMILIES {
        let _ = write!(page, "\n## {}\n\nPrograms: {}.", family.title, family.programs.join(", "));
        if family.is_exclusive {
            page.push_str(
                " A message known to come from one of them is looked up only under their headings.",
            );
        }
        page.push_str("\n\n| id | meaning | scope | what happened | an example | parts | wording from |\n");
        page.push_str("| --- | --- | --- | --- | --- | --- | --- |\n");
        for def in family.signals {
            let example = def.hits.first().map_or(String::new(), |(message, _)| code(message));
            row(
                &mut page,
                &[
                    &code(def.id),
                    def.meaning.as_str(),
                    def.scope.as_str(),
                    &title(def),
                    &example,
                    &parts(def),
                    &cell(def.source),
                ],
            );
        }
    }
    page
}

fn row(page: &mut String, cells: &[&str]) {
    let _ = writeln!(page, "| {} |", cells.join(" | "));
}

fn title(def: &SignalDef) -> String {
    match def.only_from {
        [] => cell(def.title),
        programs => format!("{} (only if the writer is known: {})", cell(def.title), programs.join(", ")),
    }
}

/// The named groups of the pattern, in their order.
fn parts(def: &SignalDef) -> String {
    let mut names: Vec<&str> = Vec::new();
    for piece in def.pattern.unwrap_or("").split("(?<").skip(1) {
        if let Some((name, _)) = piece.split_once('>')
            && !names.contains(&name)
        {
            names.push(name);
        }
    }
    names.join(", ")
}

/// Text within a table cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// A message in code style: the first line, cut where it gets long.
fn code(text: &str) -> String {
    let line = text.lines().find(|l| !l.trim().is_empty()).unwrap_or("").trim();
    let cut: String = line.chars().take(150).collect();
    let dots = if cut.len() < line.len() || text.trim().contains('\n') { " …" } else { "" };
    let fence = if cut.contains('`') { "``" } else { "`" };
    format!("{fence}{}{fence}{dots}", cell(&cut))
}
