//! The form of a case: a few lines of words, the files of a small world, what the engine finds in it.
//!
//! ```text
//! What happened here, in a sentence or two.
//! is: deploy-restart
//!
//! --- edge/access.log zone=+02:00
//! ...
//! --- conf/nginx/nginx.conf
//! ...
//! --- findings
//! deploy-restart targets=app-1 proxies=edge failures=3 confidence=0.85
//! ```
//!
//! `is:` names the causes that a person who knows the software would accept.

use std::path::{Path, PathBuf};

use logjoin::CauseId;

/// A case, as written.
pub struct Case {
    /// `<cause>/<name>`, without the extension.
    pub id: String,
    pub path: PathBuf,
    /// The folder's name.
    pub cause: String,
    /// The right answers.
    pub is: Vec<CauseId>,
    pub sections: Vec<Section>,
    /// The last section, as it stands.
    pub findings: String,
}

/// One file of the world.
pub struct Section {
    pub path: String,
    /// Seconds east of UTC, for stamps without a zone.
    pub zone: Option<i32>,
    pub text: String,
}

impl Case {
    /// Whether the folder's cause must be found; otherwise it must not.
    pub fn fires(&self) -> bool {
        self.id.split_once('/').is_some_and(|(_, name)| name.starts_with("fires-"))
    }

    /// Reads a case; the error says what is not in the form.
    pub fn read(path: &Path) -> Result<Case, String> {
        let text = std::fs::read_to_string(path).map_err(|e| e.to_string())?;
        let name = path.file_stem().and_then(|n| n.to_str()).unwrap_or_default();
        let cause = path.parent().and_then(Path::file_name).and_then(|n| n.to_str()).unwrap_or_default();
        if !name.starts_with("fires-") && !name.starts_with("near-") {
            return Err("its name says neither `fires-` nor `near-`".into());
        }
        let (head, rest) = text.split_once("\n--- ").ok_or("it has no sections")?;
        let is = accepted(head)?;
        if head.lines().next().is_none_or(|l| l.len() < 20 || l.starts_with("is:")) {
            return Err("its first line does not say what happened".into());
        }
        let mut sections = Vec::new();
        let mut findings = None;
        for part in rest.split("\n--- ") {
            let (title, body) = part.split_once('\n').unwrap_or((part, ""));
            if findings.is_some() {
                return Err("`findings` is not its last section".into());
            }
            if title == "findings" {
                findings = Some(body.to_string());
            } else {
                sections.push(section(title, body)?);
            }
        }
        let findings = findings.ok_or("it has no `findings`")?;
        Ok(Case {
            id: format!("{cause}/{name}"),
            path: path.into(),
            cause: cause.into(),
            is,
            sections,
            findings,
        })
    }

    /// Writes the findings into the file.
    pub fn rewrite(&self, findings: &str) -> std::io::Result<()> {
        let text = std::fs::read_to_string(&self.path)?;
        let end = text.rfind("\n--- findings").map_or(text.len(), |at| at + "\n--- findings\n".len());
        std::fs::write(&self.path, format!("{}{findings}", &text[..end.min(text.len())]))
    }
}

fn accepted(head: &str) -> Result<Vec<CauseId>, String> {
    let line = head.lines().find_map(|l| l.strip_prefix("is:")).ok_or("it has no `is:` line")?;
    let ids: Result<Vec<CauseId>, String> = line
        .split_whitespace()
        .map(|id| CauseId::by_id(id).ok_or_else(|| format!("`is: {id}` is no cause")))
        .collect();
    ids.and_then(|ids| if ids.is_empty() { Err("`is:` names nothing".into()) } else { Ok(ids) })
}

fn section(title: &str, body: &str) -> Result<Section, String> {
    let mut words = title.split_whitespace();
    let path = words.next().unwrap_or_default().to_string();
    if !path.contains('/') {
        return Err(format!("section `{title}` is not in a folder"));
    }
    let mut zone = None;
    for word in words {
        let offset = word.strip_prefix("zone=").and_then(seconds_east);
        zone = Some(offset.ok_or_else(|| format!("`{word}` of section `{path}` means nothing"))?);
    }
    Ok(Section { path, zone, text: format!("{}\n", body.trim_end_matches('\n')) })
}

/// `+02:00`, `-05:30`.
fn seconds_east(text: &str) -> Option<i32> {
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (h, m) = rest.split_once(':')?;
    Some(sign * (h.parse::<i32>().ok()? * 3600 + m.parse::<i32>().ok()? * 60))
}
