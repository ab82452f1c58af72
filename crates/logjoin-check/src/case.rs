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
        let at = |hit: &&Hit| {
            hit.addresses.last().is_some_and(|address| address.eq_ignore_ascii_case(&server.address))
        };
        self.with_cause(causes).filter(at).count() as u64
    }

    /// How many failures with one of these causes went to this pool: to one of its servers, or to none while its route
    /// was taken.
    pub fn failures_of(&self, pool: &Pool, causes: &[CauseId]) -> u64 {
        let touched = |hit: &&Hit| match hit.addresses.last() {
            Some(address) => pool.servers.iter().any(|server| server.address.eq_ignore_ascii_case(address)),
            None => hit.pool.as_deref() == Some(pool.name.as_str()),
        };
        self.with_cause(causes).filter(touched).count() as u64
    }

    /// The configuration among those at hand whose proxy listens where a server of this pool is, with the listener.
    /// Of listeners on all addresses the port decides, if only one configuration has it.
    pub fn behind(&self, pool: &Pool) -> Option<(&'a Subject, &'a Listen)> {
        let others = || {
            self.all
                .iter()
                .filter(|other| crate::evidence::base(&other.path) != crate::evidence::base(self.path))
        };
        pool.servers.iter().find_map(|server| {
            let exact = |listen: &&Listen| listen.address.eq_ignore_ascii_case(&server.address);
            let found = |test: &dyn Fn(&&Listen) -> bool| {
                let mut all =
                    others().filter_map(|other| Some((other, other.config.listens.iter().find(test)?)));
                all.next().filter(|_| all.next().is_none())
            };
            let any = |listen: &&Listen| {
                listen.port.is_some()
                    && listen.port == port(&server.address)
                    && matches!(host(&listen.address), "*" | "0.0.0.0" | "[::]")
            };
            found(&exact).or_else(|| found(&any))
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
