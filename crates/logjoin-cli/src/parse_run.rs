//! `logjoin parse`: reads files line by line, folds events, writes rows as they come. Memory does not grow with input.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use logjoin::Pattern;
use logjoin::redact::Redactor;
use logjoin::rows::{Names, RecordRow};
use logjoin_input::{DiscoverOptions, InputFile, ReadOptions, discover};
use logjoin_parse::detect::{LineReader, detect};
use logjoin_parse::envelope::{Pieces, Taken, peel_all};
use logjoin_parse::fold::{Folder, Step, head_lines};
use logjoin_parse::{Dialect, Format, Record};

use crate::analyze_args;
use crate::args::ParseCommand;
use crate::exit::{Failure, Outcome};
use crate::output::{Form, Level, OutputArgs, say, stdout_error};

/// Bytes of a file's beginning by which its format is recognised.
const HEAD_BYTES: usize = 256 * 1024;

pub(crate) fn parse(command: &ParseCommand) -> Result<Outcome, Failure> {
    let output = OutputArgs::new(&command.output);
    let form = output.form("ndjson")?;
    if !form.is_rows() {
        return Err(Failure::usage(format!(
            "{} is no format of rows: use ndjson, csv or parquet",
            form.id()
        )));
    }
    let redactor = analyze_args::redactor(&command.redact)?;
    let formats = analyze_args::formats(&command.format)?;
    let found = discover(&command.paths, &DiscoverOptions::default());
    let mut problems: Vec<String> = found.problems.iter().map(ToString::to_string).collect();
    let target = output.file.as_deref().filter(|f| *f != Path::new("-"));
    let out: Box<dyn Write + Send> = match target {
        Some(path) => Box::new(
            File::create(path)
                .map_err(|e| Failure::Io(format!("{}: cannot be written: {e}", path.display())))?,
        ),
        None => Box::new(io::stdout()),
    };
    let out = BufWriter::with_capacity(256 * 1024, out);
    let failed = |e: io::Error| match target {
        Some(path) => Failure::Io(format!("{}: cannot be written: {e}", path.display())),
        None => stdout_error(e),
    };
    let sink = Sink::new(form, output.names, out).map_err(failed)?;
    let mut rows = Rows { sink, redactor };
    for file in &found.files {
        if let Some(problem) = read(file, &formats, &mut rows).map_err(failed)? {
            problems.push(problem);
        }
    }
    rows.sink.finish().map_err(failed)?;
    problems.iter().for_each(|p| say(Level::Warning, p));
    if output.verbose {
        found.notes.iter().for_each(|n| say(Level::Note, &n.to_string()));
    }
    Ok(if problems.is_empty() { Outcome::Done } else { Outcome::Incomplete })
}

type Out = BufWriter<Box<dyn Write + Send>>;

/// Where rows go, and in which form.
enum Sink {
    Json(Out, Names),
    Csv(Out),
    #[cfg(feature = "parquet")]
    Parquet(Box<logjoin_arrow::RecordWriter<Out>>),
}

impl Sink {
    fn new(form: Form, names: Names, mut out: Out) -> io::Result<Sink> {
        match form {
            #[cfg(feature = "parquet")]
            Form::Parquet => {
                let writer = logjoin_arrow::RecordWriter::new(out).map_err(io::Error::from)?;
                Ok(Sink::Parquet(Box::new(writer)))
            }
            Form::Text(r) if r.id == "csv" => {
                write!(out, "{}\r\n", RecordRow::csv_head())?;
                Ok(Sink::Csv(out))
            }
            Form::Text(_) => Ok(Sink::Json(out, names)),
        }
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Sink::Json(mut out, _) | Sink::Csv(mut out) => out.flush(),
            #[cfg(feature = "parquet")]
            Sink::Parquet(writer) => writer.finish().map_err(io::Error::from)?.flush(),
        }
    }
}

/// Rows on their way out.
struct Rows {
    sink: Sink,
    redactor: Option<Redactor>,
}

impl Rows {
    fn write(&mut self, mut row: RecordRow) -> io::Result<()> {
        if let Some(r) = &self.redactor {
            r.record(&mut row);
        }
        match &mut self.sink {
            Sink::Json(out, names) => writeln!(out, "{}", row.json(*names)),
            Sink::Csv(out) => write!(out, "{}\r\n", row.csv()),
            #[cfg(feature = "parquet")]
            Sink::Parquet(writer) => writer.push(row).map_err(io::Error::from),
        }
    }
}

/// The event being read: its row, and its lines as long as there may be more.
struct Pending {
    row: RecordRow,
    format: &'static str,
    /// Whether the first line is not the whole of the record.
    has_long_head: bool,
    /// Its lines are entries of a transport.
    enveloped: bool,
    first: u64,
    last: u64,
    bytes: Vec<u8>,
}

impl Pending {
    /// Writes the event. One of several lines is read once more as a whole: what its format wants to know may stand in
    /// the lines that follow (nginx's context after the output of a FastCGI program).
    fn write(self, file: &str, reader: &LineReader, rows: &mut Rows) -> io::Result<()> {
        if self.last == self.first {
            let mut row = self.row;
            row.exception(&self.bytes);
            return rows.write(row);
        }
        let fits = |r: &Record<'_>| self.has_long_head || r.format == self.format;
        let whole = reader.parse(&self.bytes).ok().filter(fits);
        let mut row = whole.map_or(self.row, |r| RecordRow::of(file, self.first, &r));
        row.exception(&self.bytes);
        row.ends_at(self.last);
        rows.write(row)
    }
}

/// Reads one file; what stopped it early is returned as text.
fn read(file: &InputFile, formats: &[(Pattern, Format)], rows: &mut Rows) -> io::Result<Option<String>> {
    let name = file.name();
    let told = formats.iter().find(|(p, _)| p.fits(name)).map(|(_, f)| f.clone());
    // A stream can be read once only: without a head every line is tried with all formats.
    let head = if file.is_stream() { Vec::new() } else { file.head(HEAD_BYTES).unwrap_or_default() };
    let mut dialects: Vec<Dialect> =
        told.into_iter().map(|format| Dialect { envelope: None, format }).collect();
    let found = detect(head.split(|b| *b == b'\n').take(500));
    dialects.extend(found.dialects.into_iter().map(|(d, _)| d));
    let mut reader = LineReader::new(dialects);
    if let Some(day) = found.day_order {
        reader = reader.with_day_order(day.order);
    }
    let mut chunks = match file.open(&ReadOptions::default()) {
        Ok(chunks) => chunks,
        Err(e) => return Ok(Some(e.to_string())),
    };
    let mut lines = FileRows { name, reader: &reader, folder: Folder::new(), pending: None };
    let mut pieces = reader.may_be_split().then(Pieces::new);
    for chunk in &mut chunks {
        for (number, _, line) in chunk.lines() {
            match pieces.as_mut().map_or(Taken::Whole, |p| p.take(number, line)) {
                Taken::Whole => lines.take(number, line, rows)?,
                Taken::Piece => {}
                Taken::Complete => {
                    if let Some((first, line)) = pieces.as_ref().map(Pieces::line) {
                        lines.take(first, line, rows)?;
                    }
                }
            }
        }
    }
    while pieces.as_mut().is_some_and(Pieces::finish) {
        if let Some((first, line)) = pieces.as_ref().map(Pieces::line) {
            lines.take(first, line, rows)?;
        }
    }
    if let Some(done) = lines.pending.take() {
        done.write(name, &reader, rows)?;
    }
    Ok(chunks.problem().map(ToString::to_string))
}

/// The lines of one file on their way to rows.
struct FileRows<'r> {
    name: &'r str,
    reader: &'r LineReader,
    folder: Folder,
    /// The event that may go on.
    pending: Option<Pending>,
}

impl FileRows<'_> {
    /// A line that holds several records gives a row for each.
    fn several(&mut self, number: u64, line: &[u8], records: &[Vec<u8>], rows: &mut Rows) -> io::Result<()> {
        if let Some(done) = self.pending.take() {
            done.write(self.name, self.reader, rows)?;
        }
        let mut is_first = true;
        for record in records {
            let mut row = match self.reader.parse(record) {
                Ok(read) => {
                    if std::mem::take(&mut is_first) {
                        self.folder.step(line, Some(&read));
                    }
                    RecordRow::of(self.name, number, &read)
                }
                Err(why) => RecordRow::unparsed(self.name, number, record, &why),
            };
            row.exception(record);
            rows.write(row)?;
        }
        Ok(())
    }

    fn take(&mut self, number: u64, line: &[u8], rows: &mut Rows) -> io::Result<()> {
        let parsed = if self.folder.claims(line) { None } else { Some(self.reader.parse(line)) };
        if let Some(Err(_)) = parsed
            && let Some(records) = self.reader.batch(line)
        {
            return self.several(number, line, &records, rows);
        }
        match self.folder.step(line, parsed.as_ref().and_then(|p| p.as_ref().ok())) {
            Step::Blank => {}
            Step::Start => {
                if let Some(done) = self.pending.take() {
                    done.write(self.name, self.reader, rows)?;
                }
                if let Some(Ok(record)) = &parsed {
                    self.pending = Some(Pending {
                        row: RecordRow::of(self.name, number, record),
                        format: record.format,
                        has_long_head: head_lines(record) > 1,
                        enveloped: record.envelope.is_some(),
                        first: number,
                        last: number,
                        bytes: line.to_vec(),
                    });
                }
            }
            Step::Continue => {
                if let Some(p) = &mut self.pending {
                    p.last = number;
                    p.bytes.push(b'\n');
                    // Where each line of a trace is an entry of a transport, the trace is what the entries hold.
                    let text = if p.enveloped { peel_all(line).1 } else { line.into() };
                    p.bytes.extend_from_slice(&text);
                }
            }
            Step::Excess => {
                if let Some(p) = &mut self.pending {
                    p.last = number;
                }
            }
            Step::Orphan => {
                if let Some(Err(why)) = &parsed {
                    rows.write(RecordRow::unparsed(self.name, number, line, why))?;
                }
            }
        }
        Ok(())
    }
}
