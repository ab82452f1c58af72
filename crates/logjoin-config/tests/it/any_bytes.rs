//! No input makes the readers panic or run away.

use logjoin_config::{ProxyConfig, diff, haproxy, httpd, nginx, read, recognise, versioned};
use proptest::prelude::*;

/// Scraps that the grammars care about.
fn scraps() -> impl Strategy<Value = Vec<u8>> {
    let words = prop::sample::select(vec![
        "http",
        "server",
        "upstream",
        "location",
        "{",
        "}",
        ";",
        "\n",
        " ",
        "\"",
        "'",
        "\\",
        "$",
        "${",
        "#",
        "include",
        "proxy_pass",
        "http://",
        "unix:",
        ":",
        "[",
        "]",
        "content_by_lua_block {",
        "--[[",
        "set $a $b;",
        "<Proxy balancer://a>",
        "</Proxy>",
        "<",
        ">",
        "BalancerMember",
        "ProxyPass / ",
        "<Macro A $x>",
        "</Macro>",
        "Use A",
        "<IfModule x>",
        "</IfModule>",
        "backend b\n",
        "frontend f\n",
        "defaults d from d\n",
        "defaults\n",
        "server s 10.0.0.1:80 check inter",
        "use_backend b if",
        "acl a path_reg (",
        "{ path",
        "timeout server 99999999999999999999d",
        "=",
        "~",
        "*",
        "|",
        "é",
        "\u{feff}",
        "\r",
        "\0",
        "\\\n",
    ]);
    prop::collection::vec(words, 0..60).prop_map(|words| words.concat().into_bytes())
}

fn everything(text: &[u8]) {
    let mut left = 20;
    let mut load = |_: &str| {
        left -= 1;
        if left > 0 { vec![(format!("f{left}"), text.to_vec())] } else { Vec::new() }
    };
    let configs =
        [nginx::read("a", text, &mut load), httpd::read("a", text, &mut load), haproxy::read("a", text)];
    for config in &configs {
        look(config);
        assert!(diff(config, config).is_empty());
    }
    diff(&configs[0], &configs[2]);
    let _ = recognise(text);
    let _ = read("a", text, &mut |_| Vec::new());
    let _ = versioned(&String::from_utf8_lossy(text));
}

fn look(config: &ProxyConfig) {
    for host in ["", "a", "[::1]:80"] {
        for path in ["", "/", "/a/b?c"] {
            let _ = config.route_for(host, path);
        }
    }
    let _ = (config.servers_at("10.0.0.1:80"), config.server_by_name("b", "s"));
    for problem in &config.problems {
        assert!(problem.place.line >= 1, "{problem:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(text in prop::collection::vec(any::<u8>(), 0..400)) {
        everything(&text);
    }

    #[test]
    fn any_scraps(text in scraps()) {
        everything(&text);
    }

    #[test]
    fn any_cut(name in prop::sample::select(vec!["tricky-nginx.conf", "tricky-httpd.conf", "tricky-haproxy.cfg"]), from in 0usize..4000, to in 0usize..4000) {
        let text = crate::fixture(name);
        let (from, to) = (from.min(to).min(text.len()), from.max(to).min(text.len()));
        everything(&text[from..to]);
    }
}

#[test]
fn floods() {
    for scrap in [
        "{",
        "a{",
        "<A>\n",
        "\\",
        "\"",
        "${",
        "$",
        "use_backend b if {",
        "include x;",
        "[[",
        "defaults d from d\n",
    ] {
        let text = scrap.repeat(20_000 / scrap.len());
        everything(text.as_bytes());
    }
    // A file that includes itself under ever new names.
    let mut count = 0;
    let config = nginx::read("n", b"include a; include b;", &mut |_| {
        count += 1;
        vec![(format!("f{count}"), b"include a; include b;".to_vec())]
    });
    assert!(config.files.len() <= 4_096 + 1 && !config.problems.is_empty());
    let uses = "<Macro M $a>\nUse M $a$a\nUse M $a\n</Macro>\nUse M xxxx\n";
    assert!(!httpd::read("h", uses.as_bytes(), &mut |_| Vec::new()).problems.is_empty());
}
