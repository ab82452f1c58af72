//! A socket that the proxy may not open.

use logjoin::CauseId;
use logjoin_parse::Product;

use super::{ALL, CheckRule, Found};
use crate::{Case, Severity};

pub(super) static RULE: CheckRule = CheckRule {
    id: "socket-permission",
    severity: Severity::Error,
    title: "a socket that the proxy was not allowed to open",
    products: ALL,
    needs_logs: true,
    why: "To connect to a Unix socket the proxy's user needs the right to write to it and to search every folder above it; a security policy may also forbid connections to ports.",
    sources: &[
        "unix(7), \"Pathname socket ownership and permissions\"",
        "php-fpm.conf, `listen.owner`, `listen.group`, `listen.mode`",
        "systemd.socket(5), SocketMode=",
    ],
    find,
};

fn find(case: &Case<'_>, out: &mut Vec<Found>) {
    let user = match case.product() {
        Product::Nginx | Product::Haproxy | Product::Apache => {
            case.named("user").last().and_then(|s| s.args.first())
        }
        _ => None,
    };
    let user = user.map_or("the proxy's user", String::as_str);
    for server in case.config.pools.iter().flat_map(|pool| &pool.servers) {
        let failures = case.failures_at(server, &[CauseId::PermissionDenied]);
        if failures == 0 {
            continue;
        }
        let message = format!("{}: permission denied to {user}", server.address);
        let fix = match server.address.strip_prefix("unix:") {
            Some(path) => format!(
                "on the backend: `listen.owner`, `listen.group` and `listen.mode = 0660` (PHP-FPM), `--umask 007` (gunicorn), \
                 `chmod-socket = 660` (uWSGI), SocketMode= and SocketGroup= (systemd), so that {user} may write to {path} \
                 and enter its folder"
            ),
            None => "allow it in the security policy: `setsebool -P httpd_can_network_connect on` (SELinux), or the AppArmor profile".to_owned(),
        };
        out.push(Found::new(&server.place, message, fix).touched(failures));
    }
}
