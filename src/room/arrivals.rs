//! Who may connect: how many connections there are, of whom, and who of them has given no name
//! yet. Knows no socket; time comes in from a steady clock, as data.
//!
//! Whoever comes while too many stand at the door is let in, and the one that has stood there
//! longest makes way: idle sockets never keep anybody out, whoever opens them and however many.

use super::bucket::Bucket;
use crate::wire::close::CloseReason;
use crate::wire::entry::SessionId;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

/// What there may be of connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    pub connections: usize,
    pub per_address: usize,
    /// New ones of one address at once, and then in a minute.
    pub per_address_minute: usize,
    /// Of one address, without a name.
    pub handshakes_per_address: usize,
    /// Of all, without a name.
    pub handshakes: usize,
    /// Whether this machine's own addresses only count among all.
    pub loopback_exempt: bool,
}

/// Who is connected.
#[derive(Debug, Default)]
pub struct Arrivals {
    connected: BTreeMap<SessionId, Option<Address>>,
    /// Those without a name, the oldest first, as they are numbered.
    waiting: BTreeSet<SessionId>,
    addresses: BTreeMap<Address, Known>,
}

/// What counts as one address: of IPv6 the 64 bits that a network gives away at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Address(u128);

/// What is known of an address.
#[derive(Debug, Default)]
struct Known {
    connected: usize,
    waiting: BTreeSet<SessionId>,
    new: Bucket,
}

/// Addresses without a connection that are remembered for the minute their haste counts. With more
/// of them all are forgotten: who has as many needs no haste.
const REMEMBERED: usize = 16 * 1024;

const MINUTE: Duration = Duration::from_mins(1);

impl Address {
    fn of(addr: IpAddr) -> Self {
        match addr.to_canonical() {
            IpAddr::V4(v4) => Self(v4.to_ipv6_mapped().to_bits()),
            IpAddr::V6(v6) => Self(v6.to_bits() >> 64 << 64),
        }
    }
}

impl Arrivals {
    /// Lets a connection in, or says why not. Gives the one that makes way for it, if one must.
    /// Sessions are numbered in the order of their coming.
    ///
    /// # Errors
    ///
    /// When there are too many connections, of all or of its address, or too many new ones.
    pub fn arrive(
        &mut self,
        places: &Places,
        at: Duration,
        session: SessionId,
        addr: IpAddr,
    ) -> Result<Option<SessionId>, CloseReason> {
        if self.connected.len() >= places.connections {
            return Err(CloseReason::Full);
        }
        let exempt = places.loopback_exempt && addr.to_canonical().is_loopback();
        let address = (!exempt).then(|| Address::of(addr));
        let mut oldest = None;
        if let Some(address) = address {
            self.remember_few(at);
            let known = self.addresses.entry(address).or_default();
            if known.connected >= places.per_address {
                return Err(CloseReason::AddressFull);
            }
            let most = u32::try_from(places.per_address_minute).unwrap_or(u32::MAX);
            if !known.new.try_take(at, MINUTE / most.max(1), MINUTE) {
                return Err(CloseReason::TooFast);
            }
            known.connected += 1;
            if known.waiting.len() >= places.handshakes_per_address {
                oldest = known.waiting.first().copied();
            }
            known.waiting.insert(session);
        }
        // Half of all places at most: those who wait never keep out those who are in.
        let handshakes = places.handshakes.min(places.connections / 2).max(1);
        if self.waiting.len() >= handshakes {
            oldest = oldest.or_else(|| self.waiting.first().copied());
        }
        self.connected.insert(session, address);
        self.waiting.insert(session);
        if let Some(oldest) = oldest {
            self.entered(oldest);
        }
        Ok(oldest)
    }

    /// It waits no longer: it has a name, or makes way.
    pub fn entered(&mut self, session: SessionId) {
        if self.waiting.remove(&session)
            && let Some(Some(address)) = self.connected.get(&session)
            && let Some(known) = self.addresses.get_mut(address)
        {
            known.waiting.remove(&session);
        }
    }

    /// The connection is gone.
    pub fn left(&mut self, session: SessionId) {
        self.entered(session);
        if let Some(Some(address)) = self.connected.remove(&session)
            && let Some(known) = self.addresses.get_mut(&address)
        {
            known.connected -= 1;
        }
    }

    /// Keeps the number of addresses within its bound.
    fn remember_few(&mut self, at: Duration) {
        if self.addresses.len() < self.connected.len() + REMEMBERED {
            return;
        }
        self.addresses.retain(|_, known| known.connected > 0 || !known.new.is_full(at));
        if self.addresses.len() >= self.connected.len() + REMEMBERED / 2 {
            self.addresses.retain(|_, known| known.connected > 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    const PLACES: Places = Places {
        connections: 100,
        per_address: 4,
        per_address_minute: 6,
        handshakes_per_address: 3,
        handshakes: 8,
        loopback_exempt: true,
    };

    fn v4(last: u8) -> IpAddr {
        Ipv4Addr::new(192, 0, 2, last).into()
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Comes, and is in.
    fn joins(arrivals: &mut Arrivals, at: u64, session: u64, addr: IpAddr) -> Option<CloseReason> {
        let came = arrivals.arrive(&PLACES, seconds(at), SessionId(session), addr);
        arrivals.entered(SessionId(session));
        came.err()
    }

    #[test]
    fn an_address_has_so_many_connections_and_so_many_new_ones() {
        let mut arrivals = Arrivals::default();
        for session in 0..4 {
            assert_eq!(joins(&mut arrivals, 0, session, v4(1)), None);
        }
        assert_eq!(joins(&mut arrivals, 0, 4, v4(1)), Some(CloseReason::AddressFull));
        assert_eq!(joins(&mut arrivals, 0, 5, v4(2)), None, "another one is not meant");
        for session in 6..8 {
            arrivals.left(SessionId(session - 6));
            assert_eq!(joins(&mut arrivals, 0, session, v4(1)), None);
        }
        arrivals.left(SessionId(7));
        assert_eq!(joins(&mut arrivals, 9, 8, v4(1)), Some(CloseReason::TooFast));
        assert_eq!(joins(&mut arrivals, 10, 9, v4(1)), None, "six a minute");
    }

    #[test]
    fn an_ipv6_address_counts_by_its_network_and_a_mapped_one_as_itself() {
        let mut arrivals = Arrivals::default();
        let net = |net, host| Ipv6Addr::new(0x2001, 0xdb8, 0, net, 0, 0, 0, host).into();
        for host in 0..4 {
            assert_eq!(joins(&mut arrivals, 0, host.into(), net(1, host)), None);
        }
        assert_eq!(joins(&mut arrivals, 0, 4, net(1, 99)), Some(CloseReason::AddressFull));
        assert_eq!(joins(&mut arrivals, 0, 5, net(2, 0)), None);
        let mapped = Ipv4Addr::new(192, 0, 2, 1).to_ipv6_mapped().into();
        for session in 6..10 {
            assert_eq!(joins(&mut arrivals, 0, session, mapped), None);
        }
        assert_eq!(joins(&mut arrivals, 0, 10, v4(1)), Some(CloseReason::AddressFull));
        assert_eq!(joins(&mut arrivals, 0, 11, v4(2)), None);
    }

    #[test]
    fn this_machine_is_exempt_if_it_is_told_so() {
        let mut arrivals = Arrivals::default();
        for session in 0..50 {
            assert_eq!(joins(&mut arrivals, 0, session, Ipv4Addr::LOCALHOST.into()), None);
            assert_eq!(joins(&mut arrivals, 0, 50 + session, Ipv6Addr::LOCALHOST.into()), None);
        }
        assert_eq!(joins(&mut arrivals, 0, 100, v4(1)), Some(CloseReason::Full));
        let strict = Places { loopback_exempt: false, ..PLACES };
        let mut arrivals = Arrivals::default();
        let come = |session| {
            arrivals.arrive(&strict, Duration::ZERO, SessionId(session), Ipv4Addr::LOCALHOST.into())
        };
        let answers: Vec<_> = (0..5).map(come).collect();
        assert_eq!(answers[4], Err(CloseReason::AddressFull));
    }

    #[test]
    fn whoever_has_stood_at_the_door_longest_makes_way() {
        let mut arrivals = Arrivals::default();
        let mut come = |session, addr| {
            arrivals.arrive(&PLACES, seconds(session), SessionId(session), addr).unwrap()
        };
        assert_eq!([1, 2, 3].map(|session| come(session, v4(1))), [None; 3]);
        assert_eq!(come(4, v4(1)), Some(SessionId(1)), "of the same address");
        assert_eq!([5, 6, 7].map(|session| come(session, v4(2))), [None; 3]);
        assert_eq!([8, 9].map(|session| come(session, v4(3))), [None; 2]);
        assert_eq!(come(10, v4(3)), Some(SessionId(2)), "of all");
        assert_eq!(come(11, Ipv4Addr::LOCALHOST.into()), Some(SessionId(3)));
        arrivals.entered(SessionId(4));
        let come =
            |session| arrivals.arrive(&PLACES, seconds(11), SessionId(session), v4(4)).unwrap();
        assert_eq!([12].map(come), [None], "who has a name makes no way");
    }

    #[test]
    fn what_is_remembered_of_addresses_is_bounded() {
        let mut arrivals = Arrivals::default();
        for session in 0..3 * REMEMBERED as u64 {
            let addr = Ipv6Addr::from_bits(u128::from(session) << 64).into();
            assert_eq!(joins(&mut arrivals, 0, session, addr), None);
            arrivals.left(SessionId(session));
            assert!(arrivals.addresses.len() <= REMEMBERED, "{session}");
        }
        assert!(arrivals.connected.is_empty() && arrivals.waiting.is_empty());
    }

    /// Whoever has used up its minute is remembered before those who have not, and who is connected
    /// is never forgotten.
    #[test]
    fn who_came_too_often_is_remembered_and_who_is_there_counts() {
        const BUSY: u64 = 1_000_000;
        let addr = |net: u64| IpAddr::from(Ipv6Addr::from_bits(u128::from(net) << 64));
        let mut arrivals = Arrivals::default();
        let mut session = 0;
        let mut come = |arrivals: &mut Arrivals, at: u64, net: u64| {
            session += 1;
            let refused = joins(arrivals, at, session, addr(net));
            (SessionId(session), refused)
        };
        for _ in 0..PLACES.per_address {
            assert_eq!(come(&mut arrivals, 0, BUSY).1, None);
        }
        for net in 1..16_384 {
            let (session, refused) = come(&mut arrivals, 0, net);
            assert_eq!(refused, None);
            arrivals.left(session);
        }
        for _ in 0..PLACES.per_address_minute {
            let (session, refused) = come(&mut arrivals, 100, BUSY + 1);
            assert_eq!(refused, None);
            arrivals.left(session);
        }
        assert_eq!(arrivals.addresses.len(), 16_385, "there was room for all");
        for net in 0..8 {
            let session = come(&mut arrivals, 100, BUSY + 2 + net).0;
            arrivals.left(session);
        }
        assert!(arrivals.addresses.len() <= 10, "those of long ago are forgotten");
        assert_eq!(come(&mut arrivals, 100, BUSY + 1).1, Some(CloseReason::TooFast));
        assert_eq!(come(&mut arrivals, 100, BUSY).1, Some(CloseReason::AddressFull));
        // All in haste, and too many of them: only those who are there are left.
        for net in 1..20_000 {
            let session = come(&mut arrivals, 100, net).0;
            arrivals.left(session);
            assert!(arrivals.addresses.len() <= REMEMBERED + PLACES.per_address);
        }
        assert_eq!(come(&mut arrivals, 100, BUSY).1, Some(CloseReason::AddressFull));
    }

    #[test]
    fn at_most_half_of_all_places_are_for_who_waits() {
        let mut arrivals = Arrivals::default();
        let places = Places { connections: 10, handshakes: 100, ..PLACES };
        let mut come = |session| {
            arrivals.arrive(&places, Duration::ZERO, SessionId(session), Ipv4Addr::LOCALHOST.into())
        };
        for session in 1..=5 {
            assert_eq!(come(session), Ok(None));
        }
        assert_eq!(come(6), Ok(Some(SessionId(1))));
    }

    proptest! {
        // Each counts anew after every step.
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Whatever comes and goes, what is counted is what is there.
        #[test]
        fn the_counts_are_those_of_who_is_there(
            steps in prop::collection::vec((0_u8..4, 0_u8..4, 0_u64..30), 1..120),
        ) {
            let mut arrivals = Arrivals::default();
            let (mut there, mut at) = (Vec::new(), 0);
            for (number, (what, who, pause)) in steps.into_iter().enumerate() {
                at += pause;
                let session = SessionId(number as u64);
                match what {
                    0 | 1 => {
                        let arrived = arrivals.arrive(&PLACES, seconds(at), session, v4(who));
                        there.extend(arrived.ok().map(|_| (session, v4(who))));
                    }
                    2 if !there.is_empty() => {
                        arrivals.entered(there[usize::from(who) % there.len()].0);
                    }
                    3 if !there.is_empty() => {
                        let (gone, _) = there.remove(usize::from(who) % there.len());
                        arrivals.left(gone);
                    }
                    _ => {}
                }
                prop_assert_eq!(arrivals.connected.len(), there.len());
                prop_assert!(arrivals.waiting.len() <= PLACES.handshakes);
                for address in (0..4).map(v4) {
                    let Some(known) = arrivals.addresses.get(&Address::of(address)) else { continue };
                    let its = there.iter().filter(|(_, of)| *of == address);
                    prop_assert_eq!(known.connected, its.count());
                    prop_assert!(known.connected <= PLACES.per_address);
                    prop_assert!(known.waiting.len() <= PLACES.handshakes_per_address);
                    prop_assert!(known.waiting.iter().all(|one| arrivals.waiting.contains(one)));
                }
            }
            for (session, _) in there {
                arrivals.left(session);
            }
            prop_assert!(arrivals.connected.is_empty() && arrivals.waiting.is_empty());
            prop_assert!(arrivals.addresses.values().all(|known| known.connected == 0));
        }
    }
}
