//! What the options mean: typed text turned into one plain struct, with messages that say what was expected.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use logjoin::{CauseId, LineAt, Pattern, Zone, render};
use logjoin_parse::Format;
use logjoin_parse::compile::{self, Compiled, Escape, FormatError};

use crate::args;
use crate::exit::Failure;
use crate::output::OutputArgs;
use crate::time_args;

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
    pub roles: Vec<(Pattern, String)>,
    /// Formats of files.
    pub formats: Vec<(Pattern, Format)>,
    /// Addresses of instances.
    pub peers: Vec<(String, Pattern)>,
    /// Statuses that count.
    pub statuses: BTreeSet<i32>,
    /// How far a cause may be, seconds.
    pub window_s: Option<f64>,
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
    /// Makes sense of the options; `now_ns` is the present.
    pub(crate) fn new(paths: Vec<PathBuf>, o: &args::Options, now_ns: i64) -> Result<AnalyzeArgs, Failure> {
        let time = |e: time_args::TimeError| Failure::usage(e.to_string());
        let (since_ns, until_ns) =
            time_args::range(o.since.as_deref(), o.until.as_deref(), o.around.as_deref(), now_ns)
                .map_err(time)?;
        let window_s = o.window.as_deref().map(time_args::length).transpose().map_err(time)?;
        if o.threads == Some(0) {
            return Err(Failure::usage("--threads 0: expected at least 1"));
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
            unparsed: o.unparsed.clone(),
            max_unpacked: o.max_unpacked.as_deref().map(size).transpose()?,
            threads: o.threads,
            derive: false,
            failures: o.failures,
            fail_on: o.fail_on.iter().filter_map(|v| fail_on(v)).collect(),
            no_progress: o.no_progress,
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

/// The formats of `--format`.
pub(crate) fn formats(all: &[String]) -> Result<Vec<(Pattern, Format)>, Failure> {
    pairs("--format", "GLOB=SPEC", all, format)
}

impl OutputArgs {
    /// Makes sense of the options.
    pub(crate) fn new(o: &args::Output) -> OutputArgs {
        OutputArgs {
            format: o.output_format.as_deref().and_then(render::by_id),
            file: o.output.clone(),
            color: args::color(&o.color),
            verbose: o.verbose,
            compact: o.compact,
            no_pager: o.no_pager,
        }
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

fn peers(all: &[String]) -> Result<Vec<(String, Pattern)>, Failure> {
    all.iter()
        .map(|text| match text.split_once('=') {
            Some((address, glob)) if !address.is_empty() && !glob.is_empty() => {
                Ok((address.to_owned(), Pattern::new(glob)))
            }
            _ => Err(Failure::usage(format!(
                "--peer {text:?}: expected ADDR=GLOB, such as 10.0.0.1:8080=app-1/"
            ))),
        })
        .collect()
}

fn role(text: &str) -> Result<String, String> {
    match text {
        "httpd" => Ok("apache".to_owned()),
        "nginx" | "apache" | "haproxy" | "backend" | "system" => Ok(text.to_owned()),
        _ => Err("expected nginx, apache, haproxy, backend or system".to_owned()),
    }
}

fn statuses(text: &str) -> Result<BTreeSet<i32>, Failure> {
    let read = |part: &str| part.trim().parse().ok().filter(|s| (100..=999).contains(s));
    text.split(',')
        .map(|part| {
            read(part).ok_or_else(|| Failure::usage(format!("--status {text:?}: {part:?} is no status")))
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
        assert_eq!(a.roles[0].1, "apache");
        assert_eq!(a.peers[0].0, "10.0.0.3:8080");
        assert_eq!(a.statuses, BTreeSet::from([502, 504]));
        assert_eq!(a.window_s, Some(120.0));
        assert_eq!(a.fail_on, [FailOn::Any, FailOn::Cause(CauseId::OomKill)]);
        assert_eq!(a.formats.len(), 1);
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
            (|o| o.status = "5xx".into(), "no status"),
            (|o| o.window = Some("soon".into()), "90s"),
            (|o| o.since = Some("soon".into()), "yesterday 14:00"),
            (|o| o.threads = Some(0), "at least 1"),
            (|o| o.format = vec!["*=what".into()], "nginx:STRING"),
            (|o| o.format = vec!["*=nginx:$".into()], "--format"),
        ] {
            let message = read(change).unwrap_err();
            assert!(message.contains(words), "{message}");
        }
    }
}
