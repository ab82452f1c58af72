//! Every configuration of the recordings, where they are at hand.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use logjoin_config::{LogKind, ProxyConfig, Route, diff, read, recognise, version_time};
use logjoin_parse::Product;

use crate::corpora::corpora;

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            files(&path, out);
        } else {
            out.push(path);
        }
    }
}

fn load(path: &Path) -> ProxyConfig {
    let text = fs::read(path).unwrap();
    read(&path.display().to_string(), &text, &mut |_| Vec::new())
        .unwrap_or_else(|| panic!("{}", path.display()))
}

#[test]
fn all_are_read_without_a_problem() {
    let Some(root) = corpora("") else { return };
    let mut all = Vec::new();
    files(&root.join("lab"), &mut all);
    all.retain(|path| path.components().any(|part| part.as_os_str() == "conf"));
    assert!(all.len() >= 60, "{}", all.len());
    for path in &all {
        let config = load(path);
        let shown = path.display();
        assert_eq!(config.problems, [], "{shown}");
        let folder = path.parent().unwrap().file_name().unwrap().to_str().unwrap();
        let product = match folder {
            "nginx" => Product::Nginx,
            "apache" => Product::Apache,
            _ => Product::Haproxy,
        };
        assert_eq!(config.product, product, "{shown}");
        assert!(!config.routes.is_empty() && !config.listens.is_empty(), "{shown}");
        for Route { target, timeouts, .. } in &config.routes {
            let pool = config.pool(target).unwrap_or_else(|| panic!("{shown}: {target}"));
            assert!(!pool.servers.is_empty(), "{shown}");
            assert!(timeouts.connect_ms.is_some() && timeouts.read_ms.is_some(), "{shown}: {timeouts:?}");
        }
        for server in config.pools.iter().flat_map(|pool| &pool.servers) {
            assert!(server.address.starts_with("unix:/") || server.address.contains(':'), "{shown}");
        }
        let access = config.logs.iter().find(|log| log.kind == LogKind::Access).unwrap();
        assert!(access.string.is_some() || access.format.as_deref() == Some("httplog"), "{shown}");
    }
    let later = all.iter().filter(|path| version_time(path.to_str().unwrap()).is_some()).count();
    assert!(later >= 6, "{later}");
}

#[test]
fn some_are_read_to_the_letter() {
    let Some(root) = corpora("") else { return };
    let lab = root.join("lab");
    let of = |config: &ProxyConfig, pool: &str| crate::addresses(config, pool).join(" ");

    let nginx = load(&lab.join("d13-keepalive-ids/conf/nginx/nginx.conf"));
    assert_eq!(of(&nginx, "api"), "10.20.2.11:21102 10.20.2.12:21102");
    assert_eq!(nginx.pool("api").unwrap().keepalive, Some(8));
    assert_eq!(nginx.pool("api").unwrap().servers[0].max_fails, Some(0));
    assert_eq!(
        (nginx.routes[0].timeouts.connect_ms, nginx.routes[0].timeouts.read_ms),
        (Some(1_000), Some(4_000))
    );
    assert_eq!(nginx.routes[0].next_upstream.as_deref(), Some("off"));
    assert!(nginx.formats[0].string.contains("ua=\"$upstream_addr\""));

    let httpd = load(&lab.join("d15-crm-uwsgi-noids/conf/apache/httpd.conf"));
    assert_eq!(of(&httpd, "balancer://api"), "10.20.1.51:21151 10.20.1.52:21151");
    assert_eq!((httpd.routes[0].scheme.as_str(), httpd.routes[0].timeouts.read_ms), ("uwsgi", Some(10_000)));
    assert_eq!(httpd.routes[0].server_names, ["crm.example"]);
    assert_eq!(httpd.routes[0].timeouts.client_ms, Some(30_000));

    let haproxy = load(&lab.join("d02-shop-node-rolling-noids/conf/haproxy/haproxy.cfg"));
    let check = haproxy.server_by_name("api", "api-3").unwrap().check.clone().unwrap();
    assert_eq!(
        (check.interval_ms, check.fall, check.rise, check.path.as_deref()),
        (2_000, 3, 2, Some("/healthz"))
    );
    assert_eq!(
        (haproxy.routes[0].timeouts.read_ms, haproxy.routes[0].timeouts.queue_ms),
        (Some(4_000), Some(3_000))
    );
    assert_eq!(haproxy.pool("api").unwrap().retries, Some(1));
    assert_eq!(haproxy.logs[0].format.as_deref(), Some("httplog"));

    let names = load(&lab.join("d10-dns/conf/nginx/nginx.conf"));
    assert_eq!(names.routes[0].target, "orders.svc.internal:21141");
    assert!(names.pools[0].servers[0].is_name);

    let php = load(&lab.join("d03-blog-php-ids/conf/nginx/nginx.conf"));
    assert_eq!(
        (php.routes[0].scheme.as_str(), of(&php, "php")),
        ("fastcgi", "unix:/run/php-fpm-blog.sock".to_owned())
    );

    let old = lab.join("d18-apache-single-ids/conf/apache/httpd.conf");
    let changes = diff(&load(&old), &load(&old.with_file_name("httpd.conf.20261121T025549Z")));
    assert!(!changes.is_empty());
}

#[test]
fn nothing_else_is_taken_for_a_configuration() {
    let Some(root) = corpora("") else { return };
    let mut all = Vec::new();
    files(&root, &mut all);
    all.retain(|path| path.components().all(|part| part.as_os_str() != "conf"));
    let mut seen = 0;
    for path in all {
        let Ok(file) = fs::File::open(&path) else { continue };
        let mut text = Vec::new();
        // More than is looked at.
        let _ = file.take(200_000).read_to_end(&mut text);
        seen += 1;
        assert_eq!(recognise(&text), None, "{}", path.display());
    }
    assert!(seen > 200);
}
