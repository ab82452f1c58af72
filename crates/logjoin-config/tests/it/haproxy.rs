//! haproxy.cfg.

use logjoin_config::{Matching, haproxy};

use crate::{addresses, read, route};

#[test]
fn servers() {
    let config = read("tricky-haproxy.cfg");
    assert_eq!(
        addresses(&config, "api"),
        ["10.4.1.1:8443", "[2001:db8::2]:8443", "api.internal:8443", "${A4_ADDR}:8443"]
    );
    let server = |name| config.server_by_name("api", name).unwrap();
    let (a1, a2, a3, a4) = (server("a1"), server("a2"), server("a3"), server("a4"));
    assert_eq!((a1.weight, a1.tls, a1.max_conns, a1.resolvers.as_deref()), (5, true, Some(30), Some("lan")));
    let check = a1.check.as_ref().unwrap();
    assert_eq!((check.interval_ms, check.rise, check.fall, check.timeout_ms), (3_000, 1, 4, Some(700)));
    assert_eq!((check.kind.as_str(), check.path.as_deref()), ("http", Some("/health check")));
    let check = a2.check.as_ref().unwrap();
    assert_eq!(
        (check.fall, check.fast_interval_ms, check.down_interval_ms, check.port),
        (2, Some(500), Some(10_000), Some(9_999))
    );
    assert!(a2.backup && a3.disabled && a3.is_name && !a3.tls && a3.check.is_none() && !a4.is_name);
    assert_eq!(a4.check.as_ref().unwrap().interval_ms, 9_000);
    assert_eq!(addresses(&config, "shop"), ["unix:/run/shop.sock", "unix:/run/shop2.sock"]);
    let names: Vec<_> =
        config.pool("site").unwrap().servers.iter().map(|s| s.name.as_deref().unwrap()).collect();
    assert_eq!(names, ["web1", "web2", "web3"]);
    assert_eq!(config.servers_at("10.4.2.1:5432")[0].0.name, "db");
}

#[test]
fn inheritance() {
    let config = read("tricky-haproxy.cfg");
    let api = config.pool("api").unwrap();
    assert_eq!(
        (api.timeouts.connect_ms, api.timeouts.read_ms, api.timeouts.queue_ms),
        (Some(5_000), Some(10_000), Some(3))
    );
    assert_eq!(
        (api.timeouts.tunnel_ms, api.retries, api.balance.as_deref()),
        (Some(3_600_000), Some(2), Some("leastconn"))
    );
    let site = config.pool("site").unwrap();
    assert_eq!((site.timeouts.read_ms, site.timeouts.tunnel_ms), (Some(60_000), None));
    let shop = config.pool("shop").unwrap();
    assert_eq!((shop.timeouts.read_ms, shop.timeouts.tunnel_ms), (None, Some(3_600_000)));
    assert_eq!(shop.timeouts.with_defaults(config.product).queue_ms, Some(5_000));
    assert!(config.pool("db").unwrap().tcp_mode && !api.tcp_mode);
}

#[test]
fn routes() {
    let config = read("tricky-haproxy.cfg");
    let api = route(&config, "if is_api !is_img");
    assert_eq!(
        (api.target.as_str(), api.scheme.as_str(), api.matching),
        ("api", "https", Matching::Condition)
    );
    assert_eq!(
        (api.timeouts.client_ms, api.timeouts.read_ms, api.buffers),
        (Some(60_000), Some(10_000), Some(30_720))
    );
    assert_eq!(api.next_upstream.as_deref(), Some("all-retryable-errors"));
    let targets: Vec<&str> = config.routes.iter().map(|r| r.target.as_str()).collect();
    assert_eq!(targets[0..2], ["api", "shop"]);
    assert!(targets[2].starts_with("%[req.hdr(host)"));
    assert_eq!(targets[3..], ["site", "db"]);
    let to = |host: &str, path: &str| config.route_for(host, path).map(|r| r.target.clone());
    assert_eq!(to("x", "/api/1").as_deref(), Some("api"));
    assert_eq!(to("x", "/api/1.PNG").as_deref(), Some("site"));
    assert_eq!(to("Shop.Example", "/").as_deref(), Some("shop"));
    assert_eq!(to("x", "/shop").as_deref(), Some("shop"));
    assert_eq!(to("x", "/").as_deref(), Some("site"));
}

#[test]
fn listens_and_logs() {
    let config = read("tricky-haproxy.cfg");
    let listens: Vec<_> =
        config.listens.iter().map(|l| (l.address.as_str(), l.name.as_deref().unwrap())).collect();
    assert_eq!(
        listens,
        [
            ("*:80", "www"),
            ("*:8080", "www"),
            ("10.4.0.1:443", "www"),
            ("unix:/run/hap.sock", "www"),
            ("*:5432", "db")
        ]
    );
    assert!(config.listens[2].tls && config.listens[2].proxy_protocol);
    let www: Vec<_> = config.logs.iter().filter(|log| log.servers == ["www"]).collect();
    assert_eq!((www[0].path.as_str(), www[0].level.as_deref()), ("/dev/log", Some("local0 info")));
    assert_eq!((www[0].options.as_str(), www[1].path.as_str()), ("len 2048 format rfc5424", "stdout"));
    assert_eq!(www[0].format.as_deref(), Some("defaults strict"));
    let format = r#"%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B "%r" #x"#;
    assert_eq!(www[0].string.as_deref(), Some(format));
    assert_eq!(
        (config.formats[0].name.as_str(), config.formats[0].string.as_str()),
        ("defaults strict", format)
    );
}

#[test]
fn problems_have_their_place() {
    let config = read("tricky-haproxy.cfg");
    let mut told: Vec<(u32, &str)> =
        config.problems.iter().map(|p| (p.place.line, p.message.as_str())).collect();
    told.sort_unstable();
    let text = String::from_utf8(crate::fixture("tricky-haproxy.cfg")).unwrap();
    let line = |start: &str| text.lines().position(|line| line.trim().starts_with(start)).unwrap() as u32 + 1;
    assert_eq!(
        told,
        [
            (line("backend odd"), "no `defaults` section is named `nowhere`"),
            (line("server x"), "`server` line is too short"),
            (line("server y"), "`weight heavy` makes no sense"),
            (line("errorfile 503"), "quote is not closed"),
        ]
    );
}

#[test]
fn odd_files() {
    let config = haproxy::read("h", b"defaults a from b\ndefaults b from a\n timeout server 3s\nfrontend f\n default_backend nope\nlisten l\n mode tcp\n server s 10.0.0.1\n");
    assert_eq!(config.problems.len(), 1);
    assert_eq!(config.pools[0].servers[0].address, "10.0.0.1");
    assert_eq!(config.pools[0].timeouts.read_ms, Some(3_000));
    assert_eq!(config.routes[1].target, "l");
}
