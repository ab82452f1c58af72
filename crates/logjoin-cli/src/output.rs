//! Where results go: a file named with `-o`, or standard output; in which form, how wide and in colour or not.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anstream::ColorChoice;
use logjoin::render::{self, RENDERERS, RenderOptions, Renderer};

use crate::exit::Failure;
use crate::pager;

/// What the options say about output.
#[derive(Debug, Clone)]
pub(crate) struct OutputArgs {
    /// The form that was asked for by name.
    pub format: Option<&'static Renderer>,
    /// The file; standard output when absent or `-`.
    pub file: Option<PathBuf>,
    /// When to colour.
    pub color: ColorChoice,
    /// Everything instead of one screen.
    pub verbose: bool,
    /// JSON on one line.
    pub compact: bool,
    /// No pager, however long it is.
    pub no_pager: bool,
}

impl OutputArgs {
    /// The form: by name, else by the extension of the file, else the default of the command.
    pub(crate) fn renderer(&self, default: &str) -> Result<&'static Renderer, Failure> {
        if let Some(r) = self.format {
            return Ok(r);
        }
        let named = self.file.as_deref().filter(|f| *f != Path::new("-"));
        if let Some(file) = named
            && file.extension().is_some()
        {
            return render::by_file_name(&file.to_string_lossy()).ok_or_else(|| {
                let known: Vec<String> =
                    RENDERERS.iter().flat_map(|r| r.extensions).map(|e| format!(".{e}")).collect();
                Failure::usage(format!(
                    "{}: no report has this extension; use one of {} or say --output-format",
                    file.display(),
                    known.join(" ")
                ))
            });
        }
        render::by_id(default).ok_or_else(|| Failure::usage(format!("no output format {default:?}")))
    }

    /// How wide, how long and whether in colour. Colours are for terminals: a file gets them only with `always`.
    pub(crate) fn render_options(&self) -> RenderOptions {
        let to_file = self.is_file();
        let terminal = terminal_size::terminal_size_of(io::stdout());
        let width = terminal.map_or(100, |(w, _)| usize::from(w.0));
        RenderOptions {
            width: if to_file { 100 } else { width.min(160) },
            // The prompt needs a line or two.
            height: terminal.filter(|_| !to_file).map_or(50, |(_, h)| usize::from(h.0).saturating_sub(2)),
            color: match self.color {
                ColorChoice::Always | ColorChoice::AlwaysAnsi => true,
                ColorChoice::Never => false,
                ColorChoice::Auto => {
                    !to_file && anstream::AutoStream::choice(&io::stdout()) != ColorChoice::Never
                }
            },
            verbose: self.verbose,
            compact: self.compact,
        }
    }

    fn is_file(&self) -> bool {
        self.file.as_deref().is_some_and(|f| f != Path::new("-"))
    }

    /// Writes a text for a person: through a pager where it is longer than the screen.
    pub(crate) fn show(&self, bytes: &[u8]) -> Result<(), Failure> {
        if !self.is_file() && pager::show(bytes, self.no_pager) {
            return Ok(());
        }
        self.write(bytes)
    }

    /// Writes the result.
    pub(crate) fn write(&self, bytes: &[u8]) -> Result<(), Failure> {
        match self.file.as_deref().filter(|_| self.is_file()) {
            Some(path) => std::fs::write(path, bytes)
                .map_err(|e| Failure::Io(format!("{}: cannot be written: {e}", path.display()))),
            None => to_stdout(bytes),
        }
    }
}

/// Writes to standard output. A reader that went away (`logjoin ... | head`) is no error.
pub(crate) fn to_stdout(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush()).map_err(stdout_error)
}

/// What a failed write to standard output means.
pub(crate) fn stdout_error(e: io::Error) -> Failure {
    match e.kind() {
        io::ErrorKind::BrokenPipe => Failure::BrokenPipe,
        _ => Failure::Io(format!("standard output: cannot be written: {e}")),
    }
}

/// Says something on standard error: escaped, because it may hold names of files, and in colour where that may be.
/// Nobody reading standard error is no reason to fail.
pub(crate) fn say(level: Level, message: &str) {
    let mut err = anstream::stderr().lock();
    let style = level.style();
    let text = render::escape::terminal(message);
    let _ = writeln!(err, "{style}{}{style:#}: {text}", level.word());
}

/// How important a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// The run ends.
    Error,
    /// Something is missing from the result.
    Warning,
    /// Worth knowing.
    Note,
}

impl Level {
    fn word(self) -> &'static str {
        match self {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "note",
        }
    }

    fn style(self) -> anstyle::Style {
        let color = match self {
            Level::Error => anstyle::AnsiColor::Red,
            Level::Warning => anstyle::AnsiColor::Yellow,
            Level::Note => anstyle::AnsiColor::Cyan,
        };
        anstyle::Style::new().bold().fg_color(Some(color.into()))
    }
}

/// Whether to show progress: only to somebody who looks.
pub(crate) fn wants_progress(asked_not_to: bool) -> bool {
    !asked_not_to && io::stderr().is_terminal()
}
