//! What a rule may ask: one configuration, the others beside it, and the failures that belong to it.
//!
//! The lookups are lenient on purpose: where a file leaves open whether a directive is in force, they find it. A rule
//! that misses something is better than one that accuses.

use logjoin::{Analysis, CauseId};
use logjoin_config::{Listen, Place, Pool, ProxyConfig, Route, Server, Setting};
use logjoin_parse::Product;

use crate::Subject;
use crate::evidence::Hit;

/// One configuration, with all that a rule may ask about it.
pub struct Case<'a> {
    /// The configuration.
    pub config: &'a ProxyConfig,
    /// Path of its main file, as given.
    pub path: &'a str,
    /// All configurations, this one among them.
    pub all: &'a [Subject],
    /// The analysis of the logs.
    pub analysis: Option<&'a Analysis>,
    pub(crate) hits: &'a [Hit],
}

impl<'a> Case<'a> {
    /// Whose configuration it is.
    pub fn product(&self) -> Product {
        self.config.product
    }

    /// Whether the file stands for itself: what it does not say is not said. A fragment that another file includes, or a
    /// copy without the files that it includes, leaves open what is said elsewhere.
    pub fn is_whole(&self) -> bool {
        if self.config.problems.iter().any(|problem| problem.message.starts_with("included file `")) {
            return false;
        }
        self.config.settings.iter().any(|setting| {
            let outer = setting.scope.first().map_or("", String::as_str);
            match self.config.product {
                Product::Nginx => matches!(outer, "http" | "stream" | "events"),
                Product::Haproxy => outer == "global" || outer.split(' ').next() == Some("defaults"),
                _ => ["ServerRoot", "Listen", "LoadModule"]
                    .iter()
                    .any(|name| setting.name.eq_ignore_ascii_case(name)),
            }
        })
    }

    /// All directives of that name, in file order; httpd's in any case.
    pub fn named(&self, name: &'a str) -> impl Iterator<Item = &'a Setting> {
        self.config.settings.iter().filter(move |setting| setting.name.eq_ignore_ascii_case(name))
    }

    /// The directive in force in a block (nginx, httpd): its own, else that of the nearest block around it. Of several
    /// blocks with one heading, the one whose line is nearest to `place`.
    pub fn in_force(&self, name: &'a str, scope: &[String], place: &Place) -> Option<&'a Setting> {
        let distance = |setting: &Setting| match setting.place.file == place.file {
            true => setting.place.line.abs_diff(place.line),
            false => u32::MAX,
        };
        self.named(name)
            .filter(|setting| scope.starts_with(&setting.scope))
            .min_by_key(|setting| (std::cmp::Reverse(setting.scope.len()), distance(setting)))
    }

    /// HAProxy: the last line of a section that begins with these words, else that of any `defaults` section.
    pub fn line(&self, section: &str, words: &[&str]) -> Option<&'a Setting> {
        let says = |setting: &&Setting| {
            let have = std::iter::once(&setting.name).chain(&setting.args).map(String::as_str);
            have.take(words.len()).eq(words.iter().copied())
        };
        let own = |setting: &&Setting| setting.scope.first().is_some_and(|heading| heading == section);
        let defaults = |setting: &&Setting| {
            setting.scope.first().is_some_and(|heading| heading.split(' ').next() == Some("defaults"))
        };
        let settings = || self.config.settings.iter().rev().filter(says);
        settings().find(own).or_else(|| settings().find(defaults))
    }

    /// HAProxy: a line of `global`.
    pub fn global(&self, name: &'a str) -> Option<&'a Setting> {
        self.named(name)
            .filter(|setting| setting.scope.first().is_some_and(|heading| heading == "global"))
            .last()
    }

    /// HAProxy: `backend api` or `listen api`, whichever the file has.
    pub fn section(&self, pool: &Pool) -> String {
        let listen = format!("listen {}", pool.name);
        let is_listen = self.config.settings.iter().any(|setting| setting.scope.first() == Some(&listen));
        if is_listen { listen } else { format!("backend {}", pool.name) }
    }

    /// Pools that some route leads to, with the routes.
    pub fn used_pools(&self) -> Vec<(&'a Pool, Vec<&'a Route>)> {
        let routes =
            |pool: &Pool| self.config.routes.iter().filter(|route| route.target == pool.name).collect();
        let with: Vec<(&Pool, Vec<&Route>)> =
            self.config.pools.iter().map(|pool| (pool, routes(pool))).collect();
        with.into_iter().filter(|(_, routes)| !routes.is_empty()).collect()
    }

    /// The words of the directive that hands on, as written.
    pub fn written(&self, place: &Place) -> Option<&'a Setting> {
        let hands_on =
            |name: &str| name.ends_with("_pass") || name.to_ascii_lowercase().starts_with("proxypass");
        self.config.settings.iter().find(|setting| setting.place == *place && hands_on(&setting.name))
    }

    /// How many failures with one of these causes were sent to this server last.
    pub fn failures_at(&self, server: &Server, causes: &[CauseId]) -> u64 {
        // Where the logs do not say which server was asked, the way that the request took does, if it leads to one only.
        let only = |name: &str| {
            self.config
                .pool(name)
                .is_some_and(|pool| pool.servers.len() == 1 && pool.servers[0].address == server.address)
        };
        let at = |hit: &&Hit| match (&hit.server, hit.addresses.last()) {
            (Some(place), _) => *place == server.place,
            (None, Some(address)) => address.eq_ignore_ascii_case(&server.address),
            (None, None) => hit.route.as_ref().is_some_and(|(name, _)| only(name)),
        };
        self.with_cause(causes).filter(at).map(|hit| hit.count).sum()
    }

    /// How many failures with one of these causes went to this pool: to one of its servers, or to none while its route
    /// was taken.
    pub fn failures_of(&self, pool: &Pool, causes: &[CauseId]) -> u64 {
        let touched = |hit: &&Hit| match (&hit.server, hit.addresses.last()) {
            (Some(place), _) => pool.servers.iter().any(|server| server.place == *place),
            (None, Some(address)) => {
                pool.servers.iter().any(|server| server.address.eq_ignore_ascii_case(address))
            }
            (None, None) => hit.route.as_ref().is_some_and(|(name, _)| *name == pool.name),
        };
        self.with_cause(causes).filter(touched).map(|hit| hit.count).sum()
    }

    /// How many failures with one of these causes took this way.
    pub fn failures_on(&self, route: &Route, causes: &[CauseId]) -> u64 {
        let took = |hit: &&Hit| hit.route.as_ref().is_some_and(|(_, place)| *place == route.place);
        self.with_cause(causes).filter(took).map(|hit| hit.count).sum()
    }

    /// Whether the logs know requests that were sent to this server, and every one of them failed.
    pub fn never_served(&self, pool: &Pool, server: &Server) -> bool {
        // HAProxy's logs name servers, the others' addresses.
        let label = match (&server.name, self.config.product) {
            (Some(name), Product::Haproxy) => format!("{}/{name}", pool.name),
            _ => server.address.clone(),
        };
        let rows = self.analysis.iter().flat_map(|analysis| &analysis.distribution);
        let mut rows = rows.filter(|row| row.server.eq_ignore_ascii_case(&label)).peekable();
        rows.peek().is_some() && rows.all(|row| row.requests > 0 && row.failures >= row.requests)
    }

    /// The configuration among those at hand whose proxy listens where a server of this pool is, its listener, and whether
    /// that is sure: of listeners on all addresses only the port speaks for it, if one configuration alone has it.
    pub fn behind(&self, pool: &Pool) -> Option<(&'a Subject, &'a Listen, bool)> {
        let base = crate::evidence::base;
        let own: Vec<Option<u16>> = self.config.listens.iter().map(|listen| listen.port).collect();
        // A proxy that sends to this one stands in front of it.
        let in_front = |other: &Subject| {
            let mut servers = other.config.pools.iter().flat_map(|pool| &pool.servers);
            servers.any(|server| port(&server.address).is_some_and(|port| own.contains(&Some(port))))
        };
        let others =
            || self.all.iter().filter(|other| base(&other.path) != base(self.path) && !in_front(other));
        pool.servers.iter().find_map(|server| {
            let found = |test: &dyn Fn(&&Listen) -> bool| {
                let mut all =
                    others().filter_map(|other| Some((other, other.config.listens.iter().find(test)?)));
                all.next().filter(|_| all.next().is_none())
            };
            let exact = |listen: &&Listen| listen.address.eq_ignore_ascii_case(&server.address);
            let any = |listen: &&Listen| {
                listen.port.is_some()
                    && listen.port == port(&server.address)
                    && matches!(host(&listen.address), "*" | "0.0.0.0" | "[::]")
            };
            let sure = |(subject, listen)| (subject, listen, true);
            let likely = |(subject, listen)| (subject, listen, is_loopback(host(&server.address)));
            found(&exact).map(sure).or_else(|| found(&any).map(likely))
        })
    }

    fn with_cause(&self, causes: &[CauseId]) -> impl Iterator<Item = &'a Hit> {
        self.hits.iter().filter(move |hit| causes.contains(&hit.cause))
    }
}

/// A port of `host:port`.
pub(crate) fn port(address: &str) -> Option<u16> {
    address.rsplit_once(':')?.1.parse().ok()
}

/// The host of `host:port`; of a socket the whole.
pub(crate) fn host(address: &str) -> &str {
    if address.starts_with("unix:") {
        return address;
    }
    match address.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => host,
        _ => address,
    }
}

/// Whether a host is this machine's own loop.
pub(crate) fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.starts_with("127.") || host == "[::1]"
}

/// `1500 ms`, `4 s`, `2 min`.
pub(crate) fn span(ms: u64) -> String {
    match ms {
        0 => "0".to_owned(),
        ms if ms % 60_000 == 0 => format!("{} min", ms / 60_000),
        ms if ms % 1_000 == 0 => format!("{} s", ms / 1_000),
        ms => format!("{ms} ms"),
    }
}
