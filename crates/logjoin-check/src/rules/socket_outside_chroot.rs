//! HAProxy in a jail, the socket outside.

use logjoin::CauseId;
use logjoin_parse::Product;

use super::{CheckRule, Found};
use crate::{Case, Severity};

pub(super) static RULE: CheckRule = CheckRule {
    id: "socket-outside-chroot",
    severity: Severity::Warning,
    title: "a server's socket that cannot be reached from within `chroot`",
    products: &[Product::Haproxy],
    needs_logs: false,
    why: "After `chroot` the path is looked up below the jail: unless the socket is made there too, each connection fails with \"No such file or directory\".",
    sources: &["HAProxy: configuration manual 3.1, `chroot`; 4.2, `server`, `unix@`"],
    find,
};

fn find(case: &Case<'_>, out: &mut Vec<Found>) {
    let Some(chroot) = case.global("chroot").map(|setting| setting.value.as_str()) else { return };
    for server in case.config.pools.iter().flat_map(|pool| &pool.servers) {
        let Some(path) = server.address.strip_prefix("unix:") else { continue };
        // A short path may be meant to be within; one below a system folder is the one that the backend made.
        let outside =
            ["/run/", "/var/", "/tmp/", "/srv/", "/opt/", "/home/"].iter().any(|top| path.starts_with(top));
        if outside {
            let message = format!("{path} is looked up as {}{path}", chroot.trim_end_matches('/'));
            let fix = format!(
                "let the backend listen on {}/app.sock and write `server NAME unix@/app.sock`",
                chroot.trim_end_matches('/')
            );
            let failures = case.failures_at(server, &[CauseId::BackendDown, CauseId::PermissionDenied]);
            out.push(Found::new(&server.place, message, fix).touched(failures));
        }
    }
}
