//! Step five: one connection kept over idle gaps, as a proxy keeps its connections to a backend.
//!
//! While it rests, the probe reads: so it learns the moment at which the backend closes, instead of meeting it with a
//! request, which is how a proxy learns.

use std::io::Read;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use logjoin::Mechanism;

use crate::connect::connect;
use crate::http::{Shape, ask};
use crate::report::KeepaliveStep;
use crate::tls::handshake;
use crate::url::Target;
use crate::wire::{Timed, Wire};

/// Keeps a connection and reuses it after each gap.
pub(crate) fn keep(
    shape: &Shape<'_>,
    target: &Target,
    address: SocketAddr,
    name: &str,
) -> Option<KeepaliveStep> {
    let mut step = KeepaliveStep {
        address: address.to_string(),
        promised: None,
        outcome: "kept".to_owned(),
        reused_after_s: Vec::new(),
        closed_after_s: None,
        error: None,
    };
    let deadline = shape.deadline();
    let (_, stream) = connect(address, false, deadline);
    let mut wire = if target.tls {
        handshake(stream?, &shape.tls_name(target), &shape.trust, deadline).1?
    } else {
        Wire::Plain(Timed { stream: stream?, deadline })
    };
    wire.set_deadline(shape.deadline());
    let first =
        ask(&mut wire, &shape.request(target, &format!("{name}-keep-0"), true), &shape.options.method);
    if first.mechanism != Some(Mechanism::FromBackend) {
        // The requests before have told of that.
        return None;
    }
    step.promised = first.header("keep-alive").map(str::to_owned);
    if !first.reusable {
        step.outcome = "not-offered".to_owned();
        return Some(step);
    }
    for (i, gap) in shape.options.idle_gaps.iter().enumerate() {
        if !gap.is_zero()
            && let Some((after, error)) = watch(&mut wire, shape.end.min(Instant::now() + *gap))
        {
            step.outcome = "closed-while-idle".to_owned();
            step.closed_after_s = Some(after.as_secs_f64());
            step.error = error;
            return Some(step);
        }
        if Instant::now() >= shape.end {
            return Some(step);
        }
        wire.set_deadline(shape.deadline());
        let request = shape.request(target, &format!("{name}-keep-{}", i + 1), true);
        let answer = ask(&mut wire, &request, &shape.options.method);
        match answer.mechanism {
            Some(Mechanism::FromBackend) => step.reused_after_s.push(gap.as_secs_f64()),
            _ => {
                step.outcome = "failed-on-reuse".to_owned();
                step.closed_after_s = Some(gap.as_secs_f64());
                step.error = answer.error;
                return Some(step);
            }
        }
        if !answer.reusable {
            // It said so beforehand: no race.
            return Some(step);
        }
    }
    Some(step)
}

/// Waits, and says when the peer closed, or spoke without being asked (HAProxy and Go announce a timeout with a 408).
fn watch(wire: &mut Wire, until: Instant) -> Option<(Duration, Option<String>)> {
    let began = Instant::now();
    wire.set_deadline(until);
    let mut byte = [0; 64];
    match wire.read(&mut byte) {
        Ok(0) => Some((began.elapsed(), None)),
        Ok(n) => {
            let said = String::from_utf8_lossy(&byte[..n]).into_owned();
            Some((began.elapsed(), Some(format!("spoke without being asked: {said}"))))
        }
        Err(e) if e.kind() == std::io::ErrorKind::TimedOut => None,
        Err(e) => Some((began.elapsed(), Some(e.to_string()))),
    }
}
