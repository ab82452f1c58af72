//! Which formats the lines of each public file are taken for, and how many no format reads.

use std::collections::BTreeMap;
use std::path::Path;

use super::expected::Entry;
use super::rows;

/// One file.
pub struct Detected {
    pub log: String,
    /// Formats with their numbers of events, the most frequent first.
    pub formats: Vec<(String, u64)>,
    pub unparsed: u64,
}

/// The layouts that one access log may mix: a virtual host before the line, fields added behind it.
const ACCESS: &[&str] = &["combined", "combined-quoted", "combined-extra", "common", "vhost-combined"];

/// What a layout of the index may be read as: every format that may occur in such a file. `message` is the content of
/// a syslog line, `plain` a time and text.
const LAYOUTS: &[(&str, &[&str])] = &[
    ("apache-combined", ACCESS),
    (
        "apache-combined (mixed)",
        &["combined", "common", "combined-quoted", "combined-extra", "vhost-combined"],
    ),
    ("apache-combined+error", &["combined", "common", "vhost-combined", "apache-error", "apache-error-22"]),
    ("apache-common", ACCESS),
    ("apache-common+combined+error", &["common", "combined", "apache-error", "plain"]),
    ("apache-common+combined+vhost", ACCESS),
    ("apache-error", &["apache-error", "apache-error-22", "combined", "plain"]),
    ("apache-error-2.2", &["apache-error-22"]),
    ("apache-ssl-request", &["apache-ssl-request"]),
    ("apache_access", ACCESS),
    ("apache_error", &["apache-error", "apache-error-22"]),
    ("bunyan-json", &["json"]),
    ("caddy-json", &["json"]),
    ("cri", &["message", "plain-stampless"]),
    ("docker", &["message", "plain-stampless"]),
    ("docker-compose", &["message", "redis"]),
    ("elasticsearch", &["log4j", "json"]),
    ("glog", &["glog"]),
    ("gunicorn", &["gunicorn-error"]),
    (
        "haproxy (mixed)",
        &["haproxy-http", "haproxy-tcp", "haproxy-error", "haproxy-connect", "haproxy-state"],
    ),
    ("haproxy-default", &["haproxy-connect"]),
    ("haproxy-http", &["haproxy-http", "haproxy-tcp", "haproxy-error", "haproxy-state"]),
    ("haproxy-http+tcp", &["haproxy-http", "haproxy-tcp", "haproxy-error"]),
    ("haproxy-lifecycle", &["haproxy-state", "haproxy-http"]),
    ("haproxy-tcp", &["haproxy-tcp"]),
    ("jetty", &["plain"]),
    ("json", &["json", "logfmt", "plain-stampless"]),
    ("laravel", &["monolog"]),
    ("log4j", &["log4j"]),
    ("logfmt", &["logfmt"]),
    ("loghub:Apache", &["apache-error-22"]),
    ("loghub:BGL", &["bluegene"]),
    ("loghub:HDFS", &["log4j"]),
    ("loghub:Hadoop", &["log4j"]),
    ("loghub:Linux", &["message", "plain", "uwsgi-message"]),
    ("loghub:OpenSSH", &["message"]),
    ("loghub:OpenStack", &["python-logging"]),
    ("loghub:Proxifier", &["plain"]),
    ("loghub:Windows", &["plain"]),
    ("mysql-error", &["mysql-error", "plain"]),
    ("nginx-combined", ACCESS),
    ("nginx-combined (mixed)", &["combined", "combined-quoted", "vhost-combined", "ingress-nginx"]),
    (
        "nginx-combined+error",
        &["combined", "combined-quoted", "vhost-combined", "nginx-error", "plain", "json"],
    ),
    ("nginx-combined-ish", ACCESS),
    ("nginx-combined-xff", ACCESS),
    ("nginx-combined-xff+error", &["combined-quoted", "combined", "nginx-error"]),
    ("nginx-custom", &["nginx-upstream", "combined-extra"]),
    ("nginx-error", &["nginx-error"]),
    ("nginx-error+apache-error", &["nginx-error", "apache-error", "monolog"]),
    ("nginx-ingress-upstreaminfo", &["ingress-nginx"]),
    ("nginx-vhost-combined-xff", &["vhost-combined"]),
    ("nginx_access", &["combined-extra"]),
    ("nginx_error", &["nginx-error"]),
    ("openstack-oslo", &["python-logging", "plain"]),
    ("pebble", &["plain"]),
    ("phpfpm", &["php-fpm"]),
    ("postgresql", &["postgresql"]),
    ("rails", &["rails", "logfmt"]),
    ("redis", &["redis"]),
    ("spring-like", &["log4j"]),
    ("springboot", &["spring-boot"]),
    ("syslog", &["message", "plain"]),
    ("syslog+access", &["message", "combined"]),
    ("tomcat", &["tomcat-juli", "jul", "plain-stampless"]),
    ("uvicorn", &["uvicorn"]),
    ("uwsgi", &["uwsgi-request", "uwsgi-message"]),
    ("winston", &["json"]),
];

pub fn table(dir: &Path, entries: &[Entry]) -> Vec<Detected> {
    let mut out = Vec::new();
    let mut wrong = Vec::new();
    for entry in entries {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        let mut unparsed = 0;
        for row in rows(dir, &entry.log) {
            match row["format"].as_str() {
                Some(format) => *counts.entry(format.to_owned()).or_default() += 1,
                None => unparsed += 1,
            }
        }
        let mut formats: Vec<(String, u64)> = counts.into_iter().collect();
        formats.sort_by_key(|(format, n)| (std::cmp::Reverse(*n), format.clone()));
        let layout = LAYOUTS.iter().find(|(name, _)| *name == entry.format);
        // files called `generic` hold anything
        let fits = entry.format == "generic"
            || layout.is_some_and(|(_, may)| formats.iter().all(|(f, _)| may.contains(&f.as_str())));
        if !fits {
            wrong.push(format!("{} ({}): {formats:?}", entry.log, entry.format));
        }
        out.push(Detected { log: entry.log.clone(), formats, unparsed });
    }
    assert!(wrong.is_empty(), "taken for something else:\n{}", wrong.join("\n"));
    out
}
