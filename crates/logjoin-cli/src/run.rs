//! One function per command: from the arguments to bytes on standard output, problems on standard error and an exit code.

use std::fs::File;
use std::io::BufWriter;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::FromArgMatches;
use logjoin::render;
use logjoin::{Analysis, CauseId};
use logjoin_files::{Inputs, Problem, ProblemKind};

use crate::analyze_args::{AnalyzeArgs, FailOn};
use crate::args::{AnalyzeCommand, Cli, Command, DocumentOptions};
use crate::exit::{Failure, Outcome};
use crate::output::{Form, Level, OutputArgs, say, to_stdout, wants_progress};
use crate::progress::Progress;
use crate::{args, check, compare, explain, hashes, parse_run, probe, saved, settings};

/// Runs the program with the arguments of the process.
pub fn run() -> ExitCode {
    match settings::apply(args::command()).and_then(typed).and_then(dispatch) {
        Ok(outcome) => outcome.into(),
        Err(failure) => {
            match &failure {
                Failure::Usage(m) => {
                    say(Level::Error, m);
                    say(Level::Note, "logjoin --help shows all options, with examples");
                }
                Failure::Io(m) => say(Level::Error, m),
                Failure::BrokenPipe => {}
            }
            failure.code()
        }
    }
}

/// What was typed. Clap itself ends the program where that makes no sense, with exit code 2.
fn typed(command: clap::Command) -> Result<Cli, Failure> {
    Cli::from_arg_matches(&command.get_matches()).map_err(|e| Failure::usage(e.to_string()))
}

fn dispatch(cli: Cli) -> Result<Outcome, Failure> {
    match cli.command {
        None => report(cli.analyze, &cli.document, "text", |_| true),
        Some(Command::Analyze(r)) => report(r.analyze, &r.document, "text", |_| true),
        Some(Command::Join(a)) => report(a, &DocumentOptions::default(), "ndjson", Form::is_rows),
        Some(Command::Detect(a)) => detect(a),
        Some(Command::Parse(p)) => parse_run::parse(&p),
        Some(Command::Compare(c)) => compare::compare(c),
        Some(Command::Explain(e)) => explain::explain(e),
        Some(Command::Check(c)) => check::check(&c),
        Some(Command::Probe(p)) => probe::probe(p),
        Some(Command::Completions { shell }) => {
            let mut out = Vec::new();
            clap_complete::generate(shell, &mut args::command(), "logjoin", &mut out);
            to_stdout(&out).map(|()| Outcome::Done)
        }
        Some(Command::Man) => {
            let mut out = Vec::new();
            clap_mangen::Man::new(args::command()).render(&mut out).map_err(crate::output::stdout_error)?;
            to_stdout(&out).map(|()| Outcome::Done)
        }
    }
}

/// The present, nanoseconds since 1970: the only place that asks.
pub(crate) fn now_ns() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

/// `analyze` and `join`: the result in one of the forms that `fits`.
fn report(
    command: AnalyzeCommand,
    document: &DocumentOptions,
    default: &str,
    fits: fn(Form) -> bool,
) -> Result<Outcome, Failure> {
    let mut args = AnalyzeArgs::new(command.paths, &command.options, now_ns())?;
    let mut output = OutputArgs::new(&command.output).with_document(document)?;
    let form = output.form(default)?;
    if !fits(form) {
        return Err(Failure::usage(format!(
            "{} is no format of rows: use ndjson, csv or parquet",
            form.id()
        )));
    }
    if let Some(r) = &args.redactor {
        output.command = r.text(&output.command).into_owned();
    }
    if form.is_rows() {
        // Who wants a row for each failed request gets it, whatever they take.
        args.keep_failures = args.keep_failures.or(Some(usize::MAX));
    }
    args.hash_inputs = matches!(form.id(), "json" | "markdown");
    let (analysis, outcome) = analyze(&args, output.verbose)?;
    let bytes = form.render(&analysis, &output.render_options())?;
    if form.id() == "text" {
        output.show(&bytes)?;
    } else {
        output.write(&bytes)?;
    }
    if form.id() == "text" && analysis.totals.failures > 0 && output.is_for_eyes() {
        say(
            Level::Note,
            "-o postmortem.md drafts the post-mortem, -o report.html makes a page for the meeting",
        );
    }
    Ok(outcome.max(found(&analysis, &args.fail_on)).max(judged(&analysis)))
}

/// `detect`: what the sources are.
fn detect(command: AnalyzeCommand) -> Result<Outcome, Failure> {
    let args = AnalyzeArgs::new(command.paths, &command.options, now_ns())?;
    let output = OutputArgs::new(&command.output);
    let form = output.form("text")?;
    let (analysis, outcome) = analyze(&args, output.verbose)?;
    let bytes = match form.id() {
        "text" => render::sources(&analysis, &output.render_options()),
        "json" => {
            // Only the sources of the whole result: the same types, the same text.
            let all = serde_json::to_value(&analysis.sources).unwrap_or_default();
            let text = if output.compact { all.to_string() } else { format!("{all:#}") };
            format!("{}\n", render::escape::json(&text)).into_bytes()
        }
        other => return Err(Failure::usage(format!("detect has no {other}: use text or json"))),
    };
    if form.id() == "text" {
        output.show(&bytes)?;
    } else {
        output.write(&bytes)?;
    }
    // Who asks only what the files are may have no proxy's.
    let judged = if args.fail_on.is_empty() { Outcome::Done } else { judged(&analysis) };
    Ok(outcome.max(found(&analysis, &args.fail_on)).max(judged))
}

/// Reads and judges; a saved result is taken as it is. Says on standard error what could not be read.
pub(crate) fn analyze(args: &AnalyzeArgs, verbose: bool) -> Result<(Analysis, Outcome), Failure> {
    let (analysis, outcome) = analyze_plainly(args, verbose)?;
    let Some(r) = &args.redactor else { return Ok((analysis, outcome)) };
    let redacted = r.analysis(&analysis);
    redacted.map(|a| (a, outcome)).map_err(|e| Failure::Io(format!("the result cannot be redacted: {e}")))
}

fn analyze_plainly(args: &AnalyzeArgs, verbose: bool) -> Result<(Analysis, Outcome), Failure> {
    if let Some(mut a) = saved::load(&args.paths)? {
        if let Some(n) = args.failures {
            a.failures.truncate(n);
        }
        return Ok((a, Outcome::Done));
    }
    if let Some(n) = args.threads {
        // Fails only when a pool exists already: then that one serves.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(n).build_global();
    }
    let mut inputs = match args.max_unpacked {
        Some(most) => Inputs::find_within(&args.paths, &args.configs, most),
        None => Inputs::find(&args.paths, &args.configs),
    };
    if inputs.is_empty() {
        warn(&inputs);
        inputs.notes.iter().for_each(|n| say(Level::Note, &n.to_string()));
        if let Some(meant) = mistyped_command(&args.paths) {
            say(Level::Note, &format!("did you mean the command `logjoin {meant}`?"));
        }
        return Err(Failure::Io(nothing_read(&args.paths)));
    }
    inputs.set_margin(args.margin);
    let plan = inputs.plan(args.options());
    let is_shown = wants_progress(args.no_progress);
    let progress = Progress::new(is_shown, if is_shown { inputs.expected_bytes() } else { 0 });
    let judging = "joining and judging";
    let mut analysis = match &args.unparsed {
        None => {
            let watch = |p: logjoin_files::Progress| {
                if p.stage.is_none() {
                    progress.at(p.bytes)
                } else {
                    progress.then(judging)
                }
                ControlFlow::Continue(())
            };
            inputs.analyze_watched(&plan, &watch).unwrap_or_else(|_| unreachable!("nobody breaks it off"))
        }
        Some(path) => {
            let failed = |e| Failure::Io(format!("{}: cannot be written: {e}", path.display()));
            let mut out = BufWriter::new(File::create(path).map_err(failed)?);
            let (scans, written) = inputs.scan_writing(&plan, &|bytes| progress.advance(bytes), &mut out);
            written.map_err(failed)?;
            progress.then(judging);
            let mut analysis = logjoin::finish(&plan, scans);
            inputs.complete(&mut analysis);
            analysis
        }
    };
    progress.finish();
    if args.hash_inputs {
        hashes::add(&mut analysis, |path| inputs.was_read(path));
    }
    tell_what_raises_limits(&mut analysis, &inputs.problems);
    warn(&inputs);
    if verbose {
        inputs.notes.iter().for_each(|n| say(Level::Note, &n.to_string()));
    }
    let outcome = if inputs.problems.is_empty() { Outcome::Done } else { Outcome::Incomplete };
    Ok((analysis, outcome))
}

/// What to do about a file that holds more than was read of it.
const RAISES: &str = "; --max-unpacked raises it";

fn tell_what_raises_limits(a: &mut Analysis, problems: &[Problem]) {
    for p in problems.iter().filter(|p| p.kind == ProblemKind::TooLarge) {
        let input = a.inputs.iter_mut().find(|i| i.path == p.path);
        if let Some(problem) = input.and_then(|i| i.problem.as_mut()) {
            problem.push_str(RAISES);
        }
    }
}

fn warn(inputs: &Inputs) {
    for p in &inputs.problems {
        let more = if p.kind == ProblemKind::TooLarge { RAISES } else { "" };
        say(Level::Warning, &format!("{p}{more}"));
    }
    inputs.advice.iter().for_each(|a| say(Level::Warning, a));
}

/// No failures in no requests are no good news: a script must not go on as if all were well.
pub(crate) fn judged(a: &Analysis) -> Outcome {
    if a.saw_requests() { Outcome::Done } else { Outcome::Incomplete }
}

/// Whether something was found that `--fail-on` names.
fn found(a: &Analysis, fail_on: &[FailOn]) -> Outcome {
    let has = |cause: CauseId| a.totals.by_cause.get(cause.as_str()).is_some_and(|n| *n > 0);
    let hit = fail_on.iter().any(|f| match f {
        FailOn::Any => a.totals.failures > 0,
        FailOn::Cause(c) => has(*c),
    });
    if hit { Outcome::Found } else { Outcome::Done }
}

/// Where nothing was found that could be read, and what was looked for.
fn nothing_read(paths: &[PathBuf]) -> String {
    let told = |p: &PathBuf| {
        let what = if p.is_dir() { "no log in this folder" } else { "nothing could be read" };
        format!("{}: {what}", p.display())
    };
    let all: Vec<String> = paths.iter().map(told).collect();
    format!("{} (expected access and error logs of nginx, Apache httpd or HAProxy)", all.join("; "))
}

/// A path that does not exist and is nearly the name of a command.
fn mistyped_command(paths: &[PathBuf]) -> Option<String> {
    let word = paths.first()?.to_str()?;
    if Path::new(word).exists() || word.contains(['/', '.', '*']) {
        return None;
    }
    let names = args::command().get_subcommands().map(|c| c.get_name().to_owned()).collect::<Vec<_>>();
    names.into_iter().find(|name| is_near(word, name))
}

/// Whether a word may be another one mistyped: two edits at most, and no more than half of it.
fn is_near(word: &str, meant: &str) -> bool {
    let edits = distance(word, meant);
    edits <= 2 && edits * 2 <= word.chars().count()
}

/// Edits between two words, a swap of neighbours being two.
pub(crate) fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.chars().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_near() {
        assert_eq!((distance("join", "join"), distance("jion", "join"), distance("", "man")), (0, 2, 3));
        assert_eq!(mistyped_command(&["explian".into()]).as_deref(), Some("explain"));
        assert_eq!(mistyped_command(&["jion".into()]).as_deref(), Some("join"));
        for word in ["a", "b", "bad", "logs"] {
            assert_eq!(mistyped_command(&[word.into()]), None, "{word}");
        }
        assert_eq!(mistyped_command(&["/var/log".into()]), None);
        assert_eq!(mistyped_command(&["no-such-folder".into()]), None);
    }
}
