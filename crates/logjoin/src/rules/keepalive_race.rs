//! The backend closes an idle kept connection just as the proxy uses it again: no line of the backend, no sign of trouble there, the
//! connection closed at once or after one round trip.

use logjoin_parse::Product;

use super::backend_crash::worker_replaced;
use super::{Rule, Verdict};
use crate::scene::{Case, SECOND};
use crate::signals::Meaning;
use crate::vocabulary::{CauseId, Mechanism};

pub(super) static RULE: Rule = Rule {
    cause: CauseId::KeepaliveRace,
    seen_as: &[Mechanism::ClosedBeforeHeaders],
    needs: "a quick close on a kept connection, rare, with no line of the backend and no trouble near",
    refuted_by: "a line of the backend about this request, or the same failure on fresh connections",
    judge,
};

/// The close crosses the request on the wire: one round trip, and no handler.
const ROUND_TRIP: i64 = SECOND / 2;

/// Races at one server within ten seconds to either side: each is an accident of a few milliseconds.
const FEW: usize = 4;

/// Whether this connection can have been kept open at all. The uwsgi and SCGI protocols end it with each response, FastCGI too
/// unless asked not to (nginx `fastcgi_keep_conn`, httpd `enablereuse`); to servers of HTTP, nginx keeps none unless `keepalive`
/// (since 1.29.7 on by default) or its version of the protocol says so.
fn may_be_kept(case: &Case<'_>) -> bool {
    let scene = case.scene;
    let product = scene.plan.instances[case.proxy].product;
    let configs: Vec<_> =
        scene.plan.configs.iter().filter(|c| c.config.product == product).map(|c| &c.config).collect();
    let asked =
        |says: &dyn Fn(&logjoin_config::Setting) -> bool| configs.iter().flat_map(|c| &c.settings).any(says);
    let is_on =
        |s: &logjoin_config::Setting, name: &str| s.name.eq_ignore_ascii_case(name) && s.value != "off";
    let errors = || case.f.errors.iter().map(|e| &scene.world.errors[*e].e);
    let speaks = |scheme: &str| errors().filter_map(|e| e.upstream.as_deref()).any(|u| u.starts_with(scheme));
    if speaks("uwsgi://") || speaks("scgi://") || speaks("suwsgi://") {
        return false;
    }
    // `mod_proxy_fcgi.c`: its own ids for what goes wrong after connecting.
    let fcgi_ids = ["AH01067", "AH01068", "AH01069", "AH01070", "AH01073", "AH01074", "AH01075"];
    if speaks("fastcgi://") {
        return asked(&|s| is_on(s, "fastcgi_keep_conn"));
    }
    if errors().any(|e| e.code.as_deref().is_some_and(|c| fcgi_ids.contains(&c))) {
        return asked(&|s| s.value.to_ascii_lowercase().contains("enablereuse=on"));
    }
    if product == Product::Nginx && !configs.is_empty() {
        let in_upstream = |s: &logjoin_config::Setting| s.scope.iter().any(|b| b.starts_with("upstream"));
        return asked(&|s| s.name == "keepalive" && in_upstream(s) || s.name == "proxy_http_version");
    }
    true
}

fn judge(case: &Case<'_>) -> Option<Verdict> {
    if case.mechanism != Mechanism::ClosedBeforeHeaders || !case.join.lines.is_empty() {
        return None;
    }
    let trouble = [
        Meaning::Crash,
        Meaning::OomKill,
        Meaning::WorkerTimeout,
        Meaning::StopRequested,
        Meaning::ProcessStopped,
        Meaning::ProcessStarting,
        Meaning::KilledBySupervisor,
        Meaning::RequestException,
        Meaning::FdExhausted,
    ];
    let instance = case.instance?;
    if !case.near(&trouble, 3 * SECOND, 3 * SECOND).is_empty() {
        return None;
    }
    if worker_replaced(case).is_some() {
        return None;
    }
    let last = case.f.tries.last()?;
    let connect = last.logged.connect_us;
    let took = last
        .logged
        .response_us
        .map(|u| u * 1000)
        .or_else(|| case.f.has_start.then_some(case.end - case.start));
    let reused = connect.is_none_or(|c| c <= 1_000);
    let quick = took.is_none_or(|t| t <= ROUND_TRIP);
    let healthy = case.scene.served(instance, case.start - 20 * SECOND, case.end + 20 * SECOND) > 0;
    // A race is lost now and then; what happens to most requests is none.
    let around = 10 * SECOND;
    let same = case.fellows(case.mechanism, around, around).count() + 1;
    let rare = same <= FEW && same < case.scene.served(instance, case.start - around, case.end + around);
    (reused && quick && healthy && rare && may_be_kept(case)).then(|| {
        let confidence = if connect.is_some() { 0.85 } else { 0.75 };
        Verdict::new(CauseId::KeepaliveRace, confidence)
            .by_exclusion()
            .own(case, "a connection that was kept open closed as it was used again; the backend never saw the request and is well")
    })
}
