//! The machine below: kernel messages, the audit log, systemd's messages about units, supervisord.

use super::words::{self, pid, text};
use crate::bytes::Cursor;
use crate::{Anchor, FormatDef, Kind, LogLine, ParseError, Product, Record, Stamp};

pub(super) static KERNEL: FormatDef = FormatDef {
    id: "kernel",
    title: "kernel messages: dmesg, and kern.log without its syslog prefix",
    product: Product::System,
    kind: Kind::Log,
    anchor: Anchor::Event,
    source: "Linux kernel/printk/printk.c print_time and print_caller; util-linux dmesg(1)",
    samples: &[
        "[ 4502.446398] gunicorn[26585]: segfault at 0 ip 00007fe6aa7daad8 sp 00007ffd624a1eb8 error 4 in libc.so.6[167ad8]",
        "[  601.749973][    C1] watchdog: BUG: soft lockup",
        "[Fri Nov 20 10:00:00 2026] Out of memory: Killed process 5789 (node)",
        "kern  :err   : [12345.678901] EXT4-fs error",
        "<3>[12345.678901] Out of memory: Killed process 5789 (node)",
    ],
    parse: kernel,
};

fn kernel(line: &[u8]) -> Result<Record<'_>, ParseError> {
    read_kernel(line).ok_or(ParseError::new(0, "[seconds since boot] message"))
}

fn read_kernel(line: &[u8]) -> Option<Record<'_>> {
    let mut c = Cursor::new(line);
    let mut log = LogLine { program: Some(b"kernel"[..].into()), ..LogLine::default() };
    if c.eat(b"<").is_some() {
        let priority = c.run(|b| b.is_ascii_digit());
        c.eat(b">")?;
        log.level = text(priority);
    } else if c.peek()?.is_ascii_lowercase() {
        // dmesg -x: facility and level in columns
        let facility = c.run(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        c.run(|b| b == b' ');
        c.eat(b":")?;
        let level = c.run(|b| b.is_ascii_lowercase());
        c.run(|b| b == b' ');
        c.eat(b": ")?;
        if facility.len() > 8 || !words::is_level(level) {
            return None;
        }
        log.level = text(level);
    }
    c.eat(b"[")?;
    let inner = c.until(b']')?;
    let stamp = match Stamp::ctime(inner) {
        // Apache's old error log has its level in a second bracket
        Some((s, [])) if c.rest().starts_with(b" ") && !c.rest().starts_with(b" [") => Some(s),
        Some(_) => return None,
        None => {
            let seconds = inner.trim_ascii();
            let dot = memchr::memchr(b'.', seconds)?;
            let digits = |b: &[u8]| !b.is_empty() && b.iter().all(u8::is_ascii_digit);
            if !digits(&seconds[..dot]) || !digits(&seconds[dot + 1..]) || seconds.len() - dot != 7 || dot > 9
            {
                return None;
            }
            log.extra.push(("uptime".into(), seconds.into()));
            None
        }
    };
    if c.eat(b"[").is_some() {
        // the calling thread or CPU
        c.until(b']')?;
    }
    c.eat(b" ")?;
    log.message = c.rest().into();
    Some(words::log(&KERNEL, stamp, log))
}

pub(super) static AUDIT: FormatDef = FormatDef {
    id: "audit",
    title: "Linux audit log",
    product: Product::System,
    kind: Kind::Log,
    anchor: Anchor::Event,
    source: "Linux kernel/audit.c audit_log_start: audit(seconds.millis:serial); audit-userspace src/auditd-event.c",
    samples: &[
        "type=AVC msg=audit(1795168800.123:456): avc:  denied  { name_connect } for  pid=1210 comm=\"nginx\" dest=8080",
        "node=web1 type=SYSCALL msg=audit(1795168800.123:456): arch=c000003e syscall=42 success=no exit=-13",
    ],
    parse: |line| audit(line).ok_or(ParseError::new(0, "type=NAME msg=audit(time:serial): fields")),
};

fn audit(line: &[u8]) -> Option<Record<'_>> {
    let mut c = Cursor::new(line);
    let mut log = LogLine { program: Some(b"audit"[..].into()), ..LogLine::default() };
    if c.eat(b"node=").is_some() {
        log.host = text(c.until(b' ')?);
    }
    c.eat(b"type=")?;
    log.logger = text(c.until(b' ')?);
    c.eat(b"msg=audit(")?;
    let stamp = Stamp::epoch_number(c.until(b':')?)?;
    let serial = c.until(b')')?;
    c.eat(b":")?;
    log.extra.push(("serial".into(), serial.into()));
    log.message = c.rest().trim_ascii_start().into();
    let at = memchr::memmem::find(&log.message, b" pid=").map(|i| i + 5);
    log.pid = at.and_then(|i| pid(log.message[i..].split(|b| *b == b' ').next()?));
    Some(words::log(&AUDIT, Some(stamp), log))
}

pub(super) static SYSTEMD: FormatDef = FormatDef {
    id: "systemd-unit",
    title: "systemd's messages about a unit",
    product: Product::System,
    kind: Kind::Log,
    anchor: Anchor::Event,
    source: "systemd src/core/unit.c log_unit_*: `<unit>: message`",
    samples: &[
        "market-feed-1.service: Main process exited, code=dumped, status=6/ABRT",
        "shop@2.service: Scheduled restart job, restart counter is at 1.",
        "app.slice: A process of this unit has been killed by the OOM killer.",
    ],
    parse: systemd,
};

fn systemd(line: &[u8]) -> Result<Record<'_>, ParseError> {
    read_systemd(line).ok_or(ParseError::new(0, "unit: message"))
}

fn read_systemd(line: &[u8]) -> Option<Record<'_>> {
    let colon = memchr::memmem::find(&line[..line.len().min(260)], b": ")?;
    let unit = &line[..colon];
    let dot = memchr::memrchr(b'.', unit)?;
    let kind = matches!(
        &unit[dot + 1..],
        b"service"
            | b"socket"
            | b"timer"
            | b"scope"
            | b"slice"
            | b"mount"
            | b"automount"
            | b"target"
            | b"path"
            | b"device"
            | b"swap"
    );
    let name = dot > 0
        && unit
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b':' | b'-' | b'_' | b'.' | b'@' | b'\\'));
    if !kind || !name {
        return None;
    }
    let log = LogLine {
        logger: text(unit),
        program: Some(b"systemd"[..].into()),
        message: line.into(),
        ..LogLine::default()
    };
    Some(words::log(&SYSTEMD, None, log))
}

pub(super) static SUPERVISORD: FormatDef = FormatDef {
    id: "supervisord",
    title: "supervisord's own log",
    product: Product::System,
    kind: Kind::Log,
    anchor: Anchor::Event,
    source: "supervisor/loggers.py (levels of four letters), process.py, supervisord.py",
    samples: &[
        "2026-11-20 10:00:00,123 INFO spawned: 'app' with pid 1234",
        "2026-11-20 10:00:05,456 INFO exited: app (exit status 1; not expected)",
        "2026-11-20 10:00:09,001 CRIT Supervisor is running as root.",
    ],
    parse: supervisord,
};

fn supervisord(line: &[u8]) -> Result<Record<'_>, ParseError> {
    read_supervisord(line).ok_or(ParseError::new(0, "time LEVL event: process"))
}

fn read_supervisord(line: &[u8]) -> Option<Record<'_>> {
    const EVENTS: &[&[u8]] = &[
        b"spawned: ",
        b"exited: ",
        b"success: ",
        b"gave up: ",
        b"stopped: ",
        b"waiting for ",
        b"killing ",
        b"supervisord started with pid ",
        b"RPC interface ",
        b"Set uid to user ",
        b"Supervisor is running",
        b"received SIG",
        b"reaped unknown pid ",
        b"daemonizing the supervisord",
        b"Included extra file ",
        b"spawnerr: ",
        b"captured stdio",
    ];
    let (stamp, rest) = Stamp::iso(line)?;
    let mut c = Cursor::new(rest.strip_prefix(b" ")?);
    let level = c.take(4)?;
    c.eat(b" ")?;
    let own = matches!(level, b"ERRO" | b"DEBG" | b"BLAT" | b"TRAC");
    let shared =
        matches!(level, b"INFO" | b"WARN" | b"CRIT") && EVENTS.iter().any(|e| c.rest().starts_with(e));
    if !own && !shared {
        return None;
    }
    let message = c.rest();
    let spawned = memchr::memmem::find(message, b" with pid ").and_then(|i| pid(&message[i + 10..]));
    let log = LogLine { level: text(level), pid: spawned, message: message.into(), ..LogLine::default() };
    Some(words::log(&SUPERVISORD, Some(stamp), log))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Body;

    #[test]
    fn kernel_lines() {
        let r = kernel(KERNEL.samples[0].as_bytes()).expect("a line");
        assert!(r.stamp.is_none());
        let Body::Log(l) = r.body else { panic!("a message") };
        assert_eq!(&*l.extra[0].1, b"4502.446398");
        assert!(l.message.starts_with(b"gunicorn[26585]: segfault"));
        assert!(kernel(KERNEL.samples[2].as_bytes()).expect("dmesg -T").stamp.is_some());
        for not in ["[1] x", "[1.2] x", "[Fri Nov 20 10:00:00 2026] [error] x", "[pid: 1] x", "error: x"] {
            assert!(kernel(not.as_bytes()).is_err(), "{not}");
        }
    }

    #[test]
    fn audit_records() {
        let r = audit(AUDIT.samples[0].as_bytes()).expect("a record");
        assert_eq!(r.stamp.map(|s| s.to_iso()).as_deref(), Some("2026-11-20T10:00:00.123Z"));
        assert!(matches!(&r.body, Body::Log(l) if l.pid == Some(1210) && l.message.starts_with(b"avc: ")));
    }

    #[test]
    fn units_and_children() {
        let Body::Log(l) = systemd(SYSTEMD.samples[1].as_bytes()).expect("a unit").body else {
            panic!("a message")
        };
        assert_eq!(l.logger.as_deref(), Some(&b"shop@2.service"[..]));
        let Body::Log(l) = supervisord(SUPERVISORD.samples[0].as_bytes()).expect("a child").body else {
            panic!("a message")
        };
        assert_eq!(l.pid, Some(1234));
        assert!(supervisord(b"2026-11-20 10:00:00,123 INFO started").is_err());
    }
}
