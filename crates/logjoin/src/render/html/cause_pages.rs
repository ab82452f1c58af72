//! What the causes of this report mean: their pages, so that the file needs no other beside it.

use std::collections::BTreeSet;

use super::{Page, causes};
use crate::Analysis;
use crate::vocabulary::CauseId;

pub(super) fn all(p: &mut Page, a: &Analysis) {
    let episodes = a.incidents.iter().flat_map(|i| &i.episodes).map(|e| e.cause);
    let counted = a.totals.by_cause.keys().filter_map(|c| CauseId::by_id(c));
    let wanted: BTreeSet<CauseId> = episodes.chain(counted).collect();
    if wanted.is_empty() {
        return;
    }
    p.raw("<h2 id=\"causes\">What these causes mean</h2>\n");
    for id in wanted {
        let c = causes::page(id);
        p.raw("<details class=\"cause\"><summary><code>")
            .text(id.as_str())
            .raw("</code>: ")
            .text(c.title)
            .raw("</summary>\n<p>");
        p.prose(c.meaning).raw("</p>\n<p>Seen as: ").prose(c.seen_as).raw("</p>\n");
        if !c.look_alikes.is_empty() {
            p.raw("<h3>It is another one, if</h3><ul>");
            for (other, why) in c.look_alikes {
                p.element("<li><code>", other.as_str(), "</code>: ").prose(why).raw("</li>");
            }
            p.raw("</ul>\n");
        }
        list(p, "<h3>Check</h3><ol>", c.checks.iter().map(|x| (*x).to_owned()), "</ol>\n");
        list(
            p,
            "<h3>Change</h3><ul>",
            c.fixes.iter().map(|f| format!("{}: {}", f.place, f.change)),
            "</ul>\n",
        );
        p.raw("</details>\n");
    }
}

fn list(p: &mut Page, open: &'static str, items: impl Iterator<Item = String>, close: &'static str) {
    p.raw(open);
    for x in items {
        p.raw("<li>").prose(x).raw("</li>");
    }
    p.raw(close);
}
