//! The output of `nginx -T`: all files in one, each after a line `# configuration file PATH:`.
//!
//! Taken apart again, so that included files are read where they are included; the places name the real files.

use crate::pattern;

const HEADING: &str = "# configuration file ";

/// The files of a dump, the main one first; `None` if `text` is none.
pub(super) fn parts(text: &str) -> Option<Vec<(String, String)>> {
    let mut parts: Vec<(String, String)> = Vec::new();
    for line in text.split_inclusive('\n') {
        let name = line.trim_end().strip_prefix(HEADING).and_then(|rest| rest.strip_suffix(':'));
        match (name, parts.last_mut()) {
            (Some(name), _) => parts.push((name.to_owned(), String::new())),
            (None, Some((_, body))) => body.push_str(line),
            // What `nginx -t` says before the first file.
            (None, None) if line.starts_with("nginx: ") || line.trim().is_empty() => {}
            (None, None) => return None,
        }
    }
    (!parts.is_empty()).then_some(parts)
}

/// The files that an include means: those whose path is the pattern, or ends in it if it is relative.
pub(super) fn matching(parts: &[(String, String)], include: &str) -> Vec<(String, Vec<u8>)> {
    let mut expression = String::from(if include.starts_with('/') { "^" } else { "(^|/)" });
    for c in include.chars() {
        match c {
            '*' => expression.push_str("[^/]*"),
            '?' => expression.push_str("[^/]"),
            '[' | ']' | '-' => expression.push(c),
            c if c.is_alphanumeric() || c == '/' || c == '_' => expression.push(c),
            c => expression.extend(['\\', c]),
        }
    }
    expression.push('$');
    let named = parts.iter().filter(|(name, _)| pattern::matches(&expression, name, false) == Some(true));
    named.map(|(name, body)| (name.clone(), body.clone().into_bytes())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_a_dump() {
        let text = "nginx: configuration file /etc/nginx/nginx.conf test is successful\n# configuration file /etc/nginx/nginx.conf:\nhttp { include conf.d/*.conf; }\n\n# configuration file /etc/nginx/conf.d/a.conf:\nserver { }\n";
        let parts = parts(text).unwrap();
        assert_eq!(parts.len(), 2);
        for pattern in ["conf.d/*.conf", "/etc/nginx/conf.d/*.conf", "/etc/nginx/conf.d/[a-c].conf", "a.conf"]
        {
            assert_eq!(matching(&parts, pattern).len(), 1, "{pattern}");
        }
        for pattern in ["*.conf.d", "b.conf", "/conf.d/a.conf", "/etc/*.conf"] {
            assert_eq!(matching(&parts, pattern).len(), 0, "{pattern}");
        }
        assert!(super::parts("user x;\n# configuration file y:\n").is_none());
    }
}
