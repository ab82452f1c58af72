//! What can be typed: the commands and options, as clap reads them. What they mean is in `analyze_args`.

use std::path::PathBuf;

use anstream::ColorChoice;
use clap::builder::PossibleValuesParser;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueHint};
use clap_complete::Shell;
use logjoin::CauseId;
use logjoin::render::{RENDERERS, Template};

use crate::output::Form;
use crate::probe_args::{ProbeCommand, WHAT_IS_SENT};

const EXAMPLES: &str = "\
Examples:
  logjoin ./logs                              what failed, why, and which lines prove it
  logjoin ./logs ./conf -v                    with the proxies' configuration, in full
  logjoin ./logs -o report.html               for the meeting (.md for the post-mortem, .json for programs)
  logjoin ./logs --around \"2026-11-21 01:50\"  only a quarter of an hour before and after
  logjoin ./logs --tz 'api-3/*=Europe/Berlin' --peer 10.0.0.3:8080=api-3/
  logjoin join ./logs -F csv > failures.csv   one row per failed request
  logjoin ./logs -o postmortem.md --template short --slo 99.9
  logjoin compare before.json after.json      what is new, gone, better, worse
  logjoin explain keepalive-race              what a cause means, what to check and to change
  logjoin check nginx.conf --logs ./logs      what to change in a configuration, and how many failures each finding touched
  logjoin explain logs/access.log:1042 ./logs how this failure was judged

A PATH is a file, a folder, a pattern, an archive or - (standard input); rotated and compressed files are understood,
and the proxies' configuration files are recognised among the logs. A saved analysis.json is shown again without
reading the logs.

Every option can be set by LOGJOIN_<OPTION> (LOGJOIN_COLOR=never) and in ~/.config/logjoin/config.toml
(color = \"never\"); what is typed wins, then the environment, then the file.

Exit codes: 0 done, 1 findings matched --fail-on, 2 usage, 3 some input could not be read (the rest was analysed),
or no proxy's access log was recognised: then there is nothing to judge.";

/// Finds out why a reverse proxy (nginx, Apache httpd, HAProxy) answered 502, 503 or 504, from logs alone.
#[derive(Debug, Parser)]
#[command(name = "logjoin", version, after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
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
    Analyze(ReportCommand),
    #[command(after_help = "Examples:
  logjoin join ./logs | jq -r 'select(.cause == \"oom-kill\") | .target'
  logjoin join ./logs -o failures.parquet     typed columns, for DuckDB, pandas, Spark
  logjoin join ./logs --names ecs             field names of the Elastic Common Schema")]
    /// One row per failed request, with what it was joined to (ndjson, csv, parquet)
    Join(AnalyzeCommand),
    #[command(after_help = "Examples:
  logjoin parse ./logs/nginx -F csv | head
  logjoin parse ./logs -o records.parquet
  zcat access.log.gz | logjoin parse - --redact")]
    /// One row per record of the logs (ndjson, csv, parquet)
    Parse(ParseCommand),
    /// The sources: format, role, instance, zone, range, gaps, clock, unparsed lines
    Detect(AnalyzeCommand),
    #[command(after_help = "Examples:
  logjoin compare before.json after.json      two saved results
  logjoin compare ./logs-monday ./logs-today -o comparison.md
  logjoin compare ./logs --before 14:00..14:30 --after 15:00..+30m")]
    /// Two results, folders or ranges of time held against each other: what is new, gone, better, worse
    Compare(CompareCommand),
    /// What a cause means; or how one failure was judged, step by step
    Explain(ExplainCommand),
    /// What in the proxies' configurations costs availability, and what to write instead
    Check(CheckCommand),
    /// Asks the proxy and the backends the same thing over the network, and says where the answers part (sends requests)
    #[command(after_help = WHAT_IS_SENT)]
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
#[command(next_help_heading = "Post-mortem")]
pub(crate) struct DocumentOptions {
    /// Headings of the post-mortem (-o FILE.md): google, pagerduty or short
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(Template::ALL.iter().map(|(id, _)| *id)))]
    pub template: Option<String>,
    /// Hold failures against an objective: 99.9, or 99.9/28d for another budget than that of 30 days
    #[arg(long, value_name = "PERCENT")]
    pub slo: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ParseCommand {
    /// Logs, folders, patterns, archives, or -
    #[arg(value_name = "PATH", required = true, value_hint = ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,
    /// Format of the files that GLOB fits: an id, or nginx:STRING, apache:STRING, apache-error:STRING, haproxy:STRING
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
    /// Replace addresses, user ids, query values, tokens and cookies by pseudonyms that keep joins intact
    #[arg(long)]
    pub redact: bool,
    /// The key of the pseudonyms, so that several runs give the same ones [default: a new one for each run]
    #[arg(long, value_name = "KEY", hide_env_values = true)]
    pub redact_key: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct CompareCommand {
    /// Two saved results (analysis.json) or two folders of logs; or the logs of which two ranges are compared
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
    /// Logs, folders, patterns or archives: says how many failed requests each finding touched, and finds what only they show
    #[arg(long, value_name = "PATH", num_args = 1.., value_hint = ValueHint::AnyPath)]
    pub logs: Vec<PathBuf>,
    /// Zone of the stamps without one, in the log files that GLOB fits: +01:00, Europe/Berlin
    #[arg(long, value_name = "GLOB=ZONE")]
    pub tz: Vec<String>,
    /// Exit with 1 if there is a finding of this severity or a higher one
    #[arg(long, value_name = "SEVERITY", value_parser = ["error", "warning", "advice"])]
    pub fail_on: Option<String>,
    /// The rules, one a line
    #[arg(long)]
    pub list: bool,
    /// What a rule finds, and what it rests on
    #[arg(long, value_name = "RULE")]
    pub explain: Option<String>,
    /// Form of the output
    #[arg(short = 'F', long, value_name = "FORMAT", value_parser = ["text", "json", "sarif"], help_heading = "Output")]
    pub output_format: Option<String>,
    /// Write to FILE; its extension decides the form
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Output")]
    pub output: Option<PathBuf>,
    /// Without the reasons: what stands where, and the fix
    #[arg(long, help_heading = "Output")]
    pub brief: bool,
    /// Everything: also what was passed over
    #[arg(short, long, help_heading = "Output")]
    pub verbose: bool,
    /// When to colour (NO_COLOR is respected)
    #[arg(long, value_name = "WHEN", default_value = "auto", value_parser = ["auto", "always", "never"], help_heading = "Output")]
    pub color: String,
    /// No progress line on standard error
    #[arg(long, help_heading = "Output")]
    pub no_progress: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainCommand {
    /// A cause (logjoin explain oom-kill), or FILE:LINE or the id of a failure (F12), followed by the logs
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
    /// Zone of the stamps without one, in the files that GLOB fits: +01:00, Europe/Berlin
    #[arg(long, value_name = "GLOB=ZONE")]
    pub tz: Vec<String>,
    /// Known clock offset of the files that GLOB fits (the log's clock minus the true one): -41.2s
    #[arg(long, value_name = "GLOB=OFFSET")]
    pub skew: Vec<String>,
    /// Two lines about the same moment, which tell how the clocks of their hosts differ: edge/access.log:17=api/app.log:5
    #[arg(long, value_name = "FILE:LINE=FILE:LINE")]
    pub anchor: Vec<String>,
    /// Of logs longer than a slice, how far around a failure all lines are in view when it is judged [default: 130s]
    #[arg(long, value_name = "DUR")]
    pub window: Option<String>,
    /// How far outside of the range large logs are read; all: to their ends [default: 2h; 24h before it, if they tell of more than requests]
    #[arg(long, value_name = "DUR")]
    pub margin: Option<String>,

    /// Of long logs, how many requests and messages are looked at at a time; memory follows it [default: 350000]
    #[arg(long, value_name = "N")]
    pub slice_rows: Option<usize>,
    /// With more requests in view, only those are looked at that a failure could ask for; the others are counted [default: 60000]
    #[arg(long, value_name = "N")]
    pub lean_rows: Option<usize>,

    /// How many failures are kept one by one; of more, some of those that are alike stand for the others [default: 10000]
    #[arg(long, value_name = "N")]
    pub keep_failures: Option<usize>,

    /// Who wrote the files that GLOB fits: nginx, apache, haproxy, backend or system
    #[arg(long, value_name = "GLOB=ROLE", help_heading = "Input")]
    pub role: Vec<String>,
    /// Format of the files that GLOB fits: an id, or nginx:STRING, apache:STRING, apache-error:STRING, haproxy:STRING
    #[arg(long, value_name = "GLOB=SPEC", help_heading = "Input")]
    pub format: Vec<String>,
    /// A configuration file of a proxy (those among the paths are found without this)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Input")]
    pub config: Vec<PathBuf>,
    /// The address of the instance whose logs GLOB fits: 10.0.0.1:8080=app-1/
    #[arg(long, value_name = "ADDR=GLOB", help_heading = "Input")]
    pub peer: Vec<String>,
    /// Statuses that count as gateway failures: 408, and any from 500 on
    #[arg(long, value_name = "LIST", default_value = STATUSES, help_heading = "Input", allow_hyphen_values = true)]
    pub status: String,
    /// Write the lines that no format reads to FILE, each as path:line:text
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Input")]
    pub unparsed: Option<PathBuf>,
    /// Most bytes that one compressed file may yield: 500M, 64G [default: 64G]
    #[arg(long, value_name = "SIZE", help_heading = "Input")]
    pub max_unpacked: Option<String>,
    /// Threads [default: one per core]
    #[arg(short = 'j', long = "threads", value_name = "N", help_heading = "Input")]
    pub threads: Option<usize>,

    /// Exit with 1 if a failure has this cause (any: if there is any failure)
    #[arg(long, value_name = "CAUSE|any", value_delimiter = ',', help_heading = "Output",
          hide_possible_values = true, value_parser = causes_or_any())]
    pub fail_on: Vec<String>,
    /// List at most N failures; totals never change
    #[arg(long, value_name = "N", help_heading = "Output")]
    pub failures: Option<usize>,
    #[command(flatten)]
    pub redact: RedactOptions,
    /// No progress line on standard error
    #[arg(long, help_heading = "Output")]
    pub no_progress: bool,
}

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct Output {
    /// Form of the output
    #[arg(short = 'F', long, value_name = "FORMAT", value_parser = PossibleValuesParser::new(output_formats()))]
    pub output_format: Option<String>,
    /// Write to FILE; its extension decides the form
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// When to colour (NO_COLOR, CLICOLOR and CLICOLOR_FORCE are respected)
    #[arg(long, value_name = "WHEN", default_value = "auto", value_parser = ["auto", "always", "never"])]
    pub color: String,
    /// Everything: all episodes, what was ruled out, servers, health, lifecycles
    #[arg(short, long)]
    pub verbose: bool,
    /// JSON on one line
    #[arg(long)]
    pub compact: bool,
    /// Do not page what is longer than the screen (PAGER and LESS are respected)
    #[arg(long)]
    pub no_pager: bool,
    /// Names of the fields in rows (ndjson): logjoin's own, or those of the Elastic Common Schema
    #[arg(long, value_name = "WHOSE", default_value = "own", value_parser = ["own", "ecs"])]
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
    fn mistyped_options_are_suggested() {
        let e = Cli::try_parse_from(["logjoin", "./logs", "--colour", "never"]).unwrap_err().to_string();
        assert!(e.contains("--color"), "{e}");
        let e = Cli::try_parse_from(["logjoin", "./logs", "--fail-on", "oom-kil"]).unwrap_err().to_string();
        assert!(e.contains("oom-kill"), "{e}");
    }
}
