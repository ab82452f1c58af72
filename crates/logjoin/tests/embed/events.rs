//! Records of the caller's own give what their lines would have given.

use logjoin::parse::{Kind, Product, parse_any};
use logjoin::{Analysis, Event, FileScanner, Head, Options, Pattern, analyze, finish, plan};

const FILES: [(&str, &str, Kind); 4] = [
    (
        "app/access",
        "10.0.0.9 - - [21/Nov/2026:02:47:16 +0000] \"GET /cart/7 HTTP/1.0\" 200 512 \"-\" \"curl\"\n",
        Kind::Access,
    ),
    ("app/log", "2026-11-21T02:47:17.200Z ERROR Out of memory: Killed process 7 (app)\n", Kind::Log),
    (
        "web/access",
        "192.0.2.1 - - [21/Nov/2026:02:47:16 +0000] \"GET /cart/7 HTTP/1.1\" 200 512 \"-\" \"curl\"\n\
         192.0.2.1 - - [21/Nov/2026:02:47:17 +0000] \"GET /cart/8 HTTP/1.1\" 502 150 \"-\" \"curl\"\n",
        Kind::Access,
    ),
    (
        "web/error",
        "2026/11/21 02:47:17 [error] 7#7: *1 upstream prematurely closed connection while reading response header from \
         upstream, client: 192.0.2.1, server: x, request: \"GET /cart/8 HTTP/1.1\", upstream: \"http://10.0.0.1:80/cart/8\", \
         host: \"x\"\n",
        Kind::Error,
    ),
];

fn options() -> Options {
    let mut options = Options::default();
    options.roles.push((Pattern::new("web/"), Product::Nginx));
    options.roles.push((Pattern::new("app/"), Product::Backend));
    options.peers.push((Pattern::new("app/"), "10.0.0.1:80".into()));
    options
}

fn by_events() -> Analysis {
    let heads = FILES.map(|(path, _, kind)| Head { path: path.into(), kind: Some(kind), ..Head::default() });
    let plan = plan(heads.into(), Vec::new(), options());
    let scans = FILES.iter().enumerate().map(|(number, (_, text, _))| {
        let mut scanner = FileScanner::new(&plan, number);
        for (line, text) in (1..).zip(text.lines()) {
            scanner.push_event(line, &Event::from(parse_any(text.as_bytes()).expect(text)));
        }
        scanner.finish()
    });
    finish(&plan, scans.collect())
}

#[test]
fn values_and_lines_are_judged_alike() {
    let lines = analyze(FILES.map(|(path, text, _)| (path, text)), options());
    let events = by_events();
    assert_eq!(lines.totals.by_cause, [("oom-kill".to_owned(), 1)].into());
    assert_eq!(events.totals, lines.totals);
    assert_eq!(events.failures, lines.failures);
    assert_eq!(events.incidents, lines.incidents);
    let roles = |a: &Analysis| a.sources.iter().map(|s| (s.id.clone(), s.role)).collect::<Vec<_>>();
    assert_eq!(roles(&events), roles(&lines));
    assert!(events.ledger.holds() && events.ledger.events == 5, "{:?}", events.ledger);
}

#[test]
fn events_and_lines_may_share_a_source() {
    let (path, text, _) = FILES[2];
    let (first, second) = text.split_once('\n').expect("two lines");
    let head = Head { path: path.into(), bytes: text.into(), ..Head::default() };
    let plan = plan(vec![head], Vec::new(), options());
    let mut scanner = FileScanner::new(&plan, 0);
    scanner.push(1, format!("{first}\n\tat a line that belongs to no request\n").as_bytes());
    scanner.push_event(3, &Event::from(parse_any(second.trim_end().as_bytes()).expect(second)));
    let a = finish(&plan, vec![scanner.finish()]);
    assert!(a.ledger.holds() && a.ledger.lines == 3 && a.ledger.events == 2, "{:?}", a.ledger);
    assert_eq!((a.failures.len(), a.failures[0].line), (1, 3));
}
