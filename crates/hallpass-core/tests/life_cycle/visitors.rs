use crate::support::{Jar, World, log_out};

#[tokio::test]
async fn a_late_answer_to_a_visitor_can_neither_overwrite_nor_remove_a_login() {
    let world = World::new();
    for with_cookie in [false, true] {
        let mut jar = Jar::default();
        if with_cookie {
            world.request(&mut jar, async |session| session.insert("cart", "hat").unwrap()).await;
        }
        let slow = world.open(&jar).await;
        slow.insert("late", "x").unwrap();
        world.log_in(&mut jar, 7).await;
        jar.apply(&slow.slot().commit().await);
        assert_eq!(world.who(&jar).await.as_deref(), Some("7"), "with a cookie: {with_cookie}");
    }
}

#[tokio::test]
async fn fresh_a_token_that_the_server_never_issued_is_not_adopted() {
    let world = World::new();
    let forged = world.logged_in(7).await;
    world.request(&mut forged.clone(), async |session| assert!(log_out(session).await <= 1)).await;
    let mut jar = forged.clone();
    world.log_in(&mut jar, 8).await;
    assert_ne!(jar.value("__Host-id"), forged.value("__Host-id"));
    assert_eq!(world.who(&forged).await, None);
}

#[tokio::test]
async fn a_login_token_under_the_visitors_cookie_opens_nothing_and_the_reverse() {
    let world = World::new();
    let login = world.logged_in(7).await;
    let mut visitor = Jar::default();
    world.request(&mut visitor, async |session| session.insert("cart", "hat").unwrap()).await;
    let swap = |jar: &Jar, from: &str, to: &str| {
        let mut swapped = Jar::default();
        swapped.put(to, jar.value(from).unwrap());
        swapped
    };
    let as_visitor = swap(&login, "__Host-id", "__Host-id-anon");
    let as_login = swap(&visitor, "__Host-id-anon", "__Host-id");
    assert_eq!(world.open(&as_visitor).await.handle(), None);
    assert_eq!(world.open(&as_login).await.handle(), None);
    assert_eq!(world.who(&login).await.as_deref(), Some("7"));
}
