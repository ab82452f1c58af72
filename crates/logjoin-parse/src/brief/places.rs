//! What the members of a request as JSON mean, by their names.

use crate::formats::{Role, role_of};

/// Where a value goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Time,
    Client,
    Xff,
    Method,
    Path,
    Request,
    Status,
    Bytes,
    Agent,
    Duration(i64),
    RequestLength,
    Requests,
    Address,
    UpstreamStatus,
    Connect,
    HeaderTime,
    ResponseTime,
    Received,
    Message,
    /// Nowhere.
    Nothing,
    /// What it is depends on its value, or on other members.
    Unclear,
}

/// How many values there are places for.
pub(super) const PLACES: usize = 19;

impl Place {
    /// Its number; of those that have none, nothing.
    #[inline(always)]
    pub fn index(self) -> Option<usize> {
        Some(match self {
            Place::Time => 0,
            Place::Client => 1,
            Place::Xff => 2,
            Place::Method => 3,
            Place::Path => 4,
            Place::Request => 5,
            Place::Status => 6,
            Place::Bytes => 7,
            Place::Agent => 8,
            Place::Duration(_) => 9,
            Place::RequestLength => 10,
            Place::Requests => 11,
            Place::Address => 12,
            Place::UpstreamStatus => 13,
            Place::Connect => 14,
            Place::HeaderTime => 15,
            Place::ResponseTime => 16,
            Place::Received => 17,
            Place::Message => 18,
            Place::Nothing | Place::Unclear => return None,
        })
    }

    /// What a member of an application's line is.
    pub fn of_application(path: &[&[u8]]) -> Place {
        match role_of(path) {
            Role::Time(_) => Place::Time,
            Role::Message(_) => Place::Message,
            Role::Method => Place::Method,
            Role::Path(_) => Place::Path,
            Role::Status(_) => Place::Status,
            Role::Duration(unit, _) if unit > 0 => Place::Duration(unit),
            Role::Bytes(_) => Place::Bytes,
            Role::ClientIp(_) => Place::Client,
            Role::UserAgent => Place::Agent,
            Role::Xff => Place::Xff,
            Role::SerilogTime | Role::TimeSeconds | Role::TimeNanos | Role::Query | Role::Duration(..) => {
                Place::Unclear
            }
            _ => Place::Nothing,
        }
    }

    /// What a member of nginx's is, by the names that `clf::set` knows.
    pub fn of_nginx(path: &[&[u8]]) -> Place {
        let [name] = path else { return Place::Nothing };
        let mut low = [0u8; 32];
        let Some(low) = low.get_mut(..name.len()) else { return Place::Nothing };
        low.copy_from_slice(name);
        low.make_ascii_lowercase();
        low.iter_mut().filter(|b| matches!(b, b'-' | b'.')).for_each(|b| *b = b'_');
        match &*low {
            b"upstream_addr" | b"upstream_address" | b"uaddr" => Place::Address,
            b"upstream_status" | b"us" | b"ust" => Place::UpstreamStatus,
            b"upstream_connect_time" | b"uct" => Place::Connect,
            b"upstream_header_time" | b"uht" => Place::HeaderTime,
            b"upstream_response_time" | b"urt" | b"ut" => Place::ResponseTime,
            b"upstream_bytes_received" | b"ubr" => Place::Received,
            b"rt" | b"request_time" | b"req_time" => Place::Duration(1_000_000_000),
            b"time" | b"time_iso8601" | b"@timestamp" | b"timestamp" | b"time_local" | b"msec" | b"ts" => {
                Place::Time
            }
            b"cr" | b"connection_requests" => Place::Requests,
            b"rl" | b"request_length" => Place::RequestLength,
            b"status" => Place::Status,
            b"bytes" | b"body_bytes_sent" | b"bytes_sent" | b"size" => Place::Bytes,
            b"remote_addr" | b"client" | b"client_ip" | b"clientip" | b"remote_ip" | b"ip" => Place::Client,
            b"request" | b"request_line" => Place::Request,
            b"method" | b"request_method" => Place::Method,
            b"request_uri" | b"uri" | b"path" | b"url" => Place::Path,
            b"http_user_agent" | b"user_agent" | b"agent" => Place::Agent,
            b"http_x_forwarded_for" | b"x_forwarded_for" | b"xff" => Place::Xff,
            // An address makes it the upstream's, anything else the user agent.
            b"ua" | b"upstream" => Place::Unclear,
            _ => Place::Nothing,
        }
    }
}
