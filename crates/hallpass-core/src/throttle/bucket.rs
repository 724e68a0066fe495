use super::ThrottleSecret;
use crate::ids::Realm;
use sha2::Digest;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// What attempts are counted by.
///
/// Its name is a keyed hash: whoever reads what a throttle keeps learns neither user names nor addresses, nor the
/// passwords that are typed into the wrong field.
///
/// ```
/// use hallpass_core::{Bucket, BucketKind, OsRandom, Realm, ThrottleSecret};
///
/// let (secret, shop) = (ThrottleSecret::random(&OsRandom)?, Realm::new("shop").unwrap());
/// let alice = Bucket::new(BucketKind::Account, &secret, &shop, b"alice");
/// assert_eq!(alice, Bucket::new(BucketKind::Account, &secret, &shop, b"alice"));
/// assert_ne!(alice, Bucket::new(BucketKind::Session, &secret, &shop, b"alice"));
///
/// // IPv6 is counted by /64, which is what one subscriber has; IPv4 is IPv4 however it is written.
/// let of = |address: &str| Bucket::address(BucketKind::Address, &secret, &shop, address.parse().unwrap());
/// assert_eq!(of("2001:db8::1"), of("2001:db8::2:3"));
/// assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.1"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bucket {
    kind: BucketKind,
    name: [u8; Self::NAME_LEN],
}

/// Which of the limits of a [`ThrottlePolicy`](super::ThrottlePolicy) a bucket has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BucketKind {
    /// An account, by what was typed or by its subject; also one that does not exist.
    Account,
    /// An account as one browser sees it in which its user has logged in before. It has the limit of an account.
    Device,
    /// An address from which somebody logs in.
    Address,
    /// A session whose user's password is checked again.
    Session,
    /// An address from which accounts are made.
    Registration,
    /// An address from which visitors' sessions are begun.
    Visitor,
}

impl BucketKind {
    fn tag(self) -> u8 {
        match self {
            Self::Account => 1,
            Self::Device => 2,
            Self::Address => 3,
            Self::Session => 4,
            Self::Registration => 5,
            Self::Visitor => 6,
        }
    }
}

impl Bucket {
    /// How many bytes a name has.
    pub const NAME_LEN: usize = 32;

    /// The bucket of `realm` that is called `name`.
    #[must_use]
    pub fn new(kind: BucketKind, secret: &ThrottleSecret, realm: &Realm, name: &[u8]) -> Self {
        Self::of_parts(kind, secret, realm, &[name])
    }

    /// The bucket whose name is these parts, one after the other. Nothing says where one ends: all but one should be of a
    /// fixed length.
    #[must_use]
    pub fn of_parts(kind: BucketKind, secret: &ThrottleSecret, realm: &Realm, name: &[&[u8]]) -> Self {
        let hash = secret.keyed(kind.tag(), realm);
        Self { kind, name: name.iter().fold(hash, |hash, part| hash.chain_update(part)).finalize().into() }
    }

    /// The bucket of an address: IPv4 whole, also within IPv6, and the first 64 bits of IPv6. `None` for a loopback
    /// address, which is a proxy that does not say for whom it asks: all clients would be counted as one.
    #[must_use]
    pub fn address(
        kind: BucketKind,
        secret: &ThrottleSecret,
        realm: &Realm,
        address: IpAddr,
    ) -> Option<Self> {
        let name = match counted(address)? {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).octets().to_vec(),
        };
        Some(Self::new(kind, secret, realm, &name))
    }

    /// What it counts.
    #[must_use]
    pub fn kind(&self) -> BucketKind {
        self.kind
    }

    /// Its name: evenly spread, and different for every kind and realm.
    #[must_use]
    pub fn name(&self) -> &[u8; Self::NAME_LEN] {
        &self.name
    }
}

/// The address as it is counted; `None` for one that has no bucket.
pub(crate) fn counted(address: IpAddr) -> Option<IpAddr> {
    Some(address.to_canonical()).filter(|address| !address.is_loopback())
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bucket({:?} ", self.kind)?;
        self.name[..6].iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str("..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_differ_by_all_that_they_are_made_of() {
        let secret = |byte| ThrottleSecret::from_bytes([byte; 32]);
        let realm = |name| Realm::new(name).unwrap();
        let mut names = HashSet::new();
        for secret in [secret(1), secret(2)] {
            for realm in [realm("a"), realm("ab")] {
                for name in ["alice", "b", "", "balice"] {
                    use BucketKind::*;
                    for kind in [Account, Device, Address, Session, Registration] {
                        names.insert(*Bucket::new(kind, &secret, &realm, name.as_bytes()).name());
                    }
                }
            }
        }
        assert_eq!(names.len(), 2 * 2 * 4 * 5);
    }

    #[test]
    fn addresses_count_by_subscriber_and_a_proxy_on_the_same_host_by_nothing() {
        let (secret, realm) = (ThrottleSecret::from_bytes([1; 32]), Realm::new("shop").unwrap());
        let of = |text: &str| {
            Bucket::address(BucketKind::Address, &secret, &realm, text.parse::<IpAddr>().unwrap())
        };
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_ne!(of("2001:db8:0:1::1"), of("2001:db8:0:2::1"));
        assert_eq!(of("2001:db8:0:1::1"), of("2001:db8:0:1:ffff::"));
        assert!(of("::2").is_some());
        for proxy in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(of(proxy), None, "{proxy}");
        }
    }
}
