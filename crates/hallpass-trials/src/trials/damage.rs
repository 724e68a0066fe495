//! Rows that cannot be read, and tables of a later version.

use crate::client::{Client, Token};
use crate::demo::Program;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};

pub(crate) async fn run(program: Program) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("demo.db");
    let store = format!("sqlite:{}", file.display());
    let demo = program.start(&store);
    let mut client = Client::new(demo.addr);
    let mut database = SqliteConnectOptions::new().filename(&file).connect().await.unwrap();

    let [sound, damaged, later] = log_in_three(&mut client).await;
    change(&mut database, "UPDATE hallpass_session SET format = format + 1000 WHERE id = 3").await;
    change(&mut database, "UPDATE hallpass_session SET data = x'00' WHERE id = 2").await;
    for (token, status) in [(&sound, 200), (&damaged, 503), (&later, 503)] {
        assert_eq!(client.visit(token).await.unwrap().status, status, "never taken for a stranger");
    }
    assert_eq!(client.log_out(&damaged).await.unwrap().status, 200, "it can be ended all the same");
    assert_eq!(client.visit(&damaged).await.unwrap().status, 401);
    change(&mut database, "UPDATE hallpass_session SET format = format - 1000 WHERE id = 3").await;
    assert_eq!(client.visit(&later).await.unwrap().status, 200, "and nothing is lost");
    drop(demo);

    change(&mut database, "INSERT INTO hallpass_schema (version) VALUES (1000)").await;
    let refused = program.command(&store).output().unwrap();
    let said = String::from_utf8(refused.stderr).unwrap();
    println!("  on a later schema: {}", said.trim());
    assert_eq!((refused.status.code(), said.lines().count()), (Some(1), 1), "{said}");
    assert!(said.starts_with("error: ") && refused.stdout.is_empty(), "{said}");
    change(&mut database, "DELETE FROM hallpass_schema WHERE version = 1000").await;
    let demo = program.start(&store);
    assert_eq!(Client::new(demo.addr).visit(&sound).await.unwrap().status, 200);
}

/// Their rows have the ids 1, 2 and 3.
async fn log_in_three(client: &mut Client) -> [Token; 3] {
    [client.must_log_in("alice").await, client.must_log_in("bob").await, client.must_log_in("alice").await]
}

async fn change(database: &mut SqliteConnection, statement: &'static str) {
    assert_eq!(sqlx::query(statement).execute(database).await.unwrap().rows_affected(), 1, "{statement}");
}
