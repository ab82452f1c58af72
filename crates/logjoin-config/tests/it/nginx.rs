//! nginx.conf.

use logjoin_config::{LogKind, Matching, ProxyConfig, nginx};

use crate::{addresses, read, route};

fn text(text: &str) -> ProxyConfig {
    nginx::read("t.conf", text.as_bytes(), &mut |_| Vec::new())
}

#[test]
fn upstream_servers() {
    let config = read("tricky-nginx.conf");
    let pool = config.pool("orders").unwrap();
    assert_eq!(
        addresses(&config, "orders"),
        ["10.1.0.1:80", "orders.svc.internal:8443", "[2001:db8::5]:9000", "unix:/run/orders.sock"]
    );
    assert_eq!(
        (pool.balance.as_deref(), pool.keepalive, pool.keepalive_timeout_ms),
        (Some("least_conn"), Some(16), Some(45_000))
    );
    let [first, second, third, fourth] = pool.servers.as_slice() else { panic!() };
    assert_eq!((first.weight, first.max_fails, first.fail_timeout_ms), (3, Some(2), Some(30_000)));
    assert_eq!(
        (second.is_name, second.max_conns, second.resolvers.as_deref()),
        (true, Some(50), Some("resolve"))
    );
    assert!(third.backup && !third.is_name && fourth.disabled && !fourth.is_name);
    assert_eq!((first.place.line, pool.place.line), (24, 21));
}

#[test]
fn routes_and_their_limits() {
    let config = read("tricky-nginx.conf");
    let orders = route(&config, "/orders/");
    assert_eq!(
        (orders.target.as_str(), orders.scheme.as_str(), orders.uri.as_deref()),
        ("orders", "https", Some("/v2/"))
    );
    assert_eq!(orders.next_upstream.as_deref(), Some("error timeout http_502 non_idempotent"));
    assert_eq!((orders.timeouts.connect_ms, orders.timeouts.read_ms), (Some(3_000), Some(5_000)));
    assert_eq!((orders.timeouts.send_ms, orders.timeouts.keepalive_ms), (None, Some(20_000)));
    assert_eq!(orders.timeouts.with_defaults(config.product).send_ms, Some(60_000));
    assert_eq!(orders.buffers, Some(8_192));
    assert_eq!(orders.scope, ["http", "server", "location /orders/"]);
    assert_eq!(orders.server_names.len(), 3);
    assert_eq!(route(&config, "/orders/slow").timeouts.read_ms, Some(300_000));
    assert_eq!(route(&config, "/health").timeouts.read_ms, Some(20_000));
    let php = route(&config, "\\.php$");
    assert_eq!(
        (php.scheme.as_str(), php.target.as_str(), php.matching),
        ("fastcgi", "unix:/run/php/php-fpm.sock", Matching::Regex)
    );
    assert_eq!(
        (php.timeouts.read_ms, php.timeouts.connect_ms, php.buffers),
        (Some(9_000), None, Some(16_384))
    );
    let image = route(&config, "\\.(?:png|jpe?g)$");
    assert_eq!((image.target.as_str(), image.uri.as_deref()), ("unix:/run/img.sock", Some("/img/")));
    assert_eq!(route(&config, "/lua").target, "orders");
    assert_eq!(route(&config, "/grpc").target, "rpc.internal:443");
    assert_eq!(route(&config, "/py").scheme, "uwsgi");
}

#[test]
fn variables() {
    let config = read("tricky-nginx.conf");
    assert_eq!(route(&config, "/stock").target, "inventory.svc:21141");
    assert!(config.pool("inventory.svc:21141").unwrap().servers[0].is_name);
    let flip: Vec<&str> =
        config.routes.iter().filter(|r| r.path == "/flip").map(|r| r.target.as_str()).collect();
    assert_eq!(flip, ["$pool", "10.1.0.3:3"]);
    assert!(config.pool("$pool").is_none());
    let circle = text("server { set $a $b; set $b $a; location / { proxy_pass http://$a; } }");
    assert!(circle.routes[0].target.starts_with('$'));
    let group =
        text("upstream g { server a:1; } server { set $x g; location / { proxy_pass http://${x}/p; } }");
    assert_eq!((group.routes[0].target.as_str(), group.routes[0].uri.as_deref()), ("g", Some("/p")));
    assert_eq!(group.pools.len(), 1);
}

#[test]
fn the_way_of_a_request() {
    let config = read("tricky-nginx.conf");
    let target = |host: &str, path: &str| config.route_for(host, path).map(|r| r.path.clone());
    for (host, path, want) in [
        ("shop.example", "/health", "/health"),
        ("shop.example", "/orders/7?a=/lua", "/orders/"),
        ("shop.example", "/orders/slow/1", "/orders/slow"),
        ("shop.example", "/orders/a.PNG", "\\.(?:png|jpe?g)$"),
        ("shop.example", "/static/a.png", "/static/"),
        ("a.shop.example:80", "/x/index.php", "\\.php$"),
        ("de.eu.example", "/stock", "/stock"),
        ("unknown.test", "/lua/1", "/lua"),
        ("shop.example", "/", "@fallback"),
    ] {
        assert_eq!(target(host, path).as_deref(), Some(want), "{host} {path}");
    }
}

#[test]
fn logs_and_formats() {
    let config = read("tricky-nginx.conf");
    let json = &config.formats[0];
    assert_eq!((json.name.as_str(), json.escape.as_deref()), ("json", Some("json")));
    assert_eq!(json.string, "{\"time\":\"$time_iso8601\",\"request\":\"$request\",\"status\":$status}");
    assert_eq!(config.formats[1].string, "$remote_addr $upstream_addr;$status");
    assert_eq!(config.logs.len(), 2);
    assert_eq!((config.logs[0].kind, config.logs[0].level.as_deref()), (LogKind::Error, Some("warn")));
    let access = &config.logs[1];
    assert_eq!((access.path.as_str(), access.format.as_deref()), ("/var/log/nginx/access.log", Some("json")));
    assert_eq!(access.options, "buffer=32k flush=5s if=$loggable");
    assert_eq!(access.string.as_ref(), Some(&json.string));
    let plain = text("http { access_log a.log if=$x; access_log syslog:server=10.0.0.1 combined; }");
    assert_eq!(plain.logs[0].format.as_deref(), Some("combined"));
    assert!(plain.logs[1].string.as_ref().unwrap().starts_with("$remote_addr - $remote_user [$time_local]"));
}

#[test]
fn listens() {
    let config = read("tricky-nginx.conf");
    let [a, b, c] = config.listens.as_slice() else { panic!("{:?}", config.listens) };
    assert_eq!((a.address.as_str(), a.port, a.default_server, a.tls), ("*:80", Some(80), true, false));
    assert_eq!((b.address.as_str(), b.tls, b.proxy_protocol), ("[::]:443", true, true));
    assert_eq!(c.port, Some(5432));
}

#[test]
fn streams() {
    let config = read("tricky-nginx.conf");
    let pool = config.pool("db").unwrap();
    assert!(pool.tcp_mode && pool.servers[1].backup);
    let route = config.routes.iter().find(|route| route.target == "db").unwrap();
    assert_eq!((route.scheme.as_str(), route.matching), ("tcp", Matching::Always));
    assert_eq!((route.timeouts.connect_ms, route.timeouts.read_ms), (Some(1_000), Some(600_000)));
}

#[test]
fn problems_have_their_place() {
    let config = read("tricky-nginx.conf");
    assert_eq!(config.problems.len(), 1, "{:?}", config.problems);
    assert_eq!(config.problems[0].place.line, 31);
    assert!(config.problems[0].message.contains("weight=heavy"));
    let config = text("upstream a { }\nserver { listen 80\n}\nuser x;\n} http {");
    let lines: Vec<u32> = config.problems.iter().map(|p| p.place.line).collect();
    assert_eq!(lines, [2, 5, 5, 1]);
    assert!(config.settings.iter().any(|s| s.name == "user" && s.value == "x"));
}

#[test]
fn includes() {
    let main = "http {\n include conf.d/*.conf;\n include missing.conf;\n include mime.types;\n}\n";
    let mut asked = Vec::new();
    let config = nginx::read("nginx.conf", main.as_bytes(), &mut |pattern| {
        asked.push(pattern.to_owned());
        match pattern {
            "conf.d/*.conf" => vec![
                (
                    "conf.d/a.conf".to_owned(),
                    b"upstream a { server 10.0.0.1:1; }\ninclude more/b.conf;".to_vec(),
                ),
                ("conf.d/z.conf".to_owned(), b"server {\n location / { proxy_pass http://a; } }".to_vec()),
            ],
            "more/b.conf" => {
                vec![("more/b.conf".to_owned(), b"include nginx.conf; proxy_read_timeout 7s;".to_vec())]
            }
            "nginx.conf" => vec![("nginx.conf".to_owned(), main.as_bytes().to_vec())],
            _ => Vec::new(),
        }
    });
    assert_eq!(config.files, ["nginx.conf", "conf.d/a.conf", "more/b.conf", "conf.d/z.conf"]);
    assert_eq!(asked.len(), 5);
    assert_eq!(config.routes[0].timeouts.read_ms, Some(7_000));
    assert_eq!((config.routes[0].place.file.as_str(), config.routes[0].place.line), ("conf.d/z.conf", 2));
    let told: Vec<&str> = config.problems.iter().map(|p| p.message.as_str()).collect();
    assert_eq!(told, ["`nginx.conf` includes itself", "included file `missing.conf` is not at hand"]);
}

#[test]
fn a_dump_of_all_files() {
    let dump = "nginx: the configuration file /etc/nginx/nginx.conf syntax is ok\n\
                # configuration file /etc/nginx/nginx.conf:\nhttp {\n proxy_read_timeout 7s;\n include conf.d/*.conf;\n}\n\n\
                # configuration file /etc/nginx/conf.d/a.conf:\nupstream a { server 10.0.0.1:1; }\n\
                server {\n location / { proxy_pass http://a; }\n}\n";
    let config = logjoin_config::read("dump.txt", dump.as_bytes(), &mut |_| Vec::new()).unwrap();
    assert_eq!(config.problems, []);
    assert_eq!(config.files, ["/etc/nginx/nginx.conf", "/etc/nginx/conf.d/a.conf"]);
    assert_eq!(config.routes[0].timeouts.read_ms, Some(7_000));
    assert_eq!(
        (config.routes[0].place.file.as_str(), config.routes[0].place.line),
        ("/etc/nginx/conf.d/a.conf", 3)
    );
}
