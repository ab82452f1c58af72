//! What can be typed: the commands and options, as clap reads them. What they mean is in `analyze_args`.

use std::path::PathBuf;

use anstream::ColorChoice;
use clap::builder::PossibleValuesParser;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueHint};
use clap_complete::Shell;
use logjoin::CauseId;
use logjoin::render::{RENDERERS, Template};

use crate::output::Form;
use crate::probe_args::{ProbeCommand, SHORTLY, WHAT_IS_SENT};

/// No line of the examples is longer than 80 columns, and no paragraph is broken by hand: clap fits them to the terminal.
const EXAMPLES: &str = "\
Examples:
  logjoin ./logs                        the report
  logjoin ./logs ./conf -v              with the proxies' configuration, in full
  logjoin ./logs -o report.html         a page for the meeting
  logjoin ./logs -o postmortem.md       a draft of the post-mortem
  logjoin ./logs --around \"14:00 ±5m\"  only the failures of these minutes
  logjoin ./logs --tz 'api-3/*=Europe/Berlin' --peer 10.0.0.3:8080=api-3/
  logjoin join ./logs -F csv            one row per failed request
  logjoin compare old.json new.json     what is new, gone, better, worse
  logjoin explain keepalive-race        what it means, what to check and change
  logjoin explain logs/access.log:1042 ./logs
                                        how this failure was judged
  logjoin check nginx.conf --logs ./logs
                                        what to change in a configuration

A PATH is a file, a folder, a pattern, an archive, or - for standard input. Rotated and compressed files are understood, \
and the proxies' configuration files are recognised among the logs. A saved analysis.json is shown again without reading the logs.

Every option can be set by LOGJOIN_<OPTION> (LOGJOIN_COLOR=never) and in ~/.config/logjoin/config.toml (color = \"never\"). \
The command line wins, then the environment, then the file.

Exit codes: 0 done, 1 findings matched --fail-on, 2 usage, 3 some input could not be read (the rest was analysed), \
or no proxy's access log was recognised: then there is nothing to judge.";

const FEW_EXAMPLES: &str = "\
Examples:
  logjoin ./logs                   the report
  logjoin ./logs ./conf -v         with the proxies' configuration, in full
  logjoin ./logs -o report.html    a page (.md: post-mortem, .json: data)

--help shows all options and more examples.";

const ALL_OPTIONS: &str = "--help shows all options.";

/// Finds out why a reverse proxy (nginx, Apache httpd, HAProxy) answered 502, 503 or 504, from logs alone.
#[derive(Debug, Parser)]
#[command(name = "logjoin", version, after_help = FEW_EXAMPLES, after_long_help = EXAMPLES, args_conflicts_with_subcommands = true)]
#[command(subcommand_negates_reqs = true, arg_required_else_help = true, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub analyze: AnalyzeCommand,
    #[command(flatten)]
    pub document: DocumentOptions,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The report (the default command)
    #[command(after_help = FEW_EXAMPLES, after_long_help = EXAMPLES)]
    Analyze(ReportCommand),
    #[command(after_help = ALL_OPTIONS, after_long_help = "Examples:
  logjoin join ./logs | jq -r 'select(.cause == \"oom-kill\") | .target'
  logjoin join ./logs -o failures.parquet  typed columns (DuckDB, pandas, Spark)
  logjoin join ./logs --names ecs          names of the Elastic Common Schema")]
    /// One row per failed request, with what it was joined to (ndjson, csv, parquet)
    Join(AnalyzeCommand),
    #[command(after_help = "Examples:
  logjoin parse ./logs/nginx -F csv | head
  logjoin parse ./logs -o records.parquet
  zcat access.log.gz | logjoin parse - --redact")]
    /// One row per record of the logs (ndjson, csv, parquet)
    Parse(ParseCommand),
    /// What each file was taken for: format, role, instance, zone, range, gaps, clock, unparsed lines
    #[command(after_help = ALL_OPTIONS, after_long_help = "")]
    Detect(AnalyzeCommand),
    #[command(after_help = ALL_OPTIONS, after_long_help = "Examples:
  logjoin compare before.json after.json   two saved results
  logjoin compare ./logs-monday ./logs-today -o comparison.md
  logjoin compare ./logs --before 14:00..14:30 --after 15:00..+30m")]
    /// Compares two results, folders or ranges of time: what is new, gone, better, worse
    Compare(CompareCommand),
    /// What a cause means, or how one failure was judged, step by step
    #[command(after_help = ALL_OPTIONS, after_long_help = "")]
    Explain(ExplainCommand),
    /// Finds what in the proxies' configurations costs availability, and what to write instead
    Check(CheckCommand),
    /// Sends the same requests to the proxy and to the backends, and says where the answers differ
    #[command(after_help = SHORTLY, after_long_help = WHAT_IS_SENT)]
    Probe(ProbeCommand),
    /// Completions for a shell, on standard output
    Completions {
        /// The shell
        shell: Shell,
    },
    /// The manual page, on standard output
    Man,
}

#[derive(Debug, Args)]
pub(crate) struct AnalyzeCommand {
    /// Logs, folders, patterns, archives, configuration files, or -
    #[arg(value_name = "PATH", required = true, value_hint = ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,
    #[command(flatten)]
    pub options: Options,
    #[command(flatten)]
    pub output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct ReportCommand {
    #[command(flatten)]
    pub analyze: AnalyzeCommand,
    #[command(flatten)]
    pub document: DocumentOptions,
}

/// What concerns the post-mortem.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct DocumentOptions {
    /// Headings of the post-mortem (-o FILE.md)
    #[arg(long, hide_short_help = true, value_name = "NAME", value_parser = PossibleValuesParser::new(Template::ALL.iter().map(|(id, _)| *id)))]
    pub template: Option<String>,
    /// Say in the post-mortem how much of an error budget was spent: 99.9 (over 30 days) or 99.9/28d
    #[arg(long, hide_short_help = true, value_name = "PERCENT")]
    pub slo: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ParseCommand {
    /// Logs, folders, patterns, archives, or -
    #[arg(value_name = "PATH", required = true, value_hint = ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,
    /// Format of the files that match GLOB: an id, or nginx:STRING, apache:STRING, apache-error:STRING, haproxy:STRING
    #[arg(long, value_name = "GLOB=SPEC")]
    pub format: Vec<String>,
    #[command(flatten)]
    pub redact: RedactOptions,
    #[command(flatten)]
    pub output: Output,
}

/// What must not be shown to strangers.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct RedactOptions {
    /// Replace addresses, user ids, query values, tokens and cookies with pseudonyms; joins stay intact
    #[arg(long)]
    pub redact: bool,
    /// Key of the pseudonyms: the same key gives the same pseudonyms [default: a new key for each run]
    #[arg(long, hide_short_help = true, value_name = "KEY", hide_env_values = true)]
    pub redact_key: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct CompareCommand {
    /// Two saved results (analysis.json) or two folders of logs; or, with --before and --after, one set of logs
    #[arg(value_name = "PATH", required = true, value_hint = ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,
    /// The first range of time: 14:00..14:30, 2026-11-21T01:50Z..+15m
    #[arg(long, value_name = "RANGE", requires = "after")]
    pub before: Option<String>,
    /// The second range of time
    #[arg(long, value_name = "RANGE", requires = "before")]
    pub after: Option<String>,
    #[command(flatten)]
    pub options: Options,
    #[command(flatten)]
    pub output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct CheckCommand {
    /// nginx.conf, httpd.conf, haproxy.cfg (included files are read too), or folders with them
    #[arg(value_name = "CONF", required_unless_present_any = ["list", "explain"], value_hint = ValueHint::AnyPath)]
    pub confs: Vec<PathBuf>,
    /// Logs, folders, patterns or archives: counts the failed requests that each finding touched, and adds findings that only logs show
    #[arg(long, value_name = "PATH", num_args = 1.., value_hint = ValueHint::AnyPath)]
    pub logs: Vec<PathBuf>,
    /// Zone of stamps that name none, in the log files that match GLOB: 'api-3/*=Europe/Berlin'
    #[arg(long, value_name = "GLOB=ZONE")]
    pub tz: Vec<String>,
    /// Exit with 1 if there is a finding of this severity or a higher one
    #[arg(long, value_name = "SEVERITY", value_parser = ["error", "warning", "advice"])]
    pub fail_on: Option<String>,
    /// List the rules, one per line
    #[arg(long)]
    pub list: bool,
    /// Say what a rule finds, and which manual says so
    #[arg(long, value_name = "RULE")]
    pub explain: Option<String>,
    /// Format of the output
    #[arg(short = 'F', long, value_name = "FORMAT", value_parser = ["text", "json", "sarif"], help_heading = "Output")]
    pub output_format: Option<String>,
    /// Write to FILE; its extension decides the format
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Output")]
    pub output: Option<PathBuf>,
    /// Leave out the reasons: only the place, the finding and the fix
    #[arg(long, help_heading = "Output")]
    pub brief: bool,
    /// Also show what was skipped
    #[arg(short, long, help_heading = "Output")]
    pub verbose: bool,
    /// When to use colour (NO_COLOR is respected)
    #[arg(long, value_name = "WHEN", default_value = "auto", value_parser = ["auto", "always", "never"], help_heading = "Output")]
    pub color: String,
    /// No progress line on standard error
    #[arg(long, help_heading = "Output")]
    pub no_progress: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainCommand {
    /// A cause (oom-kill); or a failure (FILE:LINE or its id, F12), followed by the logs
    #[arg(value_name = "CAUSE|FILE:LINE|ID", required_unless_present = "request_id")]
    pub what: Option<String>,
    /// Logs, folders, patterns, archives, configuration files, or -
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,
    /// The failure with this request id
    #[arg(long, value_name = "ID")]
    pub request_id: Option<String>,
    #[command(flatten)]
    pub options: Options,
    #[command(flatten)]
    pub output: Output,
}

#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Time")]
pub(crate) struct Options {
    /// Only failures from TIME on: 2026-11-21T01:50:00Z, "yesterday 14:00", 2h (ago); UTC unless a zone follows
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub since: Option<String>,
    /// Only failures before TIME; +15m is relative to --since
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub until: Option<String>,
    /// Only failures around TIME: 15 minutes before and after, or as in "14:00 ±5m"
    #[arg(long, value_name = "TIME", conflicts_with_all = ["since", "until"], allow_hyphen_values = true)]
    pub around: Option<String>,
    /// Zone of stamps that name none, in the files that match GLOB: 'api-3/*=Europe/Berlin', 'api-3/*=+01:00'
    #[arg(long, value_name = "GLOB=ZONE")]
    pub tz: Vec<String>,
    /// Known clock offset of the files that match GLOB (the log's clock minus the true one): 'api-2/*=-41.2s'
    #[arg(long, hide_short_help = true, value_name = "GLOB=OFFSET")]
    pub skew: Vec<String>,
    /// Two lines about the same moment, which show how the clocks of their hosts differ: edge/access.log:17=api/app.log:5
    #[arg(long, hide_short_help = true, value_name = "FILE:LINE=FILE:LINE")]
    pub anchor: Vec<String>,

    /// Who wrote the files that match GLOB: nginx, apache, haproxy, backend or system
    #[arg(long, hide_short_help = true, value_name = "GLOB=ROLE", help_heading = "Input")]
    pub role: Vec<String>,
    /// Format of the files that match GLOB: an id, or nginx:STRING, apache:STRING, apache-error:STRING, haproxy:STRING
    #[arg(long, value_name = "GLOB=SPEC", help_heading = "Input")]
    pub format: Vec<String>,
    /// A configuration file of a proxy (those among the PATHs are recognised without this)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Input")]
    pub config: Vec<PathBuf>,
    /// Address of the instance whose logs match GLOB: 10.0.0.1:8080=app-1/
    #[arg(long, value_name = "ADDR=GLOB", help_heading = "Input")]
    pub peer: Vec<String>,
    /// Statuses that count as gateway failures: 408, and any from 500 on
    #[arg(long, value_name = "LIST", default_value = STATUSES, help_heading = "Input", allow_hyphen_values = true)]
    pub status: String,
    /// Write the lines that no format could read to FILE, each as path:line:text
    #[arg(long, hide_short_help = true, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Input")]
    pub unparsed: Option<PathBuf>,
    /// Read at most this much from one compressed file: 500M, 64G [default: 64G]
    #[arg(long, hide_short_help = true, value_name = "SIZE", help_heading = "Input")]
    pub max_unpacked: Option<String>,
    /// Number of threads [default: one per core]
    #[arg(short = 'j', long = "threads", hide_short_help = true, value_name = "N", help_heading = "Input")]
    pub threads: Option<usize>,

    /// Exit with 1 if a failure has this cause (any: if there is any failure); may be a list with commas
    #[arg(long, value_name = "CAUSE|any", value_delimiter = ',', help_heading = "Output",
          hide_possible_values = true, value_parser = causes_or_any())]
    pub fail_on: Vec<String>,
    /// List at most N failures; totals never change
    #[arg(long, hide_short_help = true, value_name = "N", help_heading = "Output")]
    pub failures: Option<usize>,
    #[command(flatten)]
    pub redact: RedactOptions,
    /// No progress line on standard error
    #[arg(long, hide_short_help = true, help_heading = "Output")]
    pub no_progress: bool,

    /// For long logs: how far before and after a failure lines are kept while it is judged [default: 130s]
    #[arg(long, hide_short_help = true, value_name = "DUR", help_heading = "Memory")]
    pub window: Option<String>,
    /// How much of a large log is read before and after the range (all: everything) [default: 2h; 24h before, for logs that hold more
    /// than requests]
    #[arg(long, hide_short_help = true, value_name = "DUR", help_heading = "Memory")]
    pub margin: Option<String>,
    /// For long logs: how many requests and messages are processed at a time; more needs more memory [default: 350000]
    #[arg(long, hide_short_help = true, value_name = "N", help_heading = "Memory")]
    pub slice_rows: Option<usize>,
    /// Above this many requests in memory, only those that could belong to a failure are examined; the rest are counted [default: 60000]
    #[arg(long, hide_short_help = true, value_name = "N", help_heading = "Memory")]
    pub lean_rows: Option<usize>,
    /// Keep about N failures one by one; of those that are alike, a sample then represents the rest, each with a count [default: 10000]
    #[arg(long, hide_short_help = true, value_name = "N", help_heading = "Memory")]
    pub keep_failures: Option<usize>,
}

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct Output {
    /// Format of the output
    #[arg(short = 'F', long, value_name = "FORMAT", value_parser = PossibleValuesParser::new(output_formats()))]
    pub output_format: Option<String>,
    /// Write to FILE; its extension decides the format
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// When to use colour (NO_COLOR, CLICOLOR and CLICOLOR_FORCE are respected)
    #[arg(long, hide_short_help = true, value_name = "WHEN", default_value = "auto", value_parser = ["auto", "always", "never"])]
    pub color: String,
    /// Show everything: all episodes, what was ruled out, servers, health checks, lifecycles
    #[arg(short, long)]
    pub verbose: bool,
    /// Write JSON on one line
    #[arg(long, hide_short_help = true)]
    pub compact: bool,
    /// Do not start a pager for output longer than the screen (PAGER and LESS are respected)
    #[arg(long, hide_short_help = true)]
    pub no_pager: bool,
    /// Field names in rows (ndjson): logjoin's own, or those of the Elastic Common Schema
    #[arg(long, hide_short_help = true, value_name = "WHOSE", default_value = "own", value_parser = ["own", "ecs"])]
    pub names: String,
}

/// Statuses that count unless told otherwise.
pub(crate) const STATUSES: &str = "502,503,504";

/// `auto`, `always` or `never`.
pub(crate) fn color(when: &str) -> ColorChoice {
    match when {
        "always" => ColorChoice::Always,
        "never" => ColorChoice::Never,
        _ => ColorChoice::Auto,
    }
}

/// The program as it is typed: of the forms of output, each command takes its own.
pub(crate) fn command() -> clap::Command {
    let only = |forms: Vec<&'static str>| {
        move |c: clap::Command| {
            c.mut_arg("output_format", |a| a.value_parser(PossibleValuesParser::new(forms)))
        }
    };
    let rows = || output_formats().filter(|id| Form::by_id(id).is_some_and(Form::is_rows)).collect();
    Cli::command()
        .mut_subcommand("join", only(rows()))
        .mut_subcommand("parse", only(rows()))
        .mut_subcommand("detect", only(vec!["text", "json"]))
        .mut_subcommand("compare", only(vec!["text", "markdown", "json"]))
        .mut_subcommand("explain", only(vec!["text"]))
        .mut_subcommand("probe", only(vec!["text", "json"]))
}

/// The forms of the table, and Parquet where it was built in.
pub(crate) fn output_formats() -> impl Iterator<Item = &'static str> {
    RENDERERS.iter().map(|r| r.id).chain(cfg!(feature = "parquet").then_some("parquet"))
}

fn causes_or_any() -> PossibleValuesParser {
    PossibleValuesParser::new(CauseId::ALL.iter().map(|c| c.as_str()).chain(["any"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn analyze_is_the_default_command() {
        let cli = Cli::try_parse_from(["logjoin", "./logs", "--since", "2h", "-v"]).unwrap();
        assert!(cli.command.is_none() && cli.analyze.output.verbose);
        assert_eq!(cli.analyze.paths, [PathBuf::from("./logs")]);
        let cli = Cli::try_parse_from(["logjoin", "analyze", "./logs"]).unwrap();
        assert!(
            matches!(cli.command, Some(Command::Analyze(a)) if a.analyze.paths == [PathBuf::from("./logs")])
        );
        assert!(Cli::try_parse_from(["logjoin", "analyze"]).is_err());
    }

    #[test]
    fn help_is_short_by_default_and_ends_with_the_options_about_memory() {
        let (short, long) =
            (Cli::command().render_help().to_string(), Cli::command().render_long_help().to_string());
        assert!(short.lines().count() * 2 < long.lines().count(), "{short}");
        assert!(short.contains("--since") && !short.contains("--slice-rows") && !short.contains("Memory:"));
        let (_, memory) = long.split_once("\nMemory:\n").expect("a heading");
        let (memory, _) = memory.split_once("\nExamples:\n").expect("examples");
        for option in ["--window", "--margin", "--slice-rows", "--lean-rows", "--keep-failures"] {
            assert!(memory.contains(option), "{option}: {memory}");
        }
    }

    /// Clap breaks what is wider than a terminal, in the middle of an example.
    #[test]
    fn examples_fit_a_narrow_terminal() {
        let mut command = Cli::command();
        command.build();
        for c in std::iter::once(&command).chain(command.get_subcommands()) {
            let texts = [c.get_after_help(), c.get_after_long_help()].into_iter().flatten();
            for line in texts.flat_map(|t| t.to_string().lines().map(str::to_owned).collect::<Vec<_>>()) {
                assert!(!line.starts_with(' ') || line.chars().count() <= 80, "{}: {line}", c.get_name());
            }
        }
    }

    #[test]
    fn mistyped_options_are_suggested() {
        let e = Cli::try_parse_from(["logjoin", "./logs", "--colour", "never"]).unwrap_err().to_string();
        assert!(e.contains("--color"), "{e}");
        let e = Cli::try_parse_from(["logjoin", "./logs", "--fail-on", "oom-kil"]).unwrap_err().to_string();
        assert!(e.contains("oom-kill"), "{e}");
    }
}
