//! Names and addresses that may not come in. Lasts as long as the server runs.

use crate::wire::entry::Millis;
use crate::wire::nick::NickKey;
use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// Whom a ban is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// This name and all that read like it.
    Name(String),
    Address(IpAddr),
}

/// One ban.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ban {
    pub target: Target,
    pub reason: Option<String>,
    pub since: Millis,
}

impl Target {
    /// What the administrator typed: an address if it is one, with a port or without, else a name.
    pub fn parse(word: &str) -> Self {
        let with_port = || word.parse::<SocketAddr>().map(|addr| addr.ip());
        let address = word.parse().or_else(|_no_address| with_port());
        address.map_or_else(|_a_name| Self::Name(word.into()), Self::Address)
    }

    /// Whether a member with this name and address is meant.
    pub(super) fn is(&self, key: &NickKey, addr: IpAddr) -> bool {
        *self == Self::Address(addr) || self.names(key)
    }

    /// Whether a name is meant.
    pub(super) fn names(&self, key: &NickKey) -> bool {
        matches!(self, Self::Name(name) if NickKey::of(name).clashes(key))
    }

    /// Whether two targets are the same but for the case of a name.
    pub(super) fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Name(one), Self::Name(two)) => {
                NickKey::of(one).folded == NickKey::of(two).folded
            }
            _ => self == other,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(addr) => addr.fmt(f),
        }
    }
}
