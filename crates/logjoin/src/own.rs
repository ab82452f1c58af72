//! Records of the caller's own: whoever has requests and messages as values need not print them to have them read again.

use logjoin_parse::{Access, Anchor, Body, ErrorLine, LogLine, Precision, Product, Record, Stamp, StateLine};

/// A record of your own, for [`FileScanner::push_event`](crate::FileScanner::push_event): a request, a line of a proxy's error
/// log, a change of a server's state, or a message, with the moment at which it was written.
///
/// A source of events is a [`Head`](crate::Head) without bytes: its path names it, its folder says what belongs together,
/// [`Options::roles`](crate::Options::roles) says who writes it and [`Head::kind`](crate::Head::kind) what. Numbers of lines are
/// the caller's; results refer to them.
///
/// ```
/// use logjoin::parse::{Access, ErrorLine, Kind, Product};
/// use logjoin::{Event, FileScanner, Head, Options, Pattern, finish, plan};
///
/// let head = |path: &str, kind| Head { path: path.into(), kind: Some(kind), ..Head::default() };
/// let heads = vec![head("edge/requests", Kind::Access), head("edge/errors", Kind::Error)];
/// let mut options = Options::default();
/// options.roles.push((Pattern::new("edge/"), Product::Nginx));
/// let plan = plan(heads, Vec::new(), options);
///
/// let t = 1_795_229_237_000_000_000; // nanoseconds since 1970-01-01 UTC
/// let mut request = Access::default();
/// (request.method, request.path, request.status) = (Some(b"GET"[..].into()), Some(b"/cart"[..].into()), Some(502));
/// request.client_ip = Some(b"192.0.2.1"[..].into());
/// let mut error = ErrorLine::default();
/// error.message = b"connect() failed (111: Connection refused) while connecting to upstream"[..].into();
/// (error.method, error.path) = (request.method.clone(), request.path.clone());
/// error.client_ip = request.client_ip.clone();
/// error.os_error_code = Some(111);
/// error.action = Some(b"connecting to upstream"[..].into());
///
/// // As the plan numbers them: by their sorted paths.
/// let mut errors = FileScanner::new(&plan, 0);
/// errors.push_event(1, &Event::error(t, error));
/// let mut requests = FileScanner::new(&plan, 1);
/// requests.push_event(7, &Event::request(t, request));
/// let analysis = finish(&plan, vec![errors.finish(), requests.finish()]);
/// assert_eq!(analysis.failures[0].mechanism, logjoin::Mechanism::Refused);
/// assert_eq!((analysis.failures[0].file.as_str(), analysis.failures[0].line), ("edge/requests", 7));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Event<'a> {
    record: Record<'a>,
}

impl<'a> Event<'a> {
    /// A request that ended at `end_ns`, nanoseconds since 1970-01-01 UTC by the clock of its host; its duration is in
    /// [`Access::duration_us`].
    pub fn request(end_ns: i64, request: Access<'a>) -> Event<'a> {
        Event::new(end_ns, Anchor::End, Body::Access(request))
    }

    /// A request that began at `start_ns`; where its duration is known, that tells when it ended.
    pub fn request_begun(start_ns: i64, request: Access<'a>) -> Event<'a> {
        Event::new(start_ns, Anchor::Start, Body::Access(request))
    }

    /// A line of a proxy's error log.
    pub fn error(time_ns: i64, error: ErrorLine<'a>) -> Event<'a> {
        Event::new(time_ns, Anchor::End, Body::Error(error))
    }

    /// A change of a proxy's view of its servers, or of its own life.
    pub fn state(time_ns: i64, state: StateLine<'a>) -> Event<'a> {
        Event::new(time_ns, Anchor::End, Body::State(state))
    }

    /// A message of a backend, a supervisor or a host. What it means is looked up as that of any other
    /// ([`signals`](crate::signals)).
    pub fn message(time_ns: i64, message: LogLine<'a>) -> Event<'a> {
        Event::new(time_ns, Anchor::End, Body::Log(message))
    }

    /// The times are no finer than this; without it they are exact to the nanosecond.
    pub fn precise_to(mut self, precision: Precision) -> Event<'a> {
        self.record.stamp = self.record.stamp.map(|s| Stamp { precision, ..s });
        self
    }

    fn new(time_ns: i64, anchor: Anchor, body: Body<'a>) -> Event<'a> {
        let stamp = Some(Stamp::epoch(time_ns, Precision::Nanos));
        Event {
            record: Record {
                format: "event",
                product: Product::Unknown,
                stamp,
                anchor,
                envelope: None,
                body,
            },
        }
    }

    pub(crate) fn record(&self) -> &Record<'a> {
        &self.record
    }

    /// What stands for the line, where one is searched for ids and for words.
    pub(crate) fn raw(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut add = |text: Option<&[u8]>| {
            if let Some(text) = text.filter(|t| !t.is_empty()) {
                if !out.is_empty() {
                    out.push(b' ');
                }
                out.extend_from_slice(text);
            }
        };
        match &self.record.body {
            Body::Access(a) => {
                add(a.request_id.as_deref());
                add(a.message.as_deref());
                a.extra.iter().for_each(|(_, value)| add(Some(value)));
            }
            Body::Error(e) => {
                add(Some(&e.message));
                add(e.request_id.as_deref());
            }
            Body::State(s) => add(Some(&s.message)),
            Body::Log(l) => {
                add(Some(&l.message));
                add(l.request_id.as_deref());
                add(l.exception.as_deref());
                add(l.error.as_deref());
                l.extra.iter().for_each(|(_, value)| add(Some(value)));
            }
        }
        out
    }
}

impl<'a> From<Record<'a>> for Event<'a> {
    /// A record that was read elsewhere, with its stamp as it was written.
    fn from(record: Record<'a>) -> Event<'a> {
        Event { record }
    }
}
