use super::server::{self, Schema};
use super::shared_damage::*;
use hallpass_sqlx::PostgresStore;
use sqlx::{AssertSqlSafe, PgConnection};

struct Place {
    store: PostgresStore,
    connection: PgConnection,
    schema: Schema,
}

impl Place {
    async fn new() -> Self {
        let schema = Schema::new();
        Self { store: server::store(&schema).await, connection: server::connection().await, schema }
    }

    async fn change(&mut self, set: &str) {
        let sql = format!("UPDATE {}.hallpass_session SET {set}", self.schema.name());
        let done = sqlx::query(AssertSqlSafe(sql)).execute(&mut self.connection).await.unwrap();
        assert_eq!(done.rows_affected(), 1, "{set}");
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn a_damaged_row_is_no_session_and_can_still_be_ended() {
    let mut place = Place::new().await;
    let flipped = FLIPPED_DATA.replace("{flipped}", "set_bit(data, 3, 1 - get_bit(data, 3))");
    for damage in DAMAGES.iter().map(|damage| (*damage).to_owned()).chain([flipped, "data = ''".into()]) {
        let record = login(&place.store).await;
        place.change(&damage).await;
        is_undecodable_and_can_be_ended(&place.store, &record, &damage).await;
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn a_row_of_a_future_version_is_no_session_and_can_still_be_ended() {
    let mut place = Place::new().await;
    for format in ["format = 2", "format = 300", "format = 0"] {
        let record = login(&place.store).await;
        place.change(format).await;
        is_undecodable_and_can_be_ended(&place.store, &record, format).await;
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn damaged_rows_end_with_their_user_and_with_their_time() {
    let mut place = Place::new().await;
    let record = login(&place.store).await;
    place.change("data = '\\xff', checksum = '', format = 9").await;
    is_ended_with_its_user(&place.store, &record).await;

    let record = login(&place.store).await;
    place.change(&format!("data = '\\xff', subject = chr(7), idle_until = {}", an_hour_ago())).await;
    is_swept(&place.store, &record).await;
}
