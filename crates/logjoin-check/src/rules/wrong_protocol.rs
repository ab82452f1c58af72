//! The proxy and the server speak different protocols.

use logjoin::CauseId;
use logjoin_config::{Pool, Route, Server};
use logjoin_parse::Product;

use super::{ALL, CheckRule, Found};
use crate::case::port;
use crate::{Case, Severity};

pub(super) static RULE: CheckRule = CheckRule {
    id: "wrong-protocol",
    severity: Severity::Error,
    title: "the protocol does not fit the port, the socket or the rest of the configuration",
    products: ALL,
    needs_logs: false,
    why: "TLS sent to a plain port, HTTP sent to a FastCGI server, or the reverse, ends in a handshake error, a reset or an answer that is no HTTP: a 502 for each request.",
    sources: &[
        "nginx: ngx_http_proxy_module, `proxy_pass`; ngx_http_fastcgi_module, `fastcgi_pass`; ngx_http_grpc_module, `grpc_pass`",
        "httpd: mod_proxy_http, mod_proxy_fcgi, mod_proxy_ajp, mod_proxy_http2",
        "HAProxy: configuration manual 5.2, `ssl`, `proto`, `alpn`",
        "IANA service names and ports",
    ],
    find,
};

/// Protocols that have nothing to do with each other on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wire {
    Http,
    Tls,
    FastCgi,
    Uwsgi,
    Scgi,
    Ajp,
}

impl Wire {
    fn name(self) -> &'static str {
        match self {
            Wire::Http => "plain HTTP",
            Wire::Tls => "TLS",
            Wire::FastCgi => "FastCGI",
            Wire::Uwsgi => "uwsgi",
            Wire::Scgi => "SCGI",
            Wire::Ajp => "AJP",
        }
    }
}

fn find(case: &Case<'_>, out: &mut Vec<Found>) {
    let mut seen = Vec::new();
    let mut found: Vec<(&String, Found)> = Vec::new();
    for (pool, routes) in case.used_pools() {
        for (route, server) in
            routes.iter().flat_map(|route| pool.servers.iter().map(move |server| (*route, server)))
        {
            let Some(speaks) = wire(case.product(), pool, route, server).filter(|_| !server.disabled) else {
                continue;
            };
            let place = if pool.anonymous { &route.place } else { &server.place };
            if seen.contains(&place) {
                continue;
            }
            let causes = causes(case, pool, server, speaks);
            // Two ways to one address without a group share all but the way.
            let failures = match pool.anonymous && routes.len() > 1 {
                true => case.failures_on(route, causes),
                false => case.failures_at(server, causes),
            };
            let (message, severity) = match conflict(case, pool, server, speaks) {
                Some((message, severity)) if failures == 0 => (message, severity),
                Some((message, _)) => (message, Severity::Error),
                None if failures > 0 => {
                    let sent = speaks.name();
                    let message =
                        format!("{} is sent {sent} and does not speak it, as the logs show", server.address);
                    (message, Severity::Error)
                }
                None => continue,
            };
            seen.push(place);
            let finding = Found::new(place, message, fix(case.product(), server, speaks));
            found.push((&server.address, finding.touched(failures).severity(severity)));
        }
    }
    // Of two ways that contradict each other, the logs may tell which one is wrong.
    let proved: Vec<&String> =
        found.iter().filter(|(_, f)| f.failures > Some(0)).map(|(at, _)| *at).collect();
    let stands = |(at, f): &(&String, Found)| f.failures > Some(0) || !proved.contains(at);
    out.extend(found.into_iter().filter(stands).map(|(_, finding)| finding));
}

/// Causes of failures that speak for a mismatch here.
fn causes(case: &Case<'_>, pool: &Pool, server: &Server, speaks: Wire) -> &'static [CauseId] {
    match speaks {
        // HAProxy logs a failed handshake like any other connection that did not come about.
        Wire::Tls if case.never_served(pool, server) => {
            &[CauseId::WrongProtocol, CauseId::TlsFailure, CauseId::Unknown]
        }
        Wire::Tls => &[CauseId::WrongProtocol, CauseId::TlsFailure],
        _ => &[CauseId::WrongProtocol],
    }
}

/// What goes over the wire to the server on this way. `None` for what is passed on as it comes.
fn wire(product: Product, pool: &Pool, route: &Route, server: &Server) -> Option<Wire> {
    // Without a group the route alone says it; two ways to one address may differ.
    let scheme = if pool.anonymous { None } else { server.scheme.as_deref() };
    if server.tls && !pool.anonymous {
        return Some(Wire::Tls);
    }
    match scheme.unwrap_or(&route.scheme) {
        "http" | "ws" | "h2c" | "grpc" => Some(Wire::Http),
        "https" | "wss" | "grpcs" => Some(Wire::Tls),
        // httpd's `h2://` means TLS; HAProxy's `proto h2` without `ssl` does not.
        "h2" if product == Product::Apache => Some(Wire::Tls),
        "h2" => Some(Wire::Http),
        "fcgi" | "fastcgi" => Some(Wire::FastCgi),
        "uwsgi" => Some(Wire::Uwsgi),
        "scgi" => Some(Wire::Scgi),
        "ajp" => Some(Wire::Ajp),
        _ => None,
    }
}

fn conflict(case: &Case<'_>, pool: &Pool, server: &Server, speaks: Wire) -> Option<(String, Severity)> {
    let address = &server.address;
    if let Some((usual, severity)) = usual_of(address, speaks).filter(|_| !pool.tcp_mode) {
        let (sent, usual) = (speaks.name(), usual.name());
        return Some((
            format!("{address} is sent {sent}; what listens there usually speaks {usual}"),
            severity,
        ));
    }
    // The same address on another way, with another protocol: one of the two is wrong.
    let other = case.config.routes.iter().find_map(|route| {
        let to = case.config.pool(&route.target).filter(|to| !to.tcp_mode)?;
        let same = to.servers.iter().find(|other| other.address.eq_ignore_ascii_case(address))?;
        let wire = wire(case.product(), to, route, same).filter(|wire| *wire != speaks)?;
        Some((wire, &route.place))
    });
    other.map(|(wire, place)| {
        let (here, there) = (speaks.name(), wire.name());
        let line = place.line;
        let message = format!(
            "{address} is sent {here} here and {there} on line {line}: one server speaks one of them"
        );
        (message, Severity::Error)
    })
}

/// What an address gives away, and how surely: well-known ports, and names of PHP's sockets.
fn usual_of(address: &str, speaks: Wire) -> Option<(Wire, Severity)> {
    if let Some(path) = address.strip_prefix("unix:") {
        let file = path.rsplit('/').next().unwrap_or(path);
        let is_php = file.contains("fpm") || file.contains("php");
        return (is_php && matches!(speaks, Wire::Http | Wire::Tls))
            .then_some((Wire::FastCgi, Severity::Error));
    }
    match (port(address)?, speaks) {
        (80, Wire::Tls) => Some((Wire::Http, Severity::Error)),
        (443, Wire::Http) => Some((Wire::Tls, Severity::Error)),
        (8_080, Wire::Tls) => Some((Wire::Http, Severity::Warning)),
        (8_443, Wire::Http) => Some((Wire::Tls, Severity::Warning)),
        (8_009, Wire::Http) => Some((Wire::Ajp, Severity::Warning)),
        (80, Wire::FastCgi | Wire::Uwsgi | Wire::Scgi | Wire::Ajp) => Some((Wire::Http, Severity::Warning)),
        (443, Wire::FastCgi | Wire::Uwsgi | Wire::Scgi | Wire::Ajp) => Some((Wire::Tls, Severity::Warning)),
        _ => None,
    }
}

fn fix(product: Product, server: &Server, speaks: Wire) -> String {
    let address = &server.address;
    let to = usual_of(address, speaks).map(|(usual, _)| usual);
    match (product, to) {
        (Product::Nginx, Some(Wire::FastCgi)) => format!("fastcgi_pass {address};"),
        (Product::Nginx, Some(Wire::Tls)) => format!("proxy_pass https://{address};"),
        (Product::Nginx, Some(Wire::Http)) => format!("proxy_pass http://{address};"),
        (Product::Apache, Some(Wire::FastCgi)) => {
            format!("SetHandler \"proxy:{}|fcgi://localhost\"", address)
        }
        (Product::Apache, Some(Wire::Tls)) => format!("SSLProxyEngine on\nProxyPass / https://{address}/"),
        (Product::Apache, Some(Wire::Http)) => format!("ProxyPass / http://{address}/"),
        (Product::Apache, Some(Wire::Ajp)) => format!("ProxyPass / ajp://{address}/"),
        (Product::Haproxy, Some(Wire::Tls)) => {
            "server ... ssl verify required ca-file ca-certificates.crt sni req.hdr(host)".to_owned()
        }
        (Product::Haproxy, Some(Wire::Http)) => {
            "the `server` line without `ssl`, or the port on which the server speaks TLS".to_owned()
        }
        (Product::Haproxy, Some(Wire::FastCgi)) => {
            "use-fcgi-app APP in the backend, and `proto fcgi` on the server".to_owned()
        }
        (Product::Nginx, None) if speaks == Wire::Tls => format!("proxy_pass http://{address};"),
        (Product::Haproxy, None) if speaks == Wire::Tls => {
            format!("server {} {address} (without `ssl`)", server.name.as_deref().unwrap_or("NAME"))
        }
        (Product::Apache, None) if speaks == Wire::Tls => format!("ProxyPass / http://{address}/"),
        _ => "the protocol of the server; `curl -v` sent to the address shows which it is".to_owned(),
    }
}
