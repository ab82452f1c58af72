//! Upgraded connections under the limits of requests.

use logjoin_parse::Product;

use super::{ALL, CheckRule, Found};
use crate::case::span;
use crate::{Case, Severity};

pub(super) static RULE: CheckRule = CheckRule {
    id: "tunnel-timeout",
    severity: Severity::Advice,
    title: "WebSockets are closed after a minute of silence",
    products: ALL,
    needs_logs: false,
    why: "After an upgrade the limit between two reads holds for the whole connection: a quiet WebSocket is cut, and all clients come back at once.",
    sources: &[
        "nginx: \"WebSocket proxying\"; ngx_http_proxy_module, `proxy_read_timeout`",
        "httpd: mod_proxy_wstunnel; mod_proxy_http, `upgrade=websocket`",
        "HAProxy: configuration manual 4.2, `timeout tunnel`",
    ],
    find,
};

/// Most applications send a sign of life every half minute to two minutes.
const SHORT_MS: u64 = 120_000;

fn find(case: &Case<'_>, out: &mut Vec<Found>) {
    for route in &case.config.routes {
        let limit = match case.product() {
            Product::Nginx => {
                let upgrades = case.named("proxy_set_header").any(|header| {
                    route.scope.starts_with(&header.scope)
                        && header.scope.len() + 1 >= route.scope.len()
                        && header.args.first().is_some_and(|name| name.eq_ignore_ascii_case("upgrade"))
                        && header.place.file == route.place.file
                        && (header.scope != route.scope || header.place.line.abs_diff(route.place.line) < 20)
                });
                upgrades.then_some(route.timeouts.with_defaults(Product::Nginx).read_ms).flatten()
            }
            Product::Haproxy => {
                let asks = route.path.to_ascii_lowercase();
                let named =
                    asks.contains("websocket") || asks.contains("is_ws") || asks.contains("hdr(upgrade)");
                let set = route.timeouts.tunnel_ms.is_some();
                (named && !set).then_some(route.timeouts.read_ms).flatten()
            }
            _ => {
                let written = case.written(&route.place);
                let upgrade = written.is_some_and(|s| {
                    s.args.iter().any(|word| word.to_ascii_lowercase().starts_with("upgrade="))
                });
                let upgraded = matches!(route.scheme.as_str(), "ws" | "wss") || upgrade;
                upgraded.then_some(route.timeouts.with_defaults(Product::Apache).read_ms).flatten()
            }
        };
        let Some(limit) = limit.filter(|limit| *limit < SHORT_MS) else { continue };
        let fix = match case.product() {
            Product::Nginx => "proxy_read_timeout 1h; in the location of the WebSockets",
            Product::Haproxy => "timeout tunnel 1h",
            _ => "timeout=3600 on the ProxyPass line of the WebSockets",
        };
        out.push(Found::new(
            &route.place,
            format!("WebSockets to `{}` end after {} of silence", route.target, span(limit)),
            fix,
        ));
    }
}
