//! Two stores on one file share nothing but the file, as two processes do.

use super::folder::Folder;
use super::shared_damage::{ada, later, now};
use hallpass_core::{Created, Epoch, SessionLimit, SessionStore, Ticket, WhenReached};
use hallpass_sqlx::SqliteStore;
use hallpass_testkit::Sample;
use std::sync::Arc;
use tokio::sync::Barrier;

async fn two_stores(folder: &Folder) -> [Arc<SqliteStore>; 2] {
    let [a, b] = [SqliteStore::connect(&folder.url()).await, SqliteStore::connect(&folder.url()).await];
    let stores = [Arc::new(a.unwrap()), Arc::new(b.unwrap())];
    stores[0].migrate().await.unwrap();
    stores
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_limit_of_one_leaves_one_login_of_twenty_from_two_processes() {
    let folder = Folder::new();
    let stores = two_stores(&folder).await;
    let limit = SessionLimit { max: 1.try_into().unwrap(), when_reached: WhenReached::EndLeastRecent };
    let start = Arc::new(Barrier::new(20));
    let logins: Vec<_> = (0..20)
        .map(|n| {
            let (store, start) = (Arc::clone(&stores[n % 2]), Arc::clone(&start));
            tokio::spawn(async move {
                let record = Sample::login(&ada(), now()).build();
                let ticket = Ticket { epoch: Epoch::NONE, started_at: record.created };
                start.wait().await;
                store.create(record, Some(&ticket), Some(limit), later()).await
            })
        })
        .collect();
    for login in logins {
        let created = login.await.unwrap();
        assert!(matches!(created, Ok(Created::Created { .. })), "{created:?}");
    }
    for store in &stores {
        assert_eq!(store.subject(&ada(), now()).await.unwrap().len(), 1);
    }
}
