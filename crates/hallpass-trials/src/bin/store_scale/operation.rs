use crate::fill::{Filling, create, login, now};
use crate::measure::Measuring;
use hallpass_core::{
    EndReason, Freshness, Record, SessionStore, StoreError, SubjectKey, SubjectRevoked, Timestamp, Updated,
    Which,
};
use hallpass_testkit::{op, rewritten};
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

/// How many a sweep removes.
const SWEPT: usize = 1000;

/// How many sessions the users have who come only to go.
const OF_STRANGER: usize = 10;

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
    Everywhere,
    Devices,
    Sweep,
    SweepNothing,
}

type Done = Result<(), Box<dyn Error>>;

impl Operation {
    pub(crate) const ALL: [Self; 10] = [
        Self::Load,
        Self::LoadUnknown,
        Self::Touch,
        Self::Update,
        Self::Login,
        Self::Logout,
        Self::Everywhere,
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
            Self::Everywhere => "logout of 10",
            Self::Devices => "device list",
            Self::Sweep => "sweep of 1000",
            Self::SweepNothing => "sweep of nothing",
        }
    }

    /// How often it is measured where others are `repeat` times.
    pub(crate) fn rounds(self, repeat: usize) -> usize {
        match self {
            Self::Sweep | Self::SweepNothing => repeat.min(8),
            Self::Everywhere => repeat.min(100),
            _ => repeat,
        }
    }

    /// Once, measured without what it needs first. The store has as many sessions after as before.
    pub(crate) async fn run(
        self,
        store: &dyn SessionStore,
        filling: &Filling,
        measuring: &mut Measuring<'_>,
    ) -> Done {
        match self {
            Self::Load => {
                let key = filling.some_key();
                let loaded = measuring.time(store.load(&key, Freshness::Latest)).await??;
                assert!(loaded.is_some(), "what was put in is there");
            }
            Self::LoadUnknown => {
                let unknown = login(&filling.some_user(), now()).build().key;
                let loaded = measuring.time(store.load(&unknown, Freshness::Latest)).await??;
                assert!(loaded.is_none(), "what was not put in is not there");
            }
            Self::Touch => touch(store, filling, measuring).await?,
            Self::Update => update(store, filling, measuring).await?,
            Self::Login => {
                let record = login(&filling.some_user(), now()).build();
                measuring.time(create(store, record.clone(), now())).await??;
                store.revoke(&record.key, EndReason::LoggedOut, op(now())).await?;
            }
            Self::Logout => {
                let (user, record) = newcomer(store, filling.some_user(), now()).await?;
                let ended = measuring.time(end(store, &user, Which::One(record.handle))).await??;
                assert_eq!(ended, 1);
            }
            Self::Everywhere => everywhere(store, filling, measuring).await?,
            Self::Devices => {
                let user = filling.some_user();
                assert!(!measuring.time(store.subject(&user, now())).await??.is_empty());
            }
            Self::Sweep => sweep(store, filling, measuring).await?,
            Self::SweepNothing => {
                assert_eq!(measuring.time(sweep_round(store, 0, now())).await??, 0);
            }
        }
        Ok(())
    }
}

async fn touch(store: &dyn SessionStore, filling: &Filling, measuring: &mut Measuring<'_>) -> Done {
    let (key, now) = (filling.some_key(), now());
    assert!(measuring.time(store.touch(&key, now + HOUR, op(now))).await??);
    Ok(())
}

async fn update(store: &dyn SessionStore, filling: &Filling, measuring: &mut Measuring<'_>) -> Done {
    let record = store.load(&filling.some_key(), Freshness::Latest).await?.ok_or("it is there")?;
    let now = now();
    let next = rewritten(&record, |record| record.last_seen = now);
    let updated = measuring.time(store.update(next, record.revision, op(now))).await??;
    assert_eq!(updated, Updated::Written);
    Ok(())
}

async fn everywhere(store: &dyn SessionStore, filling: &Filling, measuring: &mut Measuring<'_>) -> Done {
    let user = filling.stranger();
    for _ in 0..OF_STRANGER {
        newcomer(store, user.clone(), now()).await?;
    }
    assert_eq!(measuring.time(end(store, &user, Which::All)).await??, OF_STRANGER);
    Ok(())
}

/// Removes logins of two hours ago that ended one hour ago, ten of each user.
async fn sweep(store: &dyn SessionStore, filling: &Filling, measuring: &mut Measuring<'_>) -> Done {
    let now = now();
    let then = now - 2 * HOUR;
    for _ in 0..SWEPT / OF_STRANGER {
        let user = filling.stranger();
        for _ in 0..OF_STRANGER {
            create(store, login(&user, then).idle_until(now - HOUR).build(), then).await?;
        }
    }
    assert_eq!(measuring.time(sweep_round(store, SWEPT, now)).await??, SWEPT);
    Ok(())
}

/// Sweeps until so many have ended, or once around: a store may look at only so much in one call, and it may take up in
/// the middle, where an earlier call stopped.
async fn sweep_round(store: &dyn SessionStore, expected: usize, now: Timestamp) -> Result<usize, StoreError> {
    let (mut ended, mut rounds) = (0, 0);
    loop {
        let swept = store.sweep(SWEPT, op(now)).await?;
        ended += swept.ended.len();
        rounds += u8::from(!swept.more);
        let is_done = if expected > 0 { ended >= expected } else { !swept.more };
        if is_done || rounds == 2 {
            return Ok(ended);
        }
    }
}

/// Another login of this user.
async fn newcomer(
    store: &dyn SessionStore,
    user: SubjectKey,
    now: Timestamp,
) -> Result<(SubjectKey, Arc<Record>), Box<dyn Error>> {
    let record = login(&user, now).build();
    create(store, record.clone(), now).await?;
    Ok((user, record))
}

/// How many it ends. A single logout of a login goes by its handle too.
async fn end(store: &dyn SessionStore, user: &SubjectKey, which: Which) -> Result<usize, String> {
    let done = store.revoke_subject(user, None, which, EndReason::LoggedOut, op(now())).await;
    match done.map_err(|error| error.to_string())? {
        SubjectRevoked::Done { ended, .. } => Ok(ended.len()),
        SubjectRevoked::ActorGone => Err("nobody acted".into()),
    }
}
