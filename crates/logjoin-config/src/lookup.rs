//! Questions that a log line asks of a configuration: which server is this, which route did this take?

use logjoin_parse::Product;

use crate::{Matching, Pool, ProxyConfig, Route, Server, address, pattern};

impl ProxyConfig {
    /// The pool of that name.
    pub fn pool(&self, name: &str) -> Option<&Pool> {
        self.pools.iter().find(|pool| pool.name == name)
    }

    /// The server that a HAProxy line names as `pool/server`.
    pub fn server_by_name(&self, pool: &str, server: &str) -> Option<&Server> {
        self.pool(pool)?.servers.iter().find(|found| found.name.as_deref() == Some(server))
    }

    /// All servers at `host:port`, `[v6]:port` or `unix:/path`, with their pools. Names are compared as written, whatever
    /// the case.
    pub fn servers_at(&self, address: &str) -> Vec<(&Pool, &Server)> {
        let all = self.pools.iter().flat_map(|pool| pool.servers.iter().map(move |server| (pool, server)));
        all.filter(|(_, server)| server.address.eq_ignore_ascii_case(address)).collect()
    }

    /// The route that a request for `path` at `host` takes, as far as the file tells. Of the places that hand requests on,
    /// that is: static files are not known here.
    ///
    /// Virtual servers: exact name, `*.name`, `name.*`, regular expression, then the others (`server_name` in nginx's
    /// manual). Paths: nginx exact, `^~`, regular expressions in file order, longest prefix; httpd `<Location>` before
    /// `ProxyPass`, the first that matches; HAProxy the first `use_backend` whose condition holds, of those that ask only for
    /// host and path.
    pub fn route_for(&self, host: &str, path: &str) -> Option<&Route> {
        let host = address::split_port(host).0;
        let path = path.split(['?', '#']).next().unwrap_or(path);
        let mut by_rank: Vec<(u8, &Route)> =
            self.routes.iter().filter_map(|r| Some((rank(r, host)?, r))).collect();
        by_rank.sort_by_key(|(rank, _)| std::cmp::Reverse(*rank));
        let same = |a: &(u8, &Route), b: &(u8, &Route)| a.0 == b.0;
        by_rank.chunk_by(same).find_map(|routes| match self.product {
            Product::Nginx => nginx(routes, path),
            Product::Haproxy => self.haproxy(routes, host, path),
            _ => httpd(routes, path),
        })
    }

    fn haproxy<'a>(&self, routes: &[(u8, &'a Route)], host: &str, path: &str) -> Option<&'a Route> {
        routes.iter().map(|(_, route)| *route).find(|route| match route.matching {
            Matching::Condition => self.condition(route, host, path) == Some(true),
            _ => true,
        })
    }

    /// Whether `if a b || !c` holds; `None` if it asks for more than host and path.
    fn condition(&self, route: &Route, host: &str, path: &str) -> Option<bool> {
        let (negated, terms) = match route.path.split_once(' ')? {
            ("if", terms) => (false, terms),
            ("unless", terms) => (true, terms),
            _ => return None,
        };
        let mut any = false;
        for all in terms.split(" || ").flat_map(|part| part.split(" or ")) {
            let mut holds = true;
            let (anonymous, named) = take_anonymous(all)?;
            for test in anonymous {
                holds &= criterion(&test, host, path)?;
            }
            for term in named {
                let (not, name) = match term.strip_prefix('!') {
                    Some(name) => (true, name),
                    None => (false, term.as_str()),
                };
                holds &= self.acl(&route.scope, name, host, path)? != not;
            }
            any |= holds;
        }
        Some(any != negated)
    }

    /// A named ACL: true if one of its lines is.
    fn acl(&self, scope: &[String], name: &str, host: &str, path: &str) -> Option<bool> {
        let lines = self.settings.iter().filter(|s| s.name == "acl" && s.scope == scope);
        let mut found = None;
        for line in lines.filter(|line| line.args.first().is_some_and(|first| first == name)) {
            let holds = criterion(&line.args[1..], host, path)?;
            found = Some(found.unwrap_or(false) || holds);
        }
        found
    }
}

/// The tests in `{ ... }` of a condition, and the names outside of braces.
fn take_anonymous(terms: &str) -> Option<(Vec<Vec<String>>, Vec<String>)> {
    let mut anonymous = Vec::new();
    let mut named = Vec::new();
    let mut words = terms.split_ascii_whitespace();
    while let Some(word) = words.next() {
        match word {
            "{" => {
                anonymous.push(words.by_ref().take_while(|word| *word != "}").map(str::to_owned).collect())
            }
            // A negated test is rare enough not to be judged.
            "!{" => return None,
            word => named.push(word.to_owned()),
        }
    }
    Some((anonymous, named))
}

/// A test of host or path: `path_beg /api`, `hdr(host) -i shop.example`, `path -m beg /api`.
fn criterion(words: &[String], host: &str, path: &str) -> Option<bool> {
    let (fetch, rest) = words.split_first()?;
    let fetch = fetch.replace("req.hdr", "hdr").replace(",lower", "").replace("hdr(Host)", "hdr(host)");
    let (fetch, suffix) = match fetch.rsplit_once('_') {
        Some((name, how @ ("beg" | "end" | "sub" | "dir" | "reg" | "dom"))) => {
            (name.to_owned(), how.to_owned())
        }
        _ => (fetch, "str".to_owned()),
    };
    // hdr_beg(host) carries the method before the argument.
    let (fetch, suffix) = match fetch.strip_prefix("hdr_").and_then(|rest| rest.split_once('(')) {
        Some((how, argument)) => (format!("hdr({argument}"), how.to_owned()),
        None => (fetch, suffix),
    };
    let value = match fetch.as_str() {
        "path" | "base_path" => path,
        "hdr(host)" | "hdr(host,1)" => host,
        _ => return None,
    };
    let (mut how, mut fold) = (suffix, false);
    let mut patterns = Vec::new();
    let mut rest = rest.iter();
    while let Some(word) = rest.next() {
        match word.as_str() {
            "-i" => fold = true,
            "-m" => how.clone_from(rest.next()?),
            "-f" => return None,
            "--" => {}
            pattern => patterns.push(pattern),
        }
    }
    let lower = |text: &str| if fold { text.to_ascii_lowercase() } else { text.to_owned() };
    let value = lower(value);
    let mut any = false;
    for wanted in patterns {
        let want = lower(wanted);
        any |= match how.as_str() {
            "str" => value == want,
            "beg" => value.starts_with(&want),
            "end" => value.ends_with(&want),
            "sub" => value.contains(&want),
            "dir" => value.split('/').any(|part| part == want.trim_matches('/')),
            "dom" => value.split('.').any(|part| part == want.trim_matches('.')) || value.ends_with(&want),
            "reg" => pattern::matches(wanted, &value, fold)?,
            _ => return None,
        };
    }
    Some(any)
}

/// How well a route's virtual server fits the host: exact, leading wildcard, trailing wildcard, regular expression, any.
fn rank(route: &Route, host: &str) -> Option<u8> {
    let best = route.server_names.iter().filter_map(|name| {
        let name = name.to_ascii_lowercase();
        let host = host.to_ascii_lowercase();
        if name == host {
            return Some(5);
        }
        if let Some(pattern) = name.strip_prefix('~') {
            return (pattern::matches(pattern, &host, true) == Some(true)).then_some(2);
        }
        if let Some(domain) = name.strip_prefix("*.") {
            return host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')).then_some(4);
        }
        // nginx: `.example.org` is the name and all below it.
        if let Some(domain) = name.strip_prefix('.') {
            return (host == domain || host.ends_with(&name)).then_some(4);
        }
        name.strip_suffix(".*").and_then(|start| host.strip_prefix(start)?.starts_with('.').then_some(3))
    });
    // An unknown host goes to the default server, and which one that is depends on the address.
    Some(best.max().unwrap_or(0))
}

fn nginx<'a>(routes: &[(u8, &'a Route)], path: &str) -> Option<&'a Route> {
    let all = || routes.iter().map(|(_, route)| *route);
    if let Some(exact) = all().find(|route| route.matching == Matching::Exact && route.path == path) {
        return Some(exact);
    }
    let prefix = all()
        .filter(|route| {
            matches!(route.matching, Matching::Prefix | Matching::PrefixFirst)
                && path.starts_with(&route.path)
        })
        // Of equal ones the first: a pass within an `if` of the same location comes later.
        .reduce(|best, route| if route.path.len() > best.path.len() { route } else { best });
    if prefix.is_some_and(|route| route.matching == Matching::PrefixFirst) {
        return prefix;
    }
    let by_pattern = all().find(|route| {
        let fold = route.matching == Matching::RegexIgnoreCase;
        (fold || route.matching == Matching::Regex) && pattern::matches(&route.path, path, fold) == Some(true)
    });
    let always = || all().find(|route| route.matching == Matching::Always);
    let named = || all().find(|route| route.matching == Matching::Named);
    by_pattern.or(prefix).or_else(always).or_else(named)
}

fn httpd<'a>(routes: &[(u8, &'a Route)], path: &str) -> Option<&'a Route> {
    let matches = |route: &Route| match route.matching {
        Matching::Prefix => {
            // Whole segments: /api covers /api/x, not /apix.
            let rest = path.strip_prefix(route.path.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || route.path.ends_with('/'))
        }
        Matching::Regex => {
            // A FilesMatch is about the last segment, a RewriteRule may leave out the first slash.
            let last = path.rsplit('/').next().unwrap_or(path);
            [path, last, path.trim_start_matches('/')]
                .iter()
                .any(|text| pattern::matches(&route.path, text, false) == Some(true))
        }
        _ => false,
    };
    let in_location = |route: &Route| {
        route.scope.last().is_some_and(|last| last.to_ascii_lowercase().starts_with("location"))
    };
    let all = || routes.iter().map(|(_, route)| *route).filter(|route| matches(route));
    // Of sections that match, the later one counts.
    all().rfind(|route| in_location(route)).or_else(|| all().find(|route| !in_location(route)))
}
