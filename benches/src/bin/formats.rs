//! Measures how fast each built-in format reads: its own samples, repeated, one core.
//!
//! `formats [RUNS] [MEGABYTES]` prints a table in Markdown: the median of RUNS (5) over MEGABYTES (4) of lines per
//! format. *Alone* is the format's own reader; *as a file* is how a source is read: the format found from its first
//! lines, an envelope taken off where there is one, everything else tried where the format refuses.

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use logjoin_parse::compile::{Compiled, Escape, apache_access, haproxy, nginx};
use logjoin_parse::formats::FORMATS;
use logjoin_parse::{Format, LineReader, detect, parse_any};

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let mut number = |usual: usize| args.next().map_or(Some(usual), |a| a.parse().ok().filter(|n| *n > 0));
    let (Some(runs), Some(megabytes)) = (number(5), number(4)) else {
        anstream::eprintln!("usage: formats [RUNS] [MEGABYTES]");
        return ExitCode::from(2);
    };
    let bench = Bench { runs, bytes: megabytes * 1_000_000 };
    anstream::println!("| lines of | alone, ns/line | MB/s | as a file, ns/line | MB/s |");
    anstream::println!("| --- | ---: | ---: | ---: | ---: |");
    for f in FORMATS {
        let samples: Vec<Vec<u8>> = f.samples.iter().map(|s| s.as_bytes().to_vec()).collect();
        let alone = bench.measure(&samples, |line| (f.parse)(line).is_ok());
        let reader = reader(&samples);
        let file = bench.measure(&samples, |line| reader.parse(line).is_ok());
        row(&format!("`{}`", f.id), &alone, &file);
    }
    for (name, format, line) in compiled() {
        let samples = vec![line.as_bytes().to_vec()];
        let format = Format::Compiled(Arc::new(format));
        let alone = bench.measure(&samples, |line| format.parse(line).is_ok());
        let reader = LineReader::new(vec![logjoin_parse::Dialect { envelope: None, format: format.clone() }]);
        let file = bench.measure(&samples, |line| reader.parse(line).is_ok());
        row(name, &alone, &file);
    }
    for (name, line) in enveloped() {
        let samples = vec![line.as_bytes().to_vec()];
        let alone = bench.measure(&samples, |line| {
            black_box(logjoin_parse::envelope::peel_all(line));
            true
        });
        let reader = reader(&samples);
        let file = bench.measure(&samples, |line| reader.parse(line).is_ok());
        row(name, &alone, &file);
    }
    let unread = vec![b"no format reads this line, so that each of them is asked".to_vec()];
    let alone = bench.measure(&unread, |line| parse_any(line).is_err());
    row("a line that no format reads", &alone, &alone);
    ExitCode::SUCCESS
}

fn reader(samples: &[Vec<u8>]) -> LineReader {
    detect(samples.iter().map(Vec::as_slice)).reader()
}

struct Bench {
    runs: usize,
    bytes: usize,
}

struct Speed {
    ns_per_line: f64,
    mb_per_s: f64,
}

impl Bench {
    /// The median run. Lines stand in a row as in a chunk of a file.
    fn measure(&self, samples: &[Vec<u8>], read: impl Fn(&[u8]) -> bool) -> Speed {
        let round: usize = samples.iter().map(Vec::len).sum();
        let rounds = self.bytes / round.max(1) + 1;
        let (mut text, mut ends) = (Vec::with_capacity(self.bytes + round), Vec::new());
        for _ in 0..rounds {
            for s in samples {
                text.extend_from_slice(s);
                ends.push(text.len());
            }
        }
        let mut seconds: Vec<f64> = (0..self.runs)
            .map(|_| {
                let start = Instant::now();
                let (mut at, mut good) = (0, 0usize);
                for end in &ends {
                    good += usize::from(read(black_box(&text[at..*end])));
                    at = *end;
                }
                assert_eq!(black_box(good), ends.len(), "every line is read");
                start.elapsed().as_secs_f64()
            })
            .collect();
        seconds.sort_by(f64::total_cmp);
        let median = seconds[self.runs / 2];
        Speed { ns_per_line: median * 1e9 / ends.len() as f64, mb_per_s: text.len() as f64 / median / 1e6 }
    }
}

fn row(name: &str, alone: &Speed, file: &Speed) {
    anstream::println!(
        "| {name} | {:.0} | {:.0} | {:.0} | {:.0} |",
        alone.ns_per_line,
        alone.mb_per_s,
        file.ns_per_line,
        file.mb_per_s
    );
}

/// Formats of configurations, with a line of each.
fn compiled() -> Vec<(&'static str, Compiled, &'static str)> {
    let combined = r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_time $upstream_response_time"#;
    let all = [
        (
            "nginx `log_format`",
            nginx(combined, Escape::Default),
            r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET /cart?id=7 HTTP/1.1" 502 157 "-" "curl/8.5.0" 0.021 0.020"#,
        ),
        (
            "Apache `LogFormat`",
            apache_access(r#"%h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\" %D %X"#),
            r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET /cart?id=7 HTTP/1.1" 502 341 "-" "curl/8.5.0" 44764 -"#,
        ),
        (
            "HAProxy `log-format`",
            haproxy(
                "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %{+Q}r",
            ),
            r#"192.0.2.7:54254 [21/Nov/2026:02:09:07.209] fe be/s1 0/0/1/2/501 200 217 ---- 1/1/0/0/0 0/0 "GET /cart?id=7 HTTP/1.1""#,
        ),
    ];
    all.into_iter().filter_map(|(name, format, line)| Some((name, format.ok()?, line))).collect()
}

/// Lines with an envelope: *alone* is taking it off.
fn enveloped() -> [(&'static str, &'static str); 5] {
    [
        (
            "HAProxy in syslog",
            r#"Nov 21 02:08:55 lb1 haproxy[12863]: 192.0.2.7:54254 [21/Nov/2026:02:09:07.209] fe be/s1 0/0/1/2/501 200 217 - - ---- 1/1/0/0/0 0/0 "GET /cart?id=7 HTTP/1.1""#,
        ),
        (
            "HAProxy in RFC 5424",
            r#"<134>1 2026-11-21T02:10:06.190028+00:00 - haproxy 99 - - 192.0.2.7:54254 [21/Nov/2026:02:09:07.209] fe be/s1 0/0/1/2/501 200 217 - - ---- 1/1/0/0/0 0/0 "GET /cart?id=7 HTTP/1.1""#,
        ),
        (
            "combined in CRI",
            r#"2026-11-21T02:10:06.190028123Z stdout F 192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET /cart?id=7 HTTP/1.1" 200 157 "-" "curl/8.5.0""#,
        ),
        (
            "combined in Docker's JSON",
            r#"{"log":"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] \"GET /cart?id=7 HTTP/1.1\" 200 157 \"-\" \"curl/8.5.0\"\n","stream":"stdout","time":"2026-11-21T02:10:06.190028123Z"}"#,
        ),
        (
            "a message in the journal's JSON",
            r#"{"__REALTIME_TIMESTAMP":"1795168800123456","_HOSTNAME":"web1","SYSLOG_IDENTIFIER":"app","_PID":"7","PRIORITY":"6","MESSAGE":"worker started"}"#,
        ),
    ]
}
