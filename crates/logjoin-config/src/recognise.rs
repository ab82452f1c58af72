//! Whose configuration a text is, if it is one.
//!
//! The text is read by each grammar and judged by the share of directives that the proxy knows, so that log lines,
//! YAML, INI files, units, style sheets and programs do not pass; and some directive must be there that only a proxy has.

use logjoin_parse::Product;

use crate::{
    Loader, ProxyConfig, haproxy, httpd, nginx,
    tree::{Node, text_of},
};

/// Bytes looked at. A configuration shows what it is long before.
const HEAD: usize = 64 * 1024;

/// Reads a configuration if `text` is one, and says whose.
///
/// `None` for anything else: logs, other programs' files, empty files. `name` appears in the places and is not judged.
/// `loader` gives the included files.
pub fn read(name: &str, text: &[u8], loader: &mut Loader<'_>) -> Option<ProxyConfig> {
    match recognise(text)? {
        Product::Nginx => Some(nginx::read(name, text, loader)),
        Product::Apache => Some(httpd::read(name, text, loader)),
        Product::Haproxy => Some(haproxy::read(name, text)),
        _ => None,
    }
}

/// Whose configuration `text` is, by its content alone.
pub fn recognise(text: &[u8]) -> Option<Product> {
    let whole = text.len() <= HEAD;
    let head = if whole { text } else { &text[..HEAD] };
    if head.contains(&0) {
        return None;
    }
    let head = text_of(head);
    // A cut line says nothing.
    let head = if whole { &*head } else { head.rsplit_once('\n')?.0 };
    let first = head.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'))?;
    if first.starts_with(['[', '{', '<']) && !first.starts_with("<") {
        return None;
    }
    if is_haproxy(head, first) {
        return Some(Product::Haproxy);
    }
    if first.starts_with("---") || first.starts_with("#!") {
        return None;
    }
    if is_nginx(head, whole) {
        return Some(Product::Nginx);
    }
    is_httpd(head).then_some(Product::Apache)
}

/// At least `percent` of a hundred.
fn share(part: usize, all: usize, percent: usize) -> bool {
    all > 0 && part * 100 >= all * percent
}

fn is_haproxy(text: &str, first: &str) -> bool {
    let word = first.split_ascii_whitespace().next().unwrap_or("");
    if !haproxy::SECTIONS.contains(&word) && !first.starts_with('.') {
        return false;
    }
    let sections = haproxy::parse_only(text, &mut Vec::new());
    let mut lines = 0;
    let mut known = 0;
    let mut sure = false;
    for section in &sections {
        let proxy =
            matches!(section.kind.as_str(), "global" | "defaults" | "frontend" | "backend" | "listen");
        for line in &section.lines {
            let word = line.word(0);
            lines += 1;
            let is_known = HAPROXY.contains(&word)
                || [
                    "http-",
                    "tcp-",
                    "tune.",
                    "ssl-",
                    "stats",
                    "h1-",
                    "h2-",
                    "lua-",
                    "51degrees",
                    "wurfl-",
                    "deviceatlas-",
                    "no",
                ]
                .iter()
                .any(|start| word.starts_with(start));
            // In `resolvers`, `peers` and the like any word may stand.
            known += usize::from(is_known || !proxy);
            sure |= match section.kind.as_str() {
                "global" => {
                    matches!(word, "maxconn" | "log" | "daemon" | "chroot" | "stats" | "nbthread" | "nbproc")
                        || word.starts_with("tune.")
                }
                "defaults" => matches!(word, "mode" | "timeout" | "option" | "log" | "retries" | "balance"),
                "frontend" | "listen" | "backend" => match word {
                    "server" => line.word(2).contains([':', '.', '/', '@', '$']),
                    "bind" => line.word(1).contains([':', '/', '@', '$']),
                    "mode" => matches!(line.word(1), "http" | "tcp"),
                    "balance" | "default_backend" => line.words.len() == 2,
                    "use_backend" => line.words.len() > 2,
                    _ => word == "server-template",
                },
                "resolvers" => word == "nameserver",
                "peers" => word == "peer",
                _ => false,
            };
        }
    }
    sure && share(known, lines, 70)
}

fn is_nginx(text: &str, whole: bool) -> bool {
    if !text.contains(';') {
        return false;
    }
    let mut problems = Vec::new();
    let nodes = nginx::parse_only(text, &mut problems);
    let mut tally = Tally::default();
    tally.nginx(&nodes);
    // A cut file has blocks without an end.
    let damage = if whole { problems.len() } else { 0 };
    tally.sure && share(tally.known, tally.all, 70) && damage * 5 <= tally.all + 5
}

fn is_httpd(text: &str) -> bool {
    let mut problems = Vec::new();
    let nodes = httpd::parse_only(text, &mut problems);
    let mut tally = Tally::default();
    tally.httpd(&nodes);
    tally.sure && share(tally.known, tally.all, 70)
}

/// Directives seen, those that the proxy knows, and whether one was among them that only it has.
#[derive(Default)]
struct Tally {
    all: usize,
    known: usize,
    sure: bool,
}

impl Tally {
    fn nginx(&mut self, nodes: &[Node]) {
        for node in nodes {
            let name = node.name.as_str();
            self.all += 1;
            if node.block.is_some() {
                self.known += usize::from(NGINX_BLOCKS.contains(&name));
                self.sure |= match name {
                    "http" | "events" | "stream" | "server" | "types" => {
                        node.args.is_empty() && node.children().iter().any(|child| is_nginx_word(child))
                    }
                    "upstream" => node.args.len() == 1 && node.children().iter().any(|c| c.name == "server"),
                    "location" => matches!(node.args.len(), 1 | 2),
                    "map" => node.args.len() == 2 && node.arg(0).contains('$'),
                    _ => false,
                };
                // Their contents are values.
                if !matches!(name, "map" | "geo" | "types" | "split_clients") {
                    self.nginx(node.children());
                }
            } else {
                self.known += usize::from(is_nginx_word(node));
                self.sure |= node.name.ends_with("_pass") && is_nginx_word(node) || name == "log_format";
            }
        }
    }

    fn httpd(&mut self, nodes: &[Node]) {
        for node in nodes {
            let key = node.key.as_str();
            self.all += 1;
            let known = match node.block {
                Some(_) => HTTPD_SECTIONS.contains(&key),
                None => {
                    HTTPD.contains(&key)
                        || [
                            "proxy",
                            "balancer",
                            "ssl",
                            "rewrite",
                            "auth",
                            "header",
                            "setenv",
                            "browser",
                            "expires",
                            "mod_",
                            "cache",
                            "dav",
                            "index",
                            "php_",
                            "wsgi",
                            "security",
                            "sec",
                            "limitrequest",
                            "qs_",
                            "h2",
                            "md",
                            "remoteip",
                        ]
                        .iter()
                        .any(|start| key.starts_with(start))
                            && node.args.iter().all(|arg| arg != "=" && arg != ":")
                            && !key.contains(['=', ':', '.', '(', ','])
                }
            };
            self.known += usize::from(known);
            self.sure |= match key {
                "virtualhost" | "proxy" | "directory" | "ifmodule" | "location" | "locationmatch"
                | "proxymatch" => {
                    node.block.is_some() && !node.args.is_empty() && !node.children().is_empty()
                }
                "loadmodule" => node.arg(0).ends_with("_module"),
                "proxypass" | "proxypassmatch" => {
                    node.args.iter().any(|arg| arg.contains("://") || arg == "!")
                }
                "logformat" | "customlog" | "errorlogformat" => {
                    node.value().contains('%') || node.args.len() == 2
                }
                "balancermember" => true,
                "listen" => {
                    node.args.len() <= 2 && crate::address::port_of(node.arg(0)).is_some()
                        || node.arg(0).parse::<u16>().is_ok()
                }
                _ => false,
            } && known;
            self.httpd(node.children());
        }
    }
}

fn is_nginx_word(node: &Node) -> bool {
    let name = node.name.as_str();
    NGINX.contains(&name)
        || [
            "proxy_",
            "fastcgi_",
            "uwsgi_",
            "scgi_",
            "grpc_",
            "memcached_",
            "ssl_",
            "gzip",
            "client_",
            "keepalive",
            "limit_",
            "auth_",
            "sub_filter",
            "http2_",
            "http3",
            "real_ip",
            "set_real_ip",
            "worker_",
            "lua_",
            "js_",
            "resolver",
            "add_",
            "open_file_cache",
            "server_",
            "large_client",
            "lingering_",
            "chunked",
            "zone",
            "log_",
            "mirror",
            "quic_",
            "variables_hash",
            "types_hash",
            "map_hash",
            "access_by",
            "content_by",
            "rewrite_by",
            "header_filter_by",
            "body_filter_by",
            "balancer_by",
            "init_by",
            "init_worker_by",
            "set_by",
            "otel_",
            "opentracing",
            "modsecurity",
            "brotli",
            "dav_",
            "mp4",
            "charset",
            "error_",
            "access_",
            "stub_status",
            "health_check",
            "split_clients",
        ]
        .iter()
        .any(|start| name.starts_with(start))
}

/// nginx directives that no prefix covers.
const NGINX: &[&str] = &[
    "user",
    "pid",
    "include",
    "load_module",
    "daemon",
    "master_process",
    "env",
    "events",
    "use",
    "multi_accept",
    "accept_mutex",
    "listen",
    "root",
    "alias",
    "index",
    "try_files",
    "return",
    "rewrite",
    "break",
    "set",
    "if",
    "location",
    "server",
    "sendfile",
    "tcp_nopush",
    "tcp_nodelay",
    "send_timeout",
    "default_type",
    "allow",
    "deny",
    "internal",
    "autoindex",
    "expires",
    "etag",
    "underscores_in_headers",
    "ignore_invalid_headers",
    "merge_slashes",
    "reset_timedout_connection",
    "satisfy",
    "least_conn",
    "ip_hash",
    "hash",
    "random",
    "queue",
    "sticky",
    "ntlm",
    "state",
    "preread_timeout",
    "preread_buffer_size",
    "absolute_redirect",
    "port_in_redirect",
    "max_ranges",
    "directio",
    "aio",
    "aio_write",
    "output_buffers",
    "postpone_output",
    "if_modified_since",
    "recursive_error_pages",
    "msie_padding",
    "disable_symlinks",
    "addition_types",
    "ssi",
    "image_filter",
    "random_index",
    "secure_link",
    "secure_link_md5",
    "slice",
    "userid",
    "valid_referers",
    "perl_set",
    "perl_modules",
    "thread_pool",
    "pcre_jit",
    "timer_resolution",
    "debug_connection",
    "map",
    "geo",
    "geoip_country",
    "geoip_city",
    "types",
    "upstream",
    "stream",
    "http",
    "mail",
    "check",
    "check_http_send",
    "check_http_expect_alive",
    "check_status",
    "more_set_headers",
    "more_clear_headers",
    "read_ahead",
    "early_hints",
    "subrequest_output_buffer_size",
    "http2",
    "tcp_nopush",
    "lock_file",
    "ssl",
];

const NGINX_BLOCKS: &[&str] = &[
    "http",
    "events",
    "stream",
    "server",
    "upstream",
    "location",
    "map",
    "geo",
    "types",
    "if",
    "limit_except",
    "split_clients",
    "match",
    "mail",
];

/// httpd directives that no prefix covers, in lower case.
const HTTPD: &[&str] = &[
    "serverroot",
    "servername",
    "serveralias",
    "serveradmin",
    "serversignature",
    "servertokens",
    "serverlimit",
    "serverpath",
    "documentroot",
    "listen",
    "loadmodule",
    "loadfile",
    "include",
    "includeoptional",
    "define",
    "undefine",
    "user",
    "group",
    "pidfile",
    "defaultruntimedir",
    "mutex",
    "keepalive",
    "keepalivetimeout",
    "maxkeepaliverequests",
    "timeout",
    "startservers",
    "minspareservers",
    "maxspareservers",
    "minsparethreads",
    "maxsparethreads",
    "threadsperchild",
    "threadlimit",
    "threadstacksize",
    "maxrequestworkers",
    "maxclients",
    "maxconnectionsperchild",
    "maxrequestsperchild",
    "asyncrequestworkerfactor",
    "loglevel",
    "errorlog",
    "errorlogformat",
    "logformat",
    "customlog",
    "transferlog",
    "globallog",
    "hostnamelookups",
    "usecanonicalname",
    "usecanonicalphysicalport",
    "directoryindex",
    "directoryslash",
    "options",
    "allowoverride",
    "allowoverridelist",
    "require",
    "order",
    "allow",
    "deny",
    "satisfy",
    "alias",
    "aliasmatch",
    "scriptalias",
    "scriptaliasmatch",
    "redirect",
    "redirectmatch",
    "redirectpermanent",
    "redirecttemp",
    "errordocument",
    "addtype",
    "addhandler",
    "addcharset",
    "addlanguage",
    "addencoding",
    "addoutputfilter",
    "addoutputfilterbytype",
    "addinputfilter",
    "adddefaultcharset",
    "addicon",
    "addiconbytype",
    "addiconbyencoding",
    "addalt",
    "addaltbytype",
    "addaltbyencoding",
    "addmodule",
    "sethandler",
    "setinputfilter",
    "setoutputfilter",
    "removehandler",
    "removetype",
    "forcetype",
    "defaulttype",
    "typesconfig",
    "mimemagicfile",
    "accessfilename",
    "filetag",
    "fileetag",
    "enablemmap",
    "enablesendfile",
    "contentdigest",
    "traceenable",
    "namevirtualhost",
    "passenv",
    "unsetenv",
    "requestheader",
    "extendedstatus",
    "statusname",
    "substitute",
    "filterdeclare",
    "filterprovider",
    "filterchain",
    "use",
    "protocols",
    "protocolshonororder",
    "requestreadtimeout",
    "bufferedlogs",
    "uniqueid",
    "languagepriority",
    "forcelanguagepriority",
    "readmename",
    "headername",
    "deflatecompressionlevel",
    "deflatefilternote",
    "userdir",
    "scriptsock",
    "gracefulshutdowntimeout",
    "receivebuffersize",
    "sendbuffersize",
    "listenbacklog",
    "acceptfilter",
    "acceptmutex",
    "lockfile",
    "scoreboardfile",
    "coredumpdirectory",
    "nocache",
    "limitxmlrequestbody",
    "httpprotocoloptions",
    "action",
    "script",
    "charsetdefault",
    "regexdefaultoptions",
    "mergetrailers",
    "mergeslashes",
    "limitinternalrecursion",
    "flushmaxthreshold",
    "flushmaxpipelined",
];

const HTTPD_SECTIONS: &[&str] = &[
    "virtualhost",
    "proxy",
    "proxymatch",
    "location",
    "locationmatch",
    "directory",
    "directorymatch",
    "files",
    "filesmatch",
    "ifmodule",
    "ifdefine",
    "ifversion",
    "iffile",
    "ifdirective",
    "ifsection",
    "if",
    "elseif",
    "else",
    "limit",
    "limitexcept",
    "macro",
    "requireall",
    "requireany",
    "requirenone",
    "authnprovideralias",
    "mdomainset",
];

/// First words of lines in HAProxy's proxy sections and `global` that no prefix covers.
const HAPROXY: &[&str] = &[
    "acl",
    "backlog",
    "balance",
    "bind",
    "bind-process",
    "capture",
    "clitcpka-cnt",
    "compression",
    "cookie",
    "declare",
    "default-server",
    "default_backend",
    "description",
    "disabled",
    "dispatch",
    "email-alert",
    "enabled",
    "errorfile",
    "errorfiles",
    "errorloc",
    "errorloc302",
    "errorloc303",
    "error-log-format",
    "filter",
    "force-persist",
    "force-be-switch",
    "fullconn",
    "guid",
    "hash-balance-factor",
    "hash-type",
    "id",
    "ignore-persist",
    "load-server-state-from-file",
    "log",
    "log-format",
    "log-format-sd",
    "log-tag",
    "log-send-hostname",
    "log-steps",
    "max-keep-alive-queue",
    "max-session-srv-conns",
    "maxconn",
    "mode",
    "monitor",
    "monitor-uri",
    "option",
    "persist",
    "quic-initial",
    "rate-limit",
    "redirect",
    "retries",
    "retry-on",
    "server",
    "server-state-file-name",
    "server-template",
    "source",
    "srvtcpka-cnt",
    "stick",
    "stick-table",
    "timeout",
    "transparent",
    "unique-id-format",
    "unique-id-header",
    "use_backend",
    "use-fcgi-app",
    "use-server",
    "ca-base",
    "chroot",
    "cpu-map",
    "cpu-policy",
    "crt-base",
    "daemon",
    "default-path",
    "expose-fd",
    "external-check",
    "fd-hard-limit",
    "gid",
    "group",
    "hard-stop-after",
    "insecure-fork-wanted",
    "insecure-setuid-wanted",
    "issuers-chain-path",
    "localpeer",
    "master-worker",
    "mworker-max-reloads",
    "nbproc",
    "nbthread",
    "node",
    "numa-cpu-mapping",
    "pidfile",
    "presetenv",
    "resetenv",
    "set-dumpable",
    "set-var",
    "set-var-fmt",
    "setenv",
    "setcap",
    "shm-stats-file",
    "spread-checks",
    "strict-limits",
    "thread-groups",
    "thread-hard-limit",
    "uid",
    "ulimit-n",
    "unix-bind",
    "unsetenv",
    "user",
    "zero-warning",
    "maxpipes",
    "maxconnrate",
    "maxcomprate",
    "maxcompcpuusage",
    "maxsslconn",
    "maxsslrate",
    "maxsessrate",
    "maxzlibmem",
    "quiet",
    "debug",
    "limited-quic",
    "no-quic",
    "profiling.tasks",
    "busy-polling",
    "server-state-base",
    "expose-experimental-directives",
    "prealloc-fd",
    "grace",
    "block",
    "reqadd",
    "rspadd",
    "rspidel",
    "reqidel",
    "contimeout",
    "clitimeout",
    "srvtimeout",
];
