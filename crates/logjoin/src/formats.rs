//! Formats that the proxies' own configurations name.

use logjoin_config::LogKind;
use logjoin_parse::compile::{self, Escape};
use logjoin_parse::{Format, Product};

use crate::plan::ConfigFile;

/// The access formats that configurations use, compiled; strings that do not compile are left to the built-in formats.
pub(crate) fn from_configs(configs: &[ConfigFile]) -> Vec<Format> {
    let mut formats: Vec<(String, Format)> = Vec::new();
    for c in configs {
        for log in c.config.logs.iter().filter(|l| l.kind == LogKind::Access) {
            let Some(string) = log.string.as_deref() else { continue };
            if formats.iter().any(|(known, _)| known == string) {
                continue;
            }
            let named = c.config.formats.iter().find(|f| Some(&f.name) == log.format.as_ref());
            let escape = match named.and_then(|f| f.escape.as_deref()) {
                Some("json") => Escape::Json,
                Some("none") => Escape::None,
                _ => Escape::Default,
            };
            let compiled = match c.config.product {
                Product::Nginx => compile::nginx(string, escape),
                Product::Apache => compile::apache_access(string),
                Product::Haproxy => compile::haproxy(string),
                _ => continue,
            };
            if let Ok(compiled) = compiled {
                formats.push((string.to_string(), Format::Compiled(std::sync::Arc::new(compiled))));
            }
        }
    }
    formats.into_iter().map(|(_, f)| f).collect()
}
