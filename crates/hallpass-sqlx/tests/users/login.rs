//! Logging in with users of tables.

use crate::database::{Database, alice, cheap, named, new_password};
use hallpass_core::{CookiePolicy, MemoryStore, SessionManager, SessionSlot, SharedStore};
use hallpass_login::{Authenticator, Keep, Login, LoginError, find_user};
use hallpass_sqlx::users::{ColumnType, Credentials, NewUser, TableUser, UserTable};
use hallpass_testkit::Head;
use std::sync::Arc;

/// A request with these cookies.
fn get(cookies: &str) -> Head {
    Head::new("GET").line("cookie", cookies)
}

struct Area<A> {
    sessions: SessionManager,
    users: Arc<A>,
}

impl<P: 'static> Area<UserTable<P>> {
    fn new(cookie: &str, store: &SharedStore, users: UserTable<P>) -> Self {
        let cookies = CookiePolicy::builder().name(cookie).build().unwrap();
        let sessions = SessionManager::builder(store.clone()).cookies(cookies).build().unwrap();
        Self { sessions, users: Arc::new(users) }
    }

    fn slot(&self, cookies: &str, outer: Option<SessionSlot>) -> SessionSlot {
        let users: Arc<UserTable<P>> = Arc::clone(&self.users);
        SessionSlot::new(
            &hallpass_core::Area::from(self.sessions.clone()).carrying(users),
            &get(cookies),
            outer,
        )
    }

    async fn login(&self, cookies: &str) -> Login<UserTable<P>> {
        Login::open(Some(&self.slot(cookies, None)), &get(cookies)).await.unwrap()
    }

    async fn log_in(&self, credentials: Credentials) -> Result<String, LoginError> {
        let login = self.login("").await;
        login.log_in(login.authenticate(credentials).await?)?;
        Ok(committed(&login).await)
    }

    async fn who(&self, cookies: &str) -> Option<String> {
        who::<UserTable<P>>(&self.slot(cookies, None)).await
    }
}

/// The cookie that the answer sets.
async fn committed<A: Authenticator>(login: &Login<A>) -> String {
    let outcome = login.session().slot().commit().await;
    let line = outcome.set_cookies().next().expect("a cookie is set").to_owned();
    line.split(';').next().unwrap().to_owned()
}

async fn who<A: Authenticator<User = TableUser>>(slot: &SessionSlot) -> Option<String> {
    let user = find_user::<A>(Some(slot)).await.unwrap();
    user.map(|user| user.username.to_owned())
}

struct Staff;
struct Customers;

pub(crate) async fn users_of_two_tables_live_side_by_side_and_are_nobody_to_each_other(database: &Database) {
    let text = database.of("TEXT", "TEXT", "VARCHAR(100)");
    for table in ["staff", "customers"] {
        database
            .run(&format!(
                "CREATE TABLE {table} (id INTEGER PRIMARY KEY, name {text} UNIQUE, hash VARCHAR(255))"
            ))
            .await;
    }
    let table = |name: &str| {
        let users = UserTable::builder(database.users_pool()).table(name).subject("id", ColumnType::Integer);
        users.username("name").password_hash("hash").passwords(cheap(1))
    };
    let (staff, customers) = (
        table("staff").profile::<Staff>().build().unwrap(),
        table("customers").profile::<Customers>().build().unwrap(),
    );
    // Both are number 1 of their table, in one store.
    staff.register(NewUser::from(&named("brian")).subject(1_u32.into())).await.unwrap();
    customers.register(NewUser::from(&named("ada")).subject(1_u32.into())).await.unwrap();
    let store = MemoryStore::new().into();
    let (office, shop) = (Area::new("office", &store, staff), Area::new("shop", &store, customers));

    let (brian, ada) =
        (office.log_in(named("brian")).await.unwrap(), shop.log_in(named("ada")).await.unwrap());
    assert!(matches!(office.log_in(named("ada")).await, Err(LoginError::InvalidCredentials)));
    let both = format!("{brian}; {ada}");
    let outer = shop.slot(&both, None);
    let inner = office.slot(&both, Some(outer));
    assert_eq!(who::<UserTable<Staff>>(&inner).await.as_deref(), Some("brian"));
    assert_eq!(who::<UserTable<Customers>>(&inner).await.as_deref(), Some("ada"));

    let moved = ada.replace("shop", "office");
    assert_eq!(office.who(&moved).await, None, "a token of one area is nothing in another");
    let inside_the_shop = shop.slot(&both, None);
    assert!(
        find_user::<UserTable<Staff>>(Some(&inside_the_shop)).await.is_err(),
        "no layer carries the staff"
    );
    let receipt = office.login(&brian).await.log_out().await.unwrap();
    assert_eq!(receipt.sessions_ended, 1);
    assert_eq!((office.who(&both).await, shop.who(&both).await.as_deref()), (None, Some("ada")));
}

pub(crate) async fn a_silent_rehash_at_login_logs_no_other_device_out(database: &Database) {
    let old = database.with_alice().await;
    let store = MemoryStore::new().into();
    let other_device = Area::new("id", &store, old).log_in(alice()).await.unwrap();
    let area = Area::new("id", &store, database.stamped().passwords(cheap(2)).build().unwrap());
    let this_device = area.log_in(alice()).await.unwrap();
    let hash = database.text("SELECT hash FROM users").await.unwrap();
    assert!(hash.contains("t=2"), "{hash}");
    for cookie in [&this_device, &other_device] {
        assert_eq!(area.who(cookie).await.as_deref(), Some("alice"));
    }
}

pub(crate) async fn a_changed_password_ends_the_other_devices_and_keeps_this_one(database: &Database) {
    let area = Area::new("id", &MemoryStore::new().into(), database.with_alice().await);
    let (here, there) = (area.log_in(alice()).await.unwrap(), area.log_in(alice()).await.unwrap());
    let login = area.login(&here).await;
    let confirmed = login.confirm(alice()).await.unwrap();
    let changed = area.users.set_password(confirmed.user(), &new_password()).await.unwrap();
    // The stamp alone refuses them already.
    assert_eq!((area.who(&here).await, area.who(&there).await), (None, None));
    let receipt = login.credentials_changed(Arc::new(changed), Keep::Current).await.unwrap();
    let renewed = committed(&login).await;
    assert_eq!(receipt.sessions_ended, 1);
    assert_eq!(area.who(&renewed).await.as_deref(), Some("alice"));
    assert_eq!((area.who(&here).await, area.who(&there).await), (None, None));
    assert!(matches!(area.log_in(alice()).await, Err(LoginError::InvalidCredentials)));
    assert!(area.log_in(Credentials::new("alice", "battery staple")).await.is_ok());
}
