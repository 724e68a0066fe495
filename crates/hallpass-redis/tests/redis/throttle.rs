//! The throttle on one server and on a cluster.

use crate::shared::{CLUSTER, SERVER, address, fresh, fresh_prefix, on_cluster, on_server, raw};
use hallpass_core::{
    Admission, AttemptLimit, Bucket, BucketKind, Realm, Throttle, ThrottlePolicy, Timestamp,
};
use hallpass_redis::{RedisStore, RedisThrottle};
use hallpass_servers::{Kind, Server};
use redis::cmd;
use std::sync::Arc;
use std::time::Duration;

mod server {
    hallpass_testkit::throttle_tests!(
        || async { super::RedisThrottle::over(std::sync::Arc::new(super::on_server().await)) },
        #[ignore = "needs Redis: run cargo xtask test"]
    );
}

mod cluster {
    hallpass_testkit::throttle_tests!(
        || async { super::RedisThrottle::over(std::sync::Arc::new(super::on_cluster().await)) },
        #[ignore = "needs a Redis Cluster: run cargo xtask test"]
    );
}

const NOW: Timestamp = Timestamp::from_millis(1_767_225_600_000);

fn limit() -> AttemptLimit {
    ThrottlePolicy::default().limit_of_account()
}

async fn alice(throttle: &RedisThrottle) -> Bucket {
    let secret = throttle.secret().await.unwrap();
    Bucket::new(BucketKind::Account, &secret, &Realm::new("shop").unwrap(), b"alice")
}

async fn admit(throttle: &RedisThrottle, bucket: &Bucket) -> Admission {
    throttle.admit(bucket, &limit(), NOW).await.unwrap()
}

/// A node with a connection of its own.
async fn node(url: &str, prefix: &str) -> RedisThrottle {
    let builder = RedisStore::builder().prefix(prefix).response_timeout(Duration::from_secs(15));
    RedisThrottle::over(Arc::new(builder.connect(url).await.unwrap()))
}

async fn nodes_share(url: &str) {
    let prefix = fresh_prefix();
    let (one, other) = tokio::join!(node(url, &prefix), node(url, &prefix));
    let (name, same) = tokio::join!(alice(&one), alice(&other));
    assert_eq!(name, same, "both drew a secret, and one was kept");
    for failures in 1..=5 {
        let node = if failures % 2 == 0 { &one } else { &other };
        assert_eq!(admit(node, &name).await, Admission::Admitted { failures });
    }
    for node in [&one, &other] {
        assert_eq!(admit(node, &name).await, Admission::Refused { retry_after: limit().first_wait });
    }
    one.clear(&name).await.unwrap();
    assert_eq!(admit(&other, &name).await, Admission::Admitted { failures: 1 });
}

#[tokio::test]
#[ignore = "needs Redis: run cargo xtask test"]
async fn two_nodes_count_together() {
    nodes_share(&address(SERVER)).await;
}

#[tokio::test]
#[ignore = "needs a Redis Cluster: run cargo xtask test"]
async fn two_nodes_count_together_on_a_cluster() {
    nodes_share(&address(CLUSTER)).await;
}

#[tokio::test]
#[ignore = "needs Redis: run cargo xtask test"]
async fn a_bucket_is_kept_until_it_is_empty_and_says_nothing_of_whose_it_is() {
    let (url, prefix) = (address(SERVER), fresh_prefix());
    let throttle = node(&url, &prefix).await;
    let mut raw = raw(&url).await;
    let bucket = alice(&throttle).await;
    admit(&throttle, &bucket).await;
    let keys: Vec<Vec<u8>> = cmd("KEYS").arg(format!("{prefix}:*:t:*")).query_async(&mut raw).await.unwrap();
    let [key] = &keys[..] else { panic!("{keys:?}") };
    assert!(key.ends_with(bucket.name()) && !key.windows(5).any(|part| part == b"alice"));
    let kept_for = |left: i64| Duration::from_millis(u64::try_from(left).unwrap());
    let left: i64 = cmd("PTTL").arg(key).query_async(&mut raw).await.unwrap();
    assert!(kept_for(left) <= limit().forget_after && kept_for(left) > limit().forget_after / 2);
    for _ in 0..10 {
        admit(&throttle, &bucket).await;
    }
    let left: i64 = cmd("PTTL").arg(key).query_async(&mut raw).await.unwrap();
    assert!(kept_for(left) <= limit().memory());
    throttle.clear(&bucket).await.unwrap();
    let exists: bool = cmd("EXISTS").arg(key).query_async(&mut raw).await.unwrap();
    assert!(!exists);
}

#[tokio::test]
#[ignore = "needs Redis: run cargo xtask test"]
async fn fail_closed_without_its_server_nothing_is_admitted() {
    let mut server = Server::start(Kind::Redis).unwrap();
    let throttle = RedisThrottle::over(Arc::new(fresh(server.url()).await));
    let bucket = alice(&throttle).await;
    server.kill().unwrap();
    assert!(throttle.admit(&bucket, &limit(), NOW).await.is_err());
    assert!(throttle.clear(&bucket).await.is_err());
}
