//! What an event of several lines died of: the exception that was reported and the one at its root.
//!
//! Languages differ in which end of a trace is the root: Java and .NET print it last, Python, PHP and Logback's
//! root-first layout first, Node indents it below.

use memchr::memmem::find;

/// An exception, error or panic found in an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exception<'a> {
    /// Type as written (`java.lang.IllegalStateException`, `KeyError`, `panic`, `FATAL ERROR`).
    pub kind: &'a [u8],
    /// Its text, first line; empty when there is none.
    pub message: &'a [u8],
    /// Type at the root of the chain of causes; the same as `kind` where there is no chain.
    pub root_kind: &'a [u8],
    /// Text of the root.
    pub root_message: &'a [u8],
}

type Pair<'a> = (&'a [u8], &'a [u8]);

impl<'a> Exception<'a> {
    fn chain(outer: Pair<'a>, root: Pair<'a>) -> Exception<'a> {
        Exception { kind: outer.0, message: outer.1, root_kind: root.0, root_message: root.1 }
    }

    /// Finds the exception in the bytes of an event, its lines joined by `\n` (syslog's `#012` expanded).
    /// Of a JSON line, give [`crate::LogLine::error`]: there the stack is escaped no more.
    ///
    /// ```
    /// use logjoin_parse::fold::Exception;
    /// let event = b"ERROR x\na.B: outer\n\tat a.C(D.java:1)\nCaused by: e.F: inner\n\tat g.H(I.java:2)";
    /// let e = Exception::find(event).expect("an exception");
    /// assert_eq!((e.kind, e.root_kind, e.root_message), (&b"a.B"[..], &b"e.F"[..], &b"inner"[..]));
    /// ```
    pub fn find(event: &'a [u8]) -> Option<Exception<'a>> {
        python(event)
            .or_else(|| php(event))
            .or_else(|| panics(event))
            .or_else(|| traced(event))
            .or_else(|| one_line(event))
            .or_else(|| listed(event))
    }
}

fn lines(event: &[u8]) -> impl Iterator<Item = &[u8]> {
    event.split(|b| *b == b'\n').map(|l| l.strip_suffix(b"\r").unwrap_or(l))
}

fn after<'a>(b: &'a [u8], mark: &[u8]) -> Option<&'a [u8]> {
    find(b, mark).map(|i| &b[i + mark.len()..])
}

/// Whether a word can be the type of an exception: a name with dots, `$` or `::`, at least one letter.
fn is_type(word: &[u8]) -> bool {
    word.len() >= 3
        && word.len() <= 200
        && (word[0].is_ascii_alphabetic() || word[0] == b'_')
        && word
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'$' | b':' | b'/' | b'\\'))
        && !word.ends_with(b":")
}

/// Whether a type is named like an error, for lines that nothing else proves.
fn is_error_name(word: &[u8]) -> bool {
    let last = word.rsplit(|b| matches!(b, b'.' | b':' | b'\\' | b'$')).next().unwrap_or(word);
    [&b"Error"[..], b"Exception", b"Throwable", b"Failure", b"Interrupt", b"Exit", b"Timeout", b"Fault"]
        .iter()
        .any(|e| last.ends_with(e))
}

/// `type: message`, `type [CODE]: message`, `type (0x1): message` or a bare type.
fn pair(line: &[u8]) -> Option<Pair<'_>> {
    let line = line.trim_ascii();
    let end = find(line, b": ").unwrap_or(line.strip_suffix(b":").map_or(line.len(), <[u8]>::len));
    let (head, message) = (&line[..end], line.get(end + 2..).unwrap_or_default());
    let kind = &head[..memchr::memchr2(b' ', b'(', head).unwrap_or(head.len())];
    let code = head[kind.len()..].trim_ascii();
    let coded = code.is_empty()
        || (code.starts_with(b"[") && code.ends_with(b"]"))
        || (code.starts_with(b"(") && code.ends_with(b")"));
    (is_type(kind) && coded).then_some((kind, message.trim_ascii()))
}

/// Python: the line below the frames of each traceback; causes come first.
fn python(event: &[u8]) -> Option<Exception<'_>> {
    find(event, b"Traceback (most recent call last):")?;
    let mut found: Option<(Pair<'_>, Pair<'_>)> = None;
    let mut chained = false;
    let mut in_trace = false;
    for line in lines(event) {
        // relays and loggers may indent the whole trace
        if find(line, b"Traceback (most recent call last):").is_some() {
            in_trace = true;
        } else if in_trace
            && !line.is_empty()
            && !line.starts_with(b" ")
            && !line.starts_with(b"\t")
            && !line.starts_with(b"|")
        {
            in_trace = false;
            let p = pair(line).unwrap_or((line, b""));
            found = match found {
                Some((_, root)) if chained => Some((p, root)),
                Some(old) => Some(old),
                None => Some((p, p)),
            };
            chained = false;
        } else if line.starts_with(b"The above exception was the direct cause")
            || line.starts_with(b"During handling of the above")
        {
            chained = true;
        }
    }
    found.map(|(outer, root)| Exception::chain(outer, root))
}

/// PHP: `Uncaught Type: message in file:line`, then `Next Type: message` for each wrapper.
fn php(event: &[u8]) -> Option<Exception<'_>> {
    if let Some(rest) = after(event, b"[object] (") {
        // Laravel and Monolog: [object] (Type(code: 0): message at file:line)
        let part = |b: &'_ [u8]| -> Option<(usize, usize)> {
            Some((memchr::memchr(b'(', b)?, find(b, b"): ")? + 3))
        };
        let one = |b| -> Option<Pair<'_>> {
            let b: &[u8] = b;
            let (kind, start) = part(b)?;
            let tail = &b[start..];
            let end = find(tail, b" at /").or_else(|| memchr::memchr(b'\n', tail)).unwrap_or(tail.len());
            Some((&b[..kind], &tail[..end]))
        };
        let outer = one(rest)?;
        let mut root = outer;
        let mut tail = rest;
        while let Some(next) = after(tail, b"[previous exception] [object] (") {
            root = one(next).unwrap_or(root);
            tail = next;
        }
        return Some(Exception::chain(outer, root));
    }
    let rest = after(event, b"Uncaught ")?;
    find(event, b"PHP ").or_else(|| find(event, b"Fatal error"))?;
    let cut = |b| -> Option<Pair<'_>> {
        let b: &[u8] = b;
        let line = &b[..memchr::memchr(b'\n', b).unwrap_or(b.len())];
        let (kind, message) = pair(line)?;
        Some((kind, &message[..find(message, b" in /").unwrap_or(message.len())]))
    };
    let root = cut(rest)?;
    let outer = lines(event).filter_map(|l| l.strip_prefix(b"Next ").and_then(cut)).last();
    Some(Exception::chain(outer.unwrap_or(root), root))
}

/// Go, Rust, V8, C++ and the interpreters' own fatal errors.
fn panics(event: &[u8]) -> Option<Exception<'_>> {
    let mut all = lines(event).peekable();
    while let Some(line) = all.next() {
        if let Some(m) = line.strip_prefix(b"panic: ") {
            return Some(Exception::chain((&line[..5], m), (&line[..5], m)));
        }
        if let Some(at) = find(line, b"http: panic serving ") {
            let m = after(&line[at..], b": panic serving ").and_then(|r| after(r, b": ")).unwrap_or_default();
            let kind = &line[at + 6..at + 11];
            return Some(Exception::chain((kind, m), (kind, m)));
        }
        for mark in
            [&b"fatal error: "[..], b"FATAL ERROR: ", b"Fatal Python error: ", b"fatal runtime error: "]
        {
            if let Some(m) = line.strip_prefix(mark) {
                let kind = &line[..mark.len() - 2];
                return Some(Exception::chain((kind, m), (kind, m)));
            }
        }
        if line.starts_with(b"thread '")
            && let Some(at) = find(line, b" panicked at ")
        {
            let kind = &line[at + 1..at + 9];
            let rest = &line[at + 13..];
            // before Rust 1.73 the message stood in quotes on the same line
            let m = match rest.strip_prefix(b"'") {
                Some(r) => &r[..find(r, b"', ").unwrap_or(r.len())],
                None => all.peek().copied().unwrap_or_default(),
            };
            return Some(Exception::chain((kind, m), (kind, m)));
        }
        if let Some(r) = line.strip_prefix(b"terminate called after throwing an instance of '") {
            let kind = r.strip_suffix(b"'").unwrap_or(r);
            let m = all
                .peek()
                .and_then(|l| l.trim_ascii().strip_prefix(b"what():"))
                .unwrap_or_default()
                .trim_ascii();
            return Some(Exception::chain((kind, m), (kind, m)));
        }
        if let Some(r) = after(line, b"** (").filter(|_| line.trim_ascii_start().starts_with(b"** (")) {
            let end = memchr::memchr(b')', r)?;
            let p = (&r[..end], r[end + 1..].trim_ascii());
            return Some(Exception::chain(p, p));
        }
    }
    None
}

/// Java, .NET and Node: a type and a message above frames (`at ...`).
fn traced(event: &[u8]) -> Option<Exception<'_>> {
    let (mut outer, mut root): (Option<Pair<'_>>, Option<Pair<'_>>) = (None, None);
    let mut wrapped = None;
    let mut last: &[u8] = b"";
    for (i, line) in lines(event).enumerate() {
        let bare = line.trim_ascii();
        let indented = line.len() - line.trim_ascii_start().len();
        if let Some(cause) = bare.strip_prefix(b"Caused by: ") {
            // a cause inside `Suppressed:` is indented and is not the root
            if indented == 0 || !line.starts_with(b"\t\t") {
                root = pair(cause).or(root);
            }
        } else if let Some(wrapper) = bare.strip_prefix(b"Wrapped by: ") {
            wrapped = pair(wrapper).or(wrapped);
        } else if let Some(inner) = bare.strip_prefix(b"---> ") {
            root = pair(inner).or(root);
        } else if let Some(inner) = bare.strip_prefix(b"[cause]: ") {
            root = pair(inner).or(root);
        } else if outer.is_none() {
            let head = bare
                .strip_prefix(b"Unhandled exception. ")
                .or_else(|| bare.strip_prefix(b"Unhandled Exception: "))
                .or_else(|| thread_head(bare));
            if let Some(p) = head.and_then(pair) {
                outer = Some(p);
            } else if indented > 0 && (bare.starts_with(b"at ") || bare.starts_with(b"...")) {
                outer = pair(last).filter(|(k, _)| memchr::memchr(b'.', k).is_some() || is_error_name(k));
            } else if i > 0
                && let Some(p) = pair(bare).filter(|(k, _)| is_error_name(k))
            {
                outer = Some(p);
            }
            if let Some((kind, message)) = outer
                && let Some(at) = find(message, b" ---> ")
            {
                root = pair(&message[at + 6..]).or(root);
                outer = Some((kind, &message[..at]));
            }
        }
        if !bare.is_empty() {
            last = bare;
        }
    }
    let outer = outer?;
    match wrapped {
        // root first: the last wrapper is the outermost
        Some(w) => Some(Exception::chain(w, outer)),
        None => Some(Exception::chain(outer, root.unwrap_or(outer))),
    }
}

/// `Exception in thread "main" java.lang.X: message`.
fn thread_head(line: &[u8]) -> Option<&[u8]> {
    let rest = line.strip_prefix(b"Exception in thread \"")?;
    after(rest, b"\" ")
}

/// One-line reports: Ruby's `message (Type)`, Rails' `Type (message):`.
fn one_line(event: &[u8]) -> Option<Exception<'_>> {
    let mut outer: Option<Pair<'_>> = None;
    let mut root = None;
    for line in lines(event).take(8) {
        let line = line.trim_ascii();
        let (line, is_cause) = match line.strip_prefix(b"Caused by: ") {
            Some(l) => (l, true),
            None => (line, false),
        };
        let rails = line.strip_suffix(b":").unwrap_or(line).strip_suffix(b")").and_then(|l| {
            let open = find(l, b" (")?;
            let kind = &l[..open];
            let scoped = find(kind, b"::").is_some();
            (is_type(kind) && (scoped || is_error_name(kind))).then(|| (kind, &l[open + 2..]))
        });
        let ruby = line.strip_suffix(b")").and_then(|l| {
            let open = memchr::memrchr(b'(', l)?;
            let kind = &l[open + 1..];
            let message = after(&l[..open], b": ").unwrap_or(&l[..open]);
            (is_type(kind) && is_error_name(kind)).then(|| (kind, message.trim_ascii()))
        });
        if let Some(p) = rails.or(ruby) {
            if is_cause { root = Some(p) } else { outer = outer.or(Some(p)) }
        }
    }
    let outer = outer?;
    Some(Exception::chain(outer, root.unwrap_or(outer)))
}

/// Rust's `anyhow` and `eyre`: the message, `Caused by:` alone on a line, and the chain of causes below it, numbered where
/// there are several (`ErrorImpl::debug` in `src/fmt.rs` of anyhow). Their types are not written.
fn listed(event: &[u8]) -> Option<Exception<'_>> {
    let mut all = lines(event).skip_while(|l| l.trim_ascii() != b"Caused by:").skip(1).peekable();
    if !all.peek()?.starts_with(b"    ") {
        return None;
    }
    let first = lines(event).next().unwrap_or_default();
    let message = first.strip_prefix(b"Error: ").unwrap_or(first);
    let root = all.take_while(|l| l.starts_with(b"    ")).last()?.trim_ascii();
    let digits = root.iter().take_while(|b| b.is_ascii_digit()).count();
    let root = root[digits..].strip_prefix(b": ").filter(|_| digits > 0).unwrap_or(root);
    Some(Exception::chain((b"Error", message), (b"Error", root)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(event: &str, kind: &str, message: &str, root: &str, root_message: &str) {
        let e = Exception::find(event.as_bytes()).expect("an exception");
        let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
        assert_eq!(
            (text(e.kind), text(e.message), text(e.root_kind), text(e.root_message)),
            (kind.into(), message.into(), root.into(), root_message.into())
        );
    }

    #[test]
    fn chains_without_types() {
        check(
            "Error: load order\n\nCaused by:\n    0: query\n    1: refused (os error 111)",
            "Error",
            "load order",
            "Error",
            "refused (os error 111)",
        );
        check("load\nCaused by:\n    timed out", "Error", "load", "Error", "timed out");
        check(
            "ActiveRecord::RecordNotFound (no Order 7):",
            "ActiveRecord::RecordNotFound",
            "no Order 7",
            "ActiveRecord::RecordNotFound",
            "no Order 7",
        );
        assert_eq!(Exception::find(b"Caused by:\nnothing"), None);
    }

    #[test]
    fn chains_of_every_direction() {
        check(
            "ERROR threw exception\n\ncom.x.NotFound: order 7\n\tat com.x.A(A.java:1)\n\tSuppressed: a.B: s\n\t\tat c\n\t\tCaused by: d.E: hidden\nCaused by: java.lang.NullPointerException: null map\n\t... 23 more",
            "com.x.NotFound",
            "order 7",
            "java.lang.NullPointerException",
            "null map",
        );
        check(
            "ERROR x\nTraceback (most recent call last):\n  File \"a.py\", line 1, in f\nKeyError: 'x'\n\nThe above exception was the direct cause of the following exception:\n\nTraceback (most recent call last):\n  File \"a.py\", line 2, in g\nshop.Gone: order 7",
            "shop.Gone",
            "order 7",
            "KeyError",
            "'x'",
        );
        check(
            "[20-Nov-2026 10:00:00 UTC] PHP Fatal error:  Uncaught PDOException: gone in /a.php:2\nStack trace:\n#0 {main}\n\nNext RuntimeException: no rate in /b.php:3\nStack trace:\n#0 {main}\n  thrown in /b.php on line 3",
            "RuntimeException",
            "no rate",
            "PDOException",
            "gone",
        );
        check(
            "fail: Kestrel[13]\n      System.InvalidOperationException: gone\n       ---> System.Net.Sockets.SocketException (111): Connection refused\n         at A.B() in /src/a.cs:line 1",
            "System.InvalidOperationException",
            "gone",
            "System.Net.Sockets.SocketException",
            "Connection refused",
        );
        check(
            "/srv/a.js:4\n    throw e\n    ^\n\nError: outer\n    at f (/srv/a.js:4:9) {\n  [cause]: TypeError: inner\n      at g (/srv/a.js:2:1)\n}\n\nNode.js v20.20.2",
            "Error",
            "outer",
            "TypeError",
            "inner",
        );
    }

    #[test]
    fn reports_without_a_chain() {
        for (event, kind, message) in [
            ("panic: boom\n\ngoroutine 1 [running]:\nmain.main()", "panic", "boom"),
            (
                "2026/11/21 02:26:17 http: panic serving 10.20.0.5:35452: runtime error: index out of range\ngoroutine 5 [running]:",
                "panic",
                "runtime error: index out of range",
            ),
            ("fatal error: concurrent map writes\n\ngoroutine 1", "fatal error", "concurrent map writes"),
            (
                "<--- Last few GCs --->\n\nFATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
                "FATAL ERROR",
                "Reached heap limit Allocation failed - JavaScript heap out of memory",
            ),
            (
                "thread 'main' panicked at src/m.rs:4:81:\nindex out of bounds\nnote: run with",
                "panicked",
                "index out of bounds",
            ),
            ("thread 'main' panicked at 'boom', src/m.rs:4:81", "panicked", "boom"),
            (
                "terminate called after throwing an instance of 'std::bad_alloc'\n  what():  std::bad_alloc",
                "std::bad_alloc",
                "std::bad_alloc",
            ),
            (
                "10:00:00.123 [error] GenServer X terminating\n** (RuntimeError) boom\n    (app 0.1.0) lib/x.ex:1: X.f/1",
                "RuntimeError",
                "boom",
            ),
            (
                "app.rb:1:in 'f': divided by 0 (ZeroDivisionError)\n\tfrom app.rb:2:in 'g'",
                "ZeroDivisionError",
                "divided by 0",
            ),
            ("RuntimeError (boom):\n  app/x.rb:1", "RuntimeError", "boom"),
            (
                "Exception in thread \"main\" java.lang.OutOfMemoryError: Java heap space\n\tat a.B(C.java:1)",
                "java.lang.OutOfMemoryError",
                "Java heap space",
            ),
            (
                "[2025-01-02 11:19:06] a.ERROR: x {\"exception\":\"[object] (Error(code: 0): gone at /var/a.php:1)\n[stacktrace]",
                "Error",
                "gone",
            ),
        ] {
            check(event, kind, message, kind, message);
        }
    }

    #[test]
    fn ordinary_events_have_none() {
        for event in ["", "2026-11-20 10:00:00 INFO started", "a: b\nc: d", "GET /x 200", "note: see (docs)"]
        {
            assert_eq!(Exception::find(event.as_bytes()), None, "{event}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes(event in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            Exception::find(&event);
        }
    }
}
