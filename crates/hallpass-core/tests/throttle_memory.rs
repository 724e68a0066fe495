//! What a flood of names and addresses does to the memory of the throttle: nothing. Alone in its process, so that what is
//! measured is its own.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use hallpass_core::{
    Admission, Bucket, BucketKind, MemoryThrottle, Realm, Throttle, ThrottlePolicy, ThrottleSecret, Timestamp,
};
use std::net::{IpAddr, Ipv4Addr};

const NOW: Timestamp = Timestamp::from_millis(1_767_225_600_000);

struct Scene {
    throttle: MemoryThrottle,
    secret: ThrottleSecret,
    realm: Realm,
}

impl Scene {
    fn account(&self, name: &str) -> Bucket {
        Bucket::new(BucketKind::Account, &self.secret, &self.realm, name.as_bytes())
    }

    fn address(&self, number: u32) -> Bucket {
        let address = IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + number));
        Bucket::address(BucketKind::Address, &self.secret, &self.realm, address).unwrap()
    }

    async fn admit(&self, bucket: &Bucket) -> Admission {
        let policy = ThrottlePolicy::default();
        let limit = match bucket.kind() {
            BucketKind::Address => policy.limit_of_address(),
            BucketKind::Session => policy.limit_of_session(),
            _ => policy.limit_of_account(),
        };
        self.throttle.admit(bucket, &limit, NOW).await.unwrap()
    }
}

#[tokio::test]
async fn a_hundred_thousand_names_and_addresses_take_no_memory_and_flush_no_count() {
    let throttle = MemoryThrottle::new();
    let secret = throttle.secret().await.unwrap();
    let s = Scene { throttle, secret, realm: Realm::new("shop").unwrap() };
    let victim = s.account("victim");
    while let Admission::Admitted { .. } = s.admit(&victim).await {}
    let session = Bucket::new(BucketKind::Session, &s.secret, &s.realm, b"a session");
    assert_eq!(s.admit(&session).await, Admission::Admitted { failures: 1 });

    let before = resident();
    for number in 0..100_000 {
        s.admit(&s.account(&format!("name-{number}"))).await;
        s.admit(&s.address(number)).await;
    }
    let grown = resident().saturating_sub(before);
    println!("100 000 names and addresses: {} KiB of cells, {grown} KiB more", MemoryThrottle::BYTES >> 10);
    assert!(grown < 512, "{grown} KiB more than before");

    assert!(matches!(s.admit(&victim).await, Admission::Refused { .. }), "the victim's count is flushed");
    for number in 0..100_000 {
        s.throttle.clear(&s.account(&format!("name-{number}"))).await.unwrap();
    }
    assert!(matches!(s.admit(&victim).await, Admission::Refused { .. }), "others' successes flush it");
    let second = Admission::Admitted { failures: 2 };
    assert_eq!(s.admit(&session).await, second, "who is logged in does not notice");
}

/// How many KiB of memory this process has in use, where that can be told.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}
