//! What lines of traces and dumps look like, whatever stands before them: joints and frames, and the first lines of
//! dumps that runtimes write to standard error without time.

/// `[5789:0x151efbc0]    36844 ms: Scavenge ...`, V8's trace of collections.
pub(super) fn is_gc_line(line: &[u8]) -> bool {
    line.first() == Some(&b'[')
        && memchr::memmem::find(&line[..line.len().min(24)], b":0x").is_some()
        && memchr::memmem::find(&line[..line.len().min(60)], b" ms: ").is_some()
}

/// An access line whose client is empty: ` - - [21/Nov/2026:...`. Gunicorn and others write one for a request that came over
/// a unix socket, whose peer has no address.
fn begins_with_no_client(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b" - ") else { return false };
    let Some(at) = memchr::memmem::find(&rest[..rest.len().min(80)], b" [").filter(|at| *at > 0) else {
        return false;
    };
    matches!(&rest[at + 2..], [a, b, b'/', m, _, _, b'/', ..]
        if a.is_ascii_digit() && b.is_ascii_digit() && m.is_ascii_uppercase())
}

/// `12: 0xb09980 node::Abort()`, a frame of V8's or of Rust's.
#[inline]
pub(super) fn is_numbered_frame(line: &[u8]) -> bool {
    let n = line.iter().take_while(|c| c.is_ascii_digit()).count();
    n > 0 && line[n..].starts_with(b": 0x")
}

/// Lines that never begin an event: indented ones, frames, and the joints of traces.
pub(super) fn continues_by_shape(line: &[u8]) -> bool {
    const JOINTS: &[&[u8]] = &[
        b"Caused by: ",
        b"Wrapped by: ",
        b"Suppressed: ",
        b"at ",
        b"... ",
        b"Stack trace:",
        b"[stacktrace]",
        b"[previous exception]",
        b"--- End of ",
        b"---> ",
        b"goroutine ",
        b"created by ",
        b"[signal SIG",
        b"exit status ",
        b"rax    0x",
        b"note: ",
        b"stack backtrace:",
        b"The above exception was ",
        b"During handling of the above ",
        b"Node.js v",
        b"<--- JS stacktrace",
        b"----- Native stack trace",
        b"----- JavaScript stack trace",
        b"Current thread 0x",
        b"** (",
        b"Last message",
        b"State: ",
        b"Information for",
        b"Extension modules: ",
    ];
    match line.first() {
        None | Some(b'\t' | b'}' | b')') => true,
        Some(b' ') => !begins_with_no_client(line) && !crate::formats::begins_with_padded_level(line),
        Some(b'#') => {
            // PHP and gdb number their frames; the JVM's fatal report puts `#` before every line
            line.len() == 1 || matches!(line[1], b'0'..=b'9' | b' ')
        }
        Some(b'"') => line.starts_with(b"\"}"),
        Some(b'0'..=b'9') => is_numbered_frame(line),
        Some(b'[') if is_gc_line(line) => true,
        Some(
            b'a' | b'c' | b'e' | b'g' | b'n' | b'r' | b's' | b'A'..=b'Z' | b'.' | b'[' | b'-' | b'<' | b'*',
        ) => JOINTS.iter().any(|j| line.starts_with(j)),
        _ => false,
    }
}

/// Whether a line without time opens a crash dump or trace of a known runtime.
pub(crate) fn opens_dump(line: &[u8]) -> bool {
    const OPENINGS: &[&[u8]] = &[
        b"panic: ",
        b"fatal error: ",
        b"runtime: out of memory",
        b"unexpected fault address",
        b"SIGQUIT: quit",
        b"SIGABRT: abort",
        b"SIGSEGV: segmentation",
        b"fatal runtime error: ",
        b"FATAL ERROR: ",
        b"<--- Last few GCs --->",
        b"Exception in thread ",
        b"# A fatal error has been detected by the Java",
        b"# There is insufficient memory for the Java",
        b"Traceback (most recent call last):",
        b"Fatal Python error: ",
        b"Unhandled exception. ",
        b"Unhandled Exception: ",
        b"terminate called ",
        b"double free or corruption",
        b"free(): ",
        b"malloc(): ",
        b"munmap_chunk(): ",
        b"corrupted size vs. prev_size",
        b"*** stack smashing detected ***",
        b"Segmentation fault",
        b"Aborted (core dumped)",
        b"Bus error",
        b"PHP Fatal error:  ",
        b"PHP Parse error:  ",
        b"(node:",
        b"java.lang.OutOfMemoryError: ",
        b"Terminating due to java.lang.OutOfMemoryError",
        b"Aborting due to java.lang.OutOfMemoryError",
        b"OpenJDK 64-Bit Server VM warning: ",
    ];
    match line.first() {
        Some(b't') if line.starts_with(b"thread '") => memchr::memmem::find(line, b" panicked at ").is_some(),
        Some(b'/' | b'f' | b'n') if is_source_place(line) => true,
        Some(b'K') => line == b"Killed",
        _ => OPENINGS.iter().any(|o| line.starts_with(o)),
    }
}

/// `/srv/app/server.js:106`, the first line of Node's report of an uncaught exception.
fn is_source_place(line: &[u8]) -> bool {
    let place = line.starts_with(b"/") || line.starts_with(b"file:///") || line.starts_with(b"node:");
    let Some(colon) = memchr::memrchr(b':', line).filter(|_| place) else { return false };
    let (file, number) = (&line[..colon], &line[colon + 1..]);
    let script = file.starts_with(b"node:")
        || [&b".js"[..], b".mjs", b".cjs", b".ts", b".jsx", b".tsx"].iter().any(|e| file.ends_with(e));
    script
        && !number.is_empty()
        && number.iter().all(u8::is_ascii_digit)
        && memchr::memchr(b' ', file).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_lines_of_dumps() {
        for line in [
            "panic: boom",
            "thread 'main' panicked at src/m.rs:4:81:",
            "/srv/shop/server.js:106",
            "file:///srv/shop/main.mjs:3",
            "node:internal/process/promises:288",
            "terminate called after throwing an instance of 'std::bad_alloc'",
            "Killed",
        ] {
            assert!(opens_dump(line.as_bytes()), "{line}");
        }
        for line in [
            "panicking",
            "thread 'main' started",
            "/srv/shop/server.js",
            "/a b.js:1",
            "Killed 3 jobs",
            "",
            "nodes: 3",
        ] {
            assert!(!opens_dump(line.as_bytes()), "{line}");
        }
    }

    #[test]
    fn joints_and_frames() {
        for line in [
            "\tat a.B(C.java:1)",
            "Caused by: x",
            "#0 /a.php(3): f()",
            "10: 0x195e476  [node]",
            "#  SIGSEGV",
            "\"} ",
        ] {
            assert!(continues_by_shape(line.as_bytes()), "{line}");
        }
        for line in ["2026-11-20 x", "#!/bin/sh", "10: x", "INFO x", "[1] x"] {
            assert!(!continues_by_shape(line.as_bytes()), "{line}");
        }
    }
}
