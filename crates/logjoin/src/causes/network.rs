//! Between proxy and backend.

use super::{CausePage, backend, haproxy, host, httpd, nginx};
use crate::CauseId as C;

pub(super) const PAGES: &[CausePage] = &[
    CausePage {
        id: C::ConnectTimeout,
        title: "connections vanish",
        meaning: "The proxy's attempts to connect were not answered at all until its timer ran out.",
        seen_as: "errno 110 or a timeout while connecting, HAProxy `sC` or `L4TOUT`, always after the same number of seconds; nothing in the backend's log.",
        look_alikes: &[
            (C::WorkerPoolExhausted, "some connections succeed, slowly: the accept queue is full"),
            (C::NetworkPacketLoss, "connect times step to 1 s, 3 s and 7 s, and then succeed"),
            (C::FirewallReject, "something answers at once, with a reset or ICMP"),
            (C::BackendDown, "a live host answers a closed port at once"),
        ],
        checks: &[
            "`tcpdump` for SYNs on both hosts: sent, arrived, answered",
            "does one port fail or the whole host; since when",
            "firewall rules and security groups that changed at that time; is the host alive",
        ],
        fixes: &[
            host("the rule that drops, the route back, or the host"),
            nginx(
                "`proxy_connect_timeout` of a few seconds (60 by default) with `proxy_next_upstream timeout`",
            ),
            httpd("`connectiontimeout=` of a few seconds on the worker"),
            haproxy("`timeout connect` of a few seconds, `retries`, `option redispatch`"),
        ],
    },
    CausePage {
        id: C::NetworkUnreachable,
        title: "no route to the backend",
        meaning: "The proxy's own network stack, or a router, said that there is no way to the address.",
        seen_as: "errno 101 at once, or 113 after about 3 s without an ARP answer; all ports of the host are concerned.",
        look_alikes: &[
            (C::FirewallReject, "errno 113 within milliseconds, for one port only"),
            (C::ConnectTimeout, "silence instead of an answer"),
        ],
        checks: &[
            "`ip route get ADDRESS` and `ip neigh` on the proxy's host",
            "links and routes that changed at that time; IPv6 addresses without IPv6 routes",
        ],
        fixes: &[
            host("the route, the interface, the subnet"),
            nginx("`resolver ... ipv6=off` where a name has addresses that cannot be reached"),
            haproxy("`resolve-prefer ipv4` on the `server` line"),
            httpd(
                "a second `BalancerMember` on another path; `retry` is how long a failed one is left alone (60 s)",
            ),
        ],
    },
    CausePage {
        id: C::FirewallReject,
        title: "a filter refuses",
        meaning: "Something between proxy and backend actively refused the connection, although the backend listens.",
        seen_as: "errno 113 or 1 within milliseconds, or a reset, while the backend runs and serves others.",
        look_alikes: &[
            (C::BackendDown, "nothing listens there: the refusal is the backend's own"),
            (C::NetworkUnreachable, "all ports of the host are concerned"),
        ],
        checks: &[
            "firewall logs on both hosts (`REJECT`, `IN=... DPT=...`) at that time",
            "does a connection succeed from another host",
        ],
        fixes: &[
            host("the rule: `nft list ruleset`, security groups, network policies"),
            httpd("with SELinux, `httpd_can_network_connect`"),
            nginx("a second `server` on another path, with `proxy_next_upstream error`"),
            haproxy(
                "`check` on the `server` sees the refusal before requests do; `source` sets the address that the rule must allow",
            ),
        ],
    },
    CausePage {
        id: C::NetworkPacketLoss,
        title: "established connections lose packets",
        meaning: "Segments of established connections were lost, or a middlebox forgot the connections.",
        seen_as: "Resets and timeouts across several servers at once, delays in steps of retransmission, errno 110 or 104 while reading.",
        look_alikes: &[
            (C::WorkerPoolExhausted, "one service only, with load"),
            (C::LatencyDegradation, "slow without losses"),
            (C::KeepaliveRace, "the backend itself closed the idle connection"),
        ],
        checks: &[
            "`nstat` for retransmissions, drops of the interface, `nf_conntrack: table full`",
            "idle time before the reset: a constant points at a middlebox's table",
            "large responses only: the path's MTU",
        ],
        fixes: &[
            host("the link, `net.netfilter.nf_conntrack_max`, the MTU"),
            nginx("`proxy_socket_keepalive on`"),
            httpd("`keepalive=On` on the worker"),
            haproxy("`option srvtcpka`"),
            backend("TCP keep-alive shorter than the middlebox's idle time"),
        ],
    },
];
