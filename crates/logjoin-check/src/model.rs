//! What goes in and what comes out: configurations with their names, findings with their places.

use logjoin_config::ProxyConfig;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Works, and could serve better: less is known after a failure, or more requests are lost in one.
    Advice,
    /// Will cost requests once something else goes wrong, or did.
    Warning,
    /// Cannot work as it stands, or demonstrably did not.
    Error,
}

impl Severity {
    /// All, the least first.
    pub const ALL: &[Severity] = &[Severity::Advice, Severity::Warning, Severity::Error];

    /// `advice`, `warning` or `error`.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Advice => "advice",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }

    /// The one of that name.
    pub fn by_id(id: &str) -> Option<Severity> {
        Severity::ALL.iter().copied().find(|severity| severity.as_str() == id)
    }
}

/// One configuration to check.
#[derive(Debug, Clone)]
pub struct Subject {
    /// Path of the main file, as given.
    pub path: String,
    /// What it says.
    pub config: ProxyConfig,
    /// When this version was loaded, nanoseconds since 1970-01-01 UTC; `None`: from the beginning.
    pub loaded_ns: Option<i64>,
}

impl Subject {
    /// A configuration in force from the beginning.
    pub fn new(path: impl Into<String>, config: ProxyConfig) -> Subject {
        Subject { path: path.into(), config, loaded_ns: None }
    }
}

/// One thing to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Id of the rule, or `syntax` for what the reader could not make sense of.
    pub rule: &'static str,
    /// How much it matters here.
    pub severity: Severity,
    /// The file as it was named, an included one perhaps.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// What stands there.
    pub message: String,
    /// Why it matters.
    pub why: &'static str,
    /// What to write, in the proxy's own syntax; lines are separated by `\n`.
    pub fix: String,
    /// Failed requests that it touched; `None` if no logs were given, or where a number would say nothing.
    pub failures: Option<u64>,
}

/// The result of a check.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// All files that were read, included ones too, sorted.
    pub files: Vec<String>,
    /// What was found: the most severe first, then by failures touched, file and line.
    pub findings: Vec<Finding>,
    /// Whether logs were taken into account.
    pub with_logs: bool,
    /// Whether some file has lines that make no sense.
    pub has_syntax_errors: bool,
}

impl Report {
    /// How many findings have that severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }
}
