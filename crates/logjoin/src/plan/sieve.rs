//! Whose a line is, in a file of several programs: what lets the lines of one part through to its scanner.
//!
//! The trick: a line that names nobody belongs to the one before it, and an entry of the journal's export, which names its
//! program further down, waits until it has.

use logjoin_parse::envelope::peel;

use super::Part;

/// Longest entry of the journal that is kept until it has said whose it is.
const MAX_ENTRY: usize = 1 << 20;
/// How an entry of the journal's export begins.
pub(super) const ENTRY: &[u8] = b"__CURSOR=";

/// Which of the programs an entry is of; `Some(None)`: one of the others; `None`: it does not say.
pub(super) fn whose(entry: &[u8], among: &[String]) -> Option<Option<usize>> {
    let envelope = peel(entry).0?;
    let tag = envelope.tag.as_deref()?;
    let host = envelope.host.as_deref().unwrap_or_default();
    let is_it = |name: &String| {
        let name = name.as_bytes();
        let of_host = || name.strip_suffix(tag)?.strip_suffix(b"/");
        name == tag || of_host().is_some_and(|h| h == host)
    };
    Some(among.iter().position(is_it))
}

/// Lets the lines of one part through.
pub(crate) struct Sieve<'p> {
    among: &'p [String],
    own: Option<usize>,
    /// Whose the last line was.
    last: Option<usize>,
    /// The lines of an entry that has not yet said whose it is: number, where each begins, bytes that it has with its end.
    entry: Vec<u8>,
    lines: Vec<(u64, usize, usize)>,
}

/// What becomes of a line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Passed {
    Own,
    Other,
    /// It is to be [kept](Sieve::hold) until its entry says whose it is.
    Held,
}

/// The lines that were held: whether they are the part's own, their bytes, and number, place and length with the end of each.
pub(crate) type Held = (bool, Vec<u8>, Vec<(u64, usize, usize)>);

impl<'p> Sieve<'p> {
    pub fn new(part: &'p Part) -> Sieve<'p> {
        let own = part.name.as_ref().and_then(|name| part.among.iter().position(|n| n == name));
        Sieve { among: &part.among, own, last: None, entry: Vec::new(), lines: Vec::new() }
    }

    /// Whether a line says by itself that it is the part's own.
    pub fn claims(part: &Part, line: &[u8]) -> bool {
        let sieve = Sieve::new(part);
        whose(line, sieve.among) == Some(sieve.own)
    }

    /// Lines are missing here: whose the next ones are is not known before one says so.
    pub fn forget(&mut self) {
        self.last = None;
    }

    /// Whether the entry that is kept ends before this line, and is to be [taken](Sieve::take).
    pub fn ends_before(&self, line: &[u8]) -> bool {
        !self.lines.is_empty() && (line.starts_with(ENTRY) || self.entry.len() > MAX_ENTRY)
    }

    /// Looks at the next line.
    pub fn pass(&mut self, line: &[u8]) -> Passed {
        if line.starts_with(ENTRY) || !self.lines.is_empty() {
            return Passed::Held;
        }
        if let Some(whose) = whose(line, self.among) {
            self.last = whose;
        }
        if self.last == self.own { Passed::Own } else { Passed::Other }
    }

    /// Keeps a line of an entry; `length` counts its end.
    pub fn hold(&mut self, number: u64, line: &[u8], length: usize) {
        if !self.lines.is_empty() {
            self.entry.push(b'\n');
        }
        self.lines.push((number, self.entry.len(), length));
        self.entry.extend_from_slice(line);
    }

    /// Ends the entry that is kept, if there is one.
    pub fn take(&mut self) -> Option<Held> {
        if self.lines.is_empty() {
            return None;
        }
        let (entry, lines) = (std::mem::take(&mut self.entry), std::mem::take(&mut self.lines));
        if let Some(whose) = whose(&entry, self.among) {
            self.last = whose;
        }
        Some((self.last == self.own, entry, lines))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_waits_until_it_says_whose_it_is() {
        let part = Part { name: Some("web".into()), among: vec!["web".into()], of_containers: false };
        let mut sieve = Sieve::new(&part);
        let lines = ["__CURSOR=s=a;i=1", "SYSLOG_IDENTIFIER=web", "MESSAGE=up"];
        for (n, line) in lines.iter().enumerate() {
            assert!(!sieve.ends_before(line.as_bytes()));
            assert_eq!(sieve.pass(line.as_bytes()), Passed::Held);
            sieve.hold(n as u64 + 1, line.as_bytes(), line.len() + 1);
        }
        assert!(sieve.ends_before(b"__CURSOR=s=a;i=2"));
        let (is_own, entry, held) = sieve.take().expect("an entry");
        assert!(is_own && entry == lines.join("\n").as_bytes());
        assert_eq!(held, [(1, 0, 17), (2, 17, 22), (3, 39, 11)]);
        assert!(sieve.take().is_none());
    }
}
