//! What changed between two versions.

use logjoin_config::{ChangeKind, diff, haproxy, httpd, nginx};

use crate::read;

fn lines(changes: &[logjoin_config::Change]) -> Vec<String> {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    changes.iter().map(|c| format!("{}: {} -> {}", c.what, text(&c.before), text(&c.after))).collect()
}

#[test]
fn a_port_typed_wrong() {
    let changes = diff(&read("port-nginx.conf"), &read("port-nginx.conf.20261121T022715Z"));
    assert_eq!(lines(&changes), ["server 10.20.1.11:21110 of api: 10.20.1.11:21101 -> 10.20.1.11:21110"]);
    assert_eq!((changes[0].kind, changes[0].place.line), (ChangeKind::Server, 17));
    let changes = diff(&read("port-haproxy.cfg"), &read("port-haproxy.cfg.20261121T022737Z"));
    assert_eq!(lines(&changes), ["server api-2 of api: 10.20.1.12:21101 -> 10.20.1.12:21901"]);
    assert_eq!(diff(&read("port-nginx.conf"), &read("port-nginx.conf")), []);
}

#[test]
fn limits_routes_and_members() {
    let old = haproxy::read("h", b"defaults\n mode http\n timeout server 10s\nfrontend f\n default_backend a\nbackend a\n balance roundrobin\n server x 10.0.0.1:1 check\n server y 10.0.0.2:1\n");
    let new = haproxy::read("h", b"defaults\n mode http\n timeout server 5s\nfrontend f\n default_backend b\nbackend a\n balance leastconn\n server x 10.0.0.1:1 check inter 9s backup\nbackend b\n server z 10.0.0.3:1\n");
    assert_eq!(
        lines(&diff(&old, &new)),
        [
            "balance of a: roundrobin -> leastconn",
            "read timeout of pool a: 10000 ms -> 5000 ms",
            "send timeout of pool a: 10000 ms -> 5000 ms",
            "backup of server x of a: off -> on",
            "check of server x of a: tcp every 2000 ms, rise 2, fall 3 -> tcp every 9000 ms, rise 2, fall 3",
            "server y of a: 10.0.0.2:1 -> -",
            "pool b: - -> 10.0.0.3:1",
            "route frontend f: http://a -> http://b",
            "read timeout of route frontend f: 10000 ms -> 5000 ms",
            "send timeout of route frontend f: 10000 ms -> 5000 ms",
        ]
    );
    let nginx = |text: &[u8]| nginx::read("n", text, &mut |_| Vec::new());
    let old = nginx(b"server { server_name a; location / { proxy_pass http://x:1; } location /o { proxy_pass http://x:1; } }");
    let new =
        nginx(b"server { server_name a; location / { proxy_pass http://x:1; proxy_read_timeout 9s; } }");
    assert_eq!(
        lines(&diff(&old, &new)),
        ["read timeout of route a /: - -> 9000 ms", "route a /o: http://x:1 -> -"]
    );
    let httpd = |text: &[u8]| httpd::read("h", text, &mut |_| Vec::new());
    let changes =
        diff(&httpd(b"ProxyPass / http://x:1/ timeout=4"), &httpd(b"ProxyPass / http://x:2/ timeout=4"));
    assert_eq!(changes.iter().filter(|c| c.kind == ChangeKind::Route).count(), 1);
}
