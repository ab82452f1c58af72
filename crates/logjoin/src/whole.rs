//! The short way in: named bytes → [`Analysis`], for callers that hold everything in memory.
//!
//! Whoever has files, threads or streams takes the three steps that this one function takes.

use logjoin_parse::{Precision, Stamp};

use crate::analysis::Analysis;
use crate::finish::finish;
use crate::options::Options;
use crate::plan::{ConfigFile, Head, parts, plan};
use crate::scanner::FileScanner;

/// Bytes of each file by which it is recognised.
const HEAD_BYTES: usize = 256 * 1024;

/// Analyses logs, and proxies' configurations among them, that are already in memory: pairs of a path and the bytes
/// behind it, in any order. A path is a name: what folder it is in tells what belongs together. A configuration is
/// recognised by its content; files that it includes are not looked for ([`ConfigFile::read`] takes a loader).
///
/// ```
/// let access = b"192.0.2.7 - - [21/Nov/2026:02:47:17 +0000] \"GET /cart HTTP/1.1\" 504 150 \"-\" \"curl\"\n";
/// let analysis = logjoin::analyze([("web/access.log", access)], logjoin::Options::default());
/// assert_eq!(analysis.totals.by_status["504"], 1);
/// ```
pub fn analyze<P: Into<String>, B: AsRef<[u8]>>(
    files: impl IntoIterator<Item = (P, B)>,
    options: Options,
) -> Analysis {
    let mut configs = Vec::new();
    let mut logs: Vec<(String, B)> = Vec::new();
    for (path, bytes) in files {
        let path = path.into();
        match ConfigFile::read(&path, bytes.as_ref(), &mut |_| Vec::new()) {
            Some(config) => configs.push(config),
            None => logs.push((path, bytes)),
        }
    }
    logs.sort_by(|a, b| a.0.cmp(&b.0));
    let heads = logs.iter().map(|(path, bytes)| {
        let bytes = bytes.as_ref();
        Head { path: path.clone(), bytes: bytes[..bytes.len().min(HEAD_BYTES)].to_vec(), ..Head::default() }
    });
    // In the order of the plan: a file is read once for each of its parts.
    let (files, heads): (Vec<usize>, Vec<Head>) = parts(heads.collect()).into_iter().unzip();
    let plan = plan(heads, configs, options);
    let scans = files.into_iter().enumerate().map(|(number, file)| {
        let mut scanner = FileScanner::new(&plan, number);
        scanner.push(1, logs[file].1.as_ref());
        scanner.finish()
    });
    let scans = scans.collect();
    finish(&plan, scans)
}

impl ConfigFile {
    /// Reads a configuration of nginx, httpd or HAProxy; `None` if it is none. `load` gives the text of an included file
    /// by its name or pattern, nothing where there is none. A time in the name of the file (`nginx.conf.20261121T022715Z`)
    /// is when that version was loaded.
    pub fn read(path: &str, text: &[u8], load: &mut logjoin_config::Loader<'_>) -> Option<ConfigFile> {
        let config = logjoin_config::read(path, text, load)?;
        let loaded_ns =
            logjoin_config::version_time(path).and_then(|(year, month, day, hour, minute, second)| {
                let seconds = Precision::Seconds;
                Stamp::civil(Some(year), month, day, hour, minute, second, 0, seconds, Some(0))
                    .map(|s| s.wall_ns)
            });
        Some(ConfigFile { path: path.to_owned(), config, loaded_ns })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCESS: &str =
        "192.0.2.1 - - [21/Nov/2026:02:47:17 +0000] \"GET /cart HTTP/1.1\" 502 150 \"-\" \"curl\"\n";

    #[test]
    fn logs_and_configurations_in_any_order() {
        let conf = "upstream api { server 10.0.0.1:80; }\nserver { listen 80; location / { proxy_pass http://api; } }\n";
        let error = "2026/11/21 02:47:17 [error] 7#7: *1 connect() failed (111: Connection refused) while connecting to \
                     upstream, client: 192.0.2.1, server: x, request: \"GET /cart HTTP/1.1\", upstream: \
                     \"http://10.0.0.1:80/cart\", host: \"x\"\n";
        let files = [("nginx/nginx.conf", conf), ("nginx/error.log", error), ("nginx/access.log", ACCESS)];
        let one = analyze(files, Options::default());
        let other = analyze(files.into_iter().rev(), Options::default());
        assert_eq!(one, other);
        assert_eq!(one.failures[0].mechanism, crate::Mechanism::Refused);
        assert!(one.inputs.iter().any(|i| i.kind == crate::analysis::InputKind::Config), "{:?}", one.inputs);
    }

    #[test]
    fn nothing_is_something() {
        let a = analyze([("", "")], Options::default());
        assert_eq!((a.totals.failures, a.ledger.lines), (0, 0));
        let none: [(&str, &str); 0] = [];
        assert_eq!(analyze(none, Options::default()).inputs, []);
    }

    #[test]
    fn versions_of_configurations() {
        let text = b"upstream a { server 10.0.0.1:80; }";
        let c = ConfigFile::read("nginx.conf.20261121T022715Z", text, &mut |_| Vec::new()).unwrap();
        assert_eq!(c.loaded_ns, Some(1_795_228_035_000_000_000));
        assert!(ConfigFile::read("access.log", ACCESS.as_bytes(), &mut |_| Vec::new()).is_none());
    }
}
