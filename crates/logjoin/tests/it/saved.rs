//! A result that was written as JSON and read again is the same result, in every form.

use logjoin::Analysis;
use logjoin::render::{RENDERERS, RenderOptions};

use crate::world::recordings;

#[test]
fn a_result_read_again_is_the_same_in_every_form() {
    for kind in ["scenarios", "clean"] {
        for (name, world) in recordings(kind) {
            let direct = world.analyze();
            let text = serde_json::to_string(&direct).expect("a result is JSON");
            let again: Analysis = serde_json::from_str(&text).expect("JSON is a result");
            assert!(again == direct, "{name}: times or numbers got lost in JSON");
            for r in RENDERERS {
                for verbose in [false, true] {
                    let o = RenderOptions { verbose, ..RenderOptions::default() };
                    assert!((r.render)(&direct, &o) == (r.render)(&again, &o), "{name}: {}", r.id);
                }
            }
        }
    }
}
