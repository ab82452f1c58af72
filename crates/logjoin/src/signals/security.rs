//! Access rules and packet filters: SELinux, AppArmor, iptables and nftables logging, ufw, firewalld, flow logs.

use super::def::{Family, entry};
use super::{Meaning::*, Scope::*};

pub(super) static FAMILY: Family = Family {
    id: "security",
    title: "Access rules and packet filters",
    programs: &["kernel", "audit", "auditd", "setroubleshoot", "ufw", "firewalld"],
    is_exclusive: false,
    signals: &[
        entry("selinux-permissive", Noise, Process, "SELinux would have refused, but is permissive")
        .any(&["permissive=1"])
        .re(r"avc: +denied .*permissive=1")
        .hits(&[
            ("avc:  denied  { name_connect } for  pid=2841 comm=\"nginx\" dest=9000 scontext=system_u:system_r:httpd_t:s0 tcontext=system_u:object_r:http_port_t:s0 tclass=tcp_socket permissive=1", &[]),
        ])
        .from("linux security/selinux/avc.c"),
        entry("selinux-denied", PermissionDenied, Process, "SELinux refused an operation; `dest` is the port")
        .any(&["avc:  denied", "avc: denied"])
        .re(r#"avc: +denied +\{ (?<reason>[^}]*?) \} for +pid=(?<pid>\d+) comm="(?<name>[^"]*)"(?: path="(?<path>[^"]*)")?(?:.*?\b(?:dest|src)=(?<port>\d+))?"#)
        .hits(&[
            ("type=AVC msg=audit(1795168800.115:9013): avc:  denied  { name_connect } for  pid=2841 comm=\"nginx\" dest=9000 scontext=system_u:system_r:httpd_t:s0 tcontext=system_u:object_r:http_port_t:s0 tclass=tcp_socket permissive=0", &[("reason", "name_connect"), ("pid", "2841"), ("name", "nginx"), ("port", "9000")]),
        ])
        .from("linux security/selinux/avc.c"),
        entry(
            "setroubleshoot",
            PermissionDenied,
            Process,
            "SELinux refused an operation, as explained by setroubleshoot",
        )
        .any(&["SELinux is preventing"])
        .re(r"SELinux is preventing (?<name>\S+) from (?<reason>\S+) access on the \S+ (?:port (?<port>\d+))?")
        .hits(&[
            ("SELinux is preventing /usr/sbin/nginx from name_connect access on the tcp_socket port 9000.", &[("name", "/usr/sbin/nginx"), ("reason", "name_connect"), ("port", "9000")]),
        ])
        .from("setroubleshoot"),
        entry("apparmor-denied", PermissionDenied, Process, "AppArmor refused an operation")
        .any(&["apparmor=\"DENIED\""])
        .re(r#"apparmor="DENIED" operation="(?<reason>[^"]*)"(?: .*?\bname="(?<path>[^"]*)")?(?: .*?\bpid=(?<pid>\d+))?(?: comm="(?<name>[^"]*)")?"#)
        .hits(&[
            ("audit: type=1400 audit(1795168800.123:45): apparmor=\"DENIED\" operation=\"open\" profile=\"docker-default\" name=\"/etc/shadow\" pid=123 comm=\"php-fpm\" requested_mask=\"r\" denied_mask=\"r\"", &[("reason", "open"), ("path", "/etc/shadow"), ("pid", "123"), ("name", "php-fpm")]),
        ])
        .from("linux security/apparmor/audit.c"),
        entry("apparmor-audit", Noise, Process, "AppArmor's bookkeeping")
        .any(&["apparmor=\"STATUS\"", "apparmor=\"ALLOWED\""])
        .hits(&[
            ("audit: type=1400 audit(1795168800.123:45): apparmor=\"STATUS\" operation=\"profile_load\" name=\"nginx\" pid=12 comm=\"apparmor_parser\"", &[]),
        ])
        .from("linux security/apparmor/audit.c"),
        entry("packet-allowed", Noise, Host, "A packet filter logged a packet that it let pass")
        .any(&["[UFW ALLOW]", "[UFW AUDIT]"])
        .re(r"\[UFW (?:ALLOW|AUDIT)\] IN=")
        .hits(&[
            ("[UFW ALLOW] IN=eth0 OUT= MAC= SRC=10.0.0.1 DST=10.0.0.2 LEN=60 PROTO=TCP SPT=42772 DPT=8080 SYN", &[]),
        ])
        .from("ufw"),
        entry("packet-late", Noise, Host, "A late packet of a closed connection was dropped: harmless")
        .any(&["ACK RST", "ACK FIN", "RES=0x00 RST"])
        .re(r"IN=\S* OUT=\S* .*PROTO=TCP .*RES=0x00 (?:ACK )?(?:RST|FIN)\b")
        .hits(&[
            ("[UFW BLOCK] IN=eth0 OUT= MAC= SRC=10.0.0.1 DST=10.0.0.2 LEN=40 TTL=64 PROTO=TCP SPT=42772 DPT=8080 WINDOW=0 RES=0x00 ACK RST URGP=0", &[]),
        ])
        .from("linux net/netfilter/nf_log_syslog.c"),
        entry(
            "packet-blocked",
            FirewallBlocked,
            Host,
            "A packet from `addr` to `unit` and `port` was logged and probably refused; most drops are not logged at all",
        )
        .any(&["PROTO=TCP"])
        .re(r"(?:^|\] |\S[: ])?IN=(?<name>\S*) OUT=\S* (?:.*? )?SRC=(?<addr>\S+) DST=(?<unit>\S+) .*?PROTO=TCP SPT=\d+ DPT=(?<port>\d+).*?\bSYN\b")
        .hits(&[
            ("[UFW BLOCK] IN=eth0 OUT= MAC=aa:bb SRC=10.0.0.1 DST=10.0.0.2 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=1 DF PROTO=TCP SPT=42772 DPT=8080 WINDOW=64240 RES=0x00 SYN URGP=0", &[("name", "eth0"), ("addr", "10.0.0.1"), ("unit", "10.0.0.2"), ("port", "8080")]),
            ("IPTables-Dropped: IN= OUT=eth0 SRC=10.0.0.1 DST=10.0.0.2 LEN=60 TTL=64 PROTO=TCP SPT=42772 DPT=8080 WINDOW=64240 RES=0x00 SYN URGP=0", &[("addr", "10.0.0.1"), ("unit", "10.0.0.2"), ("port", "8080")]),
        ])
        .from("linux net/netfilter/nf_log_syslog.c"),
        entry("flow-reject", FirewallBlocked, Host, "A flow was rejected by a cloud network's rules")
        .any(&["REJECT OK"])
        .re(r"^\d+ \d+ eni-\S+ (?<addr>\S+) (?<unit>\S+) \d+ (?<port>\d+) 6 \d+ \d+ (?<since>\d+) \d+ REJECT OK")
        .hits(&[
            ("2 123 eni-1 10.0.0.1 10.0.0.2 42772 8080 6 1 60 1795168800 1795168860 REJECT OK", &[("addr", "10.0.0.1"), ("unit", "10.0.0.2"), ("port", "8080"), ("since", "1795168800")]),
        ])
        .from("AWS VPC flow log records, default format"),
        entry("firewall-reload", NetworkChange, Host, "The rules of the packet filter were changed")
        .any(&[
            "Started firewalld",
            "COMMAND_FAILED",
            "Reloaded firewall",
            "Finished Reload firewall",
            "NETFILTER_CFG",
        ])
        .re(r"(?:Started firewalld|Reloaded firewall|COMMAND_FAILED: '[^']*iptables|NETFILTER_CFG .*op=(?<reason>\S+))")
        .hits(&[
            ("type=NETFILTER_CFG msg=audit(1795168800.115:9014): table=filter:2 family=2 entries=5 op=nft_register_rule pid=99 comm=\"nft\"", &[("reason", "nft_register_rule")]),
        ])
        .from("linux kernel/auditsc.c, firewalld"),
    ],
};
