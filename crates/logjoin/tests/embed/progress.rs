//! The caller is told of each step, and may break it off.

use std::ops::ControlFlow;

use logjoin::{FileScan, FileScanner, Head, Options, Plan, Stage, finish, finish_with, plan};

const LINE: &[u8] =
    b"192.0.2.1 - - [21/Nov/2026:02:47:17 +0000] \"GET /cart HTTP/1.1\" 502 150 \"-\" \"curl\"\n";

fn scanned(plan: &Plan) -> Vec<FileScan> {
    let mut scanner = FileScanner::new(plan, 0);
    scanner.push(1, LINE);
    vec![scanner.finish()]
}

#[test]
fn stages_come_in_order_and_change_nothing() {
    let head = Head { path: "nginx/access.log".into(), bytes: LINE.to_vec(), ..Head::default() };
    let plan = plan(vec![head], Vec::new(), Options::default());
    let mut told = Vec::new();
    let watched = finish_with(&plan, scanned(&plan), &mut |stage| {
        told.push(stage);
        ControlFlow::Continue(())
    });
    assert_eq!(told, [Stage::Stamps, Stage::Joins, Stage::Causes, Stage::Story]);
    assert_eq!(watched, Some(finish(&plan, scanned(&plan))));
    for last in told {
        let mut after = 0;
        let cut = finish_with(&plan, scanned(&plan), &mut |stage| {
            after += u32::from(stage >= last);
            if stage == last { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_eq!((cut, after), (None, 1), "nothing is begun after {last:?} was refused");
    }
}
