//! What the readers make of whole files.

mod any_bytes;
mod changes;
#[path = "../../../../fixtures/corpora.rs"]
mod corpora;
mod debian;
mod haproxy;
mod httpd;
mod lab;
mod nginx;
mod recognise;

use logjoin_config::{ProxyConfig, Route};

/// A file under `fixtures/conf`.
fn fixture(name: &str) -> Vec<u8> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/conf").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Reads a fixture that includes nothing.
fn read(name: &str) -> ProxyConfig {
    logjoin_config::read(name, &fixture(name), &mut |_| Vec::new())
        .unwrap_or_else(|| panic!("{name} is not recognised"))
}

/// The route of that path.
fn route<'a>(config: &'a ProxyConfig, path: &str) -> &'a Route {
    config.routes.iter().find(|route| route.path == path).unwrap_or_else(|| panic!("no route for {path}"))
}

/// The addresses of a pool.
fn addresses<'a>(config: &'a ProxyConfig, pool: &str) -> Vec<&'a str> {
    let pool = config.pool(pool).unwrap_or_else(|| panic!("no pool {pool}"));
    pool.servers.iter().map(|server| server.address.as_str()).collect()
}
