use super::limit::Fill;
use super::{Admission, AttemptLimit, Bucket, BucketKind, Throttle, ThrottleSecret};
use crate::random::OsRandom;
use crate::store::StoreError;
use crate::time::Timestamp;
use async_trait::async_trait;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many cells there are for accounts, addresses, sessions and devices, and visitors.
const CELLS: [usize; 4] = [1 << 16, 1 << 15, 1 << 14, 1 << 14];

/// Counts attempts in the memory of this process: 2 MiB at the first attempt, and never more.
///
/// There is no map that could grow, or that a flood of names could make forget a victim's count. Every bucket has two
/// cells in a table of fixed size, chosen by two keyed hashes, and counts as little as the emptier one says. A bucket that
/// shares both with others may therefore count too much, and never too little. Accounts, addresses, what only users have
/// (sessions and known browsers), and addresses of visitors lie in tables of their own: a flood of names does not make
/// anybody wait who is logged in, and one of visitors nobody who logs in.
///
/// Another node knows nothing of it: several nodes allow several times as much, unless they share a throttle.
///
/// ```
/// use hallpass_core::{Admission, AttemptLimit, Bucket, BucketKind, MemoryThrottle, Realm, Throttle};
/// use hallpass_core::{ThrottlePolicy, Timestamp};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (throttle, limit) = (MemoryThrottle::new(), ThrottlePolicy::default().limit_of_account());
/// let secret = throttle.secret().await?;
/// let alice = Bucket::new(BucketKind::Account, &secret, &Realm::new("shop")?, b"alice");
/// let now = Timestamp::from_millis(0);
/// for failures in 1..=5 {
///     assert_eq!(throttle.admit(&alice, &limit, now).await?, Admission::Admitted { failures });
/// }
/// assert!(matches!(throttle.admit(&alice, &limit, now).await?, Admission::Refused { .. }));
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
pub struct MemoryThrottle(Mutex<Option<Tables>>);

struct Tables {
    secret: ThrottleSecret,
    hashers: [RandomState; 2],
    cells: [Box<[Cell]>; 4],
}

/// What the buckets that share a cell have taken, and whose it is. Six bytes hold milliseconds until the year 10889.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Cell {
    empty_at: [u8; 6],
    blocked_until: [u8; 6],
    owner: u32,
}

/// Of the cells that more than one bucket has used: what is in them is cleared for nobody.
const SHARED: u32 = 0;

impl MemoryThrottle {
    /// How many bytes it takes once it is used.
    pub const BYTES: usize = (CELLS[0] + CELLS[1] + CELLS[2] + CELLS[3]) * size_of::<Cell>();

    /// A throttle that has counted nothing and takes no room yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn with<T>(&self, work: impl FnOnce(&mut Tables) -> T) -> Result<T, StoreError> {
        let mut held: MutexGuard<'_, _> = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *held {
            Some(tables) => Ok(work(tables)),
            none => Ok(work(none.insert(Tables::new()?))),
        }
    }
}

#[async_trait]
impl Throttle for MemoryThrottle {
    async fn admit(
        &self,
        bucket: &Bucket,
        limit: &AttemptLimit,
        now: Timestamp,
    ) -> Result<Admission, StoreError> {
        self.with(|tables| tables.admit(bucket, limit, now))
    }

    async fn clear(&self, bucket: &Bucket) -> Result<(), StoreError> {
        self.with(|tables| tables.clear(bucket))
    }

    async fn secret(&self) -> Result<ThrottleSecret, StoreError> {
        self.with(|tables| tables.secret.clone())
    }
}

impl fmt::Debug for MemoryThrottle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryThrottle").finish_non_exhaustive()
    }
}

impl Tables {
    fn new() -> Result<Self, StoreError> {
        Ok(Self {
            secret: ThrottleSecret::random(&OsRandom).map_err(StoreError::unavailable)?,
            hashers: [RandomState::new(), RandomState::new()],
            cells: CELLS.map(|count| vec![Cell::default(); count].into_boxed_slice()),
        })
    }

    fn admit(&mut self, bucket: &Bucket, limit: &AttemptLimit, now: Timestamp) -> Admission {
        let (places, owner) = (self.places(bucket), owner_of(bucket));
        let cells = self.table(bucket.kind());
        let [one, other] = places.map(|place| {
            cells[place].bound(now);
            cells[place].fill()
        });
        let fill = one.at_most(other);
        match fill.with_one(limit, now) {
            Ok((filled, failures)) => {
                for place in places {
                    cells[place].fill_to(filled, owner, now);
                }
                Admission::Admitted { failures }
            }
            Err((filled, retry_after)) => {
                for place in places {
                    cells[place].lower_to(filled, owner);
                }
                Admission::Refused { retry_after }
            }
        }
    }

    fn clear(&mut self, bucket: &Bucket) {
        let (places, owner) = (self.places(bucket), owner_of(bucket));
        let cells = self.table(bucket.kind());
        for place in places {
            if cells[place].owner == owner {
                cells[place] = Cell::default();
            }
        }
    }

    fn places(&self, bucket: &Bucket) -> [usize; 2] {
        let count = self.cells[table_of(bucket.kind())].len();
        // Powers of two, so the low bits are as even as the hash.
        self.hashers.each_ref().map(|hasher| hasher.hash_one(bucket.name()) as usize & (count - 1))
    }

    fn table(&mut self, kind: BucketKind) -> &mut [Cell] {
        &mut self.cells[table_of(kind)]
    }
}

impl Cell {
    fn new(fill: Fill, owner: u32) -> Self {
        Self { empty_at: pack(fill.empty_at), blocked_until: pack(fill.blocked_until), owner }
    }

    fn fill(&self) -> Fill {
        Fill { empty_at: unpack(self.empty_at), blocked_until: unpack(self.blocked_until) }
    }

    fn bound(&mut self, now: Timestamp) {
        *self = Self::new(self.fill().bounded(now), self.owner);
    }

    /// Raises what is in it to `filled`: what others have put there stays.
    fn fill_to(&mut self, filled: Fill, owner: u32, now: Timestamp) {
        *self = if self.fill().is_over(now) || self.owner == owner {
            Self::new(filled, owner)
        } else {
            Self::new(self.fill().at_least(filled), SHARED)
        };
    }

    /// Lowers what is in it to `filled`, unless others have put it there.
    fn lower_to(&mut self, filled: Fill, owner: u32) {
        if self.owner == owner {
            *self = Self::new(filled, owner);
        }
    }
}

fn pack(at: Timestamp) -> [u8; 6] {
    let [bytes @ .., _, _] = at.as_millis().min((1 << 48) - 1).to_le_bytes();
    bytes
}

fn unpack([a, b, c, d, e, f]: [u8; 6]) -> Timestamp {
    Timestamp::from_millis(u64::from_le_bytes([a, b, c, d, e, f, 0, 0]))
}

fn table_of(kind: BucketKind) -> usize {
    match kind {
        BucketKind::Account => 0,
        BucketKind::Address | BucketKind::Registration => 1,
        BucketKind::Session | BucketKind::Device => 2,
        BucketKind::Visitor => 3,
    }
}

/// Four bytes of the name, which is a hash: two buckets that share a cell have the same with a chance of 2^-32.
fn owner_of(bucket: &Bucket) -> u32 {
    let [a, b, c, d, ..] = *bucket.name();
    u32::from_le_bytes([a, b, c, d]).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Realm;
    use crate::throttle::ThrottlePolicy;
    use proptest::prelude::*;
    use std::collections::HashMap;
    use std::time::Duration;

    const START: Timestamp = Timestamp::from_millis(1_000_000_000);

    fn limit() -> AttemptLimit {
        ThrottlePolicy::default().limit_of_account()
    }

    fn bucket(name: impl ToString) -> Bucket {
        let (secret, realm) = (ThrottleSecret::from_bytes([7; 32]), Realm::new("shop").unwrap());
        Bucket::new(BucketKind::Account, &secret, &realm, name.to_string().as_bytes())
    }

    /// So small that nearly every bucket shares its cells.
    fn crowded() -> Tables {
        let mut tables = Tables::new().unwrap();
        tables.cells = [8, 8, 8, 8].map(|count| vec![Cell::default(); count].into_boxed_slice());
        tables
    }

    #[test]
    fn it_takes_between_one_and_two_mebibytes_and_none_before_its_first_use() {
        assert!((1 << 20..=2 << 20).contains(&MemoryThrottle::BYTES), "{}", MemoryThrottle::BYTES);
        let throttle = MemoryThrottle::new();
        assert!(throttle.0.lock().unwrap().is_none());
        throttle.with(|tables| assert_eq!(tables.cells.each_ref().map(|cells| cells.len()), CELLS)).unwrap();
    }

    #[test]
    fn moments_read_back_from_their_six_bytes() {
        for millis in [0, 1, 1_767_225_600_123, (1 << 48) - 1] {
            assert_eq!(unpack(pack(Timestamp::from_millis(millis))).as_millis(), millis);
        }
        assert_eq!(unpack(pack(Timestamp::MAX)).as_millis(), (1 << 48) - 1);
        assert_eq!(size_of::<Cell>(), 16);
    }

    #[test]
    fn success_elsewhere_gives_a_victim_nothing_back() {
        let mut tables = crowded();
        let victim = bucket("victim");
        for _ in 0..5 {
            tables.admit(&victim, &limit(), START);
        }
        for n in 0..1_000 {
            tables.admit(&bucket(n), &limit(), START);
            tables.clear(&bucket(n));
        }
        assert!(matches!(tables.admit(&victim, &limit(), START), Admission::Refused { .. }));
    }

    #[test]
    fn success_gives_back_all_of_a_bucket_that_shares_no_cell() {
        let mut tables = Tables::new().unwrap();
        for _ in 0..20 {
            for failures in 1..=5 {
                assert_eq!(tables.admit(&bucket("alice"), &limit(), START), Admission::Admitted { failures });
            }
            tables.clear(&bucket("alice"));
        }
    }

    #[derive(Debug, Clone)]
    enum Step {
        Admit(u8),
        Clear(u8),
        Pass(u32),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            8 => (0_u8..12).prop_map(Step::Admit),
            2 => (0_u8..12).prop_map(Step::Clear),
            2 => (0_u32..2_000_000).prop_map(Step::Pass),
        ]
    }

    proptest! {
        /// Beside a map that shares nothing, forgets nothing and has all the room it wants.
        #[test]
        fn collisions_only_make_it_stricter(steps in prop::collection::vec(step(), 1..200)) {
            let (mut tables, mut exact, mut now) = (crowded(), HashMap::<u8, Fill>::new(), START);
            for step in steps {
                match step {
                    Step::Admit(n) => {
                        let alone = exact.get(&n).copied().unwrap_or_default().with_one(&limit(), now);
                        match (tables.admit(&bucket(n), &limit(), now), alone) {
                            (Admission::Admitted { failures }, Ok((filled, least))) => {
                                prop_assert!(failures >= least);
                                exact.insert(n, filled);
                            }
                            (Admission::Refused { retry_after }, Err((_, wait))) => prop_assert!(retry_after >= wait),
                            (Admission::Refused { .. }, Ok(_)) => {}
                            (admitted, Err((_, wait))) => prop_assert!(false, "{admitted:?} in spite of {wait:?}"),
                        }
                    }
                    Step::Clear(n) => {
                        tables.clear(&bucket(n));
                        exact.remove(&n);
                    }
                    Step::Pass(millis) => now = now + Duration::from_millis(millis.into()),
                }
            }
        }
    }
}
