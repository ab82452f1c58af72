//! Events of several lines: which lines continue the one before.
//!
//! A line that no format reads continues the event before it, unless that is a line of an access log; that alone folds
//! most stack traces, SQL statements and banners. [`Folder`] adds what a parser of single lines cannot know: lines of a dump that look
//! like records, the second line of two-line records, and the bounds. It is a pure function of its state and
//! the line, so an event may run over the border of two chunks: hand the folder over.
//!
//! Long because two fifths of it are tests: what continues what is told by examples.

use crate::{Body, Brief, Envelope, EnvelopeKind, Product, Record};

mod head;
mod shape;

pub use crate::exception::Exception;
use head::entry_of;
pub use head::{head_lines, heads};
pub(crate) use shape::opens_dump;
use shape::{continues_by_shape, is_gc_line, is_numbered_frame};

/// Most lines that an event keeps.
pub const MAX_LINES: u32 = 1000;
/// Most bytes that an event keeps.
pub const MAX_BYTES: usize = 256 * 1024;

/// What a line is in the stream of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It begins an event. A record without a stamp of its own (a crash dump on standard error, uWSGI's
    /// stampless messages) happened at or after the stamp of the event before it.
    Start,
    /// It continues the event before.
    Continue,
    /// It continues the event before, past [`MAX_LINES`] or [`MAX_BYTES`]: count it, do not keep it.
    Excess,
    /// It is empty. It belongs to no event and ends none.
    Blank,
    /// No format reads it and there is no event that it could continue. It ends none.
    Orphan,
}

/// The state between two lines of one stream (a file; of a container, one of its two streams).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folder {
    current: Option<Current>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Current {
    format: &'static str,
    /// Warning or worse, as far as the first line tells.
    trouble: bool,
    /// Process that the first line is of, where a supervisor or logger puts a prefix on every line of a trace.
    pid: Option<u32>,
    /// The transport, where an entry of it runs over several lines.
    entry: Option<EnvelopeKind>,
    /// Whether its lines have envelopes, and whose they are: tag and process id.
    enveloped: bool,
    tag: Vec<u8>,
    tag_pid: Option<u32>,
    /// The program writes a time of its own inside the envelope.
    timed: bool,
    /// A line of an access log, which has no second one: only what has the shape of a trace continues it (an application
    /// may write both to one stream).
    single: bool,
    lines: u32,
    bytes: usize,
    last: Last,
}

/// What the last line that was not blank announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    Other,
    /// A traceback follows that belongs to the one before.
    Chained,
    /// V8's report on its heap: the fatal line follows.
    Heap,
    /// `Exception in thread Thread-1:` of Python: the traceback follows.
    ThreadHead,
}

impl Folder {
    /// A folder before the first line.
    pub fn new() -> Self {
        Folder::default()
    }

    /// Whether the next line continues the current event by its shape alone, so that it need not be parsed.
    /// [`Folder::step`] says the same of it, with or without a record.
    #[inline]
    pub fn claims(&self, line: &[u8]) -> bool {
        self.current.as_ref().is_some_and(|c| match c.entry {
            Some(kind) => crate::envelope::belongs(kind, line),
            None => !c.enveloped && c.claims(line),
        })
    }

    /// Takes the next line with its record, if a format read it. `line` is the line as it stands in the file,
    /// without its line end.
    pub fn step(&mut self, line: &[u8], record: Option<&Record<'_>>) -> Step {
        if line.trim_ascii().is_empty() {
            return Step::Blank;
        }
        let continues = self.current.as_ref().is_some_and(|c| c.goes_on(line, record));
        match (&mut self.current, record) {
            (Some(c), _) if continues => {
                c.lines += 1;
                c.bytes += line.len() + 1;
                c.last = announce(line);
                if c.lines > MAX_LINES || c.bytes > MAX_BYTES { Step::Excess } else { Step::Continue }
            }
            (current, Some(r)) => {
                // nearly every line comes here: the buffer of the tag is used again
                let mut tag = current.take().map_or_else(Vec::new, |c| c.tag);
                tag.clear();
                tag.extend_from_slice(tag_of(r));
                *current = Some(Current {
                    format: r.format,
                    trouble: is_trouble(r),
                    pid: pid_of(r),
                    entry: entry_of(r),
                    enveloped: r.envelope.is_some(),
                    tag,
                    tag_pid: r.envelope.as_ref().and_then(|e| e.pid),
                    timed: r.stamp.is_some() && !matches!(r.body, Body::Access(_)),
                    single: r.envelope.is_none()
                        && r.product != Product::Backend
                        && matches!(r.body, Body::Access(_)),
                    lines: 1,
                    bytes: line.len() + 1,
                    last: announce(line),
                });
                Step::Start
            }
            (_, None) => Step::Orphan,
        }
    }
}

impl Folder {
    /// Takes the next line, of which a [`BriefReader`](crate::BriefReader) says that it is a request of `format`: the same
    /// as [`Folder::step`] with its record, which begins an event. For lines that [`Folder::claims`] does not.
    #[inline]
    pub fn request(&mut self, line: &[u8], brief: &Brief<'_>, envelope: Option<&Envelope<'_>>) {
        if let Some(c) = &mut self.current
            && c.single
            && envelope.is_none()
            && (std::ptr::eq(c.format, brief.format) || c.format == brief.format)
            && brief.product != Product::Backend
        {
            // Nearly always: a line like the one before, which was a request too and has no process and no envelope.
            (c.lines, c.bytes, c.last) = (1, line.len() + 1, announce(line));
            return;
        }
        self.other_request(line, brief, envelope);
    }

    /// The same, after an event that was another one.
    fn other_request(&mut self, line: &[u8], brief: &Brief<'_>, envelope: Option<&Envelope<'_>>) {
        let (single, enveloped) =
            (envelope.is_none() && brief.product != Product::Backend, envelope.is_some());
        let tag_now = envelope.and_then(|e| e.tag.as_deref()).unwrap_or_default();
        let tag_pid = envelope.and_then(|e| e.pid);
        if let Some(c) = &mut self.current
            && !(c.trouble || c.timed || c.pid.is_some() || c.entry.is_some())
            && (c.single, c.enveloped, c.tag_pid) == (single, enveloped, tag_pid)
            && (std::ptr::eq(c.format, brief.format) || c.format == brief.format)
            && c.tag == tag_now
        {
            // Another one of the same process, of which nothing else is known.
            (c.lines, c.bytes, c.last) = (1, line.len() + 1, announce(line));
            return;
        }
        let mut tag = self.current.take().map_or_else(Vec::new, |c| c.tag);
        tag.clear();
        tag.extend_from_slice(tag_now);
        self.current = Some(Current {
            format: brief.format,
            trouble: false,
            pid: None,
            entry: None,
            enveloped,
            tag,
            tag_pid,
            timed: false,
            single,
            lines: 1,
            bytes: line.len() + 1,
            last: announce(line),
        });
    }
}

/// Whether a line with its record begins an event whatever stands before it: where a file may be cut so that its parts can be
/// read apart. (Of a file in which other lines stand between entries of `journalctl -o export`, this is not known.)
pub fn begins_always(line: &[u8], record: &Record<'_>) -> bool {
    // All events before it that could claim it.
    let event = |format: &'static str, entry: Option<EnvelopeKind>, enveloped: bool, last: Last| Current {
        format,
        trouble: true,
        pid: pid_of(record),
        entry,
        enveloped,
        tag: tag_of(record).to_vec(),
        tag_pid: record.envelope.as_ref().and_then(|e| e.pid),
        timed: true,
        single: false,
        lines: 1,
        bytes: 1,
        last,
    };
    let claimed =
        |e: &Current| e.goes_on(line, Some(record)) || !e.enveloped && e.entry.is_none() && e.claims(line);
    let lasts = [Last::Other, Last::Chained, Last::Heap, Last::ThreadHead];
    !line.trim_ascii().is_empty()
        && !claimed(&event(record.format, Some(EnvelopeKind::CloudWatch), true, Last::Other))
        && !lasts.into_iter().any(|last| {
            let formats = [record.format, "jul"].into_iter();
            formats.flat_map(|f| [true, false].map(|e| event(f, None, e, last))).any(|e| claimed(&e))
        })
}

fn tag_of<'r>(r: &'r Record<'_>) -> &'r [u8] {
    r.envelope.as_ref().and_then(|e| e.tag.as_deref()).unwrap_or_default()
}

fn is_trouble(r: &Record<'_>) -> bool {
    match &r.body {
        Body::Log(l) => {
            l.level.as_deref().is_some_and(crate::formats::is_trouble)
                || l.exception.is_some()
                || r.format == "plain-stampless"
        }
        Body::Error(_) => true,
        _ => false,
    }
}

fn pid_of(r: &Record<'_>) -> Option<u32> {
    match &r.body {
        Body::Log(l) => l.pid,
        _ => None,
    }
}

impl Current {
    /// Whether the next line, with its record, goes on with this event.
    fn goes_on(&self, line: &[u8], record: Option<&Record<'_>>) -> bool {
        match record {
            _ if self.entry.is_some_and(|kind| crate::envelope::belongs(kind, line)) => true,
            // an object that somebody dumped is not one of a list of CloudWatch's
            Some(r) if entry_of(r).is_some() => {
                self.entry.is_none() && entry_of(r) == Some(EnvelopeKind::CloudWatch)
            }
            // among entries with an envelope, a line without one is the rest of an entry that was not escaped
            None if self.single => self.claims(line),
            None => !self.enveloped || crate::envelope::peel(line).0.is_none(),
            Some(r) if r.envelope.is_some() => self.enveloped && self.claims_entry(r),
            Some(r) if r.stamp.is_some() => self.pid.is_some() && self.claims_prefixed(r),
            Some(_) => !self.enveloped && self.claims(line),
        }
    }

    /// In the journal and in syslog each line of a trace is an entry of its own, of the same process.
    fn claims_entry(&self, r: &Record<'_>) -> bool {
        let Body::Log(l) = &r.body else { return false };
        // A program that writes times of its own begins each event with one, apart from its dumps.
        r.stamp.is_none()
            && (self.claims(&l.message) || self.timed && r.format == crate::detect::MESSAGE.id)
            && self.tag == tag_of(r)
            && self.tag_pid == r.envelope.as_ref().and_then(|e| e.pid)
    }

    /// php-fpm relays what a child writes line by line, and Unicorn logs each frame as a record: a frame of the
    /// process that the event is of continues it.
    fn claims_prefixed(&self, r: &Record<'_>) -> bool {
        let Body::Log(l) = &r.body else { return false };
        if self.format != r.format || self.pid != l.pid {
            return false;
        }
        match r.format {
            "php-fpm" => memchr::memmem::find(&l.message, b"said into std")
                .and_then(|i| l.message[i..].splitn(2, |b| *b == b'"').nth(1))
                .is_some_and(|said| !said.starts_with(b"NOTICE: ") && continues_by_shape(said)),
            "ruby-logger" => {
                // Rails puts its tags (`config.log_tags`) before each line of what it logs.
                let mut message: &[u8] = &l.message;
                while let Some(end) = message.strip_prefix(b"[").and_then(|m| memchr::memchr(b']', m)) {
                    message = message[end + 2..].trim_ascii_start();
                }
                if message.is_empty() && l.message.starts_with(b"[") {
                    return true;
                }
                let place = &message[..memchr::memmem::find(message, b":in ").unwrap_or(0)];
                let digits = place.iter().rev().take_while(|b| b.is_ascii_digit()).count();
                digits > 0
                    && place[..place.len() - digits].ends_with(b":")
                    && memchr::memchr(b' ', place).is_none()
            }
            _ => false,
        }
    }

    #[inline]
    fn claims(&self, line: &[u8]) -> bool {
        // Nearly all lines of access logs begin with an address, and nothing else asks for a digit; nothing at all for an object.
        match line.first() {
            Some(b'0'..=b'9') if self.format.len() != 3 => is_numbered_frame(line),
            Some(b'{') if self.format.len() != 3 => false,
            _ => self.claims_other(line),
        }
    }

    fn claims_other(&self, line: &[u8]) -> bool {
        if self.format == "jul" && self.lines == 1 {
            return crate::formats::split_jul(line).is_some();
        }
        if let Some(b'0'..=b'9') = line.first() {
            return is_numbered_frame(line);
        }
        if continues_by_shape(line) {
            return true;
        }
        match self.last {
            Last::Chained | Last::ThreadHead if line.starts_with(b"Traceback (most recent") => return true,
            Last::Heap => return line.starts_with(b"FATAL ERROR: ") || line.starts_with(b"<--- "),
            _ => {}
        }
        // what `logger.exception` writes below its message
        line.starts_with(b"Traceback (most recent") && self.trouble && self.lines == 1
    }
}

#[inline]
fn announce(line: &[u8]) -> Last {
    match line.first() {
        Some(b'T' | b'D' | b'<' | b'[' | b'E') => announced(line),
        _ => Last::Other,
    }
}

fn announced(line: &[u8]) -> Last {
    if line.starts_with(b"The above exception was the direct cause")
        || line.starts_with(b"During handling of the above exception")
    {
        Last::Chained
    } else if line.starts_with(b"<--- ") || is_gc_line(line) {
        Last::Heap
    } else if line.starts_with(b"Exception in ") {
        Last::ThreadHead
    } else {
        Last::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_any;

    /// One letter per line: Start, Continue, eXcess, Blank, Orphan.
    fn steps(text: &str) -> String {
        let mut f = Folder::new();
        text.lines()
            .map(|l| {
                let record = parse_any(l.as_bytes()).ok();
                let claimed = f.claims(l.as_bytes());
                let step = f.step(l.as_bytes(), record.as_ref());
                assert!(!claimed || matches!(step, Step::Continue | Step::Blank | Step::Excess), "{l}");
                match step {
                    Step::Start => 'S',
                    Step::Continue => 'C',
                    Step::Excess => 'X',
                    Step::Blank => 'B',
                    Step::Orphan => 'O',
                }
            })
            .collect()
    }

    #[test]
    fn python_traces() {
        let text = "2026-11-21 02:50:05,728 ERROR [shop.web] unhandled error on GET /search
Traceback (most recent call last):
  File \"/srv/shop/app.py\", line 160, in application
KeyError: 'x'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File \"/srv/shop/app.py\", line 170, in application
shop.Gone: order 7
2026-11-21 02:50:06,000 INFO [shop.web] next
Traceback (most recent call last):
  File \"/srv/shop/app.py\", line 160, in application
MemoryError
2026-11-21 02:50:07,000 INFO [shop.web] next";
        assert_eq!(steps(text), "SCCCBCBCCCSSCCS");
    }

    #[test]
    fn headers_of_loggers_end_traces() {
        let trace = "Traceback (most recent call last):
  File \"/srv/mes.py\", line 3, in f
KeyError: 'x'";
        for head in [
            "E1122 13:04:27.542123   12345 file.py:3] failed",
            "E1122 13:04:27.542 MainThread mes] failed",
            "[ERROR] 2026-11-22 21:13:04,462 fleet.api (29304): failed",
            "ERROR [2026-11-22 21:13:04,462] a.b.C: failed",
        ] {
            assert_eq!(steps(&[head, trace, head].join("\n")), "SCCCS", "{head}");
        }
        let line = " INFO 2026-11-22 21:13:04,462 [main] a.b.C - x";
        assert_eq!(steps(&[line, "\tat a.B(C.java:1)", line, line].join("\n")), "SCSS");
    }

    #[test]
    fn starts_of_puma_between_requests() {
        let request = r#"10.0.0.9 - - [22/Nov/2026:14:07:35 +0100] "GET / HTTP/1.1" 200 586 0.0157"#;
        let boot = "Puma starting in single mode...
* Puma version: 5.6.5 (ruby 3.1.7-p261) (\"Birdie's Version\")
*  Min threads: 4
*          PID: 24245
* Listening on http://10.0.0.1:9292
Use Ctrl-C to stop";
        assert_eq!(
            steps(&[boot, request, "- Gracefully stopping, waiting for requests to finish", boot].join("\n")),
            "SSSSSSSSSSSSSS"
        );
    }

    #[test]
    fn requests_over_unix_sockets() {
        let line = r#" - - [21/Nov/2026:02:47:42 +0000] "GET /x HTTP/1.1" 200 139 "-" "curl""#;
        assert_eq!(steps(&[line, line, &line.replace("- - [", "- ann [")].join("\n")), "SSS");
        assert_eq!(steps(&[line, "  - - [x]"].join("\n")), "SC");
    }

    #[test]
    fn entries_of_several_lines() {
        let export = "__CURSOR=s=a;i=1
__REALTIME_TIMESTAMP=1795168800123456
MESSAGE=x y=z level=info

__CURSOR=s=a;i=2
__REALTIME_TIMESTAMP=1795168800123457
MESSAGE
2026-11-20 10:00:00 two
";
        assert_eq!(steps(export), "SCCBSCCC");
        let list = "{
    \"events\": [
        {
            \"timestamp\": 1795168800123,
            \"message\": \"[error] gone\"
        },
        {
            \"timestamp\": 1795168800124,
            \"message\": \"x\"
        }
    ]
}";
        assert_eq!(steps(list), "OOSCCCSCCCCC");
        let lines = || list.lines().map(str::as_bytes);
        let heads = heads(lines(), |l| parse_any(l).ok());
        assert_eq!(heads.len(), 2);
        let r = parse_any(&heads[0]).expect("an event");
        assert_eq!(r.best_stamp().map(|s| s.to_iso()).as_deref(), Some("2026-11-20T10:00:00.123Z"));
        assert_eq!(steps("2026-11-20 10:00:00 dump of\n  {\n    a: 1\n  }"), "SCCC");
    }

    #[test]
    fn java_traces_and_two_line_records() {
        let text =
            "2026-11-21T02:25:02.046Z ERROR 3489 --- [exec-1] o.a.c.C : Servlet.service() threw exception

com.example.OrderNotFoundException: order 89338 has no total
\tat com.example.App.load(App.java:109)
Caused by: java.lang.NullPointerException: Cannot invoke
\tat com.example.App.total(App.java:104)
\t... 23 more

2026-11-21T02:25:03.275Z  INFO 3489 --- [exec-2] c.e.A : GET /erp/invoices handled";
        assert_eq!(steps(text), "SBCCCCCBS");
        let text = "Dec 30, 2020 11:30:40 AM org.a.B <init>
INFO: Initializing
Dec 30, 2020 11:30:41 AM org.a.B stop
SEVERE: failed
java.lang.IllegalStateException: x
\tat a.B.c(B.java:1)";
        assert_eq!(steps(text), "SCSCCC");
    }

    #[test]
    fn node_dumps() {
        let text = r#"{"level":30,"time":1795227959975,"pid":1,"hostname":"a","msg":"request completed"}
/srv/shop/server.js:106
    case 'crash': order.total = 1;
                        ^

TypeError: Cannot set properties of undefined (setting 'total')
    at Timeout._onTimeout (/srv/shop/server.js:106:75)

Node.js v20.20.2
{"level":30,"time":1795227960975,"pid":1,"hostname":"a","msg":"listening"}
<--- Last few GCs --->

[5789:0x151efbc0]    36844 ms: Scavenge 52.6 (70.0) -> 50.9 (84.5) MB, 17.97 / 0.00 ms
[5789:0x151efbc0]    36858 ms: Mark-Compact 57.5 (84.5) -> 56.6 (90.5) MB

<--- JS stacktrace --->

FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory
----- Native stack trace -----

 1: 0xb78db3 node::OOMErrorHandler(char const*, v8::OOMDetails const&) [/usr/bin/node]
10: 0x195e476  [/usr/bin/node]"#;
        assert_eq!(steps(text), "SSCCBCCBCSSBCCBCBCCBCC");
    }

    #[test]
    fn go_rust_php_and_dotnet() {
        let text =
            "2026/11/21 02:26:17 http: panic serving 10.20.0.5:35452: runtime error: index out of range
goroutine 25 [running]:
net/http.(*conn).serve.func1()
\tnet/http/server.go:1850 +0xbf
created by net/http.(*Server).Serve
2026/11/21 02:26:18 INFO: next
panic: boom

goroutine 1 [running]:
main.main()
exit status 2
2026/11/21 02:26:19 INFO: started";
        assert_eq!(steps(text), "SCCCCSSBCCCS");
        let text = "2026-11-20T10:00:00.123456Z  INFO shop::web: listening

thread 'tokio-runtime-worker' (28919) panicked at src/m.rs:4:81:
index out of bounds: the len is 0
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace";
        assert_eq!(steps(text), "SBSCC");
        let text = "[20-Nov-2026 10:00:00 UTC] PHP Fatal error:  Uncaught RuntimeException: boom in /a.php:2
Stack trace:
#0 /a.php(3): f()
#1 {main}
  thrown in /a.php on line 2
[20-Nov-2026 10:00:01 UTC] x";
        assert_eq!(steps(text), "SCCCCS");
        let text = "fail: Microsoft.AspNetCore.Server.Kestrel[13]
      Connection id \"0HMV\", Request id \"0HMV:1\": An unhandled exception was thrown by the application.
      System.InvalidOperationException: gone
       ---> System.Net.Sockets.SocketException (111): Connection refused
         at A.B() in /src/a.cs:line 1
info: Microsoft.Hosting.Lifetime[0]
      Application is shutting down...";
        assert_eq!(steps(text), "SCCCCSC");
    }

    #[test]
    fn traces_with_a_prefix_on_every_line() {
        let text = r##"[21-Nov-2026 02:39:28] WARNING: [pool www] child 7 said into stderr: "NOTICE: PHP message: PHP Fatal error:  Uncaught RuntimeException: no rate in /srv/index.php:21"
[21-Nov-2026 02:39:28] WARNING: [pool www] child 7 said into stderr: "Stack trace:"
[21-Nov-2026 02:39:28] WARNING: [pool www] child 7 said into stderr: "#0 /srv/index.php(20): Catalog->rate()"
[21-Nov-2026 02:39:28] WARNING: [pool www] child 7 said into stderr: "  thrown in /srv/index.php on line 21"
[21-Nov-2026 02:39:28] WARNING: [pool www] child 8 said into stderr: "#0 /srv/index.php(20): Catalog->rate()"
[21-Nov-2026 02:39:28] WARNING: [pool www] child 8 said into stderr: "NOTICE: PHP message: cache: gone""##;
        assert_eq!(steps(text), "SCCCSS");
        let text = "E, [2026-11-20T10:00:00.1 #12] ERROR -- : app error: boom (RuntimeError)
E, [2026-11-20T10:00:00.1 #12] ERROR -- : /app/x.rb:1:in `call'
I, [2026-11-20T10:00:01.1 #12]  INFO -- : reaped worker";
        assert_eq!(steps(text), "SCS");
        let text =
            "F, [2026-11-20T10:00:00.1 #12] FATAL -- : [3f2b-1] NoMethodError (undefined method `total'):
F, [2026-11-20T10:00:00.1 #12] FATAL -- : [3f2b-1]
F, [2026-11-20T10:00:00.1 #12] FATAL -- : [3f2b-1] app/models/order.rb:12:in `total'
I, [2026-11-20T10:00:01.1 #12]  INFO -- : [3f2b-1] done";
        assert_eq!(steps(text), "SCCS");
    }

    #[test]
    fn traces_in_entries_of_syslog() {
        let text = "Nov 21 02:46:59 api-2 app[7]: ERROR: request failed
Nov 21 02:46:59 api-2 app[7]:     at f (/srv/a.js:1:2)
Nov 21 02:46:59 api-2 app[8]:     at f (/srv/a.js:1:2)
Nov 21 02:46:59 api-2 kernel: [ 4502.446398] gunicorn[26585]: segfault at 0
Nov 21 02:46:59 api-2 systemd[1]: shop.service: Main process exited, code=dumped, status=6/ABRT
Nov 21 02:46:59 api-2 systemd[1]: Started shop.service - shop.";
        assert_eq!(steps(text), "SCSSSS");
        let text = "Nov 21 10:00:00 api-1 app[7]: 2026-11-21 10:00:00,123 ERROR shop.web failed
Nov 21 10:00:00 api-1 app[7]: Traceback (most recent call last):
Nov 21 10:00:00 api-1 app[7]:   File \"/a.py\", line 3, in f
Nov 21 10:00:00 api-1 app[7]: KeyError: 'x'
Nov 21 10:00:00 api-1 other[8]: KeyError: 'x'
Nov 21 10:00:01 api-1 app[7]: 2026-11-21 10:00:01,123 INFO shop.web fine";
        assert_eq!(steps(text), "SCCCSS");
    }

    #[test]
    fn access_lines_have_no_second_line() {
        let text = r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET / HTTP/1.1" 200 1 "-" "-"
0000] "GET /cut HTTP/1.1" 200 1 "-" "-"
junk
192.0.2.7 - - [21/Nov/2026:01:50:54 +0000] "GET / HTTP/1.1" 500 1 "-" "-"
	at com.acme.Web.handle(Web.java:10)
"#;
        assert_eq!(steps(text), "SOOSC");
    }

    #[test]
    fn bounds_and_orphans() {
        let mut text = String::from("junk\n2026-11-20 10:00:00 ERROR x\n");
        text.push_str(&"\tframe\n".repeat(1002));
        let s = steps(&text);
        assert!(s.starts_with("OSCC"));
        assert!(s.ends_with("CXXX"), "{}", &s[s.len() - 8..]);
        let first = parse_any(b"Dec 30, 2020 11:30:40 AM org.a.B <init>").expect("a head");
        assert_eq!(head_lines(&first), 2);
        assert_eq!(head_lines(&parse_any(b"2026-11-20 10:00:00 x").expect("a line")), 1);
    }
}
