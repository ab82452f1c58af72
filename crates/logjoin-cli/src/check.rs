//! `logjoin check`: the proxies' configurations, judged; with `--logs`, how many failures each finding touched.

use std::collections::BTreeSet;
use std::path::PathBuf;

use logjoin::Analysis;
use logjoin::render::Template;
use logjoin::rows::Names;
use logjoin_check::{CheckRule, RULES, Report, Severity, Subject, render, rule};
use logjoin_input::{DiscoverOptions, InputFile, discover, read_config};

use crate::analyze_args::AnalyzeArgs;
use crate::args::{self, CheckCommand};
use crate::exit::{Failure, Outcome};
use crate::output::{Level, OutputArgs, say};
use crate::run;

pub(crate) fn check(command: &CheckCommand) -> Result<Outcome, Failure> {
    let output = OutputArgs {
        format: None,
        file: command.output.clone(),
        color: args::color(&command.color),
        verbose: command.verbose,
        compact: false,
        no_pager: true,
        names: Names::Own,
        template: Template::default(),
        slo: None,
        command: String::new(),
    };
    let color = output.render_options().color;
    if command.list {
        return output.write(list().as_bytes()).map(|()| Outcome::Done);
    }
    if let Some(id) = &command.explain {
        let Some(rule) = rule(id) else {
            return Err(Failure::usage(format!("{id:?} is no rule; logjoin check --list names them")));
        };
        return output.write(explain(rule).as_bytes()).map(|()| Outcome::Done);
    }
    let form = form(command)?;
    let fail_on = match command.fail_on.as_deref() {
        Some(word) => {
            Some(Severity::by_id(word).ok_or_else(|| Failure::usage("--fail-on: error, warning or advice"))?)
        }
        None => None,
    };
    let (subjects, problems) = read(&command.confs);
    for problem in &problems {
        say(Level::Warning, problem);
    }
    if subjects.is_empty() {
        return Err(Failure::Io("no configuration of nginx, httpd or HAProxy could be read".to_owned()));
    }
    let (analysis, mut outcome) = match command.logs.is_empty() {
        true => (None, Outcome::Done),
        false => analysis(command, &subjects)?,
    };
    let report = logjoin_check::check(&subjects, analysis.as_ref());
    let bytes = match form {
        Form::Text => render::text(&report, color, command.brief),
        Form::Json => render::json(&report),
        Form::Sarif => render::sarif(&report),
    };
    output.write(&bytes)?;
    if !problems.is_empty() || report.has_syntax_errors {
        outcome = outcome.max(Outcome::Incomplete);
    }
    Ok(if matches(&report, fail_on) { outcome.max(Outcome::Found) } else { outcome })
}

/// What the report is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    Json,
    Sarif,
}

/// By name, else by the extension of the file.
fn form(command: &CheckCommand) -> Result<Form, Failure> {
    let extension = command.output.as_ref().and_then(|file| file.extension()?.to_str());
    match command.output_format.as_deref().or(extension) {
        None | Some("text" | "txt") => Ok(Form::Text),
        Some("json") => Ok(Form::Json),
        Some("sarif") => Ok(Form::Sarif),
        Some(other) => {
            Err(Failure::usage(format!("check has no {other}: use text, json or sarif (--output-format)")))
        }
    }
}

fn matches(report: &Report, fail_on: Option<Severity>) -> bool {
    fail_on.is_some_and(|least| report.findings.iter().any(|finding| finding.severity >= least))
}

/// Reads the configurations, and says what could not be read. In a folder, what is no configuration is passed over, and
/// so is what another file includes: it was read there.
fn read(paths: &[PathBuf]) -> (Vec<Subject>, Vec<String>) {
    let found = discover(paths, &DiscoverOptions::default());
    let mut problems: Vec<String> = found.problems.iter().map(ToString::to_string).collect();
    let mut subjects = Vec::new();
    for file in &found.files {
        let is_named = file.path().is_some_and(|path| paths.iter().any(|named| named == path));
        match subject(file) {
            Ok(Some(subject)) => subjects.push(subject),
            Ok(None) if is_named => {
                problems.push(format!("{}: not a configuration of nginx, httpd or HAProxy", file.name()));
            }
            Ok(None) => {}
            Err(problem) => problems.push(problem),
        }
    }
    let included: BTreeSet<String> = subjects
        .iter()
        .flat_map(|subject| subject.config.files.iter().skip(1))
        .map(|name| name.trim_start_matches("./").to_owned())
        .collect();
    subjects.retain(|subject| {
        let is_named = paths.iter().any(|named| named.to_str() == Some(subject.path.as_str()));
        is_named || !included.contains(subject.path.trim_start_matches("./"))
    });
    subjects.sort_by(|a, b| a.path.cmp(&b.path));
    (subjects, problems)
}

fn subject(file: &InputFile) -> Result<Option<Subject>, String> {
    let Some(path) = file.path() else { return Ok(None) };
    let text = read_config(path).map_err(|error| error.to_string())?;
    let mut load = logjoin_input::loader(path.parent().unwrap_or(path));
    let config = logjoin_config::read(file.name(), &text, &mut |name| load(name).unwrap_or_default());
    let loaded_ns = logjoin_files::version_ns(file.name());
    Ok(config.map(|config| Subject { path: file.name().to_owned(), config, loaded_ns }))
}

/// Analyses the logs, with the configurations that were read.
fn analysis(command: &CheckCommand, subjects: &[Subject]) -> Result<(Option<Analysis>, Outcome), Failure> {
    let options = args::Options {
        status: args::STATUSES.to_owned(),
        tz: command.tz.clone(),
        no_progress: command.no_progress,
        config: subjects.iter().map(|subject| PathBuf::from(&subject.path)).collect(),
        ..args::Options::default()
    };
    let args = AnalyzeArgs::new(command.logs.clone(), &options, run::now_ns())?;
    let (analysis, outcome) = run::analyze(&args, command.verbose)?;
    Ok((Some(analysis), outcome))
}

fn list() -> String {
    let wide = RULES.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    RULES
        .iter()
        .map(|rule| format!("{:wide$}  {:7}  {}\n", rule.id, rule.severity.as_str(), rule.title))
        .collect()
}

fn explain(rule: &CheckRule) -> String {
    let logs =
        if rule.needs_logs { "\nOnly logs can prove it: logjoin check CONF... --logs PATH...\n" } else { "" };
    let sources: String = rule.sources.iter().map(|source| format!("  {source}\n")).collect();
    format!(
        "{} ({})\n{}\n\n{}\n{logs}\nRests on:\n{sources}",
        rule.id,
        rule.severity.as_str(),
        rule.title,
        rule.why
    )
}
