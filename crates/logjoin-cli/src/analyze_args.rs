//! What the options mean: typed text turned into one plain struct, with messages that say what was expected.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use logjoin::options::{LineAt, Zone, can_fail};
use logjoin::redact::Redactor;
use logjoin::render::{Slo, Template};
use logjoin::rows::Names;
use logjoin::{CauseId, Options, Pattern};
use logjoin_files::Margin;
use logjoin_parse::compile::{self, Compiled, Escape, FormatError};
use logjoin_parse::{Format, Product};

use crate::args;
use crate::exit::Failure;
use crate::output::{Form, OutputArgs};
use crate::time_args;

/// Many more threads than cores wait for each other: with thousands, a second becomes minutes.
const MOST_THREADS: usize = 256;

/// An analysis as it was asked for.
#[derive(Debug, Clone)]
pub(crate) struct AnalyzeArgs {
    /// What to read.
    pub paths: Vec<PathBuf>,
    /// Configuration files that were named as such.
    pub configs: Vec<PathBuf>,
    /// Start of the range, nanoseconds since 1970.
    pub since_ns: Option<i64>,
    /// End of the range.
    pub until_ns: Option<i64>,
    /// Zones of stamps without one.
    pub zones: Vec<(Pattern, Zone)>,
    /// Known clock offsets, seconds.
    pub skews: Vec<(Pattern, f64)>,
    /// Lines about the same moment.
    pub anchors: Vec<(LineAt, LineAt)>,
    /// Roles of files.
    pub roles: Vec<(Pattern, Product)>,
    /// Formats of files.
    pub formats: Vec<(Pattern, Format)>,
    /// Addresses of instances.
    pub peers: Vec<(Pattern, String)>,
    /// Statuses that count.
    pub statuses: BTreeSet<i32>,
    /// How much is in view around a failure, seconds.
    pub window_s: Option<f64>,
    /// Rows looked at at a time.
    pub slice_rows: Option<usize>,
    /// Requests in view above which not all are looked at.
    pub lean_rows: Option<usize>,
    /// How many failures are kept one by one.
    pub keep_failures: Option<usize>,
    /// How far outside of the range large logs are read.
    pub margin: Margin,
    /// Where to write the lines that no format reads.
    pub unparsed: Option<PathBuf>,
    /// Most bytes that a compressed file may yield.
    pub max_unpacked: Option<u64>,
    /// Threads; one per core when absent.
    pub threads: Option<usize>,
    /// How many failures to list.
    pub failures: Option<usize>,
    /// Whether to keep how each verdict came about.
    pub derive: bool,
    /// What makes the exit code 1.
    pub fail_on: Vec<FailOn>,
    /// Whether the progress line was declined.
    pub no_progress: bool,
    /// What replaces names of people.
    pub redactor: Option<Redactor>,
    /// Whether inputs are named by their hashes too.
    pub hash_inputs: bool,
}

/// What makes the exit code 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FailOn {
    /// Any gateway failure.
    Any,
    /// A failure with this cause.
    Cause(CauseId),
}

impl AnalyzeArgs {
    /// What of it the engine is told.
    pub(crate) fn options(&self) -> Options {
        let usual = Options::default();
        Options {
            statuses: self.statuses.clone(),
            zones: self.zones.clone(),
            skews: self.skews.clone(),
            anchors: self.anchors.clone(),
            roles: self.roles.clone(),
            formats: self.formats.clone(),
            peers: self.peers.clone(),
            since_ns: self.since_ns,
            until_ns: self.until_ns,
            derive: self.derive,
            max_failures: self.failures,
            window_s: self.window_s.unwrap_or(usual.window_s),
            slice_rows: self.slice_rows.unwrap_or(usual.slice_rows),
            lean_rows: self.lean_rows.unwrap_or(usual.lean_rows),
            keep_failures: self.keep_failures.unwrap_or(usual.keep_failures),
            ..usual
        }
    }

    /// Makes sense of the options; `now_ns` is the present.
    pub(crate) fn new(paths: Vec<PathBuf>, o: &args::Options, now_ns: i64) -> Result<AnalyzeArgs, Failure> {
        let time = |e: time_args::TimeError| Failure::usage(e.to_string());
        let (since_ns, until_ns) =
            time_args::range(o.since.as_deref(), o.until.as_deref(), o.around.as_deref(), now_ns)
                .map_err(time)?;
        let margin = match o.margin.as_deref() {
            None => Margin::default(),
            Some("all") => Margin::All,
            Some(text) => Margin::Told(time_args::length(text).map_err(time)?),
        };
        let window_s = o.window.as_deref().map(time_args::length).transpose().map_err(time)?;
        if window_s == Some(0) {
            return Err(Failure::usage("--window 0: expected a length such as 90s"));
        }
        for (option, n) in [("--slice-rows", o.slice_rows), ("--keep-failures", o.keep_failures)] {
            if n == Some(0) {
                return Err(Failure::usage(format!("{option} 0: expected at least 1")));
            }
        }
        if let Some(n) = o.threads.filter(|n| !(1..=MOST_THREADS).contains(n)) {
            return Err(Failure::usage(format!("--threads {n}: expected 1 to {MOST_THREADS}")));
        }
        Ok(AnalyzeArgs {
            paths,
            configs: o.config.clone(),
            since_ns,
            until_ns,
            zones: pairs("--tz", "GLOB=ZONE", &o.tz, |v| time_args::zone(v).map_err(|e| e.to_string()))?,
            skews: pairs("--skew", "GLOB=OFFSET", &o.skew, |v| {
                time_args::offset_s(v).map_err(|e| e.to_string())
            })?,
            anchors: o.anchor.iter().map(|text| anchor(text)).collect::<Result<_, _>>()?,
            roles: pairs("--role", "GLOB=ROLE", &o.role, role)?,
            formats: formats(&o.format)?,
            peers: peers(&o.peer)?,
            statuses: statuses(&o.status)?,
            window_s: window_s.map(|ns| ns as f64 / 1e9),
            slice_rows: o.slice_rows,
            lean_rows: o.lean_rows,
            keep_failures: o.keep_failures,
            margin,
            unparsed: o.unparsed.clone(),
            max_unpacked: o.max_unpacked.as_deref().map(size).transpose()?,
            threads: o.threads,
            derive: false,
            failures: o.failures,
            fail_on: o.fail_on.iter().filter_map(|v| fail_on(v)).collect(),
            no_progress: o.no_progress,
            redactor: redactor(&o.redact)?,
            hash_inputs: false,
        })
    }
}

/// A number of bytes: `500M`, `64G`, `1.5GiB`, `1000000`. Letters mean powers of 1024.
fn size(text: &str) -> Result<u64, Failure> {
    let wrong =
        || Failure::usage(format!("{text:?} is no size: expected something like 500M, 64G or 1000000"));
    let letters = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let unit = match text[letters..].to_ascii_lowercase().as_str() {
        "" | "b" => 1u64,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        "t" | "tb" | "tib" => 1 << 40,
        _ => return Err(wrong()),
    };
    let number: f64 = text[..letters].trim().parse().map_err(|_| wrong())?;
    let bytes = number * unit as f64;
    if (1.0..1e18).contains(&bytes) { Ok(bytes as u64) } else { Err(wrong()) }
}

/// What `--redact` asks for. A key alone asks for it too.
pub(crate) fn redactor(o: &args::RedactOptions) -> Result<Option<Redactor>, Failure> {
    match &o.redact_key {
        Some(key) if key.is_empty() => Err(Failure::usage("--redact-key: expected a key, found nothing")),
        Some(key) => Ok(Some(Redactor::new(key.as_bytes()))),
        None if o.redact => {
            let mut key = [0; 32];
            getrandom::fill(&mut key)
                .map_err(|e| Failure::Io(format!("no random key could be had: {e}; give --redact-key")))?;
            Ok(Some(Redactor::new(&key)))
        }
        None => Ok(None),
    }
}

/// The formats of `--format`.
pub(crate) fn formats(all: &[String]) -> Result<Vec<(Pattern, Format)>, Failure> {
    pairs("--format", "GLOB=SPEC", all, format)
}

impl OutputArgs {
    /// Makes sense of the options.
    pub(crate) fn new(o: &args::Output) -> OutputArgs {
        OutputArgs {
            format: o.output_format.as_deref().and_then(Form::by_id),
            file: o.output.clone(),
            color: args::color(&o.color),
            verbose: o.verbose,
            compact: o.compact,
            no_pager: o.no_pager,
            names: if o.names == "ecs" { Names::Ecs } else { Names::Own },
            template: Template::default(),
            slo: None,
            command: command_line(std::env::args_os()),
        }
    }

    /// The same with what was said of the post-mortem. Who names a template and no form wants Markdown.
    pub(crate) fn with_document(mut self, o: &args::DocumentOptions) -> Result<OutputArgs, Failure> {
        if let Some(id) = &o.template {
            self.template = Template::by_id(id).unwrap_or_default();
            if self.format.is_none() && self.file.is_none() {
                self.format = Form::by_id("markdown");
            }
        }
        if let Some(text) = &o.slo {
            let expected = || format!("--slo {text:?}: expected a percentage such as 99.9, or 99.9/28d");
            self.slo = Some(Slo::parse(text).ok_or_else(|| Failure::usage(expected()))?);
        }
        Ok(self)
    }
}

/// The command line as it can be typed again; secrets are left out.
fn command_line(args: impl Iterator<Item = OsString>) -> String {
    let mut out = String::from("logjoin");
    let mut is_secret = false;
    for arg in args.skip(1) {
        let arg = arg.to_string_lossy();
        out.push(' ');
        if std::mem::take(&mut is_secret) {
            out.push_str("...");
        } else if arg.starts_with("--redact-key=") {
            out.push_str("--redact-key=...");
        } else {
            is_secret = arg == "--redact-key";
            out.push_str(&quoted(&arg));
        }
    }
    out
}

/// A word as a POSIX shell reads it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// Reads `GLOB=VALUE` options.
fn pairs<T>(
    option: &str,
    form: &str,
    all: &[String],
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<(Pattern, T)>, Failure> {
    all.iter()
        .map(|text| {
            let Some((glob, value)) = text.split_once('=').filter(|(g, v)| !g.is_empty() && !v.is_empty())
            else {
                return Err(Failure::usage(format!("{option} {text:?}: expected {form}")));
            };
            let value = read(value).map_err(|e| Failure::usage(format!("{option} {text:?}: {e}")))?;
            Ok((Pattern::new(glob), value))
        })
        .collect()
}

/// Reads `FILE:LINE=FILE:LINE`.
fn anchor(text: &str) -> Result<(LineAt, LineAt), Failure> {
    let line = |place: &str| {
        let (file, line) = place.rsplit_once(':')?;
        let line = line.parse().ok().filter(|n| *n > 0)?;
        (!file.is_empty()).then(|| LineAt { file: Pattern::new(file), line })
    };
    // A name may hold `=` and `:` itself: what is left of some `=` and what is right of it must both end in a number.
    let both = text.match_indices('=').find_map(|(i, _)| Some((line(&text[..i])?, line(&text[i + 1..])?)));
    both.ok_or_else(|| {
        Failure::usage(format!(
            "--anchor {text:?}: expected FILE:LINE=FILE:LINE, such as edge/access.log:17=api/app.log:5"
        ))
    })
}

fn peers(all: &[String]) -> Result<Vec<(Pattern, String)>, Failure> {
    all.iter()
        .map(|text| match text.split_once('=') {
            Some((address, glob)) if !address.is_empty() && !glob.is_empty() => {
                Ok((Pattern::new(glob), address.to_owned()))
            }
            _ => Err(Failure::usage(format!(
                "--peer {text:?}: expected ADDR=GLOB, such as 10.0.0.1:8080=app-1/"
            ))),
        })
        .collect()
}

fn role(text: &str) -> Result<Product, String> {
    Product::by_name(text).ok_or_else(|| "expected nginx, apache, haproxy, backend or system".to_owned())
}

fn statuses(text: &str) -> Result<BTreeSet<i32>, Failure> {
    let read = |part: &str| part.trim().parse().ok().filter(|s| (-1..=999).contains(s) && can_fail(*s));
    text.split(',')
        .map(|part| {
            let expected = "expected 408 or a status from 500 on; others are no gateway failures";
            read(part).ok_or_else(|| Failure::usage(format!("--status {}: {expected}", part.trim())))
        })
        .collect()
}

fn fail_on(text: &str) -> Option<FailOn> {
    if text == "any" { Some(FailOn::Any) } else { CauseId::by_id(text).map(FailOn::Cause) }
}

/// A format: the id of a built-in one, or a format string with the name of the proxy in front. A string with `$` can
/// only be nginx's.
fn format(spec: &str) -> Result<Format, String> {
    if let Some(f) = Format::by_id(spec) {
        return Ok(f);
    }
    let (kind, text) = match spec.split_once(':') {
        Some((kind @ ("nginx" | "nginx-json" | "apache" | "httpd" | "apache-error" | "haproxy"), text)) => {
            (kind, text)
        }
        _ if spec.contains('$') => ("nginx", spec),
        _ => {
            let ids: Vec<&str> = logjoin_parse::formats::FORMATS.iter().map(|f| f.id).collect();
            return Err(format!(
                "expected nginx:STRING, nginx-json:STRING, apache:STRING, apache-error:STRING, haproxy:STRING or one of {}",
                ids.join(", ")
            ));
        }
    };
    let compiled: Result<Compiled, FormatError> = match kind {
        "nginx" => compile::nginx(text, Escape::Default),
        "nginx-json" => compile::nginx(text, Escape::Json),
        "apache" | "httpd" => compile::apache_access(text),
        "apache-error" => compile::apache_error(text),
        _ => compile::haproxy(text),
    };
    compiled.map(|c| Format::Compiled(Arc::new(c))).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(change: impl Fn(&mut args::Options)) -> Result<AnalyzeArgs, String> {
        let mut o = args::Options { status: "502,503,504".into(), ..args::Options::default() };
        change(&mut o);
        AnalyzeArgs::new(vec!["logs".into()], &o, 1_795_253_400_000_000_000).map_err(|e| match e {
            Failure::Usage(m) => m,
            other => format!("{other:?}"),
        })
    }

    #[test]
    fn options_become_values() {
        let a = read(|o| {
            o.tz = vec!["api-3/*=Europe/Berlin".into()];
            o.skew = vec!["api-2/=-41.2s".into()];
            o.anchor = vec!["edge/access.log:17=C:/a=b.log:5".into()];
            o.role = vec!["*.log=httpd".into()];
            o.peer = vec!["10.0.0.3:8080=api-3/".into()];
            o.status = "502, 504".into();
            o.window = Some("2m".into());
            o.fail_on = vec!["any".into(), "oom-kill".into()];
            o.format = vec![r#"a.log=nginx:$remote_addr "$request" $status"#.into()];
        })
        .unwrap();
        assert!(a.zones[0].0.fits("logs/api-3/app.log") && matches!(a.zones[0].1, Zone::Named(_)));
        assert_eq!(a.skews[0].1, -41.2);
        assert_eq!((a.anchors[0].0.line, a.anchors[0].1.line), (17, 5));
        assert!(a.anchors[0].1.file.fits("C:/a=b.log"));
        assert_eq!(a.roles[0].1, Product::Apache);
        assert_eq!(a.peers[0].1, "10.0.0.3:8080");
        assert_eq!(a.statuses, BTreeSet::from([502, 504]));
        assert_eq!(a.window_s, Some(120.0));
        assert_eq!(a.fail_on, [FailOn::Any, FailOn::Cause(CauseId::OomKill)]);
        assert_eq!(a.formats.len(), 1);
    }

    #[test]
    fn a_command_line_can_be_typed_again_and_keeps_its_secrets() {
        let words =
            ["/usr/bin/logjoin", "./logs", "--around", "14:00 \u{b1}5m", "--redact-key", "s3cret", "it's"];
        let line = command_line(words.iter().map(OsString::from));
        assert_eq!(line, "logjoin ./logs --around '14:00 \u{b1}5m' --redact-key ... 'it'\\''s'");
        assert_eq!(
            command_line(["logjoin", "--redact-key=x"].iter().map(OsString::from)),
            "logjoin --redact-key=..."
        );
    }

    #[test]
    fn messages_say_what_was_expected() {
        for (change, words) in [
            (
                (|o: &mut args::Options| o.tz = vec!["Europe/Berlin".into()]) as fn(&mut args::Options),
                "GLOB=ZONE",
            ),
            (|o| o.tz = vec!["*=Mars".into()], "Europe/Berlin"),
            (|o| o.role = vec!["*=proxy".into()], "haproxy"),
            (|o| o.peer = vec!["10.0.0.1".into()], "ADDR=GLOB"),
            (|o| o.status = "5xx".into(), "--status 5xx: expected 408 or"),
            (|o| o.status = "502,404".into(), "--status 404: expected 408 or a status from 500 on"),
            (|o| o.status = "502,".into(), "--status : expected"),
            (|o| o.window = Some("soon".into()), "90s"),
            (|o| o.since = Some("soon".into()), "yesterday 14:00"),
            (|o| o.threads = Some(0), "expected 1 to 256"),
            (|o| o.threads = Some(5000), "--threads 5000: expected 1 to 256"),
            (|o| o.slice_rows = Some(0), "--slice-rows 0: expected at least 1"),
            (|o| o.keep_failures = Some(0), "--keep-failures 0: expected at least 1"),
            (|o| o.window = Some("0s".into()), "--window 0: expected"),
            (|o| o.format = vec!["*=what".into()], "nginx:STRING"),
            (|o| o.format = vec!["*=nginx:$".into()], "--format"),
        ] {
            let message = read(change).unwrap_err();
            assert!(message.contains(words), "{message}");
        }
    }
}
