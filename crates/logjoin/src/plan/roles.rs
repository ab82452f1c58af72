//! Who wrote a file: told by the caller, by its format, or by what stands beside it.

use logjoin_parse::{Kind, Product};

use super::parts::{SERVERS, has_word, proxy_of};
use super::{ConfigFile, Head, Part, Sample, SourcePlan, Writer, folder, is_proxy};
use crate::options::Options;

/// Who wrote a file whose lines many programs could have written.
#[allow(clippy::too_many_arguments)]
pub(super) fn resolve(
    me: usize,
    first: usize,
    sources: &[SourcePlan],
    heads: &[Head],
    folders: &[&str],
    common: &str,
    samples: &[Sample],
    configs: &[ConfigFile],
    options: &Options,
) -> (Product, String) {
    let path = &heads[first].path;
    let id = &sources[me].id;
    let told = options.roles.iter().find(|(p, _)| p.fits(path) || p.fits(id)).map(|(_, product)| *product);
    if let Some(product) = told.filter(|p| *p != Product::Unknown) {
        return (product, "told".into());
    }
    let own = sources[me].writer.product;
    if own != Product::Unknown {
        return (own, "format".into());
    }
    if let Some(part) = &heads[first].part {
        return of_part(part, &samples[first], configs);
    }
    // What else stands in the folder: an nginx error log beside a combined access log makes it nginx's.
    let siblings: Vec<Product> = sources
        .iter()
        .enumerate()
        .filter(|(i, s)| *i != me && folders[s.files[0]] == folders[first])
        .map(|(_, s)| s.writer.product)
        .collect();
    let mut proxies: Vec<Product> = siblings.iter().copied().filter(|p| is_proxy(*p)).collect();
    proxies.dedup();
    if let [one] = proxies[..] {
        return (one, "the proxy's other log in the same folder".into());
    }
    if proxies.is_empty() && siblings.contains(&Product::Backend) {
        return (Product::Backend, "a backend's other log in the same folder".into());
    }
    let here = folders[first].rsplit('/').next().unwrap_or("");
    let same_name = |c: &&ConfigFile| !here.is_empty() && folder(&c.path).rsplit('/').next() == Some(here);
    if let Some(c) = configs.iter().find(same_name) {
        return (c.config.product, "a configuration in a folder of the same name".into());
    }
    // Folders above all inputs say nothing of one of them.
    let low = path.strip_prefix(common).unwrap_or(path).to_ascii_lowercase();
    let named = |words: &[&str]| words.iter().any(|w| low.contains(w));
    if named(&["nginx", "ingress", "openresty"]) {
        return (Product::Nginx, "the path".into());
    }
    if named(&["apache", "httpd"]) {
        return (Product::Apache, "the path".into());
    }
    if named(&["gunicorn", "uvicorn", "tomcat", "localhost_access_log", "uwsgi", "puma", "php", "jetty"]) {
        return (Product::Backend, "the path".into());
    }
    by_clients(&samples[first])
}

/// An httpd may be the server behind a proxy (mod_wsgi, mod_php): one that says nothing of proxying, is given no configuration of
/// its own that hands on, and has the few clients that a proxy's servers have, while another program is the proxy.
pub(super) fn httpd_behind_proxies(
    sources: &mut [SourcePlan],
    heads: &[Head],
    folders: &[&str],
    samples: &[Sample],
    configs: &[ConfigFile],
) {
    let is_httpd = |s: &SourcePlan| s.writer.product == Product::Apache && s.reason != "told";
    let folder_of = |s: &SourcePlan| folders[s.files[0]];
    let mut own: Vec<&str> = sources.iter().filter(|s| is_httpd(s)).map(folder_of).collect();
    own.sort_unstable();
    own.dedup();
    let hands_on = |c: &&ConfigFile| {
        c.config.product == Product::Apache && !(c.config.pools.is_empty() && c.config.routes.is_empty())
    };
    let name = |path: &str| path.rsplit('/').next().unwrap_or("").to_owned();
    let mut servers: Vec<&str> = Vec::new();
    for here in &own {
        let mine = || sources.iter().filter(|s| is_httpd(s) && folder_of(s) == *here);
        let others = sources.iter().filter(|s| folder_of(s) != *here);
        let has_proxy = others.filter(|s| s.kind == Some(Kind::Access)).any(|s| s.writer.is_proxy);
        let configured =
            configs.iter().filter(hands_on).any(|c| own.len() == 1 || name(folder(&c.path)) == name(here));
        let mut logs = mine().filter(|s| s.kind == Some(Kind::Access)).flat_map(|s| &s.files).peekable();
        let few =
            logs.peek().is_some() && logs.all(|f| samples[*f].requests >= 10 && samples[*f].clients <= 3);
        let mut all = mine().flat_map(|s| &s.files);
        let proxies = all.any(|f| memchr::memmem::find(&heads[*f].bytes, b"proxy").is_some());
        if has_proxy && few && !configured && !proxies {
            servers.push(here);
        }
    }
    for s in sources.iter_mut().filter(|s| is_httpd(s) && servers.contains(&folder_of(s))) {
        s.writer = Writer { product: Product::Backend, is_proxy: false };
        s.reason = "an httpd that proxies nothing, and has the clients that a proxy's servers have".into();
    }
}

/// Of a program that is told apart in a file, its name says what folder and path say of others.
fn of_part(part: &Part, sample: &Sample, configs: &[ConfigFile]) -> (Product, String) {
    let Some(name) = part.name() else {
        return (Product::Backend, "what is left of a file of several programs".into());
    };
    if let Some(proxy) = proxy_of(name).filter(|_| sample.kind == Some(Kind::Access)) {
        return (proxy, "the name of the program".into());
    }
    if has_word(name, &SERVERS) {
        return (Product::Backend, "the name of the program".into());
    }
    let same_name = |c: &&ConfigFile| {
        let folder = folder(&c.path).rsplit('/').next().unwrap_or("");
        !folder.is_empty() && name.split(['/', '-', '_']).any(|word| word == folder)
    };
    match configs.iter().find(same_name).filter(|_| sample.kind == Some(Kind::Access)) {
        Some(c) => (c.config.product, "a configuration in a folder of the same name".into()),
        None => by_clients(sample),
    }
}

fn by_clients(s: &Sample) -> (Product, String) {
    if s.requests >= 10 && s.clients <= 3 {
        return (Product::Backend, "all its clients are the same few addresses, as behind a proxy".into());
    }
    match s.kind {
        Some(Kind::Access) => (Product::Unknown, "many different clients, as a proxy has".into()),
        _ => (Product::Backend, "no proxy writes these lines".into()),
    }
}
