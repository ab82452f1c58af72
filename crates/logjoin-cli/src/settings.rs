//! Where options come from beside the command line: the environment and a file.
//!
//! Typed options win, then `LOGJOIN_<OPTION>` of the environment, then `config.toml`, then the defaults. The file is that
//! which `LOGJOIN_SETTINGS` names, else `logjoin/config.toml` in `$XDG_CONFIG_HOME` (by default `~/.config`). Its keys are
//! the long names of options: `color = "never"`, `tz = ["api-3/=Europe/Berlin"]`, `redact = true`.
//!
//! The trick: both are told to clap, which has the order of precedence and all checks already; so an option added to
//! `args` can be set everywhere without a word here.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Command};

use crate::args::output_formats;
use crate::exit::Failure;
use crate::run::distance;

/// Options and what the file says of them.
type Settings = BTreeMap<String, Vec<String>>;

/// The command with what the environment and the file say.
pub(crate) fn apply(command: Command) -> Result<Command, Failure> {
    let settings = match file()? {
        Some((path, text)) => {
            let known = names(&command);
            read(&text, &known).map_err(|e| Failure::usage(format!("{}: {e}", path.display())))?
        }
        None => Settings::new(),
    };
    Ok(tell(command, &settings))
}

/// The file, if there is one. One that was named must be there.
fn file() -> Result<Option<(PathBuf, String)>, Failure> {
    let set = |name: &str| env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let cannot = |p: &PathBuf, e| Failure::usage(format!("{}: cannot be read: {e}", p.display()));
    if let Some(path) = set("LOGJOIN_SETTINGS") {
        let text = std::fs::read_to_string(&path).map_err(|e| cannot(&path, e))?;
        return Ok(Some((path, text)));
    }
    // The specification of base directories: paths that are not absolute are passed over.
    let base = set("XDG_CONFIG_HOME").filter(|p| p.is_absolute());
    let base = base.or_else(|| set("HOME").map(|h| h.join(".config"))).or_else(|| set("APPDATA"));
    let Some(path) = base.map(|b| b.join("logjoin").join("config.toml")) else { return Ok(None) };
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some((path, text))),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(cannot(&path, e)),
    }
}

/// The long names of all options of all commands.
fn names(command: &Command) -> BTreeSet<String> {
    let own = command.get_arguments().filter_map(|a| a.get_long()).map(str::to_owned);
    own.chain(command.get_subcommands().flat_map(names)).collect()
}

fn read(text: &str, known: &BTreeSet<String>) -> Result<Settings, String> {
    let table: toml::Table = text.parse().map_err(|e: toml::de::Error| e.to_string())?;
    let mut out = Settings::new();
    for (key, value) in table {
        if !known.contains(&key) {
            let near = known.iter().min_by_key(|n| distance(&key, n)).filter(|n| distance(&key, n) <= 3);
            let hint = near.map(|n| format!("; did you mean {n:?}?")).unwrap_or_default();
            return Err(format!("{key:?} is no option{hint}"));
        }
        let values = match value {
            toml::Value::Array(all) => all.iter().map(one).collect::<Option<Vec<_>>>(),
            other => one(&other).map(|v| vec![v]),
        };
        let values = values
            .ok_or_else(|| format!("{key:?}: expected a text, a number, true, false or a list of texts"))?;
        out.insert(key, values);
    }
    Ok(out)
}

fn one(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(s) => Some(s.clone()),
        toml::Value::Integer(n) => Some(n.to_string()),
        toml::Value::Float(x) => Some(x.to_string()),
        toml::Value::Boolean(b) => Some(b.to_string()),
        toml::Value::Datetime(t) => Some(t.to_string()),
        _ => None,
    }
}

fn tell(command: Command, settings: &Settings) -> Command {
    let command = command.mut_args(|arg| {
        let Some(long) = arg.get_long().map(str::to_owned) else { return arg };
        let name = format!("LOGJOIN_{}", long.to_uppercase().replace('-', "_"));
        let is_flag = matches!(arg.get_action(), ArgAction::SetTrue);
        // A form that this command has not, set for those that have it, is none of its own.
        let has_not = |form: &str| {
            long == "output-format"
                && output_formats().any(|f| f == form)
                && arg.get_possible_values().iter().all(|p| p.get_name() != form)
        };
        let is_set = settings.get(&long).filter(|values| !values.iter().any(|v| has_not(v)));
        let is_other = env::var(&name).is_ok_and(|v| has_not(&v));
        let mut arg = if is_other { arg } else { arg.env(name).hide_env(true) };
        if is_flag {
            // `LOGJOIN_REDACT=1` is what people write.
            arg = arg.value_parser(BoolishValueParser::new());
        }
        match is_set {
            Some(values) if is_flag => arg.default_values(values.clone()),
            Some(values) => arg.default_values(values.clone()).hide_default_value(true),
            None => arg,
        }
    });
    command.mut_subcommands(|c| tell(c, settings))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args;

    fn parse(file: &str, words: &[&str]) -> Result<clap::ArgMatches, String> {
        let command = args::command();
        let settings = read(file, &names(&command))?;
        tell(command, &settings).try_get_matches_from(words).map_err(|e| e.to_string())
    }

    #[test]
    fn the_file_sets_what_was_not_typed() {
        let file =
            "color = \"never\"\ntz = [\"a/=Europe/Berlin\", \"b/=+01:00\"]\nverbose = true\nfailures = 7\n";
        let m = parse(file, &["logjoin", "logs"]).unwrap();
        assert_eq!(m.get_one::<String>("color").unwrap(), "never");
        assert_eq!(m.get_many::<String>("tz").unwrap().count(), 2);
        assert!(m.get_flag("verbose") && m.get_one::<usize>("failures") == Some(&7));
        let m = parse(file, &["logjoin", "join", "logs", "--color", "always"]).unwrap();
        let (_, m) = m.subcommand().unwrap();
        assert_eq!(m.get_one::<String>("color").unwrap(), "always");
    }

    #[test]
    fn a_form_is_set_for_the_commands_that_have_it() {
        let set = "output-format = \"html\"\n";
        let m = parse(set, &["logjoin", "logs"]).unwrap();
        assert_eq!(m.get_one::<String>("output_format").unwrap(), "html");
        let m = parse(set, &["logjoin", "explain", "oom-kill"]).unwrap();
        assert_eq!(m.subcommand().unwrap().1.get_one::<String>("output_format"), None);
        assert!(parse("output-format = \"docx\"\n", &["logjoin", "explain", "oom-kill"]).is_err());
    }

    #[test]
    fn what_is_no_option_is_refused_with_a_hint() {
        let e = parse("colour = 1", &["logjoin", "logs"]).unwrap_err();
        assert!(e.contains("is no option") && e.contains("\"color\""), "{e}");
        assert!(parse("color = { a = 1 }", &["logjoin", "logs"]).unwrap_err().contains("expected a text"));
        assert!(parse("color = ", &["logjoin", "logs"]).is_err());
        assert!(parse("color = \"pink\"", &["logjoin", "logs"]).unwrap_err().contains("always"));
    }
}
