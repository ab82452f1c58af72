//! The proxy may not open the backend's socket: file mode or owner of a unix socket, SELinux, AppArmor.
//! Errno 13 on connect (`connect(2)`); nginx logs it at `crit`, httpd in `AH02454` or `AH00957`.

use super::{Rule, Verdict};
use crate::scene::{Case, SECOND};
use crate::signals::Meaning;
use crate::vocabulary::{CauseId, Mechanism};

pub(super) static RULE: Rule = Rule {
    cause: CauseId::PermissionDenied,
    seen_as: &[Mechanism::Permission, Mechanism::ConnectFailed],
    needs: "a denial in the proxy's own line, or another proxy denied at the same server",
    refuted_by: "the proxy's user opens the socket by hand",
    judge,
};

fn judge(case: &Case<'_>) -> Option<Verdict> {
    let denied: Vec<_> = case.near(&[Meaning::PermissionDenied], 5 * SECOND, 5 * SECOND);
    if case.mechanism == Mechanism::Permission {
        // EPERM is a local packet filter's answer, not a file's.
        let is_filter = case.f.errors.iter().any(|e| case.scene.world.errors[*e].e.os_code == Some(1));
        let cause = if is_filter { CauseId::FirewallReject } else { CauseId::PermissionDenied };
        let v = Verdict::new(cause, 0.97)
            .own(case, "the connection was refused by a local policy or a file mode");
        return Some(if denied.is_empty() { v } else { v.signs("the system logged the denial", &denied) });
    }
    // HAProxy does not say why a connection failed; another proxy at the same server may.
    let fellow = case.mechanism == Mechanism::ConnectFailed
        && case.fellows(Mechanism::Permission, 5 * SECOND, 5 * SECOND).next().is_some();
    fellow.then(|| {
        Verdict::new(CauseId::PermissionDenied, 0.85)
            .own(case, "another proxy was denied the same socket at the same time")
    })
}
