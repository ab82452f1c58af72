//! A pager for what is longer than the screen: `$PAGER`, else `less`, and only between a terminal and a person.
//!
//! `less` is told to keep colours and to leave at once what fits (`LESS=FRX`), unless `LESS` says otherwise. A pager that
//! cannot be started is no reason to show nothing: then the text is written as it is.

use std::env;
use std::io::{self, IsTerminal, Write};
use std::process::{Child, Command, Stdio};

/// Pages a text if that is wanted and possible; says whether it was shown.
pub(crate) fn show(bytes: &[u8], declined: bool) -> bool {
    let stdout = io::stdout();
    let height = terminal_size::terminal_size_of(&stdout).map(|(_, h)| usize::from(h.0));
    let lines = bytes.iter().filter(|b| **b == b'\n').count();
    let asked = env::var("PAGER").ok();
    let Some(command) =
        wanted(declined, stdout.is_terminal() && io::stdin().is_terminal(), lines, height, asked.as_deref())
    else {
        return false;
    };
    let Ok(mut child) = start(&command) else { return false };
    if let Some(mut to) = child.stdin.take() {
        // A pager that is left before the end has shown what was wanted.
        let _ = to.write_all(bytes);
    }
    // A shell that does not find the program says so with 127, and nothing was shown.
    child.wait().is_ok_and(|status| status.code() != Some(127))
}

/// The command of the pager, when there should be one.
fn wanted(
    declined: bool,
    is_terminal: bool,
    lines: usize,
    height: Option<usize>,
    asked: Option<&str>,
) -> Option<String> {
    if declined || !is_terminal || height.is_none_or(|h| lines < h) {
        return None;
    }
    match asked.map(str::trim) {
        Some("" | "cat") => None,
        Some(command) => Some(command.to_owned()),
        None => Some("less".to_owned()),
    }
}

/// `PAGER` may hold options, so a shell reads it, as other programs have it.
fn start(command: &str) -> io::Result<Child> {
    let mut shell = if cfg!(windows) { Command::new("cmd") } else { Command::new("sh") };
    shell.arg(if cfg!(windows) { "/C" } else { "-c" }).arg(command).stdin(Stdio::piped());
    for (name, value) in [("LESS", "FRX"), ("LV", "-c")] {
        if env::var_os(name).is_none() {
            shell.env(name, value);
        }
    }
    shell.spawn()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_long_text_for_a_person_is_paged() {
        let less = Some("less".to_owned());
        assert_eq!(wanted(false, true, 100, Some(50), None), less);
        assert_eq!(wanted(false, true, 100, Some(50), Some("most -s ")), Some("most -s".to_owned()));
        assert_eq!(wanted(true, true, 100, Some(50), None), None, "--no-pager");
        assert_eq!(wanted(false, false, 100, Some(50), None), None, "a pipe");
        assert_eq!(wanted(false, true, 40, Some(50), None), None, "one screen");
        assert_eq!(wanted(false, true, 100, None, None), None, "no size");
        assert_eq!(wanted(false, true, 100, Some(50), Some("")), None);
        assert_eq!(wanted(false, true, 100, Some(50), Some("cat")), None);
    }
}
