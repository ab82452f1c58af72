//! Sockets in folders that services see each their own of.

use logjoin::CauseId;

use super::{ALL, CheckRule, Found};
use crate::{Case, Severity};

pub(super) static RULE: CheckRule = CheckRule {
    id: "socket-in-tmp",
    severity: Severity::Warning,
    title: "a socket in /tmp or /var/tmp",
    products: ALL,
    needs_logs: false,
    why: "A service with PrivateTmp has a /tmp of its own, so that the proxy and the backend see different files; and what lies there is removed after some days.",
    sources: &["systemd.exec(5), PrivateTmp=", "tmpfiles.d(5)"],
    find,
};

fn find(case: &Case<'_>, out: &mut Vec<Found>) {
    for server in case.config.pools.iter().flat_map(|pool| &pool.servers) {
        let path = server.address.strip_prefix("unix:").unwrap_or("");
        if path.starts_with("/tmp/") || path.starts_with("/var/tmp/") {
            let file = path.rsplit('/').next().unwrap_or(path);
            let fix = format!(
                "a folder below /run that both may enter: unix:/run/app/{file}, with RuntimeDirectory=app in the backend's unit"
            );
            let failures = case.failures_at(server, &[CauseId::PermissionDenied, CauseId::BackendDown]);
            out.push(
                Found::new(&server.place, format!("{path} is in a temporary folder"), fix).touched(failures),
            );
        }
    }
}
