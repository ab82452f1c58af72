//! What failed requests have that healthy ones of the same proxies, at the same time, have not; and what the backends said while
//! requests failed that they do not say otherwise. That nothing separates them is an answer too.

use std::collections::BTreeMap;

use super::messages::Messages;
use super::sample::{CONNECTIONS, DIMENSIONS, SIZES, Sample, Traits, traits};
use super::stats::{self, LEVEL};
use crate::analysis::Contrast;
use crate::convert;
use crate::episodes::Row;
use crate::event::{Detail, Request};
use crate::hash::Map;
use crate::packed::AnyRequest;
use crate::scene::{SECOND, Scene};
use crate::text::Text;

/// Fewer failures than this are not compared.
const MIN_FAILED: usize = 10;
/// With fewer healthy requests in the very time, those of the minutes around it are taken.
const MIN_HEALTHY: usize = 30;
const AROUND: i64 = 120 * SECOND;
/// Findings per episode and kind.
const SHOWN: usize = 8;

/// The contrasts of each row of failures.
pub(super) fn contrast(
    scene: &Scene<'_>,
    rows: &[Row],
    sample: &Sample,
    messages: &Messages,
) -> Vec<Contrast> {
    let catalogues = messages.catalogues();
    let mut out = Vec::new();
    for (n, row) in rows.iter().enumerate().filter(|(_, row)| row.members.len() >= MIN_FAILED) {
        let episode = format!("E{}", n + 1);
        let ours = |p: usize| row.proxies.contains(&p);
        let mut healthy = sample.within(ours, row.start, row.end);
        if healthy.len() < MIN_HEALTHY {
            healthy = sample.within(ours, row.start - AROUND, row.end + AROUND);
        }
        let failed: Vec<(&Request, f64)> = sample_of(scene, row);
        let mut found = attributes(scene, &episode, &failed, &healthy);
        found.extend(
            messages.contrast(&catalogues, &row.targets, row.start, row.end).into_iter().take(SHOWN).map(
                |m| Contrast {
                    episode: episode.clone(),
                    dimension: "message".into(),
                    value: m.text,
                    failed: m.inside,
                    healthy: m.outside,
                    p_value: Some(m.p),
                },
            ),
        );
        if found.is_empty() && healthy.len() >= MIN_HEALTHY {
            found.push(Contrast {
                episode,
                dimension: "none".into(),
                value: String::new(),
                failed: (0, failed.iter().map(|(_, w)| w).sum::<f64>().round() as u64),
                healthy: (0, healthy.len() as u64),
                p_value: None,
            });
        }
        out.extend(found);
    }
    out
}

/// The failed requests of a row, each with its weight. Where some stand for others they are a sample, and a sample with unequal
/// weights tells as much as a smaller one with equal weights (Kish): the weights add up to the size of that.
fn sample_of<'s>(scene: &'s Scene<'_>, row: &Row) -> Vec<(&'s Request, f64)> {
    let all = row.members.iter().map(|m| &scene.failing[*m]);
    let squares: f64 = all.clone().map(|f| (f.n() as f64).powi(2)).sum();
    let scale = row.failures as f64 / squares;
    all.map(|f| (&scene.world.requests[f.request].r, f.n() as f64 * scale)).collect()
}

fn attributes(
    scene: &Scene<'_>,
    episode: &str,
    failed: &[(&Request, f64)],
    healthy: &[Traits],
) -> Vec<Contrast> {
    let mut weights: BTreeMap<(usize, u64), f64> = BTreeMap::new();
    let mut names: BTreeMap<(usize, u64), String> = BTreeMap::new();
    // Requests whose line says the dimension at all.
    let (mut total_weights, mut well_total) = ([0f64; 8], [0u64; 8]);
    for (r, weight) in failed {
        for (d, value) in traits(AnyRequest::Whole(r)).into_iter().enumerate().filter(|(_, v)| *v != 0) {
            *weights.entry((d, value)).or_default() += weight;
            total_weights[d] += weight;
            names.entry((d, value)).or_insert_with(|| name(scene, d, value, r));
        }
    }
    // There are many of these; what no failed request has is not asked for.
    let mut well: Map<(usize, u64), u64> = weights.keys().map(|key| (*key, 0)).collect();
    for t in healthy {
        for (d, value) in t.iter().copied().enumerate().filter(|(_, v)| *v != 0) {
            if let Some(n) = well.get_mut(&(d, value)) {
                *n += 1;
            }
            well_total[d] += 1;
        }
    }
    let looks = weights.len();
    let sick_total = total_weights.map(|w| w.round() as u64);
    let mut found: Vec<(usize, Contrast)> = Vec::new();
    for ((d, value), weight) in weights {
        let a = (weight.round() as u64).min(sick_total[d]);
        let b = well.get(&(d, value)).copied().unwrap_or(0);
        if well_total[d] < 10 || a < 5 || !is_large((a, sick_total[d]), (b, well_total[d])) {
            continue;
        }
        let p = stats::corrected(stats::fisher(a, sick_total[d], b, well_total[d]), looks);
        if p <= LEVEL {
            found.push((
                d,
                Contrast {
                    episode: episode.into(),
                    dimension: DIMENSIONS[d].into(),
                    value: names.remove(&(d, value)).unwrap_or_default(),
                    failed: (a, sick_total[d]),
                    healthy: (b, well_total[d]),
                    p_value: Some(p),
                },
            ));
        }
    }
    // A network that shows because of one of its clients adds nothing.
    let clients: Vec<u64> = found.iter().filter(|(d, _)| *d == 2).map(|(_, c)| c.failed.0).collect();
    found.retain(|(d, c)| *d != 3 || !clients.contains(&c.failed.0));
    let mut out: Vec<Contrast> = found.into_iter().map(|(_, c)| c).collect();
    out.sort_by(|a, b| {
        (std::cmp::Reverse(a.failed.0), &a.dimension, &a.value).cmp(&(
            std::cmp::Reverse(b.failed.0),
            &b.dimension,
            &b.value,
        ))
    });
    out.truncate(SHOWN);
    out
}

/// Three times as frequent; or more frequent by three in ten, with four times the odds.
fn is_large(failed: (u64, u64), healthy: (u64, u64)) -> bool {
    let share = |(a, n): (u64, u64)| a as f64 / n.max(1) as f64;
    let odds = |(a, n): (u64, u64)| (a as f64 + 0.5) / ((n - a) as f64 + 0.5);
    let (p, q) = (share(failed), share(healthy));
    failed.0 * healthy.1 >= 3 * healthy.0 * failed.1.max(1)
        || p - q >= 0.3 && odds(failed) >= 4.0 * odds(healthy)
}

fn name(scene: &Scene<'_>, dimension: usize, value: u64, r: &Request) -> String {
    let detail = r.detail.as_deref();
    let own = |f: fn(&Detail) -> Option<&Text>| detail.and_then(f).map(String::from);
    let text = match DIMENSIONS[dimension] {
        "path" => detail.and_then(|d| d.target.as_deref()).map(|t| {
            let route = convert::route(convert::path(t.as_bytes()));
            String::from_utf8_lossy(&route).into_owned()
        }),
        "method" => own(|d| d.method.as_ref()),
        "client" => own(|d| d.client.as_ref()),
        "client-network" => detail.and_then(|d| d.client.as_deref()).map(network),
        "user-agent" => own(|d| d.agent.as_ref()),
        "server" => scene.world.labels.get(&value).cloned(),
        "size" => SIZES.get(value as usize - 1).map(|(_, name)| (*name).to_string()),
        _ => CONNECTIONS.get(value as usize - 1).map(|name| (*name).to_string()),
    };
    text.unwrap_or_default()
}

fn network(client: &str) -> String {
    let part = String::from_utf8_lossy(convert::network(client.as_bytes())).into_owned();
    if client.contains(':') { format!("{part}::/48") } else { format!("{part}.0/24") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effects() {
        assert!(is_large((30, 100), (10, 100)));
        assert!(is_large((100, 100), (50, 100)));
        assert!(!is_large((60, 100), (40, 100)));
        assert!(!is_large((1, 100), (10, 100)));
    }

    #[test]
    fn networks() {
        assert_eq!(network("203.0.113.7"), "203.0.113.0/24");
        assert_eq!(network("2001:db8:1:2::3"), "2001:db8:1::/48");
    }
}
