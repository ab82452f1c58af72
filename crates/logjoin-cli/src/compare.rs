//! `logjoin compare`: two saved results, two folders of logs, or two ranges of time of one folder.

use std::path::PathBuf;

use logjoin::Analysis;
use logjoin::compare::compare as hold_against;
use logjoin::render;

use crate::analyze_args::AnalyzeArgs;
use crate::args::CompareCommand;
use crate::exit::{Failure, Outcome};
use crate::output::{Level, OutputArgs, say};
use crate::{run, time_args};

pub(crate) fn compare(command: CompareCommand) -> Result<Outcome, Failure> {
    let output = OutputArgs::new(&command.output);
    let form = output.form("text")?;
    let make = match form.id() {
        "text" => render::compare_text,
        "markdown" => render::compare_markdown,
        "json" => render::compare_json,
        other => return Err(Failure::usage(format!("compare has no {other}: use text, markdown or json"))),
    };
    let (before, after) = sides(&command)?;
    let mut outcome = Outcome::Done;
    let mut results: Vec<(String, Analysis)> = Vec::new();
    for (name, args) in [before, after] {
        let (mut analysis, how) = run::analyze(&args, output.verbose)?;
        if command.before.is_some() && !limit_requests(&mut analysis, args.since_ns, args.until_ns) {
            say(
                Level::Note,
                &format!(
                    "{name}: shares are of the requests of all the logs: these do not tell the load over time"
                ),
            );
        }
        outcome = outcome.max(how).max(run::judged(&analysis));
        results.push((name, analysis));
    }
    let [(a_name, a), (b_name, b)] = results.as_slice() else { return Ok(outcome) };
    let comparison = hold_against(a, b, (a_name, b_name));
    let bytes = make(&comparison, &output.render_options());
    if form.id() == "text" {
        output.show(&bytes)?;
    } else {
        output.write(&bytes)?;
    }
    Ok(outcome)
}

/// Failures are those of the range; so must the requests be that they are held against. They are counted in the steps of
/// the load over time that begin in the range. False where that is not known.
fn limit_requests(a: &mut Analysis, since: Option<i64>, until: Option<i64>) -> bool {
    let proxies: Vec<&str> = a
        .sources
        .iter()
        .filter(|s| s.role == logjoin::analysis::SourceRole::ProxyAccess)
        .map(|s| s.instance.as_str())
        .collect();
    let of = a.traffic.iter().filter(|t| t.server.is_none() && proxies.contains(&t.source.as_str()));
    let points: Vec<(i64, u64)> = of.flat_map(|t| &t.points).map(|p| (p.start.0, p.requests)).collect();
    if points.is_empty() {
        return false;
    }
    let inside = |t: i64| since.is_none_or(|s| s <= t) && until.is_none_or(|u| t < u);
    let requests = points.iter().filter(|(t, _)| inside(*t)).map(|(_, n)| n).sum::<u64>();
    a.totals.requests = requests.max(a.totals.failures);
    true
}

type Asked = (String, AnalyzeArgs);

/// What to read for each side, and what to call it.
fn sides(command: &CompareCommand) -> Result<(Asked, Asked), Failure> {
    let now = run::now_ns();
    let of = |paths: Vec<PathBuf>| AnalyzeArgs::new(paths, &command.options, now);
    match (&command.before, &command.after, command.paths.as_slice()) {
        (None, None, [a, b]) => {
            let side = |p: &PathBuf| Ok::<_, Failure>((p.display().to_string(), of(vec![p.clone()])?));
            Ok((side(a)?, side(b)?))
        }
        (None, None, paths) => Err(Failure::usage(format!(
            "expected two results or folders to compare, found {}; or one with --before and --after",
            paths.len()
        ))),
        (Some(before), Some(after), paths) => {
            let side = |text: &str| {
                let mut args = of(paths.to_vec())?;
                (args.since_ns, args.until_ns) = range(text, now)?;
                Ok::<_, Failure>((text.to_owned(), args))
            };
            Ok((side(before)?, side(after)?))
        }
        _ => Err(Failure::usage("--before and --after go together: each names a range such as 14:00..14:30")),
    }
}

/// `START..END`, each as `--since` and `--until` have it.
fn range(text: &str, now_ns: i64) -> Result<time_args::Range, Failure> {
    let expected =
        || Failure::usage(format!("{text:?}: expected a range such as 14:00..14:30 or 14:00..+30m"));
    let (since, until) = text.split_once("..").ok_or_else(expected)?;
    let end = |t: &str| Some(t.trim().to_owned()).filter(|t| !t.is_empty());
    let (since, until) = (end(since), end(until));
    if since.is_none() && until.is_none() {
        return Err(expected());
    }
    time_args::range(since.as_deref(), until.as_deref(), None, now_ns)
        .map_err(|e| Failure::usage(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_people_write_them() {
        const NOW: i64 = 1_795_253_400_000_000_000;
        let read = |t| range(t, NOW);
        let (a, b) = read("2026-11-21 01:50..+15m").unwrap();
        assert_eq!(b.unwrap() - a.unwrap(), 900_000_000_000);
        assert!(matches!(read("14:00.."), Ok((Some(_), None))));
        for wrong in ["14:00", "..", "soon..later", "14:00..13:00"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
