//! `logjoin probe`: asks the proxy and the backend the same thing, and says where the answers part.

use crate::exit::{Failure, Outcome};
use crate::output::{Level, OutputArgs, say};
use crate::probe_args::ProbeCommand;
use crate::probe_logs;

pub(crate) fn probe(command: ProbeCommand) -> Result<Outcome, Failure> {
    let output = OutputArgs::new(&command.output);
    let form = output.form("text")?.id();
    if !matches!(form, "text" | "json") {
        return Err(Failure::usage(format!("probe has no {form}: use text or json")));
    }
    let options = command.options()?;
    let mut report = logjoin_probe::run(&options).map_err(|e| Failure::usage(e.to_string()))?;
    let mut read = Outcome::Done;
    if !command.logs.is_empty() {
        let (logs, problems) = probe_logs::find(&command.logs, &report.id);
        problems.iter().for_each(|p| say(Level::Warning, p));
        if !problems.is_empty() {
            read = Outcome::Incomplete;
        }
        report.add_logs(logs);
    }
    let bytes = match form {
        "json" => logjoin_probe::json(&report, output.compact),
        _ => logjoin_probe::text(&report),
    };
    output.write(&bytes)?;
    Ok(read.max(match report.verdict.outcome.as_str() {
        "healthy" => Outcome::Done,
        "fault" => Outcome::Found,
        _ => Outcome::Incomplete,
    }))
}
