//! Folders of dates: `logs/2026-11-20/access.log`, `logs/2026/11/20/access.log`, one archive a day.

use super::RotationOrder;
use super::date::dated;

/// A folder's path (with its last separator) without the date in it, and the date, seconds since the epoch.
pub(crate) fn folder_key(directory: &str) -> Option<(String, i64)> {
    let parts: Vec<&str> = directory.split_inclusive(['/', '!']).collect();
    let bare = |part: &str| part.trim_end_matches(['/', '!']).to_owned();
    // The last date is the finest: `2026-11/2026-11-20/`.
    (0..parts.len()).rev().find_map(|end| {
        // A path of year, month, day and perhaps hour.
        for count in [4, 3, 2] {
            let Some(start) = (end + 1).checked_sub(count) else { continue };
            let names: Vec<String> = parts[start..=end].iter().map(|p| bare(p)).collect();
            let widths = names
                .iter()
                .enumerate()
                .all(|(i, n)| n.len() == if i == 0 { 4 } else { 2 } && n.bytes().all(|b| b.is_ascii_digit()));
            if !widths || !parts[start..end].iter().all(|p| p.ends_with('/')) {
                continue;
            }
            if let Some((stem, seconds)) = date_of(&names.join("-")).filter(|(stem, _)| stem.is_empty()) {
                return Some((parts[..start].concat() + &stem + &parts[end + 1..].concat(), seconds));
            }
        }
        let (stem, seconds) = date_of(&bare(parts[end]))?;
        let separator = &parts[end][parts[end].len() - 1..];
        let kept = if stem.is_empty() { String::new() } else { format!("{stem}{separator}") };
        Some((parts[..end].concat() + &kept + &parts[end + 1..].concat(), seconds))
    })
}

fn date_of(name: &str) -> Option<(String, i64)> {
    match dated(name)? {
        (stem, RotationOrder::Stamped { seconds, .. }) => Some((stem, seconds)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_taken_out_of_paths() {
        const DAY: i64 = 1_795_132_800; // 2026-11-20T00:00:00Z
        for (directory, stem, seconds) in [
            ("logs/2026-11-20/", "logs/", DAY),
            ("logs/20261120/nginx/", "logs/nginx/", DAY),
            ("2026-11-20/", "", DAY),
            ("logs/2026/11/20/", "logs/", DAY),
            ("logs/2026/11/20/10/edge/", "logs/edge/", DAY + 36_000),
            ("logs/2026/11/", "logs/", DAY - 19 * 86_400),
            ("logs/2026-11/2026-11-20/", "logs/2026-11/", DAY),
            ("a/logs-20261120.tar.gz!nginx/", "a/logs.tar.gz!nginx/", DAY),
            ("backup_2026-11-20T10/", "backup/", DAY + 36_000),
        ] {
            assert_eq!(folder_key(directory), Some((stem.to_owned(), seconds)), "{directory}");
        }
        for directory in ["logs/", "", "10.0.0.1/", "api-1/", "v2.4.1/", "2026/", "logs/2026!11/20/"] {
            assert_eq!(folder_key(directory), None, "{directory}");
        }
    }
}
