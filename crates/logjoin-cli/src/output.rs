//! Where results go: a file named with `-o`, or standard output; in which form, how wide and in colour or not.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anstream::ColorChoice;
use logjoin::Analysis;
use logjoin::render::{self, Document, RENDERERS, RenderOptions, Renderer, Slo, Template};
use logjoin::rows::Names;

use crate::exit::Failure;
use crate::pager;

/// A form of the output: one of the table of reports, or Parquet, which is columns and not text.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Form {
    /// A report or rows as text.
    Text(&'static Renderer),
    /// Rows as columns.
    #[cfg(feature = "parquet")]
    Parquet,
}

impl Form {
    pub(crate) fn by_id(id: &str) -> Option<Form> {
        #[cfg(feature = "parquet")]
        if id == "parquet" {
            return Some(Form::Parquet);
        }
        render::by_id(id).map(Form::Text)
    }

    fn by_file_name(name: &str) -> Option<Form> {
        #[cfg(feature = "parquet")]
        if name.to_ascii_lowercase().ends_with(".parquet") {
            return Some(Form::Parquet);
        }
        render::by_file_name(name).map(Form::Text)
    }

    pub(crate) fn id(self) -> &'static str {
        match self {
            Form::Text(r) => r.id,
            #[cfg(feature = "parquet")]
            Form::Parquet => "parquet",
        }
    }

    /// Whether it is rows of failures and no report.
    pub(crate) fn is_rows(self) -> bool {
        match self {
            Form::Text(r) => r.rows,
            #[cfg(feature = "parquet")]
            Form::Parquet => true,
        }
    }

    /// Makes the bytes.
    pub(crate) fn render(self, a: &Analysis, o: &RenderOptions) -> Result<Vec<u8>, Failure> {
        match self {
            Form::Text(r) => Ok((r.render)(a, o)),
            #[cfg(feature = "parquet")]
            Form::Parquet => {
                logjoin_arrow::failures_to_parquet(&a.failures).map_err(|e| Failure::Io(e.to_string()))
            }
        }
    }
}

/// What the options say about output.
#[derive(Debug, Clone)]
pub(crate) struct OutputArgs {
    /// The form that was asked for by name.
    pub format: Option<Form>,
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
    /// Whose names the fields of rows have.
    pub names: Names,
    /// Headings of a document.
    pub template: Template,
    /// The objective that failures are held against.
    pub slo: Option<Slo>,
    /// The command line, for the appendix of a document.
    pub command: String,
}

impl OutputArgs {
    /// The form: by name, else by the extension of the file, else the default of the command.
    pub(crate) fn form(&self, default: &str) -> Result<Form, Failure> {
        if let Some(form) = self.format {
            return Ok(form);
        }
        let named = self.file.as_deref().filter(|f| *f != Path::new("-"));
        if let Some(file) = named
            && file.extension().is_some()
        {
            return Form::by_file_name(&file.to_string_lossy()).ok_or_else(|| {
                let known = RENDERERS.iter().flat_map(|r| r.extensions).chain(&["parquet"]);
                let known: Vec<String> = known.map(|e| format!(".{e}")).collect();
                Failure::usage(format!(
                    "{}: no report has this extension; use one of {} or say --output-format",
                    file.display(),
                    known.join(" ")
                ))
            });
        }
        Form::by_id(default).ok_or_else(|| Failure::usage(format!("no output format {default:?}")))
    }

    /// How wide, how long and whether in colour. Colours are for terminals: a file gets them only with `always`.
    pub(crate) fn render_options(&self) -> RenderOptions<'_> {
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
            names: self.names,
            document: Document { template: self.template, slo: self.slo, command: Some(&self.command) },
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

    /// Whether somebody reads it on a terminal.
    pub(crate) fn is_for_eyes(&self) -> bool {
        !self.is_file() && io::stdout().is_terminal()
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
