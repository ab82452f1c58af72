//! The files that Debian's packages bring along, as they are laid out there.

use crate::{fixture, read, route};

#[test]
fn nginx() {
    let site = fixture("debian-nginx-site.conf");
    let config =
        logjoin_config::read("/etc/nginx/nginx.conf", &fixture("debian-nginx.conf"), &mut |pattern| {
            match pattern {
                "/etc/nginx/sites-enabled/*" => vec![("sites-enabled/default".to_owned(), site.clone())],
                _ => Vec::new(),
            }
        })
        .unwrap();
    assert_eq!(config.problems, []);
    assert_eq!(config.files, ["/etc/nginx/nginx.conf", "sites-enabled/default"]);
    assert_eq!(config.listens.len(), 2);
    assert_eq!(
        config.logs.iter().map(|log| log.path.as_str()).collect::<Vec<_>>(),
        ["/var/log/nginx/error.log", "/var/log/nginx/access.log"]
    );
    assert_eq!(config.logs[1].format.as_deref(), Some("combined"));
    let app = route(&config, "/app/");
    assert_eq!((app.target.as_str(), app.uri.as_deref()), ("localhost:3000", Some("/")));
    assert_eq!(app.scope, ["http", "server", "location /app/"]);
    assert_eq!(app.server_names, ["_"]);
    // The site alone is a configuration as well.
    assert_eq!(read("debian-nginx-site.conf").routes.len(), 1);
}

#[test]
fn apache() {
    let site = fixture("debian-apache2-site.conf");
    let ports = b"Listen 80\n<IfModule ssl_module>\n\tListen 443\n</IfModule>\n<IfModule mod_gnutls.c>\n\tListen 443\n</IfModule>\n";
    let mut load = |pattern: &str| match pattern {
        "mods-enabled/*.load" => vec![
            (
                "alias.load".to_owned(),
                b"LoadModule alias_module /usr/lib/apache2/modules/mod_alias.so\n".to_vec(),
            ),
            ("ssl.load".to_owned(), b"LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so\n".to_vec()),
        ],
        "ports.conf" => vec![("ports.conf".to_owned(), ports.to_vec())],
        "sites-enabled/*.conf" => vec![("000-default.conf".to_owned(), site.clone())],
        _ => Vec::new(),
    };
    let config = logjoin_config::read("apache2.conf", &fixture("debian-apache2.conf"), &mut load).unwrap();
    assert_eq!(config.problems, []);
    assert_eq!(config.files.len(), 5);
    assert_eq!(config.listens.iter().filter_map(|l| l.port).collect::<Vec<_>>(), [80, 443]);
    let access = config.logs.iter().find(|log| log.path == "${APACHE_LOG_DIR}/access.log").unwrap();
    assert_eq!(access.string.as_deref(), Some(r#"%h %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i""#));
    assert_eq!(config.formats.len(), 5);
    assert_eq!(read("debian-apache2-site.conf").logs.len(), 2);
}

#[test]
fn haproxy() {
    let config = read("debian-haproxy.cfg");
    assert_eq!(config.problems, []);
    assert!(config.pools.is_empty());
    assert_eq!(
        config.logs.iter().map(|log| log.level.as_deref().unwrap()).collect::<Vec<_>>(),
        ["local0", "local1 notice"]
    );
    assert!(
        config
            .settings
            .iter()
            .any(|s| s.name == "timeout" && s.args == ["server", "50000"] && s.scope == ["defaults"])
    );
}
