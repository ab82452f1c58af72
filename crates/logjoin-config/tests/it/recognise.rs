//! What is taken for a configuration, and what is not.

use logjoin_config::recognise;
use logjoin_parse::Product;

#[test]
fn configurations() {
    for (product, files) in [
        (
            Product::Nginx,
            [
                "tricky-nginx.conf",
                "debian-nginx.conf",
                "debian-nginx-site.conf",
                "port-nginx.conf.20261121T022715Z",
            ],
        ),
        (
            Product::Apache,
            ["tricky-httpd.conf", "debian-apache2.conf", "debian-apache2-site.conf", "socket-httpd.conf"],
        ),
        (
            Product::Haproxy,
            ["tricky-haproxy.cfg", "debian-haproxy.cfg", "dns-haproxy.cfg", "port-haproxy.cfg"],
        ),
    ] {
        for file in files {
            assert_eq!(recognise(&crate::fixture(file)), Some(product), "{file}");
        }
    }
    for (product, text) in [
        (Product::Nginx, "# sites\nupstream api {\n  server 10.0.0.1:80;\n}\n"),
        (
            Product::Nginx,
            "\u{feff}server {\r\n  listen 80;\r\n  location / { proxy_pass http://x; }\r\n}\r\n",
        ),
        (Product::Nginx, "log_format main '$remote_addr $status';\n"),
        (Product::Nginx, "location /api { proxy_pass http://10.0.0.1:8080; }"),
        (
            Product::Apache,
            "ProxyPass /api http://10.0.0.1:8080/api\nProxyPassReverse /api http://10.0.0.1:8080/api\n",
        ),
        (Product::Apache, "<Proxy balancer://a>\n BalancerMember http://10.0.0.1\n</Proxy>\n"),
        (Product::Apache, "Listen 80\n"),
        (Product::Haproxy, "# lb\n\nbackend api\n    server a 10.0.0.1:80 check\n"),
    ] {
        assert_eq!(recognise(text.as_bytes()), Some(product), "{text}");
    }
}

#[test]
fn other_texts() {
    for text in [
        "",
        "\n# only a comment\n",
        "2026/11/21 01:51:05 [error] 11212#11212: *55 connect() failed (111: Connection refused) while connecting to upstream, client: 127.0.0.1, server: lab.test, request: \"GET / HTTP/1.1\", upstream: \"http://127.0.0.1:20199/\"\n",
        "127.0.0.1 - - [21/Nov/2026:01:50:53 +0000] \"GET /server { listen 80; } HTTP/1.1\" 400 0 \"-\" \"location / { proxy_pass http://x; }\"\n",
        "[Sat Nov 21 01:59:48.123456 2026] [proxy:error] [pid 1:tid 2] (111)Connection refused: AH00957: http: attempt to connect to 10.0.0.1:80 (10.0.0.1) failed\n",
        "Nov 21 02:08:55 lb1 haproxy[12863]: 127.0.0.1:54254 [21/Nov/2026:02:09:07.209] fe api/s1 0/0/-1/-1/501 503 217 - - SC-- 1/1/0/0/1 0/0 \"GET / HTTP/1.1\"\n",
        "backend started\nserver is up\n",
        "server listening on port 8080\n",
        "listen tcp 0.0.0.0:80: bind: address already in use\n",
        "Timeout while waiting for database\nUser admin logged in\n",
        "{\"server\": {\"listen\": 80}}\n",
        "[Unit]\nDescription=The server\n[Service]\nExecStart=/usr/sbin/nginx\nUser=www-data\nTimeoutStopSec=5\n",
        "server:\n  port: 8080\n  timeout: 30s\nbackend:\n  url: http://10.0.0.1\n",
        "---\nfrontend:\n  replicas: 2\n",
        "[global]\nlog = /var/log/php.log\n[www]\nlisten = 127.0.0.1:9000\npm = dynamic\npm.max_children = 5\n",
        "Port 22\nListenAddress 0.0.0.0\nLogLevel INFO\nInclude /etc/ssh/sshd_config.d/*.conf\nUsePAM yes\n",
        "import os\nbind = '0.0.0.0:8000'\nworkers = 4\ntimeout = 30\n",
        ":80 {\n\treverse_proxy 10.0.0.1:8080\n}\n",
        "a { color: red; }\n.server { location: x; listen: 1; }\n",
        "/var/log/nginx/*.log {\n\tdaily\n\tmissingok\n\tpostrotate\n\t\tinvoke-rc.d nginx rotate >/dev/null 2>&1\n\tendscript\n}\n",
        "#include <stdio.h>\nint main(void) { struct server s; s.listen = 1; return 0; }\n",
        "<source>\n  @type tail\n  path /var/log/x\n</source>\n<match **>\n  @type stdout\n</match>\n",
        "<?xml version=\"1.0\"?>\n<Server port=\"8005\">\n  <Service name=\"Catalina\">\n    <Connector port=\"8080\"/>\n  </Service>\n</Server>\n",
        "resource \"aws_lb\" \"x\" {\n  name = \"a\"\n}\n",
        "zone \"x\" {\n  type master;\n  file \"x\";\n};\noptions { listen-on { any; }; };\n",
        "server {\n  name: a;\n  colour: b;\n  size: c;\n}\n",
        "global warming\n is a fact\n",
        "{ \"truth\": 1 }",
        "nginx\0server { listen 80; }",
    ] {
        assert_eq!(recognise(text.as_bytes()), None, "{text}");
    }
}
