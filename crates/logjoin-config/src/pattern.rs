//! The regular expressions that people write in locations: enough of them to route a path.
//!
//! A backtracking matcher over characters with a budget of steps, so that no pattern can run away. What it does not
//! know (look-around, back-references, `\p`) makes it answer `None`: not known.

/// Steps until the matcher gives up.
const BUDGET: u32 = 50_000;
/// Pieces matched within each other: what the stack holds.
const MAX_DEPTH: u32 = 600;
/// Groups within groups.
const MAX_NESTING: usize = 16;

#[derive(Debug, Clone)]
enum Piece {
    Any,
    Char(char),
    /// Ranges, and whether they are excluded.
    Class(Vec<(char, char)>, bool),
    Begin,
    End,
    WordEdge,
    Group(Vec<Vec<Repeat>>),
}

#[derive(Debug, Clone)]
struct Repeat {
    piece: Piece,
    least: u32,
    most: u32,
}

/// Whether `pattern` matches anywhere in `text`; `None` if the pattern is beyond this matcher.
pub(crate) fn matches(pattern: &str, text: &str, ignore_case: bool) -> Option<bool> {
    let (pattern, ignore_case) = match pattern.strip_prefix("(?i)") {
        Some(rest) => (rest.to_owned(), true),
        None => (pattern.to_owned(), ignore_case),
    };
    let fold = |text: &str| if ignore_case { text.to_lowercase() } else { text.to_owned() };
    let chars: Vec<char> = pattern.chars().collect();
    let mut reader = Reader { chars: &chars, at: 0, ignore_case };
    let branches = reader.alternatives(0)?;
    if reader.at < chars.len() {
        return None;
    }
    let text: Vec<char> = fold(text).chars().collect();
    let mut matcher = Matcher { text: &text, left: BUDGET, depth: 0 };
    for start in 0..=text.len() {
        for branch in &branches {
            if matcher.sequence(branch, start, &mut |_, _| true) {
                return Some(true);
            }
        }
    }
    (matcher.left > 0).then_some(false)
}

struct Reader<'p> {
    chars: &'p [char],
    at: usize,
    ignore_case: bool,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(c)
    }

    fn lower(&self, c: char) -> char {
        if self.ignore_case { c.to_lowercase().next().unwrap_or(c) } else { c }
    }

    fn alternatives(&mut self, depth: usize) -> Option<Vec<Vec<Repeat>>> {
        if depth > MAX_NESTING {
            return None;
        }
        let mut branches = vec![Vec::new()];
        while let Some(c) = self.peek() {
            match c {
                ')' if depth > 0 => break,
                '|' => {
                    self.at += 1;
                    branches.push(Vec::new());
                }
                _ => {
                    let piece = self.piece(depth)?;
                    let (least, most) = self.count()?;
                    branches.last_mut()?.push(Repeat { piece, least, most });
                }
            }
        }
        Some(branches)
    }

    fn piece(&mut self, depth: usize) -> Option<Piece> {
        Some(match self.next()? {
            '.' => Piece::Any,
            '^' => Piece::Begin,
            '$' => Piece::End,
            '(' => {
                if self.peek() == Some('?') {
                    self.group_kind()?;
                }
                let branches = self.alternatives(depth + 1)?;
                (self.next()? == ')').then_some(())?;
                Piece::Group(branches)
            }
            '[' => self.class()?,
            '\\' => match self.next()? {
                'b' => Piece::WordEdge,
                'A' => Piece::Begin,
                'z' | 'Z' => Piece::End,
                c => match ranges(c) {
                    Some((ranges, excluded)) => Piece::Class(ranges, excluded),
                    None if c.is_ascii_alphanumeric() => return None,
                    None => Piece::Char(c),
                },
            },
            '*' | '+' | '?' | ')' => return None,
            c => Piece::Char(self.lower(c)),
        })
    }

    /// `(?:`, `(?<name>`, `(?P<name>`.
    fn group_kind(&mut self) -> Option<()> {
        self.at += 1;
        match self.next()? {
            ':' => Some(()),
            'P' | '<' => {
                // `(?<=` and `(?<!` look behind.
                if matches!(self.peek()?, '=' | '!') {
                    return None;
                }
                while self.next()? != '>' {}
                Some(())
            }
            _ => None,
        }
    }

    fn class(&mut self) -> Option<Piece> {
        let excluded = self.peek() == Some('^');
        self.at += usize::from(excluded);
        let mut out = Vec::new();
        loop {
            let c = match self.next()? {
                ']' if !out.is_empty() => return Some(Piece::Class(out, excluded)),
                '\\' => {
                    let c = self.next()?;
                    if let Some((ranges, excluded)) = ranges(c) {
                        if excluded {
                            return None;
                        }
                        out.extend(ranges);
                        continue;
                    }
                    c
                }
                '[' if self.peek() == Some(':') => return None,
                c => c,
            };
            let c = self.lower(c);
            let is_range =
                self.peek() == Some('-') && self.chars.get(self.at + 1).is_some_and(|&next| next != ']');
            if is_range {
                self.at += 1;
                let end = self.next()?;
                out.push((c, self.lower(end)));
            } else {
                out.push((c, c));
            }
        }
    }

    fn count(&mut self) -> Option<(u32, u32)> {
        let count = match self.peek() {
            Some('*') => (0, u32::MAX),
            Some('+') => (1, u32::MAX),
            Some('?') => (0, 1),
            Some('{') => {
                let end = self.chars[self.at..].iter().position(|&c| c == '}')? + self.at;
                let inside: String = self.chars[self.at + 1..end].iter().collect();
                self.at = end;
                match inside.split_once(',') {
                    Some((least, "")) => (least.parse().ok()?, u32::MAX),
                    Some((least, most)) => (least.parse().ok()?, most.parse().ok()?),
                    None => {
                        let exactly = inside.parse().ok()?;
                        (exactly, exactly)
                    }
                }
            }
            _ => return Some((1, 1)),
        };
        self.at += 1;
        // Lazy or possessive: the same texts match, all but.
        if matches!(self.peek(), Some('?' | '+')) {
            self.at += 1;
        }
        Some(count)
    }
}

/// `\d`, `\w`, `\s` and their opposites.
fn ranges(c: char) -> Option<(Vec<(char, char)>, bool)> {
    let set = match c.to_ascii_lowercase() {
        'd' => vec![('0', '9')],
        'w' => vec![('0', '9'), ('a', 'z'), ('A', 'Z'), ('_', '_')],
        's' => vec![(' ', ' '), ('\t', '\r')],
        _ => return None,
    };
    Some((set, c.is_ascii_uppercase()))
}

struct Matcher<'t> {
    text: &'t [char],
    left: u32,
    depth: u32,
}

/// What must match after a piece; gets the matcher and the position.
type Then<'c> = &'c mut dyn FnMut(&mut Matcher<'_>, usize) -> bool;

impl Matcher<'_> {
    fn sequence(&mut self, pieces: &[Repeat], at: usize, then: Then<'_>) -> bool {
        let Some((first, rest)) = pieces.split_first() else { return then(self, at) };
        if self.depth == MAX_DEPTH {
            self.left = 0;
            return false;
        }
        self.depth += 1;
        let matched = self.repeat(first, 0, at, &mut |matcher, at| matcher.sequence(rest, at, then));
        self.depth -= 1;
        matched
    }

    fn repeat(&mut self, repeat: &Repeat, done: u32, at: usize, then: Then<'_>) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        // Single characters are counted in a loop; recursion is for groups.
        if !matches!(repeat.piece, Piece::Group(_)) {
            let mut end = at;
            let mut count = done;
            while count < repeat.most {
                match self.step(&repeat.piece, end) {
                    // What matches without moving matches as often as asked.
                    Some(next) if next == end => {
                        count = count.max(repeat.least).max(1);
                        break;
                    }
                    Some(next) => {
                        end = next;
                        count += 1;
                    }
                    None => break,
                }
            }
            self.left = self.left.saturating_sub(count);
            while count >= repeat.least {
                if then(self, end) {
                    return true;
                }
                if end == at || count == 0 || self.left == 0 {
                    return false;
                }
                end -= 1;
                count -= 1;
            }
            return false;
        }
        // Groups recurse once per round; a path has few.
        if done < repeat.most.min(64)
            && let Piece::Group(branches) = &repeat.piece
        {
            for branch in branches {
                let more = self.sequence(branch, at, &mut |matcher, next| {
                    (next > at || done < repeat.least) && matcher.repeat(repeat, done + 1, next, then)
                });
                if more {
                    return true;
                }
            }
        }
        done >= repeat.least && then(self, at)
    }

    /// The position after `piece` at `at`, if it matches there.
    fn step(&self, piece: &Piece, at: usize) -> Option<usize> {
        let c = self.text.get(at);
        let word = |at: Option<usize>| {
            at.and_then(|at| self.text.get(at)).is_some_and(|c| c.is_alphanumeric() || *c == '_')
        };
        let matched = match piece {
            Piece::Begin => return (at == 0).then_some(at),
            Piece::End => return (at == self.text.len()).then_some(at),
            Piece::WordEdge => return (word(at.checked_sub(1)) != word(Some(at))).then_some(at),
            Piece::Any => c.is_some(),
            Piece::Char(want) => c == Some(want),
            Piece::Class(ranges, excluded) => {
                c.is_some_and(|c| ranges.iter().any(|(from, to)| (from..=to).contains(&c)) != *excluded)
            }
            Piece::Group(_) => false,
        };
        matched.then_some(at + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn what_people_write() {
        for (pattern, yes, no) in [
            (r"\.php$", "/a/index.php", "/a/index.phps"),
            (r"^/api/v\d+/", "/api/v12/x", "/api/v/x"),
            (r"\.(?:jpg|png)$", "/a.png", "/a.gif"),
            (r"^/(images|static)/.*\.css$", "/static/a/b.css", "/static/css"),
            (r"^/u/([a-z0-9-]+)/?$", "/u/ann-1/", "/u/Ann"),
            (r"^(/.*)$", "/x", "x"),
            (r"^/x{2,3}$", "/xx", "/x"),
            (r"^/[^/]+/orders", "/eu/orders", "//orders"),
            (r"^(?<shop>\w+)\.example$", "eu.example", "eu.test"),
            (r"^/(a|b)+c", "/ababc", "/abab"),
        ] {
            assert_eq!(matches(pattern, yes, false), Some(true), "{pattern} {yes}");
            assert_eq!(matches(pattern, no, false), Some(false), "{pattern} {no}");
        }
        assert_eq!(matches(r"\.PHP$", "/a.php", true), Some(true));
        assert_eq!(matches(r"(?i)^/API", "/api", false), Some(true));
    }

    #[test]
    fn what_it_leaves_alone() {
        for pattern in
            [r"(?!x)", r"(?<=a)b", r"\1", "(", "[", "a**b)", "*", r"\p{L}", "a{x}", &"(".repeat(5000)]
        {
            assert_eq!(matches(pattern, "/x", false), None, "{pattern}");
        }
    }

    #[test]
    fn no_pattern_runs_away() {
        assert_ne!(matches("^(a+)+$", &format!("{}b", "a".repeat(200)), false), Some(true));
        assert_ne!(matches("(x+x+)+y", &"x".repeat(500), false), Some(true));
        let long = "a".repeat(20_000);
        assert_eq!(matches(&long, &long, false), None);
        assert_eq!(matches(&format!("^({})*b", "a".repeat(300)), &long, false), None);
        assert_eq!(matches("^.*a", &"b".repeat(5_000), false), Some(false));
    }
}
