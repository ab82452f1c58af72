//! httpd.conf.

use logjoin_config::{LogKind, Matching, httpd};

use crate::{addresses, read, route};

#[test]
fn balancers() {
    let config = read("tricky-httpd.conf");
    let pool = config.pool("balancer://api").unwrap();
    assert_eq!(
        addresses(&config, "balancer://api"),
        ["10.3.0.1:8080", "app.internal:80", "unix:/run/app.sock"]
    );
    assert_eq!(
        (pool.balance.as_deref(), pool.retries, pool.timeouts.queue_ms),
        (Some("bybusyness"), Some(2), Some(1_000))
    );
    assert_eq!((pool.keepalive_timeout_ms, pool.check_path.as_deref()), (Some(30_000), Some("/ping")));
    let [one, spare, socket] = pool.servers.as_slice() else { panic!() };
    assert_eq!((one.name.as_deref(), one.weight, one.fail_timeout_ms), (Some("one"), 2, Some(5_000)));
    assert_eq!((one.timeouts.read_ms, one.timeouts.connect_ms), (Some(10_000), Some(500)));
    assert!(spare.backup && spare.is_name && !socket.is_name);
    assert_eq!(spare.max_conns, Some(20));
    let check = spare.check.as_ref().unwrap();
    assert_eq!((check.interval_ms, check.rise, check.fall, check.kind.as_str()), (5_000, 1, 3, "GET"));
    let old = config.pool("balancer://old").unwrap();
    assert_eq!((old.servers[0].address.as_str(), old.servers[0].disabled), ("10.3.0.9:8009", true));
    assert_eq!(old.servers[0].scheme.as_deref(), Some("ajp"));
}

#[test]
fn routes_and_their_limits() {
    let config = read("tricky-httpd.conf");
    assert!(config.routes.iter().all(|route| route.path != "/static"));
    let app = route(&config, "/app");
    assert_eq!(
        (app.target.as_str(), app.scheme.as_str(), app.uri.as_deref()),
        ("balancer://api", "http", Some("/base"))
    );
    assert_eq!(app.server_names, ["shop.example", "www.shop.example", "*.cdn.example"]);
    // The shortest of the members; the one without its own waits as long as the server's Timeout.
    assert_eq!((app.timeouts.read_ms, app.timeouts.connect_ms), (Some(8_000), Some(500)));
    assert_eq!((app.timeouts.client_ms, app.timeouts.keepalive_ms), (Some(120_000), Some(5_000)));
    assert_eq!(app.scope, ["VirtualHost *:80 [::]:80"]);
    let direct = route(&config, "/direct");
    assert_eq!((direct.target.as_str(), direct.uri.as_deref()), ("10.3.0.50:9090", Some("/deep")));
    assert_eq!(
        (direct.timeouts.read_ms, direct.timeouts.connect_ms, direct.buffers),
        (Some(45_000), Some(2_000), Some(16_384))
    );
    let old = route(&config, "^/old/(.*\\.do)$");
    assert_eq!(
        (old.target.as_str(), old.scheme.as_str(), old.matching),
        ("balancer://old", "ajp", Matching::Regex)
    );
    assert_eq!(old.timeouts.read_ms, Some(120_000));
    let socket = route(&config, "/ws");
    assert_eq!(
        (socket.target.as_str(), socket.scheme.as_str(), socket.timeouts.read_ms),
        ("10.3.0.7:9001", "ws", Some(600_000))
    );
    let php = route(&config, "\\.php$");
    assert_eq!((php.target.as_str(), php.scheme.as_str()), ("unix:/run/php/php8.2-fpm.sock", "fastcgi"));
    assert_eq!(php.timeouts.read_ms, Some(30_000));
    let legacy = route(&config, "^/r/(.*)$");
    assert_eq!((legacy.target.as_str(), legacy.uri.as_deref()), ("legacy.internal:443", Some("/$1")));
    assert!(config.pool("legacy.internal:443").unwrap().servers[0].tls);
    assert!(config.routes.iter().all(|route| route.path != "^/x$"));
}

#[test]
fn conditions_and_macros() {
    let config = read("tricky-httpd.conf");
    let workers: Vec<&str> =
        config.settings.iter().filter(|s| s.name == "MaxRequestWorkers").map(|s| s.value.as_str()).collect();
    assert_eq!(workers, ["400"]);
    let listens: Vec<&str> = config.listens.iter().map(|l| l.address.as_str()).collect();
    assert_eq!(listens, ["*:8000", "*:80", "[::]:443"]);
    assert!(config.listens[2].tls);
    let made = config.routes.iter().find(|r| r.server_names == ["macro.example"]).unwrap();
    assert_eq!(made.target, "127.0.0.1:7001");
    assert_eq!(config.problems, []);
}

#[test]
fn logs() {
    let config = read("tricky-httpd.conf");
    let [error, main, shop] = config.logs.as_slice() else { panic!("{:?}", config.logs) };
    assert_eq!((error.kind, error.level.as_deref()), (LogKind::Error, Some("warn proxy:debug")));
    assert_eq!(error.format.as_deref(), Some("ErrorLogFormat"));
    assert!(error.string.as_ref().unwrap().starts_with("[%t] [%l]"));
    assert!(error.path.starts_with("|/usr/bin/rotatelogs"));
    assert_eq!((main.path.as_str(), main.format.as_deref()), ("${APACHE_LOG_DIR}/access.log", Some("timed")));
    assert_eq!(
        main.string.as_deref(),
        Some(r#"%v:%p %h %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i" %D"#)
    );
    assert_eq!(main.options, "env=!dontlog");
    assert_eq!(shop.string.as_deref(), Some(r#"%h %t "%r" %>s %{BALANCER_WORKER_NAME}e"#));
    assert_eq!(shop.servers[0], "shop.example");
}

#[test]
fn the_way_of_a_request() {
    let config = read("tricky-httpd.conf");
    let path = |host: &str, path: &str| config.route_for(host, path).map(|r| r.path.clone());
    assert_eq!(path("shop.example", "/app/x").as_deref(), Some("/app"));
    assert_eq!(path("shop.example", "/apps"), path("shop.example", "/nothing"));
    assert_eq!(path("a.cdn.example", "/ws/1").as_deref(), Some("/ws"));
    assert_eq!(path("shop.example", "/old/a.do").as_deref(), Some("^/old/(.*\\.do)$"));
    assert_eq!(path("shop.example", "/a/index.php").as_deref(), Some("\\.php$"));
    assert_eq!(path("macro.example", "/app").as_deref(), Some("/"));
}

#[test]
fn a_worker_shared_by_two_routes() {
    let text =
        b"Timeout 7\nProxyPass /a http://b:1/ timeout=3\nProxyPass /c http://b:1/x connectiontimeout=1\n";
    let config = httpd::read("h", text, &mut |_| Vec::new());
    assert_eq!(config.pools.len(), 1);
    assert_eq!(config.routes[1].timeouts.read_ms, Some(3_000));
    assert_eq!(config.routes[1].timeouts.connect_ms, Some(1_000));
    assert_eq!(config.pools[0].servers.len(), 1);
}

#[test]
fn damage() {
    let text = b"ProxyPass /a\n<Proxy balancer://x>\nBalancerMember nonsense\nBalancerMember http://b timeout=soon\n</Location>\nUse Missing\n";
    let config = httpd::read("h", text, &mut |_| Vec::new());
    let mut lines: Vec<u32> = config.problems.iter().map(|p| p.place.line).collect();
    lines.sort_unstable();
    assert_eq!(lines, [1, 2, 3, 4, 5, 6]);
    assert_eq!(config.pools[0].servers.len(), 1);
}
