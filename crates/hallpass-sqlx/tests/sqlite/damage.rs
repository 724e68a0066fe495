use super::folder::Folder;
use super::shared_damage::*;
use hallpass_sqlx::SqliteStore;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};

struct Place {
    store: SqliteStore,
    folder: Folder,
}

impl Place {
    async fn new() -> Self {
        let folder = Folder::new();
        let store = SqliteStore::connect(&folder.url()).await.unwrap();
        store.migrate().await.unwrap();
        Self { store, folder }
    }

    async fn change(&self, set: &str) {
        let mut other = SqliteConnection::connect(&self.folder.url()).await.unwrap();
        let sql = format!("UPDATE hallpass_session SET {set}");
        let done = sqlx::query(AssertSqlSafe(sql)).execute(&mut other).await.unwrap();
        assert_eq!(done.rows_affected(), 1, "{set}");
    }
}

#[tokio::test]
async fn a_damaged_row_is_no_session_and_can_still_be_ended() {
    let place = Place::new().await;
    let flipped =
        FLIPPED_DATA.replace("{flipped}", "CAST(substr(data, 1, length(data) - 1) || x'33' AS BLOB)");
    let empty = "data = x''".to_owned();
    for damage in DAMAGES.iter().map(|damage| (*damage).to_owned()).chain([flipped, empty]) {
        let record = login(&place.store).await;
        place.change(&damage).await;
        is_undecodable_and_can_be_ended(&place.store, &record, &damage).await;
    }
}

#[tokio::test]
async fn a_row_of_a_future_version_is_no_session_and_can_still_be_ended() {
    let place = Place::new().await;
    for format in ["format = 2", "format = 300", "format = 0"] {
        let record = login(&place.store).await;
        place.change(format).await;
        is_undecodable_and_can_be_ended(&place.store, &record, format).await;
    }
}

#[tokio::test]
async fn damaged_rows_end_with_their_user_and_with_their_time() {
    let place = Place::new().await;
    let record = login(&place.store).await;
    place.change("data = x'ff', checksum = x'', format = 9").await;
    is_ended_with_its_user(&place.store, &record).await;

    let record = login(&place.store).await;
    place.change(&format!("data = x'ff', subject = char(7), idle_until = {}", an_hour_ago())).await;
    is_swept(&place.store, &record).await;
}
