//! Less room for response headers than the proxies have by default.

use logjoin::CauseId;
use logjoin_parse::Product;

use super::{ALL, CheckRule, Found};
use crate::{Case, Severity};

pub(super) static RULE: CheckRule = CheckRule {
    id: "small-header-buffer",
    severity: Severity::Warning,
    title: "less room for response headers than the proxy has by default",
    products: ALL,
    needs_logs: false,
    why: "Cookies, security policies and traces fill a few kilobytes; a response whose header does not fit is thrown away and answered with 502.",
    sources: &[
        "nginx: ngx_http_proxy_module, `proxy_buffer_size` (4k or 8k unless set)",
        "httpd: mod_proxy, worker parameter `responsefieldsize` (8192 unless set)",
        "HAProxy: configuration manual 3.2, `tune.bufsize`, `tune.maxrewrite`",
    ],
    find,
};

fn find(case: &Case<'_>, out: &mut Vec<Found>) {
    let least = match case.product() {
        Product::Nginx => 4_096,
        Product::Apache => 8_192,
        _ => 8_192,
    };
    let mut seen = Vec::new();
    for route in &case.config.routes {
        let Some(room) = route.buffers.filter(|room| *room < least) else { continue };
        let place = match case.product() {
            Product::Haproxy => {
                let set = ["tune.bufsize", "tune.maxrewrite"].into_iter().find_map(|name| case.global(name));
                set.map_or(&route.place, |setting| &setting.place)
            }
            _ => &route.place,
        };
        if seen.contains(&place) {
            continue;
        }
        seen.push(place);
        let fix = match case.product() {
            Product::Nginx => "proxy_buffer_size 16k;\nproxy_buffers 8 16k;",
            Product::Haproxy => "tune.bufsize 32768 (in `global`, and `tune.maxrewrite` as it is by default)",
            _ => "responsefieldsize=16384",
        };
        let failures = case
            .config
            .pool(&route.target)
            .map_or(0, |pool| case.failures_of(pool, &[CauseId::HeaderTooLarge]));
        out.push(
            Found::new(place, format!("{room} bytes for response headers; less than {least}"), fix)
                .touched(failures),
        );
    }
}
