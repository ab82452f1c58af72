//! Whose process a host speaks of. The journal and the kernel of a host tell of every unit and process on it, and most of them are
//! not the backend: a timer's job that fails, a database that is killed for memory.
//!
//! Three things tell a stranger. Some units and programs serve no requests of a proxy, whatever they do. A kind of unit that is no
//! process (a socket, a timer, a mount) cannot end one. And a process that ended cannot serve: where the backend answers afterwards
//! and its own log, which tells of its starts, has none in between, it was another one that ended.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::plan::Plan;
use crate::scene::{SECOND, Sign};
use crate::signals::{FAMILIES, Meaning};
use crate::spans::Spans;
use crate::timeline::World;

/// Programs, by the beginning of their name as the kernel has it (`comm`, 15 bytes).
pub(crate) const PROGRAMS: &[&str] = &[
    "mysqld",
    "mariadbd",
    "postgres",
    "mongod",
    "redis-server",
    "memcached",
    "clickhouse",
    "sshd",
    "cron",
    "anacron",
    "systemd",
    "dbus-daemon",
    "rsyslogd",
    "syslog-ng",
    "snapd",
    "fwupd",
    "apt",
    "dpkg",
    "unattended-upgr",
    "packagekitd",
    "logrotate",
    "certbot",
    "clamd",
    "freshclam",
    "node_exporter",
    "prometheus",
    "telegraf",
    "filebeat",
    "fluent-bit",
    "promtail",
    "vector",
    "zabbix_agentd",
    "chrome",
    "Xorg",
    "gnome-",
    "rsync",
    "tar",
    "gzip",
    "mysqldump",
    "pg_dump",
];

/// Units, by the beginning of their name.
const UNITS: &[&str] = &[
    "session-",
    "user@",
    "user-",
    "systemd-",
    "init.scope",
    "cron.",
    "crond.",
    "anacron.",
    "atd.",
    "ssh.",
    "sshd.",
    "sshd@",
    "ssh@",
    "getty@",
    "serial-getty@",
    "dbus",
    "polkit",
    "rsyslog.",
    "syslog-ng.",
    "logrotate.",
    "apt-",
    "apt.",
    "dnf-",
    "unattended-upgrades.",
    "packagekit",
    "snapd",
    "snap.",
    "fwupd",
    "man-db.",
    "motd-news.",
    "e2scrub",
    "fstrim.",
    "mdcheck",
    "mdmonitor",
    "sysstat",
    "certbot",
    "chrony",
    "ntp",
    "update-notifier",
    "ua-timer.",
    "esm-cache.",
    "phpsessionclean.",
    "dpkg-db-backup.",
    "plocate",
    "mlocate",
    "locate",
    "fail2ban.",
    "mysql",
    "mariadb",
    "postgresql",
    "mongod",
    "redis",
    "memcached",
    "multipathd.",
    "udisks2.",
    "accounts-daemon.",
    "ModemManager.",
    "NetworkManager",
    "networkd-dispatcher.",
    "irqbalance.",
    "smartd.",
    "smartmontools.",
    "postfix",
    "exim4",
    "filebeat.",
    "fluent-bit.",
    "telegraf.",
    "node_exporter.",
    "prometheus-node-exporter",
    "zabbix-agent",
];

/// Kinds of units that are no processes.
const NO_PROCESS: &[&str] =
    &[".socket", ".timer", ".mount", ".automount", ".slice", ".target", ".device", ".path", ".swap"];

/// Programs that keep others, and tell of them in logs of their own.
const KEEPERS: [&str; 4] = ["supervisors", "systemd", "containers", "kubernetes"];

/// Gives what the log of a host's keeper says of a program to the instance with that program's name. Such a log often lies beside those
/// of the programs; it is that of an instance which serves nothing itself.
pub(crate) fn hand_out(
    plan: &Plan,
    world: &World,
    signs: &mut [Vec<Sign>],
    serves: &[bool],
    served: &[Spans],
) {
    let of_keepers: BTreeSet<&str> = KEEPERS.iter().flat_map(|family| ids(family)).collect();
    let name = |i: usize| {
        let name = plan.instances[i].name.split('@').next().unwrap_or_default();
        name.rsplit('/').next().unwrap_or_default()
    };
    let kept: Vec<(usize, &str)> = (0..signs.len())
        .filter(|i| !plan.instances[*i].is_proxy && serves[*i])
        .map(|i| (i, name(i)))
        .filter(|(_, name)| name.len() >= 3)
        .collect();
    let mut found: Vec<(usize, Sign)> = Vec::new();
    for keeper in (0..signs.len()).filter(|i| !plan.instances[*i].is_proxy && !serves[*i]) {
        for sign in &signs[keeper] {
            let log = &world.logs[sign.log].e;
            if log.signal.as_ref().is_some_and(|h| of_keepers.contains(&*h.id)) {
                found
                    .extend(kept.iter().filter(|(_, name)| names(&log.text, name)).map(|(i, _)| (*i, *sign)));
            }
        }
    }
    found.extend(of_one_file(plan, world, signs, serves, served));
    found.sort_by_key(|(instance, s)| (*instance, s.lo, s.log));
    found.dedup_by_key(|(instance, s)| (*instance, s.log));
    for (instance, sign) in &found {
        signs[*instance].push(*sign);
    }
    let given: BTreeSet<usize> = found.into_iter().map(|(instance, _)| instance).collect();
    given.into_iter().for_each(|i| signs[i].sort_by_key(|s| (s.lo, s.log)));
}

/// What the host says of a unit or a process in a file in which services write, too: to the one that it fits. A unit may have another
/// name than its program; but who goes on answering has not ended, and who starts anew after an end is the one that ended.
fn of_one_file(
    plan: &Plan,
    world: &World,
    signs: &[Vec<Sign>],
    serves: &[bool],
    served: &[Spans],
) -> Vec<(usize, Sign)> {
    let (of_units, of_kernel) = (ids("systemd"), ids("kernel"));
    let id = |s: &Sign| world.logs[s.log].e.signal.as_ref().map_or("", |h| &h.id);
    let is_host = |s: &Sign| of_units.contains(id(s)) || of_kernel.contains(id(s));
    // By file: its services, and the lines of the host by what they speak of.
    let mut services: BTreeMap<&str, BTreeMap<usize, &str>> = BTreeMap::new();
    for source in plan.sources.iter().filter(|s| serves[s.instance] && !plan.instances[s.instance].is_proxy) {
        for file in source.files.iter().map(|f| &plan.files[*f]) {
            if let Some(name) = file.part.as_ref().and_then(|p| p.name()) {
                services.entry(&file.path).or_default().insert(source.instance, name);
            }
        }
    }
    let mut spoken: BTreeMap<(&str, Cow<'_, str>), Vec<Sign>> = BTreeMap::new();
    for sign in signs.iter().flatten().filter(|s| is_host(s)) {
        let e = &world.logs[sign.log].e;
        let file = &plan.files[e.at.file as usize];
        let of =
            if of_units.contains(id(sign)) { unit(&e.text) } else { program(&e.text).map(Cow::Borrowed) };
        if let (true, Some(of)) = (file.is_rest() && services.contains_key(&*file.path), of) {
            spoken.entry((&file.path, of)).or_default().push(*sign);
        }
    }
    let mut found = Vec::new();
    for ((path, of), told) in spoken {
        let Some(all) = services.get(path).filter(|_| !is_strange_unit(&of)) else { continue };
        let stem = of.strip_suffix(".service").unwrap_or(&of);
        let named = |name: &str| {
            let name = name.rsplit('/').next().unwrap_or(name);
            // The kernel has 15 bytes of a name.
            name == stem || stem.len() == 15 && name.starts_with(stem)
        };
        let mut fit: Vec<usize> = all.iter().filter(|(_, name)| named(name)).map(|(i, _)| *i).collect();
        if fit.is_empty() {
            let starts = |i: usize| -> Vec<Sign> {
                let is_start =
                    |s: &&Sign| matches!(s.meaning, Meaning::ProcessStarting | Meaning::ProcessReady);
                signs[i].iter().filter(is_start).copied().collect()
            };
            let ends: Vec<&Sign> = told.iter().filter(|s| is_end(s)).collect();
            for i in all.keys().copied() {
                let own = starts(i);
                let begins_anew = |end: &&Sign| {
                    let next = served[i].first_from(end.hi + SECOND).unwrap_or(i64::MAX);
                    own.iter()
                        .any(|s| s.lo >= end.lo && s.lo - end.hi < 300 * SECOND && s.lo <= next + SECOND)
                };
                if ends.iter().any(begins_anew) && !ends.iter().any(|e| goes_on(e, &own, &served[i])) {
                    fit.push(i);
                }
            }
        }
        if let [one] = fit[..] {
            found.extend(told.into_iter().map(|s| (one, s)));
        }
    }
    found
}

fn is_end(s: &Sign) -> bool {
    matches!(
        s.meaning,
        Meaning::ProcessStopped | Meaning::Crash | Meaning::KilledBySupervisor | Meaning::StartFailed
    )
}

/// Whether a word of a text is this name.
fn names(text: &str, name: &str) -> bool {
    let is_part = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    let bytes = text.as_bytes();
    memchr::memmem::find_iter(bytes, name).any(|at| {
        !is_part(at.checked_sub(1).and_then(|i| bytes.get(i))) && !is_part(bytes.get(at + name.len()))
    })
}

/// Takes the events of strangers out of each instance's list. `served` are the requests that each instance answered.
pub(crate) fn forget(world: &World, signs: &mut [Vec<Sign>], served: &[Spans]) {
    let of_units = ids("systemd");
    let of_kernel = ids("kernel");
    for (list, served) in signs.iter_mut().zip(served) {
        let text = |s: &Sign| world.logs[s.log].e.text.as_str();
        let id = |s: &Sign| world.logs[s.log].e.signal.as_ref().map_or("", |h| &h.id);
        if !list.iter().any(|s| of_units.contains(id(s)) || of_kernel.contains(id(s))) {
            continue;
        }
        let is_host = |s: &Sign| of_units.contains(id(s)) || of_kernel.contains(id(s));
        let starts: Vec<Sign> = list
            .iter()
            .filter(|s| matches!(s.meaning, Meaning::ProcessStarting | Meaning::ProcessReady) && !is_host(s))
            .copied()
            .collect();
        let mut strange: BTreeMap<String, bool> = BTreeMap::new();
        for s in list.iter().filter(|s| of_units.contains(id(s))) {
            let Some(name) = unit(text(s)) else { continue };
            let known = strange.entry(name.to_string()).or_insert_with(|| is_strange_unit(&name));
            *known |= goes_on(s, &starts, served);
        }
        let is_strange = |s: &Sign| {
            if of_units.contains(id(s)) {
                unit(text(s)).is_some_and(|u| strange.get(&*u) == Some(&true))
            } else {
                let by_name = of_kernel.contains(id(s)).then(|| program(text(s))).flatten();
                by_name.is_some_and(|p| PROGRAMS.iter().any(|known| p.starts_with(known)))
            }
        };
        let keep: Vec<bool> = list.iter().map(|s| !is_strange(s)).collect();
        let mut keep = keep.into_iter();
        list.retain(|_| keep.next().unwrap_or(true));
    }
}

fn ids(family: &str) -> BTreeSet<&'static str> {
    FAMILIES.iter().filter(|f| f.id == family).flat_map(|f| f.signals).map(|s| s.id).collect()
}

/// Whether the backend answered after an end without a start of its own in between.
fn goes_on(end: &Sign, starts: &[Sign], served: &Spans) -> bool {
    if !is_end(end) || starts.is_empty() {
        return false;
    }
    let Some(answer) = served.first_from(end.hi + SECOND).filter(|t| t - end.hi < 300 * SECOND) else {
        return false;
    };
    // It may have been started before this line was written: another unit's stop is cleared up late.
    !starts.iter().any(|s| s.hi >= end.lo - 2 * SECOND && s.lo <= answer + SECOND)
}

fn is_strange_unit(name: &str) -> bool {
    NO_PROCESS.iter().any(|kind| name.ends_with(kind)) || UNITS.iter().any(|u| name.starts_with(u))
}

/// The unit that a line of systemd speaks of: its name, or its description where the line has only that.
fn unit(text: &str) -> Option<Cow<'_, str>> {
    let kinds = [".service", ".scope"].into_iter().chain(NO_PROCESS.iter().copied());
    let is_unit = |w: &&str| kinds.clone().any(|k| w.len() > k.len() && w.ends_with(k));
    let words = text.split_whitespace().map(|w| w.trim_end_matches([':', ',', '.']));
    if let Some(word) = words.map(|w| w.rsplit('/').next().unwrap_or(w)).find(is_unit) {
        return Some(Cow::Borrowed(word));
    }
    let verbs =
        ["Stopping ", "Stopped ", "Starting ", "Started ", "Reloading ", "Reloaded ", "Failed to start "];
    let described = verbs.iter().find_map(|v| text.strip_prefix(v))?;
    Some(Cow::Borrowed(described.trim_end_matches(['.', '…'])))
}

/// The process that a line of the kernel speaks of.
fn program(text: &str) -> Option<&str> {
    for before in ["Killed process ", "Kill process ", "reaped process "] {
        if let Some((_, rest)) = text.split_once(before) {
            return rest.split_once('(')?.1.split([')', ',']).next();
        }
    }
    if let Some((_, rest)) = text.split_once(",task=") {
        return rest.split(',').next();
    }
    if let Some((name, _)) = text.split_once(" invoked oom-killer") {
        return name.rsplit(' ').next();
    }
    let (before, _) =
        text.split_once("]: segfault at").or_else(|| text.split_once("] general protection"))?;
    before.rsplit_once('[')?.0.rsplit(' ').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_units_and_programs() {
        let named = |t: &str| unit(t).map(|u| u.into_owned());
        assert_eq!(
            named("Stopping cron.service - Regular background jobs...").as_deref(),
            Some("cron.service")
        );
        assert_eq!(
            named("shop.service: Main process exited, code=exited, status=1/FAILURE").as_deref(),
            Some("shop.service")
        );
        assert_eq!(named("Stopped Shop application server.").as_deref(), Some("Shop application server"));
        assert_eq!(named("Stopping Shop application server...").as_deref(), Some("Shop application server"));
        assert_eq!(
            named("Killed /system.slice/shop.service due to memory pressure").as_deref(),
            Some("shop.service")
        );
        assert_eq!(named("Reached target Multi-User System."), None);
        assert_eq!(program("Out of memory: Killed process 881 (mysqld) total-vm:1kB"), Some("mysqld"));
        assert_eq!(program("[ 4502.609281] gunicorn[26664]: segfault at 0 ip 00007fe6"), Some("gunicorn"));
        assert_eq!(program("[ 8014.4] java invoked oom-killer: gfp_mask=0xcc0"), Some("java"));
        assert_eq!(
            program("oom-kill:constraint=CONSTRAINT_NONE,task_memcg=/x,task=postgres,pid=7,uid=1"),
            Some("postgres")
        );
    }

    #[test]
    fn units_that_serve_nobody() {
        assert!(is_strange_unit("apt-daily-upgrade.service"));
        assert!(is_strange_unit("session-42.scope"));
        assert!(is_strange_unit("shop.socket"));
        assert!(!is_strange_unit("shop.service"));
        assert!(!is_strange_unit("php8.2-fpm.service"));
        assert!(!is_strange_unit("docker-0a1b2c.scope"));
    }

    #[test]
    fn what_ended_does_not_answer() {
        let sign = |meaning, s: i64| Sign { log: 0, meaning, lo: s * SECOND, hi: s * SECOND };
        let served = Spans::of(&[&(0..60).map(|s| (s * SECOND, s * SECOND + 1)).collect::<Vec<_>>()]);
        let start = sign(Meaning::ProcessReady, 0);
        let end = sign(Meaning::Crash, 20);
        assert!(goes_on(&end, &[start], &served), "no start between the end and the next answer");
        assert!(
            !goes_on(&end, &[start, sign(Meaning::ProcessStarting, 21)], &served),
            "it was started again"
        );
        assert!(!goes_on(&end, &[], &served), "its log does not tell of starts");
        assert!(!goes_on(&sign(Meaning::Crash, 70), &[start], &served), "it answers no more");
    }
}
