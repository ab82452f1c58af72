//! What a configuration says, in words that the three proxies share.
//!
//! Plain data: a field is `None` where the file says nothing, so that a caller can tell a chosen
//! value from a default. The defaults stand in the comments and in [`Timeouts::with_defaults`].

use logjoin_parse::Product;

/// Where something is written.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Place {
    /// The file, by the name that the caller or the loader gave it.
    pub file: String,
    /// The line, from 1; the first one of a directive that spans several.
    pub line: u32,
}

/// Something that could not be understood, or could not be followed. Reading went on after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What was found: lower case, no full stop.
    pub message: String,
    /// What would have been understood; may be empty.
    pub expected: String,
}

/// One proxy's configuration, included files and all.
#[derive(Debug, Clone, PartialEq)]
pub struct ProxyConfig {
    /// Whose configuration it is: nginx, Apache or HAProxy.
    pub product: Product,
    /// The file itself, then the included ones in the order in which they were read.
    pub files: Vec<String>,
    /// Groups of servers, the anonymous ones of a direct `proxy_pass` or `ProxyPass` included.
    pub pools: Vec<Pool>,
    /// What is handed on to where.
    pub routes: Vec<Route>,
    /// Where the proxy listens.
    pub listens: Vec<Listen>,
    /// Log formats with a name.
    pub formats: Vec<NamedFormat>,
    /// Where the proxy logs to.
    pub logs: Vec<LogTarget>,
    /// Every directive, in file order, those that are also read into the fields above included.
    pub settings: Vec<Setting>,
    /// What was not understood.
    pub problems: Vec<Problem>,
}

impl ProxyConfig {
    pub(crate) fn new(product: Product) -> ProxyConfig {
        ProxyConfig {
            product,
            files: Vec::new(),
            pools: Vec::new(),
            routes: Vec::new(),
            listens: Vec::new(),
            formats: Vec::new(),
            logs: Vec::new(),
            settings: Vec::new(),
            problems: Vec::new(),
        }
    }
}

/// A group of servers that share the work: nginx `upstream`, httpd balancer, HAProxy `backend` or
/// `listen`; or the one server that a route names directly.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Pool {
    /// The name as the proxy's logs print it: `api` (nginx, HAProxy), `balancer://api` (httpd);
    /// the address for an anonymous pool.
    pub name: String,
    /// True if a route names the server directly, without a group.
    pub anonymous: bool,
    /// The servers in file order.
    pub servers: Vec<Server>,
    /// How a server is chosen: `least_conn`, `byrequests`, `roundrobin`, with its arguments. Not set:
    /// weighted round robin (nginx, HAProxy), `byrequests` (httpd).
    pub balance: Option<String>,
    /// Idle connections kept to the servers, per worker process: nginx `keepalive`. Not set: none
    /// before nginx 1.29.7, then 32.
    pub keepalive: Option<u32>,
    /// How long an idle connection to a server is kept: nginx upstream `keepalive_timeout` (default
    /// 60 s), httpd worker `ttl` (the shortest one; default: kept until the server closes), HAProxy
    /// `pool-purge-delay` (default 5 s).
    pub keepalive_timeout_ms: Option<u64>,
    /// Tries after the first: HAProxy `retries` (default 3), httpd `maxattempts` (default: the
    /// number of members less one).
    pub retries: Option<u32>,
    /// What the pool itself says of time limits, inherited values included.
    pub timeouts: Timeouts,
    /// True where bytes are passed on, not requests: HAProxy `mode tcp`, nginx `stream`.
    pub tcp_mode: bool,
    /// Path asked for by health checks: `option httpchk`, `hcuri`, `health_check uri=`.
    pub check_path: Option<String>,
    /// Where the group begins.
    pub place: Place,
}

/// One server of a pool.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Server {
    /// HAProxy's name for it, the one in the `backend/server` field of its logs; httpd's `route`.
    pub name: Option<String>,
    /// `host:port` with the default port filled in, `[v6]:port`, or `unix:/path`. A HAProxy server
    /// without a port (the client's is used) has none here either.
    pub address: String,
    /// True if the host is a name for DNS to resolve.
    pub is_name: bool,
    /// `http`, `https`, `fcgi`, `ajp` ..., where the server's own line tells (httpd).
    pub scheme: Option<String>,
    /// Share of the work. Default 1.
    pub weight: u32,
    /// Used only when the others are down: `backup`, httpd status `+H` or `+R`.
    pub backup: bool,
    /// Taken out by the file: nginx `down`, HAProxy `disabled`, httpd status `+D` or `+S`.
    pub disabled: bool,
    /// Failures that take the server out. nginx: default 1, 0 never.
    pub max_fails: Option<u32>,
    /// How long it stays out: nginx `fail_timeout` (default 10 s, also the window of `max_fails`),
    /// httpd worker `retry` (default 60 s).
    pub fail_timeout_ms: Option<u64>,
    /// Most connections at a time: nginx `max_conns`, HAProxy `maxconn` (0 and not set: no limit),
    /// httpd worker `max` (per process).
    pub max_conns: Option<u32>,
    /// True if the server's own line asks for TLS.
    pub tls: bool,
    /// Active health checks; `None` if there are none.
    pub check: Option<Check>,
    /// HAProxy `resolvers` section, or `resolve` for nginx.
    pub resolvers: Option<String>,
    /// Limits on the server's own line (httpd `timeout=`, `connectiontimeout=`).
    pub timeouts: Timeouts,
    /// The words after the address, as written.
    pub params: Vec<String>,
    /// Where.
    pub place: Place,
}

/// An active health check, defaults filled in.
///
/// HAProxy (configuration manual 5.2): `inter` 2 s, `rise` 2, `fall` 3. httpd (mod_proxy_hcheck):
/// 30 s, 1, 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Time between two checks.
    pub interval_ms: u64,
    /// Good checks that bring a server back.
    pub rise: u32,
    /// Bad checks that take it out.
    pub fall: u32,
    /// Time between checks while the state is changing: HAProxy `fastinter`.
    pub fast_interval_ms: Option<u64>,
    /// Time between checks of a server that is down: HAProxy `downinter`.
    pub down_interval_ms: Option<u64>,
    /// Limit of one check: HAProxy `timeout check`. Not set: `interval_ms`.
    pub timeout_ms: Option<u64>,
    /// Port checked, if another than the server's.
    pub port: Option<u16>,
    /// `tcp`, `http`, or the proxy's own word (`GET`, `ssl-hello-chk`, `CPING`).
    pub kind: String,
    /// Path asked for.
    pub path: Option<String>,
}

/// How [`Route::path`] is compared with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Matching {
    /// Whatever comes: HAProxy `default_backend`, nginx `stream`.
    Always,
    /// Begins with it: nginx `location /x`, `ProxyPass /x`.
    Prefix,
    /// Begins with it, and no regular expression is asked: nginx `^~`.
    PrefixFirst,
    /// Equals it: nginx `=`.
    Exact,
    /// A regular expression: nginx `~`, `ProxyPassMatch`, `<LocationMatch>`, `<FilesMatch>`, `RewriteRule`.
    Regex,
    /// The same whatever the case: nginx `~*`.
    RegexIgnoreCase,
    /// A named nginx location, reached from `try_files` or `error_page`.
    Named,
    /// A HAProxy condition: `if is_api`.
    Condition,
}

/// One way from a request to a pool.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// Host names of the virtual server, as written (wildcards, nginx `~` regular expressions);
    /// empty if it has none, and for HAProxy.
    pub server_names: Vec<String>,
    /// The path, regular expression or condition text (`if is_api`), see [`Route::matching`].
    pub path: String,
    /// How the path is compared.
    pub matching: Matching,
    /// Name of the pool; with variables if they cannot be resolved from the file.
    pub target: String,
    /// `http`, `https`, `fastcgi`, `uwsgi`, `scgi`, `grpc`, `grpcs`, `h2`, `h2c`, `ajp`, `ws`, `memcached`, `tcp`.
    pub scheme: String,
    /// What the matched part of the path is replaced with, if it is: the path of the `proxy_pass` or `ProxyPass` URL.
    pub uri: Option<String>,
    /// Limits in force on this way, inherited ones included. Where the servers of a pool differ (httpd): the shortest.
    pub timeouts: Timeouts,
    /// When another server is tried: nginx `proxy_next_upstream` (default `error timeout`), HAProxy `retry-on`
    /// (default `conn-failure`).
    pub next_upstream: Option<String>,
    /// Longest response header accepted, in bytes: nginx `proxy_buffer_size` and siblings (default one page,
    /// 4096 mostly), httpd worker `responsefieldsize` (default 8192), HAProxy
    /// `tune.bufsize` less `tune.maxrewrite` (default 15360).
    pub buffers: Option<u64>,
    /// The blocks around it, as in [`Setting::scope`].
    pub scope: Vec<String>,
    /// Where the directive stands that hands on.
    pub place: Place,
}

/// Where the proxy accepts connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    /// `*:80`, `10.0.0.1:443`, `[::]:80`, `unix:/path`; the address before the port is `*` if not given.
    pub address: String,
    /// The port, if there is one number.
    pub port: Option<u16>,
    /// Client side TLS.
    pub tls: bool,
    /// Chosen for unknown hosts: nginx `default_server`.
    pub default_server: bool,
    /// Another proxy in front sends the client's address: `proxy_protocol`, `accept-proxy`.
    pub proxy_protocol: bool,
    /// HAProxy frontend name.
    pub name: Option<String>,
    /// Host names of the virtual server.
    pub server_names: Vec<String>,
    /// Where.
    pub place: Place,
}

/// A log format with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedFormat {
    /// nginx and httpd: the nickname; httpd `ErrorLogFormat` under that name. HAProxy: the section, as in
    /// `frontend www` or `defaults`, with ` error` after it for an `error-log-format`.
    pub name: String,
    /// The format string, quotes and their escapes undone.
    pub string: String,
    /// nginx `escape=`: `default`, `json` or `none`.
    pub escape: Option<String>,
    /// Where.
    pub place: Place,
}

/// What is logged somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LogKind {
    /// One line per request; for HAProxy its messages as well.
    Access,
    /// The error log.
    Error,
}

/// A destination of log lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogTarget {
    /// A file as written, `syslog:...`, `|program`, or HAProxy's syslog address.
    pub path: String,
    /// Requests or errors.
    pub kind: LogKind,
    /// Name of the format: a [`NamedFormat`], or one that the proxy brings along (`combined`, `httplog`, `tcplog`,
    /// `httpslog`, `clf`). For httpd it may be the string itself.
    pub format: Option<String>,
    /// The format string where it is known: named, given in place, or built into nginx or httpd.
    pub string: Option<String>,
    /// nginx `error_log` level (default `error`), httpd `LogLevel` (default `warn`), HAProxy facility and levels.
    pub level: Option<String>,
    /// Other words of the directive: `buffer=32k`, `env=!dontlog`, `len 4096 format rfc5424`.
    pub options: String,
    /// Host names of the virtual server that logs here; the frontend's name for HAProxy; empty: all.
    pub servers: Vec<String>,
    /// Where.
    pub place: Place,
}

/// One directive as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its first word, as written. httpd's are not case-sensitive.
    pub name: String,
    /// The other words with one space between, quotes undone.
    pub value: String,
    /// The other words.
    pub args: Vec<String>,
    /// The blocks around it, outermost first: `["http", "server", "location /"]`, `["backend api"]`.
    pub scope: Vec<String>,
    /// Where.
    pub place: Place,
}

/// Limits of time, in milliseconds. `None`: not said (in the file), or no limit (after
/// [`Timeouts::with_defaults`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Timeouts {
    /// To connect: nginx `proxy_connect_timeout`, httpd `connectiontimeout=`, HAProxy `timeout connect`.
    pub connect_ms: Option<u64>,
    /// Between two reads from the server: nginx `proxy_read_timeout`, httpd worker `timeout=` then `ProxyTimeout` then
    /// `Timeout`, HAProxy `timeout server`.
    pub read_ms: Option<u64>,
    /// Between two writes to the server: nginx `proxy_send_timeout`, else as `read_ms`.
    pub send_ms: Option<u64>,
    /// Silence of the client: nginx `client_body_timeout`, httpd `Timeout`, HAProxy `timeout client`.
    pub client_ms: Option<u64>,
    /// Waiting for a free server: HAProxy `timeout queue`, httpd balancer `timeout=`, nginx Plus `queue timeout=`.
    pub queue_ms: Option<u64>,
    /// Idle client connections: nginx `keepalive_timeout`, httpd `KeepAliveTimeout`, HAProxy `timeout http-keep-alive`.
    pub keepalive_ms: Option<u64>,
    /// Upgraded connections: HAProxy `timeout tunnel`.
    pub tunnel_ms: Option<u64>,
}

impl Timeouts {
    /// The values in force: what is not said gets the proxy's default.
    ///
    /// nginx: 60 s for connect, read, send and client, 75 s for idle clients
    /// (`ngx_http_proxy_module.c`, `ngx_http_core_module.c`). httpd: `Timeout` 60 s, read as `Timeout`, connect and send
    /// as read, idle clients 5 s (`server/core.c`, `mod_proxy.c`). HAProxy: no limit, but queue as connect, and idle
    /// clients as client (configuration manual 4.2).
    pub fn with_defaults(self, product: Product) -> Timeouts {
        let mut out = self;
        match product {
            Product::Nginx => {
                for field in [&mut out.connect_ms, &mut out.read_ms, &mut out.send_ms, &mut out.client_ms] {
                    field.get_or_insert(60_000);
                }
                out.keepalive_ms.get_or_insert(75_000);
            }
            Product::Apache => {
                let client = *out.client_ms.get_or_insert(60_000);
                let read = *out.read_ms.get_or_insert(client);
                out.connect_ms.get_or_insert(read);
                out.send_ms.get_or_insert(read);
                out.keepalive_ms.get_or_insert(5_000);
            }
            Product::Haproxy => {
                out.queue_ms = out.queue_ms.or(out.connect_ms);
                out.keepalive_ms = out.keepalive_ms.or(out.client_ms);
            }
            _ => {}
        }
        out
    }

    /// Each value of `self`, or that of `outer` where there is none.
    pub fn or(self, outer: Timeouts) -> Timeouts {
        self.merge(outer, Option::or)
    }

    /// The shorter of each pair; a value beats none.
    pub(crate) fn shortest(self, other: Timeouts) -> Timeouts {
        self.merge(other, |a, b| match (a, b) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        })
    }

    fn merge(self, other: Timeouts, pick: fn(Option<u64>, Option<u64>) -> Option<u64>) -> Timeouts {
        Timeouts {
            connect_ms: pick(self.connect_ms, other.connect_ms),
            read_ms: pick(self.read_ms, other.read_ms),
            send_ms: pick(self.send_ms, other.send_ms),
            client_ms: pick(self.client_ms, other.client_ms),
            queue_ms: pick(self.queue_ms, other.queue_ms),
            keepalive_ms: pick(self.keepalive_ms, other.keepalive_ms),
            tunnel_ms: pick(self.tunnel_ms, other.tunnel_ms),
        }
    }

    /// The fields with their names, in a fixed order.
    pub(crate) fn fields(&self) -> [(&'static str, Option<u64>); 7] {
        [
            ("connect", self.connect_ms),
            ("read", self.read_ms),
            ("send", self.send_ms),
            ("client", self.client_ms),
            ("queue", self.queue_ms),
            ("keepalive", self.keepalive_ms),
            ("tunnel", self.tunnel_ms),
        ]
    }
}
