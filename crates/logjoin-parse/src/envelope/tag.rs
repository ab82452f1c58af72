//! Host and tag, the words of a syslog line that tell it from an application's own line with a time.

use super::{Envelope, EnvelopeKind};
use crate::Stamp;
use crate::bytes::{Cursor, uint};

/// A tag and what follows it.
pub(super) struct Tag<'a> {
    pub name: &'a [u8],
    pub pid: Option<u32>,
    /// Something stood in brackets after the name.
    pub has_process: bool,
    pub message: &'a [u8],
}

impl<'a> Tag<'a> {
    /// The envelope that begins with this tag, and the message.
    pub fn envelope(
        self,
        kind: EnvelopeKind,
        stamp: Option<Stamp>,
        host: Option<&'a [u8]>,
    ) -> (Envelope<'a>, crate::Text<'a>) {
        let message = match self.name {
            b"kernel" => after_uptime(self.message).unwrap_or(self.message),
            _ => self.message,
        };
        let host = host.filter(|h| *h != b"-").map(Into::into);
        (
            Envelope { stamp, host, tag: Some(self.name.into()), pid: self.pid, ..Envelope::new(kind) },
            message.into(),
        )
    }
}

/// The host and the blank after it. Levels and numbers stand in this place in the lines of applications.
pub(super) fn host(b: &[u8]) -> Option<(&[u8], &[u8])> {
    let n = memchr::memchr(b' ', b)?;
    let (host, rest) = (&b[..n], &b[n + 1..]);
    let is_name = |c: &u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'-' | b'_' | b':' | b'%');
    let plausible = n > 0
        && n <= 255
        && host.iter().all(is_name)
        && host[n - 1] != b':'
        && !host.iter().all(u8::is_ascii_digit)
        && !is_level(host);
    plausible.then_some((host, rest))
}

/// `TAG: `, `TAG[PID]: `; macOS puts a label and a level before the colon: `launchd[1] (com.x) <Notice>: `.
pub(super) fn tag(b: &[u8]) -> Option<Tag<'_>> {
    let mut c = Cursor::new(b);
    let name = c.run(|c| {
        c.is_ascii_alphanumeric()
            || matches!(c, b'_' | b'-' | b'.' | b'/' | b'(' | b')' | b'@' | b'+' | b'\\')
    });
    if name.is_empty() || name.len() > 128 || !name.iter().any(u8::is_ascii_alphabetic) {
        return None;
    }
    let (mut pid, mut whole, mut has_process) = (None, name, false);
    if c.eat(b"[").is_some() {
        let inside = c.until(b']').filter(|p| !p.is_empty() && p.len() <= 64 && !p.contains(&b' '))?;
        has_process = true;
        match uint(inside) {
            Some(p) => pid = u32::try_from(p).ok(),
            None => whole = &b[..c.offset()],
        }
        if c.eat(b" (").is_some() {
            c.until(b')')?;
        }
        if c.eat(b" <").is_some() {
            c.until(b'>')?;
        }
    }
    c.eat(b":")?;
    if c.eat(b" ").is_none() && !c.is_empty() && !has_process {
        return None;
    }
    Some(Tag { name: whole, pid, has_process, message: c.rest() })
}

/// A program's name with blanks, as macOS has them: `Google Chrome Helper[123]: `.
pub(super) fn spaced_tag(b: &[u8]) -> Option<Tag<'_>> {
    let n = memchr::memchr(b'[', b.get(..b.len().min(64))?)?;
    let words = b[..n].iter().all(|c| c.is_ascii_alphanumeric() || matches!(c, b' ' | b'.' | b'_' | b'-'));
    if !words || !b[..n].contains(&b' ') || !b[0].is_ascii_alphabetic() || b[n - 1] == b' ' {
        return None;
    }
    let tail = tag_after(b, n)?;
    Some(Tag { name: &b[..n], ..tail })
}

/// The rest of a tag whose bracket is at `n`.
fn tag_after(b: &[u8], n: usize) -> Option<Tag<'_>> {
    let start = b[..n].iter().rposition(|c| *c == b' ')? + 1;
    tag(&b[start..]).filter(|t| t.pid.is_some())
}

/// What follows the kernel's `[ 4502.446398] ` (and `[    C1] `, the caller).
pub(super) fn after_uptime(b: &[u8]) -> Option<&[u8]> {
    let mut c = Cursor::new(b);
    c.eat(b"[")?;
    c.run(|b| b == b' ');
    let seconds = c.run(|b| b.is_ascii_digit());
    c.eat(b".")?;
    let micros = c.run(|b| b.is_ascii_digit());
    c.eat(b"]")?;
    if seconds.is_empty() || micros.is_empty() {
        return None;
    }
    let mut caller = c;
    if caller.eat(b"[").is_some() {
        caller.run(|b| b == b' ');
        let who = caller.until(b']').unwrap_or_default();
        if matches!(who, [b'C' | b'T', rest @ ..] if uint(rest).is_some()) {
            c = caller;
        }
    }
    Some(c.rest().strip_prefix(b" ").unwrap_or(c.rest()))
}

/// Words that programs write for a severity.
pub(super) fn is_level(word: &[u8]) -> bool {
    const LEVELS: [&[u8]; 19] = [
        b"TRACE",
        b"DEBUG",
        b"INFO",
        b"INFORMATION",
        b"NOTICE",
        b"WARN",
        b"WARNING",
        b"ERR",
        b"ERROR",
        b"CRIT",
        b"CRITICAL",
        b"ALERT",
        b"EMERG",
        b"EMERGENCY",
        b"FATAL",
        b"PANIC",
        b"SEVERE",
        b"FINE",
        b"CONFIG",
    ];
    LEVELS.iter().any(|l| word.eq_ignore_ascii_case(l))
}
