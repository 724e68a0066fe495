use crate::fill::{Filling, create, login, now};
use crate::measure::Measuring;
use hallpass_core::{EndReason, Freshness, SessionStore, Updated};
use hallpass_testkit::{op, rewritten};
use std::error::Error;
use std::time::Duration;

/// How many a sweep removes.
const SWEPT: usize = 1000;

const HOUR: Duration = Duration::from_secs(3600);

/// What a store does for a request, or for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Load,
    LoadUnknown,
    Touch,
    Update,
    Login,
    Logout,
    Devices,
    Sweep,
    SweepNothing,
}

type Done = Result<(), Box<dyn Error>>;

impl Operation {
    pub(crate) const ALL: [Self; 9] = [
        Self::Load,
        Self::LoadUnknown,
        Self::Touch,
        Self::Update,
        Self::Login,
        Self::Logout,
        Self::Devices,
        Self::Sweep,
        Self::SweepNothing,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Load => "load",
            Self::LoadUnknown => "load, unknown",
            Self::Touch => "touch",
            Self::Update => "update",
            Self::Login => "login",
            Self::Logout => "logout",
            Self::Devices => "device list",
            Self::Sweep => "sweep of 1000",
            Self::SweepNothing => "sweep of nothing",
        }
    }

    /// How often it is tried where others are `repeat` times.
    pub(crate) fn rounds(self, repeat: usize) -> usize {
        match self {
            Self::Sweep | Self::SweepNothing => repeat.min(8),
            _ => repeat,
        }
    }

    /// Once, measured without what it needs first. The store has as many sessions after as before, give or take the ones
    /// that log in.
    pub(crate) async fn run(
        self,
        store: &dyn SessionStore,
        filling: &Filling,
        measuring: &mut Measuring<'_>,
    ) -> Done {
        let now = now();
        match self {
            Self::Load => {
                let key = filling.some_key();
                let found = measuring.time(store.load(&key, Freshness::Latest)).await??;
                assert!(found.is_some(), "what was put in is there");
            }
            Self::LoadUnknown => {
                let key = login(&filling.some_user(), now).build().key;
                let found = measuring.time(store.load(&key, Freshness::Latest)).await??;
                assert!(found.is_none(), "what was not put in is not there");
            }
            Self::Touch => {
                let key = filling.some_key();
                assert!(measuring.time(store.touch(&key, now + HOUR, op(now))).await??);
            }
            Self::Update => update(store, filling, measuring).await?,
            Self::Login => {
                let record = login(&filling.some_user(), now).build();
                measuring.time(create(store, record.clone(), now)).await??;
                store.revoke(&record.key, EndReason::LoggedOut, op(now)).await?;
            }
            Self::Logout => {
                let record = login(&filling.some_user(), now).build();
                create(store, record.clone(), now).await?;
                let ended = store.revoke(&record.key, EndReason::LoggedOut, op(now));
                assert!(measuring.time(ended).await??.is_some());
            }
            Self::Devices => {
                let user = filling.some_user();
                assert!(!measuring.time(store.subject(&user, now)).await??.is_empty());
            }
            Self::Sweep => sweep(store, filling, measuring).await?,
            Self::SweepNothing => {
                assert!(measuring.time(store.sweep(SWEPT, op(now))).await??.ended.is_empty());
            }
        }
        Ok(())
    }
}

async fn update(store: &dyn SessionStore, filling: &Filling, measuring: &mut Measuring<'_>) -> Done {
    let record = store.load(&filling.some_key(), Freshness::Latest).await?.ok_or("it is there")?;
    let now = now();
    let next = rewritten(&record, |record| record.last_seen = now);
    let updated = measuring.time(store.update(next, record.revision, op(now))).await??;
    assert_eq!(updated, Updated::Written);
    Ok(())
}

/// Removes logins of two hours ago that ended one hour ago, ten of each user.
async fn sweep(store: &dyn SessionStore, filling: &Filling, measuring: &mut Measuring<'_>) -> Done {
    let now = now();
    let then = now - 2 * HOUR;
    for number in 0..SWEPT {
        let user = filling.stranger(number as u64 / 10);
        create(store, login(&user, then).idle_until(now - HOUR).build(), then).await?;
    }
    let swept = measuring.time(store.sweep(SWEPT, op(now))).await??;
    assert_eq!(swept.ended.len(), SWEPT);
    Ok(())
}
