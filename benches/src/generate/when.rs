//! Moments as the proxies and backends of the generator write them, all in UTC. `t` is seconds after `start`.

use chrono::{DateTime, Utc};

fn moment(start: i64, t: f64) -> DateTime<Utc> {
    let ms = start * 1000 + (t * 1e3).floor() as i64;
    DateTime::from_timestamp_millis(ms).unwrap_or_default()
}

/// `21/Nov/2026:02:47:17 +0000`.
pub fn local(start: i64, t: f64) -> String {
    moment(start, t).format("%d/%b/%Y:%H:%M:%S +0000").to_string()
}

/// `21/Nov/2026:02:47:17.123000 +0000`.
pub fn local_fraction(start: i64, t: f64) -> String {
    moment(start, t).format("%d/%b/%Y:%H:%M:%S%.6f +0000").to_string()
}

/// `1795229237.123`.
pub fn epoch(start: i64, t: f64) -> String {
    let ms = moment(start, t).timestamp_millis();
    format!("{}.{:03}", ms / 1000, ms % 1000)
}

/// `2026/11/21 02:47:17`.
pub fn nginx_error(start: i64, t: f64) -> String {
    moment(start, t).format("%Y/%m/%d %H:%M:%S").to_string()
}

/// `2026-11-21 02:47:17`.
pub fn dashed(start: i64, t: f64) -> String {
    moment(start, t).format("%Y-%m-%d %H:%M:%S").to_string()
}

/// `2026-11-21 02:47:17,123`.
pub fn python(start: i64, t: f64) -> String {
    moment(start, t).format("%Y-%m-%d %H:%M:%S,%3f").to_string()
}

/// `Nov 21 02:47:17`.
pub fn syslog(start: i64, t: f64) -> String {
    moment(start, t).format("%b %e %H:%M:%S").to_string()
}

/// `21/Nov/2026:02:47:17.123`.
pub fn haproxy(start: i64, t: f64) -> String {
    moment(start, t).format("%d/%b/%Y:%H:%M:%S%.3f").to_string()
}

/// `Sat Nov 21 02:47:17.123000 2026`.
pub fn apache_error(start: i64, t: f64) -> String {
    moment(start, t).format("%a %b %d %H:%M:%S%.6f %Y").to_string()
}

/// `2026-11-21T02:47:17.123Z`.
pub fn iso(start: i64, t: f64) -> String {
    moment(start, t).format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_the_programs_do() {
        let (start, t) = (1_795_226_400, 2837.1239);
        assert_eq!(local(start, t), "21/Nov/2026:02:47:17 +0000");
        assert_eq!(local_fraction(start, t), "21/Nov/2026:02:47:17.123000 +0000");
        assert_eq!(epoch(start, t), "1795229237.123");
        assert_eq!(nginx_error(start, t), "2026/11/21 02:47:17");
        assert_eq!(dashed(start, t), "2026-11-21 02:47:17");
        assert_eq!(python(start, t), "2026-11-21 02:47:17,123");
        assert_eq!(syslog(start, t), "Nov 21 02:47:17");
        assert_eq!(haproxy(start, t), "21/Nov/2026:02:47:17.123");
        assert_eq!(apache_error(start, t), "Sat Nov 21 02:47:17.123000 2026");
        assert_eq!(iso(start, t), "2026-11-21T02:47:17.123Z");
        assert_eq!(iso(start, -3600.0), "2026-11-21T01:00:00.000Z");
    }
}
