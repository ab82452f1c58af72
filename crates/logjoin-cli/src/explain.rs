//! `logjoin explain`: a cause, or the judgement of the failures that a line, an id or a request id names.

use std::path::PathBuf;

use logjoin::analysis::Failure as Failed;
use logjoin::{Analysis, CauseId, render};

use crate::analyze_args::AnalyzeArgs;
use crate::args::ExplainCommand;
use crate::exit::{Failure, Outcome};
use crate::output::OutputArgs;
use crate::run;

/// Most failures explained at once: a line of the kernel may stand behind thousands.
const MOST: usize = 3;

/// What is asked about.
enum Question {
    RequestId(String),
    FailureId(String),
    Line(String, u64),
}

pub(crate) fn explain(command: ExplainCommand) -> Result<Outcome, Failure> {
    let output = OutputArgs::new(&command.output);
    let form = output.form("text")?.id();
    if form != "text" {
        return Err(Failure::usage(format!("explain has no {form}: it writes text")));
    }
    if let (Some(what), None) = (&command.what, &command.request_id)
        && let Some(cause) = CauseId::by_id(what)
    {
        return output.show(&render::explain_cause(cause, &output.render_options())).map(|()| Outcome::Done);
    }
    let (question, paths) = question(&command)?;
    if paths.is_empty() {
        return Err(Failure::usage("say which logs to read: logjoin explain FILE:LINE PATH..."));
    }
    let mut args = AnalyzeArgs::new(paths, &command.options, run::now_ns())?;
    args.failures = None;
    args.derive = true;
    let (analysis, outcome) = run::analyze(&args, output.verbose)?;
    let hits = find(&analysis, &question);
    if hits.is_empty() {
        let others = if analysis.failures.iter().any(|f| f.stands_for > 1) {
            "; there were too many to keep each: --keep-failures N keeps more, --since and --until look at fewer"
        } else {
            ""
        };
        return Err(Failure::usage(format!(
            "{}{others}; `logjoin join PATH...` lists all failures with their lines",
            not_found(&question)
        )));
    }
    let o = output.render_options();
    let mut bytes = Vec::new();
    for f in hits.iter().take(MOST) {
        bytes.extend(render::explain_failure(&analysis, f, &o));
        bytes.push(b'\n');
    }
    if hits.len() > MOST {
        bytes.extend(format!("... and {} more failures\n", hits.len() - MOST).bytes());
    }
    output.show(&bytes)?;
    Ok(outcome)
}

fn question(command: &ExplainCommand) -> Result<(Question, Vec<PathBuf>), Failure> {
    let mut paths = command.paths.clone();
    if let Some(id) = &command.request_id {
        // With --request-id every positional argument is a path.
        paths.splice(0..0, command.what.iter().map(PathBuf::from));
        return Ok((Question::RequestId(id.clone()), paths));
    }
    let what = command.what.as_deref().unwrap_or_default();
    if let Some((file, line)) = what.rsplit_once(':')
        && let Ok(line) = line.parse()
        && !file.is_empty()
    {
        return Ok((Question::Line(file.to_owned(), line), paths));
    }
    if what.strip_prefix('F').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit())) {
        return Ok((Question::FailureId(what.to_owned()), paths));
    }
    let causes: Vec<&str> = CauseId::ALL.iter().map(|c| c.as_str()).collect();
    Err(Failure::usage(format!(
        "{what:?} is no cause and no FILE:LINE; the causes are {}",
        causes.join(", ")
    )))
}

fn find<'a>(a: &'a Analysis, question: &Question) -> Vec<&'a Failed> {
    let keep = |test: &dyn Fn(&Failed) -> bool| a.failures.iter().filter(|f| test(f)).collect::<Vec<_>>();
    match question {
        Question::RequestId(id) => keep(&|f| f.request_id.as_deref() == Some(id)),
        Question::FailureId(id) => keep(&|f| f.id == *id),
        Question::Line(file, line) => {
            let own = keep(&|f| f.line == *line && same_file(&f.file, file));
            if !own.is_empty() {
                return own;
            }
            let named = |l: &logjoin::analysis::LineRef| l.line == *line && same_file(&l.file, file);
            keep(&|f| {
                f.error_lines.iter().chain(&f.cause_lines).any(named)
                    || f.backend.iter().any(|b| named(&b.at))
                    || f.chain.iter().any(|c| named(&c.at))
            })
        }
    }
}

/// The same path, or its end: `access.log` for `logs/edge-1/access.log`.
fn same_file(path: &str, asked: &str) -> bool {
    let asked = asked.strip_prefix("./").unwrap_or(asked);
    let path = path.strip_prefix("./").unwrap_or(path);
    path == asked || path.strip_suffix(asked).is_some_and(|before| before.ends_with('/'))
}

fn not_found(question: &Question) -> String {
    match question {
        Question::RequestId(id) => format!("no failure has the request id {id:?}"),
        Question::FailureId(id) => format!("there is no failure {id}"),
        Question::Line(file, line) => {
            format!("no failure stands at {file}:{line} or was joined to that line")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_may_be_named_by_its_end() {
        assert!(same_file("./logs/a/access.log", "access.log"));
        assert!(same_file("logs/a/access.log", "./logs/a/access.log"));
        assert!(!same_file("logs/a/access.log", "ccess.log"));
    }
}
