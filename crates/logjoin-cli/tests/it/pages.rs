//! The pages that people read first: what they show is what the program says, and what they point to is there.

use std::path::{Path, PathBuf};

use super::{err, logjoin, out};

const MARK: &str =
    "<!-- report: the beginning of `logjoin fixtures/scenarios/worker-crash`, up to the second finding -->\n";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The report on the demonstration, up to its second finding.
fn beginning() -> String {
    let o = logjoin(&root(), &["fixtures/scenarios/worker-crash"]);
    assert_eq!(o.status.code(), Some(0), "{}", err(&o));
    let text = out(&o);
    let is_finding =
        |line: &str| line.starts_with('I') && line[1..].starts_with(|c: char| c.is_ascii_digit());
    let second = text.lines().enumerate().filter(|(_, l)| is_finding(l)).nth(1).expect("two findings").0;
    let lines: Vec<&str> = text.lines().take(second).collect();
    lines.join("\n").trim_end().to_string()
}

#[test]
fn the_report_on_the_front_page_is_real() {
    let path = root().join("README.md");
    let page = std::fs::read_to_string(&path).expect("README.md");
    let (before, rest) = page.split_once(MARK).expect("the mark before the report");
    let shown = rest.strip_prefix("```text\n").expect("a block of text after the mark");
    let (shown, after) = shown.split_once("\n```").expect("the end of the block");
    let real = beginning();
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, format!("{before}{MARK}```text\n{real}\n```{after}")).expect("README.md");
        return;
    }
    assert!(shown == real, "README.md shows another report; run with UPDATE_EXPECT=1\n{shown}\n---\n{real}");
}

/// All pages for readers.
fn pages() -> Vec<PathBuf> {
    let root = root();
    let mut pages: Vec<PathBuf> =
        ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(|p| root.join(p)).into();
    for folder in ["docs", "docs/decisions", "docs/guide"] {
        let entries = std::fs::read_dir(root.join(folder)).expect("a folder of pages");
        pages
            .extend(entries.flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "md")));
    }
    pages.sort();
    pages
}

#[test]
fn links_between_pages_lead_somewhere() {
    let mut broken = Vec::new();
    for page in pages() {
        let text = std::fs::read_to_string(&page).expect("a page");
        for (place, link) in links(&text) {
            if !page.parent().expect("a folder").join(link).exists() {
                broken.push(format!("{}:{place}: {link}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "nothing there:\n{}", broken.join("\n"));
}

#[test]
fn every_page_is_linked_from_another_one() {
    let real = |p: &Path| p.canonicalize().expect("a page");
    let mut linked: Vec<PathBuf> = vec![real(&root().join("README.md"))];
    for page in pages() {
        let text = std::fs::read_to_string(&page).expect("a page");
        let targets = links(&text).map(|(_, link)| page.parent().expect("a folder").join(link));
        linked.extend(targets.filter(|t| t.exists()).map(|t| real(&t)).filter(|t| *t != real(&page)));
    }
    let lost: Vec<PathBuf> = pages().into_iter().filter(|p| !linked.contains(&real(p))).collect();
    assert!(lost.is_empty(), "no page leads to {lost:?}");
}

/// The list in `docs/decisions/README.md` is made from the titles of the pages.
#[test]
fn all_decisions_are_listed() {
    const MARK: &str = "<!-- the list: the titles of the pages in this folder -->\n";
    let folder = root().join("docs/decisions");
    let decisions = pages().into_iter().filter(|p| p.starts_with(&folder) && !p.ends_with("README.md"));
    let list: String = decisions
        .map(|page| {
            let text = std::fs::read_to_string(&page).expect("a page");
            let title = text.lines().next().and_then(|l| l.strip_prefix("# ")).expect("a title").to_owned();
            let (number, title) = title.split_once(". ").expect("a number");
            let name = page.file_name().expect("a name").to_string_lossy().into_owned();
            assert!(name.starts_with(&format!("{number:0>4}-")), "{name} has the number {number}");
            format!("* {number}. [{title}]({name})\n")
        })
        .collect();
    let path = folder.join("README.md");
    let page = std::fs::read_to_string(&path).expect("docs/decisions/README.md");
    let (before, listed) = page.split_once(MARK).expect("the mark before the list");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, format!("{before}{MARK}{list}")).expect("docs/decisions/README.md");
        return;
    }
    assert!(listed == list, "docs/decisions/README.md lists others; run with UPDATE_EXPECT=1\n{list}");
}

/// Relative links outside code, with their line numbers.
fn links(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut is_code = false;
    let lines = text.lines().enumerate().filter(move |(_, line)| {
        let fence = line.starts_with("```");
        is_code ^= fence;
        !is_code && !fence
    });
    lines
        .flat_map(|(i, line)| {
            let targets = line.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
            targets.map(move |(link, _)| (i + 1, link.split('#').next().unwrap_or_default()))
        })
        .filter(|(_, link)| !link.is_empty() && !link.contains("://"))
}
