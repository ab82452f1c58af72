//! Why failures remain unexplained, and the very line of configuration that would have explained them.

use std::collections::{BTreeMap, BTreeSet};

use logjoin_parse::Product;

use super::sources::FileFacts;
use super::sums::Sums;
use crate::analysis::{Note, UnknownReason};
use crate::diagnose::Judged;
use crate::plan::Plan;
use crate::render::words;
use crate::scene::{Case, Scene};
use crate::vocabulary::{CauseId, Mechanism, NoteLevel};

const NGINX: &str = "log_format upstream '$remote_addr - $remote_user [$time_iso8601] \"$request\" $status $body_bytes_sent \"$http_referer\" \"$http_user_agent\" rt=$request_time c=$connection id=$request_id ua=\"$upstream_addr\" us=\"$upstream_status\" uct=\"$upstream_connect_time\" uht=\"$upstream_header_time\" urt=\"$upstream_response_time\"';";
const APACHE: &str = "LogFormat \"%h %l %u %t \\\"%r\\\" %>s %b \\\"%{Referer}i\\\" \\\"%{User-Agent}i\\\" %D %L %{BALANCER_WORKER_NAME}e %{UNIQUE_ID}e\" combined_upstream";
const HAPROXY: &str = "log-format \"%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r %ID\"";

/// What makes the id and passes it on (httpd: with mod_unique_id).
const NGINX_ID: &str = "proxy_set_header X-Request-ID $request_id;";
const APACHE_ID: &str = "RequestHeader set X-Request-ID %{UNIQUE_ID}e";
const HAPROXY_ID: &str =
    "unique-id-format %{+X}o\\ %ci:%cp_%fi:%fp_%Ts_%rt:%pid\nunique-id-header X-Request-ID";

const GUNICORN: &str = "access_log_format = '%(h)s %(l)s %(u)s %(t)s \"%(r)s\" %(s)s %(b)s \"%(f)s\" \"%(a)s\" %(D)s id=%({x-request-id}i)s'";
const UWSGI: &str = "log-format = %(addr) - %(user) [%(ltime)] \"%(method) %(uri) %(proto)\" %(status) %(size) \"%(referer)\" \"%(uagent)\" %(micros) id=%(var.HTTP_X_REQUEST_ID)";
const TOMCAT: &str = "<Valve className=\"org.apache.catalina.valves.AccessLogValve\" pattern=\"%h %l %u %{yyyy-MM-dd'T'HH:mm:ss.SSSXXX}t &quot;%r&quot; %s %b %D %{X-Request-ID}i\" />";
const PHP_FPM: &str = "access.format = \"%R - %u %{%Y-%m-%dT%H:%M:%S%z}t \\\"%m %r%Q%q\\\" %s %{milliseconds}d id=%{HTTP_X_REQUEST_ID}e\"";
const ANY: &str = "one line per request with the time (RFC 3339, with zone and fraction), method, path, status, duration in ms and the value of X-Request-ID";

/// Ambiguous failures of one proxy before it is told.
const WORTH_A_NOTE: u64 = 5;

/// What would have settled a failure.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Missing {
    reason: &'static str,
    /// The server that it is about, where the reason does not name it.
    server: Option<String>,
    advice: Option<String>,
}

impl Missing {
    fn said(&self) -> String {
        match &self.server {
            Some(server) => format!("{} ({server})", self.reason),
            None => self.reason.into(),
        }
    }
}

/// Why each failure is unexplained: one sentence; `None` where it is explained.
pub(super) fn reason(scene: &Scene<'_>, i: usize, j: &Judged) -> Option<&'static str> {
    let case = scene.case(i);
    (j.cause == CauseId::Unknown && case.f.is_gateway).then(|| missing(&case, &BTreeMap::new()).reason)
}

/// All reasons, the most frequent first.
pub(super) fn unknowns(scene: &Scene<'_>, judged: &[Judged], files: &[FileFacts]) -> Vec<UnknownReason> {
    let formats = formats_by_instance(scene.plan, files);
    let mut reasons: BTreeMap<Missing, u64> = BTreeMap::new();
    for (i, j) in judged.iter().enumerate() {
        let case = scene.case(i);
        if j.cause == CauseId::Unknown && case.f.is_gateway {
            *reasons.entry(missing(&case, &formats)).or_default() += case.f.n();
        }
    }
    let mut out: Vec<UnknownReason> = reasons
        .into_iter()
        .map(|(m, failures)| UnknownReason { reason: m.said(), failures, advice: m.advice })
        .collect();
    out.sort_by(|a, b| {
        (std::cmp::Reverse(a.failures), &a.reason, &a.advice).cmp(&(
            std::cmp::Reverse(b.failures),
            &b.reason,
            &b.advice,
        ))
    });
    out
}

/// What the backends would have to log for failures that are explained, but fit several of their lines.
pub(super) fn ambiguous(scene: &Scene<'_>, judged: &[Judged], files: &[FileFacts]) -> Vec<Note> {
    let formats = formats_by_instance(scene.plan, files);
    let mut by: BTreeMap<usize, (u64, BTreeSet<usize>)> = BTreeMap::new();
    for (i, j) in judged.iter().enumerate() {
        let case = scene.case(i);
        if let (true, true, Some(instance)) = (case.f.is_gateway, case.join.ambiguous, case.instance)
            && j.cause != CauseId::Unknown
        {
            let proxy = by.entry(case.proxy).or_default();
            proxy.0 += case.f.n();
            proxy.1.insert(instance);
        }
    }
    by.into_iter()
        .filter(|(_, (n, _))| *n >= WORTH_A_NOTE)
        .map(|(proxy, (n, instances))| {
            let front = &scene.plan.instances[proxy];
            let names: Vec<&str> = instances.iter().map(|i| scene.plan.instances[*i].name.as_str()).collect();
            let back: BTreeSet<&str> = instances.iter().map(|i| backend_line(formats.get(i))).collect();
            let back: Vec<&str> = back.into_iter().collect();
            let names = names.join(", ");
            Note {
                level: NoteLevel::Info,
                about: front.name.clone(),
                text: format!(
                    "{} could belong to any of several lines of {names}: a request id in both logs would tell. At {}: {}; {}. At {names}: {}",
                    words::count(n, "failure", "failures"),
                    front.name,
                    proxy_line(front.product).replace('\n', "; "),
                    id_line(front.product).replace('\n', "; "),
                    back.join("; "),
                ),
            }
        })
        .collect()
}

/// What logs lack on which every join of requests rests: the path, or a line per request at all. Failures are then explained by
/// what happened at the time, not by their own lines.
pub(super) fn mute(scene: &Scene<'_>, sums: &Sums, files: &[FileFacts]) -> Vec<Note> {
    let formats = formats_by_instance(scene.plan, files);
    let mut failed: BTreeMap<usize, u64> = BTreeMap::new();
    let mut mentions: BTreeSet<usize> = BTreeSet::new();
    for i in 0..scene.failing.len() {
        let case = scene.case(i);
        if case.f.is_gateway {
            case.instance.into_iter().for_each(|n| *failed.entry(n).or_default() += case.f.n());
            *failed.entry(case.proxy).or_default() += case.f.n();
        }
    }
    mentions.extend(scene.world.logs.iter().filter(|m| m.e.target != 0 || m.e.id != 0).map(|m| m.instance));
    let note = |(n, instance): (usize, &crate::plan::InstancePlan)| {
        let (requests, named) = sums.named[n];
        let failures = *failed.get(&n).filter(|f| **f > 0)?;
        let line = if instance.is_proxy {
            proxy_line(instance.product)
        } else {
            backend_line(formats.get(&n)).into()
        };
        let lack = if requests > 0 && named * 10 < requests {
            format!(
                "{} of {} do not name the path that was asked for",
                words::grouped(requests - named),
                words::count(requests, "line about requests", "lines about requests")
            )
        } else if requests == 0 && !instance.is_proxy && !mentions.contains(&n) {
            "no line names a request".to_string()
        } else {
            return None;
        };
        let text = format!(
            "{lack}: its {} failures are explained by what happened at the time, not joined request by request. This would tell: {}",
            words::grouped(failures),
            line.replace('\n', "; ")
        );
        Some(Note { level: NoteLevel::Info, about: instance.name.clone(), text })
    };
    scene.plan.instances.iter().enumerate().filter_map(note).collect()
}

fn missing(case: &Case<'_>, formats: &BTreeMap<usize, BTreeSet<&str>>) -> Missing {
    let scene = case.scene;
    let product = scene.plan.instances[case.proxy].product;
    let detail = scene.world.requests[case.f.request].r.detail.as_deref();
    let is_mute = detail.is_none_or(|d| !d.has_upstream && d.haproxy.is_none());
    let says = |reason, advice: Option<String>| Missing { reason, server: None, advice };
    if case.mechanism == Mechanism::Unknown && is_mute {
        return says(
            "the proxy's access log does not say which server was tried nor how far it came, and no error line belongs to the request",
            Some(proxy_line(product)),
        );
    }
    let Some(instance) = case.instance else {
        return match case.label() {
            Some(label) => Missing {
                reason: "the logs of the server that was tried are not among the inputs",
                server: Some(label.to_owned()),
                advice: Some(format!(
                    "give the logs of {label}: the application's, its server's and its host's journal"
                )),
            },
            None if is_mute => {
                says("the proxy's logs do not say which server was tried", Some(proxy_line(product)))
            }
            None => says("the logs of the server that was tried are not among the inputs", None),
        };
    };
    let name = &scene.plan.instances[instance].name;
    if case.join.ambiguous {
        let back = backend_line(formats.get(&instance));
        return says(
            "several lines of the backend could belong to the request, and no id tells which",
            Some(format!("{}\n{}\n{back}", proxy_line(product), id_line(product))),
        );
    }
    let covers = scene.covered(instance).is_some_and(|(lo, hi)| lo <= case.start && hi >= case.end);
    if !covers {
        return Missing {
            reason: "the logs of the server that was tried do not cover the time",
            server: Some(name.clone()),
            advice: Some(format!("give the logs of {name} for the whole time, rotated files included")),
        };
    }
    let logs_requests = scene.world.requests_of(instance) > 0;
    if !logs_requests {
        return says(
            "the backend does not log its requests",
            Some(backend_line(formats.get(&instance)).into()),
        );
    }
    says(
        "no line of the backend, the system or the proxy at that time gives a reason",
        Some(format!(
            "give the journal and the kernel's log of the host of {name} (`journalctl -o short-iso-precise`), and let the application log its exceptions with the request's id"
        )),
    )
}

/// The access log of a proxy. The combined format is written by nginx and by httpd: where only it is known, both are told.
fn proxy_line(product: Product) -> String {
    of_product(product, [NGINX, APACHE, HAPROXY])
}

fn id_line(product: Product) -> String {
    of_product(product, [NGINX_ID, APACHE_ID, HAPROXY_ID])
}

fn of_product(product: Product, [nginx, apache, haproxy]: [&str; 3]) -> String {
    match product {
        Product::Nginx => nginx.into(),
        Product::Apache => apache.into(),
        Product::Haproxy => haproxy.into(),
        _ => format!("nginx: {nginx}\nApache httpd: {apache}"),
    }
}

/// The request log of a backend, by what it is known to be.
fn backend_line(formats: Option<&BTreeSet<&str>>) -> &'static str {
    let has = |word: &str| formats.is_some_and(|f| f.iter().any(|id| id.contains(word)));
    if has("gunicorn") {
        GUNICORN
    } else if has("uwsgi") {
        UWSGI
    } else if has("tomcat") || has("catalina") {
        TOMCAT
    } else if has("php") {
        PHP_FPM
    } else {
        ANY
    }
}

fn formats_by_instance<'f>(plan: &Plan, files: &'f [FileFacts]) -> BTreeMap<usize, BTreeSet<&'f str>> {
    let mut out: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
    for f in files {
        let instance = plan.sources[plan.files[f.file].source].instance;
        out.entry(instance).or_default().extend(f.formats.keys().map(|k| &**k));
    }
    out
}
