//! Which files belong together, who wrote them, and how their lines are read: decided once, from the heads of the files.

use std::collections::BTreeMap;

use logjoin_config::ProxyConfig;
use logjoin_parse::day_order::{DayEvidence, DayOrder};
use logjoin_parse::detect::{LineReader, detect};
use logjoin_parse::fold::heads;
use logjoin_parse::{Body, Kind, Product};
use serde::{Deserialize, Serialize};

use crate::convert::Writer;
use crate::options::Options;
use crate::signals::Matcher;

mod instances;
mod moments;
mod parts;
mod roles;
mod sieve;

pub use moments::Moments;
pub use parts::{Part, parts};
pub(crate) use sieve::{Passed, Sieve};

use instances::{common_folder, group_instances, join_lone_error_logs};
use roles::resolve;

/// The beginning of a file. It may be stored and sent: whoever has the same heads makes the same plan.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Head {
    /// Path as it is to be shown.
    pub path: String,
    /// Name of the rotated set that it belongs to; the path itself when absent.
    pub source: Option<String>,
    /// Place in that set, oldest first.
    pub order: u32,
    /// Some first bytes, decompressed.
    pub bytes: Vec<u8>,
    /// What its lines are, where no bytes show it: for a source of [`Event`](crate::Event)s.
    pub kind: Option<Kind>,
    /// When it was written, as far as anything beside its lines tells.
    pub times: FileTimes,
    /// Whose of its lines are meant, where it holds those of several programs: [`parts`] makes such heads. `None`: all.
    pub part: Option<Part>,
}

/// Moments that are known of a file without reading it, nanoseconds since the epoch. They tell the years of stamps that
/// have none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileTimes {
    /// The date in its name, where rotation put one there.
    pub named_ns: Option<i64>,
    /// When what is compressed in it had last been changed (gzip's header).
    pub packed_ns: Option<i64>,
    /// When it was last changed, as the file system or the archive says.
    pub modified_ns: Option<i64>,
}

/// A proxy's configuration file, read.
#[derive(Debug, Clone)]
pub struct ConfigFile {
    /// Path as given.
    pub path: String,
    /// What it says.
    pub config: ProxyConfig,
    /// When this version was loaded, nanoseconds since the epoch; `None`: before everything else.
    pub loaded_ns: Option<i64>,
}

/// The decisions that hold for a whole analysis.
#[derive(Debug)]
pub struct Plan {
    pub(crate) options: Options,
    pub(crate) files: Vec<FilePlan>,
    pub(crate) sources: Vec<SourcePlan>,
    pub(crate) instances: Vec<InstancePlan>,
    pub(crate) configs: Vec<ConfigFile>,
    pub(crate) matcher: Matcher,
}

#[derive(Debug)]
pub(crate) struct FilePlan {
    pub path: String,
    pub part: Option<Part>,
    pub source: usize,
    pub writer: Writer,
    pub reader: LineReader,
    pub times: FileTimes,
    pub day_order: Option<DayEvidence>,
    /// Its first stamp with a year.
    pub begins: Option<logjoin_parse::Stamp>,
}

#[derive(Debug)]
pub(crate) struct SourcePlan {
    pub id: String,
    /// Numbers of its files, oldest first.
    pub files: Vec<usize>,
    pub instance: usize,
    pub writer: Writer,
    pub kind: Option<Kind>,
    pub reason: String,
    /// The files are in another order than the caller said: that of their stamps.
    pub reordered: bool,
}

#[derive(Debug)]
pub(crate) struct InstancePlan {
    pub name: String,
    pub product: Product,
    pub is_proxy: bool,
    /// Folder of its files, as given.
    pub folder: String,
}

impl FilePlan {
    /// Whether it is what is not told apart in a file of several programs.
    pub fn is_rest(&self) -> bool {
        self.part.as_ref().is_some_and(|p| p.name().is_none())
    }
}

impl Plan {
    /// The files, in the order of their numbers: the paths, sorted. A file whose programs are told apart ([`parts`]) is here
    /// once for each part.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|f| f.path.as_str())
    }

    /// The number of a file, by its path: what [`FileScanner::new`](crate::FileScanner::new) asks for. Of a file whose programs are
    /// told apart it is that of the first part; the others follow.
    ///
    /// ```
    /// use logjoin::{Head, Options, plan};
    ///
    /// let head = |path: &str| Head { path: path.into(), ..Head::default() };
    /// let plan = plan(vec![head("web/access.log"), head("app/app.log")], Vec::new(), Options::default());
    /// assert_eq!((plan.number_of("app/app.log"), plan.number_of("web/access.log")), (Some(0), Some(1)));
    /// assert_eq!(plan.number_of("app/other.log"), None);
    /// ```
    pub fn number_of(&self, path: &str) -> Option<usize> {
        self.files.iter().position(|f| f.path == path)
    }

    /// The first of the numbers that the file with this number has: that of its first part.
    pub fn first_part(&self, file: usize) -> usize {
        let Some(own) = self.files.get(file).filter(|f| f.part.is_some()) else { return file };
        let before = self.files[..file].iter().rev();
        file - before.take_while(|f| f.part.is_some() && f.path == own.path).count()
    }

    /// Whether an instance is made of what is not told apart in files of several programs, and nothing else.
    pub(crate) fn is_rest(&self, instance: usize) -> bool {
        let mut own =
            self.sources.iter().filter(|s| s.instance == instance).flat_map(|s| &s.files).peekable();
        own.peek().is_some() && own.all(|f| self.files[*f].is_rest())
    }

    /// The backend with a name: its own, or the last part of it where instances are told apart by their folders.
    pub(crate) fn named(&self, name: &str) -> Option<usize> {
        let backends = || (0..self.instances.len()).filter(|i| !self.instances[*i].is_proxy);
        let mut ends = backends().filter(|i| self.instances[*i].name.rsplit('/').next() == Some(name));
        let whole = backends().find(|i| self.instances[*i].name == name);
        whole.or_else(|| ends.next().filter(|_| ends.next().is_none()))
    }

    /// The configurations of a proxy, oldest version first: those in a folder of its name, else those of its kind.
    pub(crate) fn configs_of(&self, proxy: usize) -> Vec<&ConfigFile> {
        let instance = &self.instances[proxy];
        let name = instance.name.split('@').next().unwrap_or(&instance.name);
        let name = name.rsplit('/').next().unwrap_or(name);
        let of_kind = || self.configs.iter().filter(|c| c.config.product == instance.product);
        let is_named = |c: &&ConfigFile| c.path.split('/').rev().skip(1).any(|part| part == name);
        let any_named = of_kind().any(|c| is_named(&c));
        of_kind().filter(|c| !any_named || is_named(c)).collect()
    }

    /// The zone that the caller told for a source.
    pub(crate) fn told_zone(&self, source: &SourcePlan) -> Option<&crate::options::Zone> {
        let fits = |p: &crate::Pattern| {
            p.fits(&source.id) || source.files.iter().any(|n| p.fits(&self.files[*n].path))
        };
        self.options.zones.iter().find(|(p, _)| fits(p)).map(|(_, zone)| zone)
    }
}

/// What the head of a file shows.
struct Sample {
    product: Product,
    kind: Option<Kind>,
    reader: LineReader,
    clients: usize,
    requests: usize,
    day_order: Option<DayEvidence>,
    /// Its first stamp with a year: read as UTC where it has no zone.
    begins: Option<logjoin_parse::Stamp>,
}

/// Decides what each file is. The order of `heads` does not matter. Files that hold the lines of several programs are told apart
/// before ([`parts`]).
pub fn plan(mut heads: Vec<Head>, mut configs: Vec<ConfigFile>, options: Options) -> Plan {
    heads.sort_by(|a, b| parts::order(a).cmp(&parts::order(b)));
    configs.sort_by(|a, b| (a.loaded_ns, &a.path).cmp(&(b.loaded_ns, &b.path)));
    let samples: Vec<Sample> = heads.iter().map(|h| sample(h, &options, &configs)).collect();
    // A set whose files lie in folders of dates is one source, above them.
    let folders: Vec<&str> = heads.iter().map(|h| folder(h.source.as_deref().unwrap_or(&h.path))).collect();
    let common = common_folder(&folders);
    let mut groups: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
    for (i, h) in heads.iter().enumerate() {
        let name = h.source.clone().unwrap_or_else(|| h.path.clone());
        let name = match h.part.as_ref().and_then(Part::name) {
            Some(part) => format!("{name} ({part})"),
            None => name,
        };
        groups.entry((folders[i].to_string(), name)).or_default().push(i);
    }

    let mut sources: Vec<SourcePlan> = Vec::new();
    for ((_, id), mut members) in groups {
        members.sort_by_key(|&i| (heads[i].order, i));
        let reordered = in_order_of_stamps(&mut members, &samples);
        // The member with the most to show speaks for the set.
        let speaker = *members.iter().max_by_key(|&&i| heads[i].bytes.len()).unwrap_or(&members[0]);
        let s = &samples[speaker];
        let writer = Writer { product: s.product, is_proxy: is_proxy(s.product) };
        sources.push(SourcePlan {
            id,
            files: members,
            instance: 0,
            writer,
            kind: s.kind,
            reason: "format".into(),
            reordered,
        });
    }
    for i in 0..sources.len() {
        let first = sources[i].files[0];
        let (product, reason) =
            resolve(i, first, &sources, &heads, &folders, &common, &samples, &configs, &options);
        sources[i].writer = Writer {
            product,
            is_proxy: is_proxy(product) || (product == Product::Unknown && reason.contains("proxy")),
        };
        sources[i].reason = reason;
    }
    roles::httpd_behind_proxies(&mut sources, &heads, &folders, &samples, &configs);
    let instances = group_instances(&mut sources, &heads, &folders, &common);
    let instances = join_lone_error_logs(&mut sources, instances, &heads);
    let mut files: Vec<FilePlan> = Vec::new();
    let mut source_of = vec![0; heads.len()];
    for (s, source) in sources.iter().enumerate() {
        for &f in &source.files {
            source_of[f] = s;
        }
    }
    for ((i, h), s) in heads.into_iter().enumerate().zip(samples) {
        let source = source_of[i];
        let writer = sources[source].writer;
        let (times, day_order, begins) = (h.times, s.day_order, s.begins);
        files.push(FilePlan {
            path: h.path,
            part: h.part,
            source,
            writer,
            reader: s.reader,
            times,
            day_order,
            begins,
        });
    }
    let matcher = Matcher::with(&options.signals);
    Plan { options, files, sources, instances, configs, matcher }
}

/// Names can lie about the order of a set; stamps with years do not. A file without stands behind the one it followed.
fn in_order_of_stamps(members: &mut Vec<usize>, samples: &[Sample]) -> bool {
    const SECOND: i64 = 1_000_000_000;
    let mut last: Option<logjoin_parse::Stamp> = None;
    let mut keyed: Vec<(Option<i64>, usize)> = Vec::with_capacity(members.len());
    let mut lies = false;
    for &i in members.iter() {
        if let (Some(last), Some(begins)) = (last, samples[i].begins) {
            // Without zones, clocks that were set back look like an hour of disorder.
            let zoned = last.offset_s.is_some() && begins.offset_s.is_some();
            let slack = if zoned { 60 } else { 3 * 3600 } * SECOND;
            lies |= last.utc_ns(0) - begins.utc_ns(0) > slack;
        }
        last = samples[i].begins.or(last);
        keyed.push((last.map(|s| s.utc_ns(0)), i));
    }
    if lies {
        keyed.sort_by_key(|(begins, _)| *begins);
        *members = keyed.into_iter().map(|(_, i)| i).collect();
    }
    lies
}

fn is_proxy(p: Product) -> bool {
    matches!(p, Product::Nginx | Product::Apache | Product::Haproxy)
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|b| *b == b'\n').map(|l| l.strip_suffix(b"\r").unwrap_or(l)).filter(|l| !l.is_empty())
}

/// Formats that read nearly anything of their kind.
const VAGUE: [&str; 9] = [
    "plain",
    "plain-stampless",
    "json",
    "logfmt",
    "time-of-day",
    "combined-extra",
    "message",
    "nginx-json",
    "php-error",
];
/// The format of all lines of HAProxy that are no requests; requests in a layout of somebody's own are taken for such, too.
const HAPROXYS_OWN: &str = "haproxy-state";
/// Lines of the head that are looked at.
const SAMPLE_LINES: usize = 400;

fn sample(head: &Head, options: &Options, configs: &[ConfigFile]) -> Sample {
    let found = detect(lines(&head.bytes).take(SAMPLE_LINES));
    let day_order = day_order(found.day_order, &head.bytes, head.times);
    let mut dialects: Vec<logjoin_parse::Dialect> = found.dialects.into_iter().map(|(d, _)| d).collect();
    let told = options.formats.iter().find(|(p, _)| p.fits(&head.path)).map(|(_, f)| f.clone());
    let first = dialects.first().map(|d| d.format.id());
    let is_haproxys_own = first == Some(HAPROXYS_OWN);
    // What a transport puts around the lines is around those of an own layout, too, and is no part of it.
    let envelope = dialects.first().and_then(|d| d.envelope);
    if let Some(format) = told {
        dialects.insert(0, logjoin_parse::Dialect { envelope, format });
    } else if is_haproxys_own || first.is_none_or(|id| VAGUE.contains(&id)) {
        // A layout of somebody's own: the proxies' configurations may define it. Layouts that many programs share
        // are left alone, lest a backend's log be taken for the proxy's.
        let sample: Vec<&[u8]> = lines(&head.bytes).take(40).collect();
        // Among requests, HAProxy writes what it has to say of itself and its servers.
        let tenths = if is_haproxys_own { 1 } else { 8 };
        let reads = |f: &logjoin_parse::Format| {
            sample.iter().filter(|l| read_with(f, l)).count() * 10 >= sample.len() * tenths
        };
        if let Some(format) =
            crate::formats::from_configs(configs).into_iter().find(|f| !sample.is_empty() && reads(f))
        {
            dialects.insert(0, logjoin_parse::Dialect { envelope, format });
        }
    }
    let mut reader = LineReader::new(dialects);
    if let Some(found) = day_order {
        reader = reader.with_day_order(found.order);
    }
    let mut begins = None;
    let mut products: BTreeMap<Product, usize> = BTreeMap::new();
    let mut kinds: BTreeMap<Kind, usize> = BTreeMap::new();
    let mut clients = std::collections::BTreeSet::new();
    let mut requests = 0;
    for event in heads(lines(&head.bytes).take(SAMPLE_LINES), |l| reader.parse_first(l)) {
        if let Some(r) = reader.parse_first(&event) {
            *products.entry(r.product).or_default() += 1;
            *kinds.entry(r.kind()).or_default() += 1;
            begins = begins.or(r.best_stamp().copied().filter(|s| s.has_year));
            if let Body::Access(a) = &r.body {
                requests += 1;
                if let Some(c) = &a.client_ip {
                    clients.insert(c.to_vec());
                }
            }
        }
    }
    let most = |m: &BTreeMap<Product, usize>| m.iter().max_by_key(|(_, n)| **n).map(|(p, _)| *p);
    Sample {
        product: most(&products).unwrap_or(Product::Unknown),
        kind: kinds.iter().max_by_key(|(_, n)| **n).map(|(k, _)| *k).or(head.kind),
        reader,
        clients: clients.len(),
        requests,
        day_order,
        begins,
    }
}

/// Where the lines do not tell whether day or month comes first, the file's own time may: nothing is written after it,
/// and little long before.
fn day_order(found: Option<DayEvidence>, head: &[u8], times: FileTimes) -> Option<DayEvidence> {
    let found = found?;
    let written = times.named_ns.or(times.packed_ns).or(times.modified_ns);
    let stamp = lines(head).find_map(|l| logjoin_parse::parse_any(l).ok()?.stamp);
    let (Some(written), Some(stamp), true) = (written, stamp, found.is_guess) else { return Some(found) };
    const DAY: i64 = 86_400_000_000_000;
    // How long before the file's time; what is after it comes last.
    let age = |s: &logjoin_parse::Stamp| (written + DAY - s.wall_ns) as u64;
    let Some(other) = logjoin_parse::day_order::exchanged(&stamp) else { return Some(found) };
    let order = if age(&other) < age(&stamp) { DayOrder::DayFirst } else { DayOrder::MonthFirst };
    Some(DayEvidence { order, reason: "so it is nearer to the time of the file", is_guess: true })
}

fn read_with(format: &logjoin_parse::Format, line: &[u8]) -> bool {
    let (_, payload) = logjoin_parse::envelope::peel_all(line);
    format.parse(&payload).is_ok()
}

fn folder(path: &str) -> &str {
    path.rfind('/').map_or("", |i| &path[..i])
}

pub(crate) fn product_name(p: Product) -> &'static str {
    match p {
        Product::Nginx => "nginx",
        Product::Apache => "apache",
        Product::Haproxy => "haproxy",
        Product::Backend => "backend",
        Product::System => "system",
        _ => "unknown",
    }
}
