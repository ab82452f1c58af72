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
            let failures = case.failures_at(server, &[CauseId::WrongProtocol]);
            let message = match conflict(case, pool, server, speaks) {
                Some(message) => message,
                None if failures > 0 => {
                    format!(
                        "{} is sent {} and does not speak it, as the logs show",
                        server.address,
                        speaks.name()
                    )
                }
                None => continue,
            };
            seen.push(place);
            out.push(Found::new(place, message, fix(case.product(), server, speaks)).touched(failures));
        }
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

fn conflict(case: &Case<'_>, pool: &Pool, server: &Server, speaks: Wire) -> Option<String> {
    let address = &server.address;
    if let Some(usual) = usual_of(address).filter(|usual| *usual != speaks && !pool.tcp_mode) {
        let (sent, usual) = (speaks.name(), usual.name());
        return Some(format!("{address} is sent {sent}; what listens there usually speaks {usual}"));
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
        format!(
            "{address} is sent {here} here and {there} on line {}: one server speaks one of them",
            place.line
        )
    })
}

/// What an address gives away: well-known ports, and names of PHP's sockets.
fn usual_of(address: &str) -> Option<Wire> {
    if let Some(path) = address.strip_prefix("unix:") {
        let file = path.rsplit('/').next().unwrap_or(path);
        return (file.contains("fpm") || file.contains("php")).then_some(Wire::FastCgi);
    }
    match port(address)? {
        80 | 8080 => Some(Wire::Http),
        443 | 8443 => Some(Wire::Tls),
        8009 => Some(Wire::Ajp),
        _ => None,
    }
}

fn fix(product: Product, server: &Server, speaks: Wire) -> String {
    let address = &server.address;
    let to = usual_of(address).filter(|usual| *usual != speaks);
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
        _ => "the protocol of the server; `curl -v` sent to the address shows which it is".to_owned(),
    }
}
