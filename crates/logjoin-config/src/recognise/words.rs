//! The directives by which a configuration is recognised. Far from all, but those that make up most of a file.

/// nginx directives that no prefix covers.
pub(super) const NGINX: &[&str] = &[
    "user", "pid", "include", "load_module", "daemon", "master_process", "env", "events", "use",
    "multi_accept", "accept_mutex", "listen", "root", "alias", "index", "try_files", "return", "rewrite",
    "break", "set", "if", "location", "server", "sendfile", "tcp_nopush", "tcp_nodelay", "send_timeout",
    "default_type", "allow", "deny", "internal", "autoindex", "expires", "etag", "underscores_in_headers",
    "ignore_invalid_headers", "merge_slashes", "reset_timedout_connection", "satisfy", "least_conn",
    "ip_hash", "hash", "random", "queue", "sticky", "ntlm", "state", "preread_timeout",
    "preread_buffer_size", "absolute_redirect", "port_in_redirect", "max_ranges", "directio", "aio",
    "aio_write", "output_buffers", "postpone_output", "if_modified_since", "recursive_error_pages",
    "msie_padding", "disable_symlinks", "addition_types", "ssi", "image_filter", "random_index",
    "secure_link", "secure_link_md5", "slice", "userid", "valid_referers", "perl_set", "perl_modules",
    "thread_pool", "pcre_jit", "timer_resolution", "debug_connection", "map", "geo", "geoip_country",
    "geoip_city", "types", "upstream", "stream", "http", "mail", "check", "check_http_send",
    "check_http_expect_alive", "check_status", "more_set_headers", "more_clear_headers", "read_ahead",
    "early_hints", "subrequest_output_buffer_size", "http2", "tcp_nopush", "lock_file", "ssl",
];

/// nginx blocks.
pub(super) const NGINX_BLOCKS: &[&str] = &[
    "http", "events", "stream", "server", "upstream", "location", "map", "geo", "types", "if",
    "limit_except", "split_clients", "match", "mail",
];

/// httpd directives that no prefix covers, in lower case.
pub(super) const HTTPD: &[&str] = &[
    "serverroot", "servername", "serveralias", "serveradmin", "serversignature", "servertokens",
    "serverlimit", "serverpath", "documentroot", "listen", "loadmodule", "loadfile", "include",
    "includeoptional", "define", "undefine", "user", "group", "pidfile", "defaultruntimedir", "mutex",
    "keepalive", "keepalivetimeout", "maxkeepaliverequests", "timeout", "startservers", "minspareservers",
    "maxspareservers", "minsparethreads", "maxsparethreads", "threadsperchild", "threadlimit",
    "threadstacksize", "maxrequestworkers", "maxclients", "maxconnectionsperchild", "maxrequestsperchild",
    "asyncrequestworkerfactor", "loglevel", "errorlog", "errorlogformat", "logformat", "customlog",
    "transferlog", "globallog", "hostnamelookups", "usecanonicalname", "usecanonicalphysicalport",
    "directoryindex", "directoryslash", "options", "allowoverride", "allowoverridelist", "require", "order",
    "allow", "deny", "satisfy", "alias", "aliasmatch", "scriptalias", "scriptaliasmatch", "redirect",
    "redirectmatch", "redirectpermanent", "redirecttemp", "errordocument", "addtype", "addhandler",
    "addcharset", "addlanguage", "addencoding", "addoutputfilter", "addoutputfilterbytype",
    "addinputfilter", "adddefaultcharset", "addicon", "addiconbytype", "addiconbyencoding", "addalt",
    "addaltbytype", "addaltbyencoding", "addmodule", "sethandler", "setinputfilter", "setoutputfilter",
    "removehandler", "removetype", "forcetype", "defaulttype", "typesconfig", "mimemagicfile",
    "accessfilename", "filetag", "fileetag", "enablemmap", "enablesendfile", "contentdigest", "traceenable",
    "namevirtualhost", "passenv", "unsetenv", "requestheader", "extendedstatus", "statusname", "substitute",
    "filterdeclare", "filterprovider", "filterchain", "use", "protocols", "protocolshonororder",
    "requestreadtimeout", "bufferedlogs", "uniqueid", "languagepriority", "forcelanguagepriority",
    "readmename", "headername", "deflatecompressionlevel", "deflatefilternote", "userdir", "scriptsock",
    "gracefulshutdowntimeout", "receivebuffersize", "sendbuffersize", "listenbacklog", "acceptfilter",
    "acceptmutex", "lockfile", "scoreboardfile", "coredumpdirectory", "nocache", "limitxmlrequestbody",
    "httpprotocoloptions", "action", "script", "charsetdefault", "regexdefaultoptions", "mergetrailers",
    "mergeslashes", "limitinternalrecursion", "flushmaxthreshold", "flushmaxpipelined",
];

/// httpd sections, in lower case.
pub(super) const HTTPD_SECTIONS: &[&str] = &[
    "virtualhost", "proxy", "proxymatch", "location", "locationmatch", "directory", "directorymatch",
    "files", "filesmatch", "ifmodule", "ifdefine", "ifversion", "iffile", "ifdirective", "ifsection", "if",
    "elseif", "else", "limit", "limitexcept", "macro", "requireall", "requireany", "requirenone",
    "authnprovideralias", "mdomainset",
];

/// First words of lines in HAProxy's proxy sections and `global` that no prefix covers.
pub(super) const HAPROXY: &[&str] = &[
    "acl", "backlog", "balance", "bind", "bind-process", "capture", "clitcpka-cnt", "compression", "cookie",
    "declare", "default-server", "default_backend", "description", "disabled", "dispatch", "email-alert",
    "enabled", "errorfile", "errorfiles", "errorloc", "errorloc302", "errorloc303", "error-log-format",
    "filter", "force-persist", "force-be-switch", "fullconn", "guid", "hash-balance-factor", "hash-type",
    "id", "ignore-persist", "load-server-state-from-file", "log", "log-format", "log-format-sd", "log-tag",
    "log-send-hostname", "log-steps", "max-keep-alive-queue", "max-session-srv-conns", "maxconn", "mode",
    "monitor", "monitor-uri", "option", "persist", "quic-initial", "rate-limit", "redirect", "retries",
    "retry-on", "server", "server-state-file-name", "server-template", "source", "srvtcpka-cnt", "stick",
    "stick-table", "timeout", "transparent", "unique-id-format", "unique-id-header", "use_backend",
    "use-fcgi-app", "use-server", "ca-base", "chroot", "cpu-map", "cpu-policy", "crt-base", "daemon",
    "default-path", "expose-fd", "external-check", "fd-hard-limit", "gid", "group", "hard-stop-after",
    "insecure-fork-wanted", "insecure-setuid-wanted", "issuers-chain-path", "localpeer", "master-worker",
    "mworker-max-reloads", "nbproc", "nbthread", "node", "numa-cpu-mapping", "pidfile", "presetenv",
    "resetenv", "set-dumpable", "set-var", "set-var-fmt", "setenv", "setcap", "shm-stats-file",
    "spread-checks", "strict-limits", "thread-groups", "thread-hard-limit", "uid", "ulimit-n", "unix-bind",
    "unsetenv", "user", "zero-warning", "maxpipes", "maxconnrate", "maxcomprate", "maxcompcpuusage",
    "maxsslconn", "maxsslrate", "maxsessrate", "maxzlibmem", "quiet", "debug", "limited-quic", "no-quic",
    "profiling.tasks", "busy-polling", "server-state-base", "expose-experimental-directives", "prealloc-fd",
    "grace", "block", "reqadd", "rspadd", "rspidel", "reqidel", "contimeout", "clitimeout", "srvtimeout",
];

/// Beginnings of words that HAProxy knows.
pub(super) const HAPROXY_STARTS: &[&str] = &[
    "http-", "tcp-", "tune.", "ssl-", "stats", "h1-", "h2-", "lua-", "51degrees", "wurfl-", "deviceatlas-",
    "no",
];

/// Beginnings of words that httpd's modules use, in lower case.
pub(super) const HTTPD_STARTS: &[&str] = &[
    "proxy", "balancer", "ssl", "rewrite", "auth", "header", "setenv", "browser", "expires", "mod_",
    "cache", "dav", "index", "php_", "wsgi", "security", "sec", "limitrequest", "qs_", "h2", "md",
    "remoteip",
];

/// Beginnings of words that nginx's modules use.
pub(super) const NGINX_STARTS: &[&str] = &[
    "proxy_", "fastcgi_", "uwsgi_", "scgi_", "grpc_", "memcached_", "ssl_", "gzip", "client_", "keepalive",
    "limit_", "auth_", "sub_filter", "http2_", "http3", "real_ip", "set_real_ip", "worker_", "lua_", "js_",
    "resolver", "add_", "open_file_cache", "server_", "large_client", "lingering_", "chunked", "zone",
    "log_", "mirror", "quic_", "variables_hash", "types_hash", "map_hash", "access_by", "content_by",
    "rewrite_by", "header_filter_by", "body_filter_by", "balancer_by", "init_by", "init_worker_by",
    "set_by", "otel_", "opentracing", "modsecurity", "brotli", "dav_", "mp4", "charset", "error_",
    "access_", "stub_status", "health_check", "split_clients",
];
