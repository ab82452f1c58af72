//! The JVM's loggers: Spring Boot, Logback and Log4j in their usual patterns, Tomcat's one-line and
//! `java.util.logging`'s two-line layout.

use super::when::{day_month, month_day_year, short};
use super::words::{self, is_level, text, upper_level};
use crate::bytes::Cursor;
use crate::{Anchor, FormatDef, Kind, LogLine, ParseError, Product, Record, Stamp};

pub(super) static SPRING: FormatDef = FormatDef {
    id: "spring-boot",
    title: "Spring Boot console and file log",
    product: Product::Backend,
    kind: Kind::Log,
    anchor: Anchor::Event,
    source: "spring-boot logging/logback/defaults.xml, FILE_LOG_PATTERN",
    samples: &[
        "2026-11-21T02:24:56.950Z  INFO 3489 --- [           main] com.example.erp.Application              : Starting Application",
        "2026-11-21 02:48:41.242 ERROR 28090 --- [nio-8080-exec-1] c.e.service.OrderService                 : failed [requestId=416d2318-4c78]",
        "2026-11-21T02:24:56.950Z  WARN 1 --- [shop] [nio-8080-exec-1] [4bf92f35aa-00f067aa] c.e.Orders : slow",
    ],
    parse: spring,
};

fn spring(line: &[u8]) -> Result<Record<'_>, ParseError> {
    read_spring(line).ok_or(ParseError::new(0, "time LEVEL pid --- [thread] logger : message"))
}

fn read_spring(line: &[u8]) -> Option<Record<'_>> {
    let (stamp, rest) = Stamp::iso(line)?;
    let mut c = Cursor::new(rest);
    c.run(|b| b == b' ');
    let level = c.run(|b| b.is_ascii_alphabetic());
    if !is_level(level) {
        return None;
    }
    c.run(|b| b == b' ');
    let pid = words::pid(c.run(|b| b.is_ascii_digit()));
    c.run(|b| b == b' ');
    c.eat(b"--- ")?;
    // the application's name before the thread, and trace and span ids after it, are newer parts
    let mut thread = None;
    let mut id = None;
    while c.eat(b"[").is_some() {
        let inner = c.until(b']')?;
        c.run(|b| b == b' ');
        let trace = &inner[..memchr::memchr2(b'-', b',', inner).unwrap_or(inner.len())];
        if thread.is_some() && trace.len() >= 8 && trace.iter().all(u8::is_ascii_hexdigit) {
            id = text(trace);
        } else {
            thread = text(inner);
        }
    }
    thread.as_ref()?;
    let rest = c.rest();
    let colon =
        memchr::memmem::find(rest, b" : ").or_else(|| rest.ends_with(b" :").then(|| rest.len() - 2))?;
    let message = rest.get(colon + 3..).unwrap_or_default();
    let line = LogLine {
        level: text(level),
        logger: text(&rest[..colon]),
        thread,
        pid,
        message: message.into(),
        request_id: words::request_id(message).and_then(text).or(id),
        ..LogLine::default()
    };
    Some(words::log(&SPRING, Some(stamp), line))
}

pub(super) static LOG4J: FormatDef = FormatDef {
    id: "log4j",
    title: "Logback and Log4j patterns: [thread] LEVEL logger - message and its usual variants",
    product: Product::Backend,
    kind: Kind::Log,
    anchor: Anchor::Event,
    source: "Logback BasicConfigurator and manual (layouts), Log4j 2 PatternLayout manual; Kafka, Elasticsearch and Logstash log4j2.properties",
    samples: &[
        "2026-06-20 10:15:02,456 [pool-1-thread-2] WARN  com.example.Cache - cache eviction rate high",
        "2026-06-20 10:15:02.456 WARN  [pool-1-thread-2] com.example.Cache - cache eviction rate high",
        "2026-06-20 10:15:02.456 WARN  com.example.Cache [main] - cache eviction rate high",
        "2025-01-24T07:00:30,139 INFO [background-preinit       ] Version                  : HV000001: Hibernate Validator",
        "[2017-08-04 10:48:20,377] INFO starting (kafka.server.KafkaServer)",
        "[2018-05-17T08:29:12,177][INFO ][o.e.c.m.MetaDataCreateIndexService] [vWNJsZ3] [orders] creating index",
        "2026-06-20T10:15:02.456+01:00 [main] ERROR com.example.App -- failed",
        "2026-06-20 10:15:02,456 INFO [main] org.example.Server: started",
        "081109 203615 148 INFO dfs.DataNode$PacketResponder: PacketResponder 1 terminating",
    ],
    parse: log4j,
};

fn log4j(line: &[u8]) -> Result<Record<'_>, ParseError> {
    read_log4j(line).ok_or(ParseError::new(0, "time, level, thread and logger"))
}

fn read_log4j(line: &[u8]) -> Option<Record<'_>> {
    if let Some((stamp, rest)) = short(line) {
        return Some(words::log(&LOG4J, Some(stamp), hadoop(rest)?));
    }
    let body = line.strip_prefix(b"[").unwrap_or(line);
    let (stamp, rest) = Stamp::iso(body)?;
    let log = if body.len() == line.len() { unbracketed(rest)? } else { bracketed(rest)? };
    Some(words::log(&LOG4J, Some(stamp), log))
}

/// `thread LEVEL class: message`, Hadoop's pattern of old.
fn hadoop(rest: &[u8]) -> Option<LogLine<'_>> {
    let mut c = Cursor::new(rest);
    c.eat(b" ")?;
    let thread = c.until(b' ')?;
    let level = c.until(b' ')?;
    let class = c.until_str(b": ")?;
    if !upper_level(level) || memchr::memchr(b' ', class).is_some() {
        return None;
    }
    Some(LogLine {
        level: text(level),
        thread: text(thread),
        logger: text(class),
        message: c.rest().into(),
        ..LogLine::default()
    })
}

fn unbracketed(rest: &[u8]) -> Option<LogLine<'_>> {
    let mut c = Cursor::new(rest);
    c.eat(b" ")?;
    c.run(|b| b == b' ');
    let mut log = LogLine::default();
    // thread and level in either order; nothing else may stand before the logger
    while log.level.is_none() {
        if c.eat(b"[").is_some() {
            let inner = thread(&mut c)?;
            if upper_level(inner.trim_ascii()) {
                log.level = text(inner);
            } else if log.thread.is_none() {
                log.thread = text(inner);
            } else {
                return None;
            }
        } else {
            let word = c.run(|b| b.is_ascii_alphabetic());
            if !upper_level(word) {
                return None;
            }
            log.level = text(word);
        }
        c.run(|b| b == b' ');
    }
    if log.thread.is_none() && c.eat(b"[").is_some() {
        log.thread = text(thread(&mut c)?);
        c.run(|b| b == b' ');
    }
    let name = c.run(|b| b != b' ');
    c.run(|b| b == b' ');
    if log.thread.is_none() {
        // LEVEL logger [thread] - message
        c.eat(b"[")?;
        log.thread = text(thread(&mut c)?);
        c.run(|b| b == b' ');
    }
    // Hadoop's pattern ends the class with a colon and nothing else
    if let Some(class) = name.strip_suffix(b":").filter(|n| memchr::memchr(b'.', n).is_some()) {
        (log.logger, log.message) = (text(class), c.rest().into());
        return Some(log);
    }
    if c.eat(b"--").is_none() && c.eat(b"-").is_none() && c.eat(b":").is_none() {
        return None;
    }
    (log.logger, log.message) = (text(name), c.rest().trim_ascii_start().into());
    log.logger.is_some().then_some(log)
}

/// The inside of a bracket; thread names may hold brackets of their own.
fn thread<'a>(c: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let rest = c.rest();
    let mut open = 1;
    for (i, b) in rest.iter().enumerate().take(200) {
        match b {
            b'[' => open += 1,
            b']' => {
                open -= 1;
                if open == 0 {
                    c.take(i + 1)?;
                    return Some(&rest[..i]);
                }
            }
            _ => {}
        }
    }
    None
}

/// `][INFO ][logger] message` and `] INFO message (logger)`.
fn bracketed(rest: &[u8]) -> Option<LogLine<'_>> {
    let mut c = Cursor::new(rest);
    c.eat(b"]")?;
    if c.eat(b"[").is_some() {
        let level = c.until(b']')?;
        c.eat(b"[")?;
        let logger = c.until(b']')?;
        if !is_level(level.trim_ascii()) {
            return None;
        }
        let mut log = LogLine { level: text(level), logger: text(logger), ..LogLine::default() };
        log.message = node_and_index(c.rest().trim_ascii_start(), &mut log.extra).into();
        return Some(log);
    }
    c.eat(b" ")?;
    let level = c.run(|b| b.is_ascii_uppercase());
    if !is_level(level) {
        return None;
    }
    let message = c.rest().trim_ascii();
    let logger = message.strip_suffix(b")").and_then(|m| Some(&m[memchr::memrchr(b'(', m)? + 1..]))?;
    let class = !logger.is_empty()
        && memchr::memchr(b'.', logger).is_some()
        && logger.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'$' | b'-'));
    if !class {
        return None;
    }
    let message = message[..message.len() - logger.len() - 2].trim_ascii_end();
    let mut log = LogLine { level: text(level), logger: text(logger), ..LogLine::default() };
    log.message = component(message, &mut log.extra).into();
    Some(log)
}

/// Fields that a pattern prints in brackets before the message.
type Extra<'a> = Vec<(std::borrow::Cow<'a, str>, crate::Text<'a>)>;

/// Kafka's classes that are `Logging` put `[Controller id=0] ` or `[Controller 0]: ` before each message (`logIdent`).
fn component<'a>(message: &'a [u8], extra: &mut Extra<'a>) -> &'a [u8] {
    let mut c = Cursor::new(message);
    if c.eat(b"[").is_none() {
        return message;
    }
    let Some(inner) = c.until(b']').filter(|i| !i.is_empty() && i.len() <= 100) else { return message };
    c.eat(b":");
    if c.eat(b" ").is_none() {
        return message;
    }
    extra.push(("component".into(), inner.into()));
    c.rest()
}

/// Elasticsearch's pattern has the node's name in brackets (empty while it starts), and its marker: the index, with
/// its id or the shard's number. The garbage collector's own `[gc]` looks alike and is the message.
fn node_and_index<'a>(message: &'a [u8], extra: &mut Extra<'a>) -> &'a [u8] {
    let mut c = Cursor::new(message);
    let is_node = |b: &[u8]| !b.iter().any(|b| matches!(b, b' ' | b'[' | b'{' | b'='));
    let Some(node) = c.eat(b"[").and_then(|()| c.until(b']')).filter(|n| is_node(n)) else { return message };
    if c.eat(b" ").is_none() {
        return message;
    }
    if !node.is_empty() {
        extra.push(("node".into(), node.into()));
    }
    let message = c.rest();
    let Some(index) = c.eat(b"[").and_then(|()| c.until(b']')) else { return message };
    let is_index =
        !index.is_empty() && index != b"gc" && is_node(index) && !index.iter().any(u8::is_ascii_control);
    if c.eat(b"[").is_some() {
        let shard = c.until(b']').unwrap_or_default();
        if shard.is_empty() || !shard.iter().all(u8::is_ascii_digit) {
            return message;
        }
    }
    if !is_index || c.eat(b" ").is_none() {
        return message;
    }
    extra.push(("index".into(), index.into()));
    c.rest()
}

pub(super) static JULI: FormatDef = FormatDef {
    id: "tomcat-juli",
    title: "Tomcat catalina log, one line per record",
    product: Product::Backend,
    kind: Kind::Log,
    anchor: Anchor::Event,
    source: "tomcat org/apache/juli/OneLineFormatter.java",
    samples: &[
        "20-Jun-2026 10:23:45.123 INFO [main] org.apache.catalina.startup.VersionLoggerListener.log Server version name: Apache Tomcat/9.0.71",
        "20-Jun-2026 10:23:48.440 SEVERE [http-nio-8080-exec-1] org.apache.catalina.core.StandardWrapperValve.invoke Servlet.service() for servlet [dispatcher] threw exception",
    ],
    parse: juli,
};

fn juli(line: &[u8]) -> Result<Record<'_>, ParseError> {
    read_juli(line).ok_or(ParseError::new(0, "20-Jun-2026 10:23:45.123 LEVEL [thread] class.method message"))
}

fn read_juli(line: &[u8]) -> Option<Record<'_>> {
    if line.get(2) != Some(&b'-') {
        return None;
    }
    let (stamp, rest) = day_month(line)?;
    let mut c = Cursor::new(rest);
    c.eat(b" ")?;
    let level = c.until(b' ')?;
    if !is_level(level) {
        return None;
    }
    c.eat(b"[")?;
    let name = thread(&mut c)?;
    c.eat(b" ")?;
    let logger = c.before(b' ');
    c.eat(b" ");
    let line = LogLine {
        level: text(level),
        thread: text(name),
        logger: text(logger),
        message: c.rest().into(),
        ..LogLine::default()
    };
    Some(words::log(&JULI, Some(stamp), line))
}

pub(super) static JUL: FormatDef = FormatDef {
    id: "jul",
    title: "java.util.logging, two lines per record; level and message are read when both are given joined",
    product: Product::Backend,
    kind: Kind::Log,
    anchor: Anchor::Event,
    source: "JDK java/util/logging/SimpleFormatter.java, default format, English locale",
    samples: &["Dec 30, 2020 11:30:40 AM org.apache.struts.util.PropertyMessageResources <init>"],
    parse: jul,
};

fn jul(line: &[u8]) -> Result<Record<'_>, ParseError> {
    read_jul(line).ok_or(ParseError::new(0, "Nov 21, 2026 1:59:21 AM class method"))
}

fn read_jul(event: &[u8]) -> Option<Record<'_>> {
    let (first, second) = match memchr::memchr(b'\n', event) {
        Some(i) => (&event[..i], Some(&event[i + 1..])),
        None => (event, None),
    };
    let (stamp, rest) = month_day_year(first)?;
    let logger = rest.strip_prefix(b" ")?.trim_ascii();
    let mut log = LogLine { logger: text(logger), message: logger.into(), ..LogLine::default() };
    if let Some((level, message)) = second.and_then(|s| split_jul(s)) {
        (log.level, log.message) =
            (text(level), message[..memchr::memchr(b'\n', message).unwrap_or(message.len())].into());
    }
    Some(words::log(&JUL, Some(stamp), log))
}

/// The second line of a two-line record: `SEVERE: message`.
pub(crate) fn split_jul(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memchr::memchr(b':', line.get(..line.len().min(16))?)?;
    let (level, rest) = (&line[..colon], &line[colon + 1..]);
    is_level(level).then(|| (level, rest.trim_ascii_start()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Body;

    fn log(r: Result<Record<'_>, ParseError>) -> LogLine<'_> {
        match r.expect("a line").body {
            Body::Log(l) => l,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn spring_boot() {
        let l = log(spring(SPRING.samples[1].as_bytes()));
        assert_eq!(
            (l.pid, l.level.as_deref(), l.thread.as_deref()),
            (Some(28090), Some(&b"ERROR"[..]), Some(&b"nio-8080-exec-1"[..]))
        );
        assert_eq!(
            (l.logger.as_deref(), l.request_id.as_deref()),
            (Some(&b"c.e.service.OrderService"[..]), Some(&b"416d2318-4c78"[..]))
        );
        let l = log(spring(SPRING.samples[2].as_bytes()));
        assert_eq!(
            (l.thread.as_deref(), l.request_id.as_deref()),
            (Some(&b"nio-8080-exec-1"[..]), Some(&b"4bf92f35aa"[..]))
        );
    }

    #[test]
    fn patterns_of_logback_and_log4j() {
        for (i, s) in LOG4J.samples.iter().enumerate() {
            let l = log(log4j(s.as_bytes()));
            assert!(l.level.is_some() && l.logger.is_some(), "{s}");
            assert_eq!(l.thread.is_some(), !matches!(i, 4 | 5), "{s}");
        }
        assert_eq!(&*log(log4j(LOG4J.samples[4].as_bytes())).message, b"starting");
        let l = log(log4j(LOG4J.samples[5].as_bytes()));
        assert_eq!((&*l.extra[0].1, &*l.extra[1].1), (&b"vWNJsZ3"[..], &b"orders"[..]));
        assert_eq!(&*l.message, b"creating index");
        let l = log(log4j(b"[2018-05-17T08:29:12,177][WARN ][o.e.m.j.JvmGcMonitorService] [n1] [gc][3449992] overhead, spent [1.6s]"));
        assert_eq!((&*l.message, l.extra.len()), (&b"[gc][3449992] overhead, spent [1.6s]"[..], 1));
        let l = log(log4j(
            b"[2017-08-04 10:48:21,063] INFO [Controller 0]: 0 elected (kafka.controller.KafkaController)",
        ));
        assert_eq!((&*l.message, &*l.extra[0].1), (&b"0 elected"[..], &b"Controller 0"[..]));
        assert_eq!(&*log(log4j(LOG4J.samples[0].as_bytes())).message, b"cache eviction rate high");
        assert!(log4j(b"2026-06-20 10:15:02,456 INFO started in 3 - 4 seconds").is_err());
    }

    #[test]
    fn two_lines_make_one_record() {
        let both = b"Dec 30, 2020 11:30:40 AM org.a.B <init>\nINFO: Initializing, config\n";
        let l = log(jul(both));
        assert_eq!((l.level.as_deref(), &*l.message), (Some(&b"INFO"[..]), &b"Initializing, config"[..]));
    }
}
