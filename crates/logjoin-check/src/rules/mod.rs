//! The table of rules: what in a configuration costs availability, and what to write instead.
//!
//! A rule is a pure function of a [`Case`]. To add one:
//!
//! 1. write `rules/<id>.rs` with a `pub(super) static RULE: CheckRule`;
//! 2. add `mod` and the entry in [`RULES`] below;
//! 3. give it files under `fixtures/check/<id>/`: for each proxy that it knows one in which it fires (`fire-nginx.conf`) and
//!    one that looks alike and is right (`near-nginx.conf`); what the logs would say stands beside, in `*.failures`.

mod connection_limits;
mod duplicate_server;
mod eager_health_check;
mod eager_max_fails;
mod fixed_address;
mod fragile_resolver;
mod header_too_large;
mod inverted_timeouts;
mod keepalive_not_used;
mod keepalive_outlives_backend;
mod log_fields;
mod log_off;
mod long_fail_timeout;
mod missing_resolver;
mod missing_timeout;
mod moved_port;
mod name_not_resolved;
mod no_health_check;
mod no_retry;
mod no_servers;
mod only_server_taken_out;
mod own_listener;
mod queue_timeout;
mod shallow_health_check;
mod single_server;
mod slow_failover;
mod slow_health_check;
mod small_header_buffer;
mod socket_in_tmp;
mod socket_outside_chroot;
mod socket_permission;
mod timeout_too_short;
mod tunnel_timeout;
mod unreachable_address;
mod unsafe_retry;
mod wrong_port;
mod wrong_protocol;

use logjoin_config::Place;
use logjoin_parse::Product;

use crate::{Case, Severity};

/// nginx, httpd and HAProxy.
const ALL: &[Product] = &[Product::Nginx, Product::Apache, Product::Haproxy];

/// One rule.
pub struct CheckRule {
    /// Id, kebab-case.
    pub id: &'static str,
    /// How severe its findings are unless one says otherwise.
    pub severity: Severity,
    /// What it finds, a few words.
    pub title: &'static str,
    /// The proxies that it knows.
    pub products: &'static [Product],
    /// Whether only logs can prove it.
    pub needs_logs: bool,
    /// Why it matters, one or two sentences.
    pub why: &'static str,
    /// Manual sections and source files of the proxies that it rests on.
    pub sources: &'static [&'static str],
    /// The rule.
    pub find: fn(&Case<'_>, &mut Vec<Found>),
}

/// What a rule says of one place.
#[derive(Debug, Clone)]
pub struct Found {
    /// Where.
    pub place: Place,
    /// What stands there.
    pub message: String,
    /// What to write.
    pub fix: String,
    /// Another severity than the rule's.
    pub severity: Option<Severity>,
    /// Failed requests that it touched.
    pub failures: Option<u64>,
}

impl Found {
    /// A finding of the rule's severity that touched nothing known.
    pub fn new(place: &Place, message: impl Into<String>, fix: impl Into<String>) -> Found {
        Found {
            place: place.clone(),
            message: message.into(),
            fix: fix.into(),
            severity: None,
            failures: None,
        }
    }

    /// With another severity.
    pub fn severity(mut self, severity: Severity) -> Found {
        self.severity = Some(severity);
        self
    }

    /// With the number of failed requests that it touched.
    pub fn touched(mut self, failures: u64) -> Found {
        self.failures = Some(failures);
        self
    }
}

/// All rules; of findings at one place the order is this.
pub static RULES: &[&CheckRule] = &[
    &no_servers::RULE,
    &single_server::RULE,
    &duplicate_server::RULE,
    &own_listener::RULE,
    &unreachable_address::RULE,
    &wrong_port::RULE,
    &moved_port::RULE,
    &wrong_protocol::RULE,
    &socket_permission::RULE,
    &socket_in_tmp::RULE,
    &socket_outside_chroot::RULE,
    &missing_resolver::RULE,
    &fixed_address::RULE,
    &fragile_resolver::RULE,
    &name_not_resolved::RULE,
    &missing_timeout::RULE,
    &inverted_timeouts::RULE,
    &timeout_too_short::RULE,
    &slow_failover::RULE,
    &tunnel_timeout::RULE,
    &queue_timeout::RULE,
    &keepalive_outlives_backend::RULE,
    &keepalive_not_used::RULE,
    &no_health_check::RULE,
    &shallow_health_check::RULE,
    &slow_health_check::RULE,
    &eager_health_check::RULE,
    &only_server_taken_out::RULE,
    &long_fail_timeout::RULE,
    &eager_max_fails::RULE,
    &unsafe_retry::RULE,
    &no_retry::RULE,
    &header_too_large::RULE,
    &small_header_buffer::RULE,
    &connection_limits::RULE,
    &log_fields::RULE,
    &log_off::RULE,
];

/// The rule of that id.
pub fn rule(id: &str) -> Option<&'static CheckRule> {
    RULES.iter().copied().find(|rule| rule.id == id)
}
