//! One server listed twice in a group.

use std::collections::BTreeMap;

use super::{ALL, CheckRule, Found};
use crate::{Case, Severity};

pub(super) static RULE: CheckRule = CheckRule {
    id: "duplicate-server",
    severity: Severity::Warning,
    title: "the same server twice in one group",
    products: ALL,
    needs_logs: false,
    why: "It gets two shares of the load and two chances to fail, and a retry on the next server asks the same one again.",
    sources: &[
        "nginx: ngx_http_upstream_module, `server`",
        "httpd: mod_proxy_balancer, BalancerMember",
        "HAProxy: configuration manual 4.2, `server`",
    ],
    find,
};

fn find(case: &Case<'_>, out: &mut Vec<Found>) {
    for pool in &case.config.pools {
        let mut seen: BTreeMap<String, &logjoin_config::Server> = BTreeMap::new();
        for server in &pool.servers {
            // Where the port or host is a variable, the two may differ; a `server-template` makes many of one name.
            if server.address.contains(['$', '%']) || server.disabled {
                continue;
            }
            let Some(first) = seen.insert(server.address.to_ascii_lowercase(), server) else { continue };
            if first.place != server.place && first.backup == server.backup {
                let message =
                    format!("`{}` has {} already on line {}", pool.name, server.address, first.place.line);
                let fix = "remove one of the two; to give a server more of the load, raise its weight";
                out.push(Found::new(&server.place, message, fix));
            }
        }
    }
}
