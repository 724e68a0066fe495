use super::folder::Folder;
use super::shared_damage::{later, login};
use hallpass_core::{EndReason, Ended, FeedEvent, SessionFeed, SessionKey, SessionStore};
use hallpass_sqlx::SqliteStore;
use std::time::Duration;

async fn ends(feed: &mut Box<dyn SessionFeed>, key: SessionKey) -> Vec<FeedEvent> {
    let mut heard = Vec::new();
    let is_end =
        |event: &FeedEvent| matches!(event, FeedEvent::Ended(Ended { key: ended, .. }) if *ended == key);
    let listen = async {
        while !heard.last().is_some_and(is_end) {
            heard.push(feed.next().await);
        }
    };
    tokio::time::timeout(Duration::from_secs(10), listen).await.expect("the end is told of");
    heard
}

#[tokio::test]
async fn an_end_in_another_process_is_heard() {
    let folder = Folder::new();
    // Two stores on one file share nothing but the file.
    let here = SqliteStore::connect(&folder.url()).await.unwrap();
    let there = SqliteStore::connect(&folder.url()).await.unwrap();
    here.migrate().await.unwrap();
    let record = login(&here).await;
    let mut feed = here.feed().await.unwrap();
    there.revoke(&record.key, EndReason::LoggedOut, later()).await.unwrap();
    assert_eq!(ends(&mut feed, record.key).await.len(), 1);
}

#[test]
fn a_feed_goes_on_when_the_runtime_of_its_listener_is_gone() {
    let runtime = || tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let folder = Folder::new();
    let (first, second) = (runtime(), runtime());
    let store = second.block_on(SqliteStore::connect(&folder.url())).unwrap();
    second.block_on(store.migrate()).unwrap();
    let mut feed = first.block_on(store.feed()).unwrap();
    drop(first);
    assert_eq!(second.block_on(feed.next()), FeedEvent::Gap);
    second.block_on(async {
        let record = login(&store).await;
        store.revoke(&record.key, EndReason::LoggedOut, later()).await.unwrap();
        ends(&mut feed, record.key).await;
    });
}

#[tokio::test]
async fn who_subscribes_again_hears_what_ends_from_then_on() {
    let store = SqliteStore::connect("sqlite::memory:").await.unwrap();
    store.migrate().await.unwrap();
    for _ in 0..3 {
        let mut feed = store.feed().await.unwrap();
        let record = login(&store).await;
        store.revoke(&record.key, EndReason::LoggedOut, later()).await.unwrap();
        assert_eq!(ends(&mut feed, record.key).await.len(), 1);
    }
}
