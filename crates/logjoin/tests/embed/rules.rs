//! Rules of the caller's own, beside the built-in ones.

use std::time::Duration;

use logjoin::parse::Product;
use logjoin::rule::{Failed, Rule, Verdict};
use logjoin::signals::Meaning;
use logjoin::{Analysis, CauseId, Mechanism, Options, Pattern, analyze};

const NEAR: Duration = Duration::from_secs(5);

/// Ten requests to one server; the second half of them is cut off, each beside a message of the application.
fn files(message: &str) -> [(&'static str, String); 4] {
    let (mut access, mut error, mut app, mut served) =
        (String::new(), String::new(), String::new(), String::new());
    for s in 10..20 {
        let (status, bytes) = if s < 15 { (200, 512) } else { (502, 150) };
        access += &format!(
            "192.0.2.1 - - [21/Nov/2026:02:47:{s} +0000] \"GET /cart/{s} HTTP/1.1\" {status} {bytes} \"-\" \"curl\"\n"
        );
        if s < 15 {
            served += &format!(
                "10.0.0.9 - - [21/Nov/2026:02:47:{s} +0000] \"GET /cart/{s} HTTP/1.0\" 200 512 \"-\" \"curl\"\n"
            );
        } else {
            error += &format!(
                "2026/11/21 02:47:{s} [error] 7#7: *{s} upstream prematurely closed connection while reading response header from \
                 upstream, client: 192.0.2.1, server: x, request: \"GET /cart/{s} HTTP/1.1\", upstream: \
                 \"http://10.0.0.1:80/cart/{s}\", host: \"x\"\n"
            );
            app += &format!("2026-11-21T02:47:{s}Z ERROR {message}\n");
        }
    }
    [("web/access.log", access), ("web/error.log", error), ("app/app.log", app), ("app/access.log", served)]
}

fn analyse(message: &str, rules: Vec<Rule>) -> Analysis {
    let peers = vec![(Pattern::new("app/"), "10.0.0.1:80".to_owned())];
    let mut options = Options { rules, peers, derive: true, ..Options::default() };
    options.roles.push((Pattern::new("web/"), Product::Nginx));
    options.roles.push((Pattern::new("app/"), Product::Backend));
    analyze(files(message), options)
}

fn licence(strength: f64) -> Rule {
    let judge = move |failed: &Failed<'_>| {
        let said = failed.messages(NEAR, NEAR).into_iter();
        let refused: Vec<_> =
            said.filter(|m| m.text().is_some_and(|t| t.contains("no licence left"))).collect();
        let is_refused = !refused.is_empty();
        is_refused.then(|| Verdict::new(strength).because("the application got no licence", refused))
    };
    Rule::new("licence-server", "the licence server refused", judge)
        .seen_as([Mechanism::ClosedBeforeHeaders, Mechanism::Truncated])
        .needs("a refusal of the licence server within 5 s")
        .refuted_by("a request that was served with a licence at that moment")
        .advice("ask for more licences")
}

#[test]
fn a_rule_gives_a_cause_of_its_own() {
    let without = analyse("no licence left, giving up", Vec::new());
    assert_eq!(without.totals.failures, 5);
    assert!(without.failures.iter().all(|f| f.cause != CauseId::Custom));
    let a = analyse("no licence left, giving up", vec![licence(0.8)]);
    assert_eq!(a.totals.by_cause, [("custom".to_owned(), 5)].into());
    for f in &a.failures {
        assert_eq!(f.detail.as_deref(), Some("licence-server"));
        assert!(f.cause_lines.iter().any(|l| l.file == "app/app.log"), "{:?}", f.cause_lines);
        // A line names it, the row agrees: surer than the argument by itself.
        assert!(f.confidence > 0.9 && f.confidence <= 0.99, "{}", f.confidence);
    }
    let incident = &a.incidents[0];
    assert!(
        incident.summary.starts_with("5 requests failed (502): the licence server refused at app"),
        "{}",
        incident.summary
    );
    let e = &incident.episodes[0];
    assert_eq!((e.cause, e.detail.as_deref()), (CauseId::Custom, Some("licence-server")));
    assert_eq!(e.advice[0], "ask for more licences");
    assert_eq!(e.refuted_by, "a request that was served with a licence at that moment");
    assert_eq!(e.evidence[0].claim, "the application got no licence");
    assert_eq!(e.evidence[0].count, 5);
}

#[test]
fn it_competes_with_the_built_in_rules() {
    // The built-in rules know what this message means, and are surer than a weak rule.
    let message = "Out of memory: Killed process 7 (app), no licence left";
    let strong = analyse(message, vec![licence(1.0)]);
    let weak = analyse(message, vec![licence(0.4)]);
    let without = analyse(message, Vec::new());
    assert_eq!(strong.failures[0].cause, CauseId::Custom);
    assert!(!strong.failures[0].alternatives.is_empty(), "what the built-in rules say is an alternative");
    assert_eq!(weak.failures[0].cause, without.failures[0].cause);
    assert_ne!(without.failures[0].cause, CauseId::Unknown);
    assert!(weak.failures[0].alternatives.iter().any(|x| x.cause == CauseId::Custom));
}

#[test]
fn it_may_give_a_known_cause() {
    let known = licence(0.9).gives(CauseId::AppError);
    let a = analyse("no licence left", vec![known]);
    assert_eq!(a.totals.by_cause, [("app-error".to_owned(), 5)].into());
    assert_eq!(a.failures[0].detail.as_deref(), Some("licence-server"));
    let advice = &a.incidents[0].episodes[0].advice;
    assert!(advice[0] == "ask for more licences" && advice.len() > 1, "{advice:?}");
}

#[test]
fn two_causes_of_ones_own_are_two_episodes() {
    let is_even = |failed: &Failed<'_>| failed.target().is_some_and(|t| t.ends_with(['6', '8']));
    let even = move |failed: &Failed<'_>| {
        is_even(failed).then(|| Verdict::new(0.9).because("its number is even", [failed.line()]))
    };
    let odd = move |failed: &Failed<'_>| {
        (!is_even(failed)).then(|| Verdict::new(0.9).because("its number is odd", [failed.line()]))
    };
    let rules = vec![Rule::new("even", "it is even", even), Rule::new("odd", "it is odd", odd)];
    let a = analyse("oops", rules);
    let mut episodes: Vec<_> = a
        .incidents
        .iter()
        .flat_map(|i| &i.episodes)
        .map(|e| (e.detail.clone().unwrap(), e.failures))
        .collect();
    episodes.sort();
    assert_eq!(episodes, [("even".to_owned(), 2), ("odd".to_owned(), 3)]);
}

#[test]
fn explanations_name_it() {
    let a = analyse("no licence left", vec![licence(0.8), licence(0.8).seen_as([Mechanism::Dns])]);
    let own: Vec<_> = a.derivations[0].rules.iter().filter(|r| r.own.is_some()).collect();
    assert_eq!(own.len(), 2);
    assert_eq!((own[0].own.as_deref(), own[0].fired), (Some("licence-server"), Some(CauseId::Custom)));
    assert_eq!(own[0].why, "the application got no licence");
    assert_eq!(
        (own[1].fired, own[1].why.as_str()),
        (None, "not considered, since the proxy saw closed-before-headers")
    );
    let quiet = analyse("something else", vec![licence(0.8)]);
    let own = quiet.derivations[0].rules.iter().find(|r| r.own.is_some()).unwrap();
    assert_eq!(own.why, "needs a refusal of the licence server within 5 s");
}

#[test]
fn it_sees_the_request_and_what_stood_around_it() {
    let look = |f: &Failed<'_>| {
        let end = f.target()? == "/cart/17";
        assert_eq!((f.status(), f.method(), f.client()), (Some(502), Some("GET"), Some("192.0.2.1")));
        assert_eq!((f.address(), f.server(), f.proxy()), (Some("10.0.0.1:80"), Some("app"), "web"));
        assert_eq!((f.mechanism(), f.attempts()), (Mechanism::ClosedBeforeHeaders, 1));
        assert_eq!(f.request_id(), None);
        assert!(f.start_ns() <= f.end_ns() && f.line().time_ns() <= f.end_ns());
        let errors = f.error_lines();
        assert_eq!((errors.len(), errors[0].at().file.as_str()), (1, "web/error.log"));
        assert!(errors[0].text()?.contains("prematurely closed"));
        assert_eq!(errors[0].instance(), "web");
        let signals = f.signals(NEAR, NEAR);
        let all = f.messages(NEAR, NEAR);
        assert!(signals.len() <= all.len());
        assert!(signals.iter().all(|s| s.meaning() == Some(Meaning::OomKill) && s.signal().is_some()));
        assert!(signals.iter().any(|s| (s.time_ns() - f.end_ns()).abs() <= 1_000_000_000));
        assert_eq!(f.messages_at("app", NEAR, NEAR).len(), all.len());
        assert!(f.messages_at("nobody", NEAR, NEAR).is_empty());
        assert!(f.messages(Duration::MAX, Duration::MAX).len() == 5);
        if end {
            assert_eq!(f.served_there(Duration::from_secs(60), Duration::ZERO), 5);
            assert_eq!(f.failed_there(Duration::from_secs(60), Duration::from_secs(60)), 4);
            assert!(f.is_covered());
            return Some(Verdict::new(1.0).because("seen", f.backend_lines()));
        }
        None
    };
    let a = analyse("Out of memory: Killed process 7 (app)", vec![Rule::new("look", "it looks", look)]);
    assert!(a.failures.iter().any(|f| f.detail.as_deref() == Some("look")), "{:?}", a.failures);
}

#[test]
fn nonsense_is_not_a_verdict() {
    for strength in [f64::NAN, -1.0, 0.0] {
        assert_eq!(
            analyse("no licence left", vec![licence(strength)]),
            analyse(
                "no licence left",
                vec![licence(strength).needs("a refusal of the licence server within 5 s")]
            )
        );
        let a = analyse("no licence left", vec![licence(strength)]);
        assert!(a.failures.iter().all(|f| f.cause != CauseId::Custom));
    }
    let a = analyse("no licence left", vec![licence(f64::INFINITY)]);
    assert!(a.failures.iter().all(|f| f.cause == CauseId::Custom && f.confidence <= 0.99));
}

#[test]
fn a_verdict_of_another_analysis_cites_nothing_that_is_not_there() {
    use std::sync::Mutex;
    static KEPT: Mutex<Option<Verdict>> = Mutex::new(None);
    let keep = |f: &Failed<'_>| {
        let all = f.messages(Duration::MAX, Duration::MAX);
        let v = Verdict::new(0.9).because("kept", all.into_iter().rev());
        *KEPT.lock().unwrap() = Some(v.clone());
        Some(v)
    };
    analyse("no licence left", vec![Rule::new("keep", "it keeps", keep)]);
    let replay = |_: &Failed<'_>| KEPT.lock().unwrap().clone();
    let rules = vec![Rule::new("replay", "it plays again", replay)];
    let web = files("x").into_iter().filter(|(path, _)| path.starts_with("web/"));
    let a = analyze(web, Options { rules, ..Options::default() });
    assert_eq!(a.failures.len(), 5);
    assert!(a.failures.iter().all(|f| f.cause_lines.is_empty()));
}
