//! Finds signals in messages: one pass for the literals of the whole table, then only the patterns
//! that a literal selected.

use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, MatchKind};
use regex::bytes::{Regex, RegexBuilder};

use super::{FAMILIES, GROUPS, Signal, SignalDef};

/// Room for the table in a set of entries that lives on the stack.
const WORDS: usize = 12;
/// How many entries of a caller's own there may be beside the table.
pub(crate) const OWN: usize = 128;

/// A set of entries, by their place in the table.
type Entries = [u64; WORDS];

struct Row {
    def: &'static SignalDef,
    /// Compiled when first needed: a run meets few of the programs that the table knows.
    regex: OnceLock<Option<Regex>>,
}

/// The compiled table. Build it once and share it between threads.
pub struct Matcher {
    rows: Vec<Row>,
    /// `None` cannot happen with the table as it is; without an automaton nothing is found.
    literals: Option<AhoCorasick>,
    /// Which row a literal belongs to, by the automaton's pattern number.
    row_of: Vec<u16>,
    /// Programs whose messages are looked up only in some families, and the rows of those.
    exclusive: Vec<(&'static str, Entries)>,
}

impl Default for Matcher {
    fn default() -> Self {
        Self::new()
    }
}

impl Matcher {
    /// Builds the automaton over the literals of [`FAMILIES`]; patterns are compiled at their first use.
    pub fn new() -> Self {
        Matcher::with(&[])
    }

    /// The same with entries of the caller's own, which are asked before the table, whoever wrote the message; at most
    /// 128 of them.
    pub fn with(own: &[&'static SignalDef]) -> Self {
        let mut rows = Vec::new();
        let mut words = Vec::new();
        let mut row_of = Vec::new();
        let mut exclusive: Vec<(&'static str, Entries)> = Vec::new();
        for family in FAMILIES.iter().filter(|f| f.is_exclusive) {
            for &program in family.programs {
                if !exclusive.iter().any(|(known, _)| *known == program) {
                    exclusive.push((program, [0; WORDS]));
                }
            }
        }
        let own = own.iter().take(OWN).map(|def| (*def, None));
        let table =
            FAMILIES.iter().flat_map(|family| family.signals.iter().map(move |def| (def, Some(family))));
        for (def, family) in own.chain(table).take(WORDS * 64) {
            let row = rows.len();
            for &literal in def.literals.iter().filter(|l| !l.is_empty()) {
                words.push(literal);
                row_of.push(row as u16);
            }
            for (program, entries) in &mut exclusive {
                if family.is_none_or(|f| f.programs.contains(program)) {
                    entries[row / 64] |= 1 << (row % 64);
                }
            }
            rows.push(Row { def, regex: OnceLock::new() });
        }
        let literals = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .build(words)
            .ok();
        Matcher { rows, literals, row_of, exclusive }
    }

    /// The first signal by the order of the table, or none.
    ///
    /// `message` is the text of a log record without its envelope, stamp and level; an event of several
    /// lines is joined with `\n`. `program` is the tag or product that is known to have written it.
    pub fn find<'a>(&self, message: &'a [u8], program: Option<&[u8]>) -> Option<Signal<'a>> {
        self.signals(message, program).next()
    }

    /// All signals of a message in the order of the table: a failed request whose stack ends in a refused
    /// database connection says both.
    pub fn signals<'m, 'a, 'p>(
        &'m self,
        message: &'a [u8],
        program: Option<&'p [u8]>,
    ) -> Signals<'m, 'a, 'p> {
        let mut entries = [0u64; WORDS];
        if let Some(literals) = &self.literals {
            for found in literals.find_overlapping_iter(message) {
                let row = usize::from(self.row_of[found.pattern().as_usize()]);
                entries[row / 64] |= 1 << (row % 64);
            }
        }
        if let Some(program) = program.filter(|_| entries != [0; WORDS])
            && let Some((_, allowed)) = self.exclusive.iter().find(|(name, _)| is_program(program, name))
        {
            for (entry, allowed) in entries.iter_mut().zip(allowed) {
                *entry &= allowed;
            }
        }
        Signals { matcher: self, message, program, entries }
    }

    /// Asks one row alone; `None` if its literal, program or pattern does not fit.
    fn ask<'a>(&self, row: usize, message: &'a [u8], program: Option<&[u8]>) -> Option<Signal<'a>> {
        let Row { def, regex } = &self.rows[row];
        if !def.only_from.is_empty() {
            let program = program?;
            if !def.only_from.iter().any(|name| is_program(program, name)) {
                return None;
            }
        }
        match def.pattern {
            None => Some(Signal::bare(def)),
            Some(pattern) => {
                let regex = regex.get_or_init(|| compile(pattern)).as_ref()?;
                regex.captures(message).map(|captures| Signal::from_captures(def, &captures))
            }
        }
    }
}

impl std::fmt::Debug for Matcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Matcher")
            .field("signals", &self.rows.len())
            .field("literals", &self.row_of.len())
            .finish()
    }
}

/// The signals of one message, in the order of the table; see [`Matcher::signals`].
#[derive(Debug)]
pub struct Signals<'m, 'a, 'p> {
    matcher: &'m Matcher,
    message: &'a [u8],
    program: Option<&'p [u8]>,
    /// What is still to be asked.
    entries: Entries,
}

impl<'a> Iterator for Signals<'_, 'a, '_> {
    type Item = Signal<'a>;

    fn next(&mut self) -> Option<Signal<'a>> {
        for word in 0..WORDS {
            while self.entries[word] != 0 {
                let bit = self.entries[word].trailing_zeros() as usize;
                self.entries[word] &= self.entries[word] - 1;
                if let Some(signal) = self.matcher.ask(word * 64 + bit, self.message, self.program) {
                    return Some(signal);
                }
            }
        }
        None
    }
}

/// What is wrong with an entry of a caller's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignalError {
    what: String,
}

impl std::fmt::Display for SignalError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for SignalError {}

impl SignalDef {
    /// Whether the entry is well made: it has a literal, its pattern compiles and names no unknown group, it recognises
    /// its hits with what they must capture, and none of its misses.
    ///
    /// # Errors
    ///
    /// What is wrong, with the id of the entry.
    pub fn check(&'static self) -> Result<(), SignalError> {
        self.checked().map_err(|what| SignalError { what })
    }

    fn checked(&'static self) -> Result<(), String> {
        let id = self.id;
        if id.is_empty() || !self.literals.iter().any(|l| !l.is_empty()) {
            return Err(format!("{id}: an entry needs an id and a literal"));
        }
        if let Some(pattern) = self.pattern {
            let regex =
                compile(pattern).ok_or_else(|| format!("{id}: not a regular expression: {pattern}"))?;
            if let Some(name) = regex.capture_names().flatten().find(|name| !GROUPS.contains(name)) {
                return Err(format!("{id}: unknown group {name}"));
            }
            for (message, captures) in self.hits {
                let found = regex.captures(message.as_bytes());
                for (name, value) in *captures {
                    let got = found.as_ref().and_then(|c| c.name(name)).map(|m| m.as_bytes());
                    if got != Some(value.as_bytes()) {
                        return Err(format!("{id}: {name} is not {value} in: {message}"));
                    }
                }
            }
        }
        let matcher = Matcher::with(&[self]);
        let program = self.only_from.first().map(|p| p.as_bytes());
        let mine =
            |message: &str| matcher.signals(message.as_bytes(), program).any(|s| std::ptr::eq(s.def, self));
        match (self.hits.iter().find(|(m, _)| !mine(m)), self.misses.iter().find(|m| mine(m))) {
            (Some((message, _)), _) => Err(format!("{id}: does not recognise {message}")),
            (None, Some(message)) => Err(format!("{id}: recognises {message}")),
            (None, None) => Ok(()),
        }
    }
}

/// Lines are bytes: without Unicode `.` and `\d` are one byte, and the automata stay small.
fn compile(pattern: &str) -> Option<Regex> {
    RegexBuilder::new(pattern).unicode(false).multi_line(true).build().ok()
}

/// Whether a tag names a program: the same word, or the word and something that is no letter
/// (`php-fpm8.2`, `apache2`); a path before it is ignored.
fn is_program(tag: &[u8], name: &str) -> bool {
    let base = &tag[tag.iter().rposition(|&b| b == b'/').map_or(0, |at| at + 1)..];
    match base.split_at_checked(name.len()) {
        Some((head, tail)) => {
            head.eq_ignore_ascii_case(name.as_bytes()) && !tail.first().is_some_and(u8::is_ascii_alphabetic)
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_name_programs() {
        assert!(is_program(b"php-fpm8.2", "php-fpm"));
        assert!(is_program(b"/usr/sbin/nginx", "nginx"));
        assert!(is_program(b"systemd-oomd", "systemd"));
        assert!(is_program(b"Kernel", "kernel"));
        assert!(!is_program(b"nginxctl", "nginx"));
        assert!(!is_program(b"", "nginx"));
    }

    #[test]
    fn the_table_fits_and_compiles() {
        let matcher = Matcher::new();
        assert_eq!(matcher.rows.len(), FAMILIES.iter().map(|f| f.signals.len()).sum::<usize>());
        assert!(matcher.literals.is_some());
        assert!(matcher.rows.len() + OWN <= WORDS * 64, "the table leaves no room for entries of a caller");
        for Row { def, .. } in &matcher.rows {
            if let Some(pattern) = def.pattern {
                let regex = compile(pattern).unwrap_or_else(|| panic!("{}: pattern {pattern}", def.id));
                for name in regex.capture_names().flatten() {
                    assert!(super::super::GROUPS.contains(&name), "{}: group {name}", def.id);
                }
            }
        }
    }

    #[test]
    fn misses_are_not_recognised_by_their_entry() {
        let matcher = Matcher::new();
        for (row, Row { def, .. }) in matcher.rows.iter().enumerate() {
            for miss in def.misses {
                let by_literal =
                    def.literals.iter().any(|l| miss.to_ascii_lowercase().contains(&l.to_ascii_lowercase()));
                let program = def.only_from.first().map(|p| p.as_bytes());
                let found = by_literal && matcher.ask(row, miss.as_bytes(), program).is_some();
                assert!(!found, "{}: recognises {miss}", def.id);
            }
        }
    }

    #[test]
    fn entries_of_a_caller_come_first() {
        use super::super::{Meaning, Scope};
        static MINE: SignalDef = SignalDef::new("mine", Meaning::Maintenance, Scope::Process, "ours")
            .any(&["worker timeout"])
            .hits(&[("WORKER TIMEOUT (pid:1)", &[])]);
        static WRONG: SignalDef =
            SignalDef::new("wrong", Meaning::Crash, Scope::Process, "ours").any(&["boom"]).re("boom (");
        static GREEDY: SignalDef = SignalDef::new("greedy", Meaning::Crash, Scope::Process, "ours")
            .any(&["boom"])
            .misses(&["no boom"]);
        static EMPTY: SignalDef = SignalDef::new("empty", Meaning::Crash, Scope::Process, "ours").any(&[""]);
        let matcher = Matcher::with(&[&MINE, &EMPTY]);
        for program in [None, Some(&b"kernel"[..])] {
            let found = matcher.find(b"WORKER TIMEOUT (pid:1)", program).map(|s| s.def.id);
            assert_eq!(found, Some("mine"), "{program:?}");
        }
        assert!(matcher.find(b"all is well", None).is_none());
        assert_eq!(MINE.check(), Ok(()));
        let fault = |def: &'static SignalDef| def.check().unwrap_err().to_string();
        assert_eq!(fault(&WRONG), "wrong: not a regular expression: boom (");
        assert_eq!(fault(&GREEDY), "greedy: recognises no boom");
        assert_eq!(fault(&EMPTY), "empty: an entry needs an id and a literal");
        let many = vec![&MINE; 2000];
        let crowded = Matcher::with(&many);
        assert_eq!(crowded.rows.len(), Matcher::new().rows.len() + OWN, "the table stays whole");
    }

    #[test]
    fn messages_of_the_kernel_and_of_proxies_stay_in_their_families() {
        let matcher = Matcher::new();
        let text =
            b"connect() failed (111: Connection refused) while connecting to upstream, too many open files";
        assert!(matcher.find(text, Some(b"nginx")).is_none());
        assert!(matcher.find(text, None).is_some());
    }
}
