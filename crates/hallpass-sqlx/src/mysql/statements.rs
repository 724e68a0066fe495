//! The statements, with the names of the tables in them.
//!
//! They rely on no mode of the server: no text in quotes is compared or concatenated, and every column is as wide as what
//! is written into it, so that nothing can be cut off silently.

use crate::names::{Names, Sql};
use crate::row::{Found, RECORD_COLUMNS, SUMMARY_COLUMNS};
use crate::schema::ASK_VERSION;

/// The database's time, whatever the time zone of the connection.
const NOW: &str = "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) DIV 1000";

/// Binds the time twice. A login from before its realm's `not_before` is over.
const LIVE: &str = "s.idle_until > ? AND s.absolute_until > ? AND NOT EXISTS \
     (SELECT 1 FROM hallpass_realm r WHERE r.realm = s.realm AND r.not_before > s.authenticated)";

/// Stands for a list of placeholders in parentheses.
const LIST: &str = "(..)";

/// How many values a list has at most.
pub(super) const LONGEST_LIST: usize = 4096;

/// Every statement that the store prepares.
pub(super) struct Statements {
    pub(super) version: Sql,
    pub(super) load: Sql,
    pub(super) insert: Sql,
    pub(super) update: Sql,
    pub(super) has_live: Sql,
    pub(super) touch: Sql,
    pub(super) list: Sql,
    pub(super) epoch: Sql,
    pub(super) not_before: Sql,
    pub(super) live_keys: Listed,
    pub(super) clock: Sql,
    pub(super) share_realm: Sql,
    pub(super) make_realm: Sql,
    pub(super) own_realm: Sql,
    pub(super) read_realm: Sql,
    pub(super) set_not_before: Sql,
    pub(super) make_subject: Sql,
    pub(super) lock_subject: Sql,
    pub(super) raise_epoch: Sql,
    pub(super) row_by_key: Sql,
    pub(super) rows_of_subject: Sql,
    pub(super) rows_expired: Sql,
    pub(super) rows_earlier: Sql,
    pub(super) rows_from: Sql,
    pub(super) overwrite: Sql,
    pub(super) delete: Listed,
    pub(super) note: Sql,
    pub(super) newest_events: Sql,
    pub(super) later_events: Sql,
    pub(super) events: Listed,
    pub(super) subjects_after: Sql,
    pub(super) tidy_subject: Sql,
    pub(super) oldest_events: Sql,
    pub(super) tidy_events: Sql,
}

impl Statements {
    pub(super) fn new(names: &Names) -> Self {
        let sql = |text: &str| names.statement(text);
        let listed = |text: &str| Listed { text: text.into(), names: names.clone() };
        // Without the hint a small table is read from end to end, and every row of it locked on the way.
        let found = |hint: &str, rest: &str| {
            sql(&format!("SELECT {} FROM hallpass_session s {hint} WHERE {rest}", Found::COLUMNS))
        };
        Self {
            version: sql(ASK_VERSION),
            load: sql(&format!("SELECT {RECORD_COLUMNS} FROM hallpass_session WHERE session_key = ?")),
            insert: sql(
                "INSERT INTO hallpass_session (session_key, handle, realm, subject, revision, created, last_seen, \
                 idle_until, absolute_until, authenticated, stamp, level, remembered, transport, user_agent, address, \
                 format, checksum, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            ),
            update: sql(&format!(
                "UPDATE hallpass_session s SET session_key = ?, handle = ?, realm = ?, subject = ?, revision = ?, \
                 created = ?, last_seen = GREATEST(last_seen, ?), idle_until = GREATEST(idle_until, ?), \
                 absolute_until = ?, authenticated = ?, stamp = ?, level = ?, remembered = ?, transport = ?, \
                 user_agent = ?, address = ?, format = ?, checksum = ?, data = ? \
                 WHERE s.session_key = ? AND s.handle = ? AND s.realm = ? AND s.subject <=> ? AND s.revision = ? \
                 AND {LIVE}"
            )),
            has_live: sql(&format!(
                "SELECT 1 FROM hallpass_session s WHERE s.session_key = ? AND s.handle = ? AND s.realm = ? \
                 AND s.subject <=> ? AND {LIVE}"
            )),
            touch: sql(&format!(
                "UPDATE hallpass_session s SET last_seen = GREATEST(last_seen, ?), \
                 idle_until = GREATEST(idle_until, LEAST(?, absolute_until)) WHERE s.session_key = ? AND {LIVE}"
            )),
            list: sql(&format!(
                "SELECT {SUMMARY_COLUMNS} FROM hallpass_session s WHERE s.realm = ? AND s.subject = ? AND {LIVE} \
                 ORDER BY last_seen DESC, created DESC, session_key DESC"
            )),
            epoch: sql(
                "SELECT epoch FROM hallpass_subject WHERE realm = ? AND subject = ? AND epoch IS NOT NULL",
            ),
            not_before: sql(
                "SELECT not_before FROM hallpass_realm WHERE realm = ? AND not_before IS NOT NULL",
            ),
            live_keys: listed(&format!(
                "SELECT s.session_key FROM hallpass_session s WHERE {LIVE} AND s.session_key IN {LIST}"
            )),
            clock: sql(&format!("SELECT {NOW}")),
            share_realm: sql("SELECT 1 FROM hallpass_realm WHERE realm = ? LOCK IN SHARE MODE"),
            make_realm: sql("INSERT IGNORE INTO hallpass_realm (realm) VALUES (?)"),
            own_realm: sql("INSERT INTO hallpass_realm (realm) VALUES (?) \
                 ON DUPLICATE KEY UPDATE not_before = not_before"),
            read_realm: sql("SELECT not_before FROM hallpass_realm WHERE realm = ? FOR UPDATE"),
            set_not_before: sql("UPDATE hallpass_realm SET not_before = ? WHERE realm = ?"),
            make_subject: sql("INSERT INTO hallpass_subject (realm, subject) VALUES (?, ?) \
                 ON DUPLICATE KEY UPDATE raised_at = raised_at"),
            lock_subject: sql(
                "SELECT u.epoch, (SELECT r.not_before FROM hallpass_realm r WHERE r.realm = u.realm) \
                 FROM hallpass_subject u WHERE u.realm = ? AND u.subject = ? FOR UPDATE",
            ),
            raise_epoch: sql(&format!(
                "UPDATE hallpass_subject SET epoch = ?, raised_at = COALESCE(?, {NOW}) WHERE realm = ? AND subject = ?"
            )),
            row_by_key: found("", "s.session_key = ? FOR UPDATE"),
            rows_of_subject: found("FORCE INDEX (by_subject)", "s.realm = ? AND s.subject = ? FOR UPDATE"),
            rows_expired: found(
                "FORCE INDEX (by_expiry)",
                "s.expires_at <= ? ORDER BY s.expires_at LIMIT ? FOR UPDATE SKIP LOCKED",
            ),
            rows_earlier: found(
                "FORCE INDEX (PRIMARY)",
                "s.id > ? AND s.id <= ? AND s.realm = ? AND s.subject IS NOT NULL \
                 AND s.authenticated < (SELECT r.not_before FROM hallpass_realm r WHERE r.realm = s.realm) FOR UPDATE SKIP LOCKED",
            ),
            rows_from: sql("SELECT id FROM hallpass_session WHERE id > ? ORDER BY id LIMIT ?"),
            overwrite: sql(
                "UPDATE hallpass_session SET session_key = ?, handle = ?, realm = ?, subject = ?, revision = ?, \
                 created = ?, last_seen = ?, idle_until = ?, absolute_until = ?, authenticated = ?, stamp = ?, \
                 level = ?, remembered = ?, transport = ?, user_agent = ?, address = ?, format = ?, checksum = ?, \
                 data = ? WHERE id = ?",
            ),
            delete: listed(&format!(
                "DELETE s FROM hallpass_session s FORCE INDEX (PRIMARY) WHERE s.id IN {LIST}"
            )),
            note: sql(&format!(
                "INSERT INTO hallpass_event (noted_at, events) VALUES (COALESCE(?, {NOW}), ?)"
            )),
            newest_events: sql(&format!(
                "SELECT seq, COALESCE(?, {NOW}) - noted_at FROM hallpass_event ORDER BY seq DESC LIMIT ?"
            )),
            later_events: sql("SELECT seq, events FROM hallpass_event WHERE seq > ? ORDER BY seq LIMIT ?"),
            events: listed(&format!(
                "SELECT seq, events FROM hallpass_event WHERE seq IN {LIST} ORDER BY seq"
            )),
            subjects_after: sql(
                "SELECT u.realm, u.subject, (u.raised_at IS NULL OR u.raised_at < ?) AND NOT EXISTS \
                 (SELECT 1 FROM hallpass_session s WHERE s.realm = u.realm AND s.subject = u.subject) \
                 FROM hallpass_subject u WHERE u.realm > ? OR (u.realm = ? AND u.subject > ?) \
                 ORDER BY u.realm, u.subject LIMIT ?",
            ),
            tidy_subject: sql("DELETE FROM hallpass_subject WHERE realm = ? AND subject = ? \
                 AND (raised_at IS NULL OR raised_at < ?)"),
            oldest_events: sql("SELECT seq, noted_at < ? FROM hallpass_event ORDER BY seq LIMIT ?"),
            tidy_events: sql("DELETE FROM hallpass_event WHERE seq <= ? AND noted_at < ?"),
        }
    }
}

/// A statement with a list of values at its end.
pub(super) struct Listed {
    text: Box<str>,
    names: Names,
}

impl Listed {
    /// The statement for at least so many values. Few lengths are used, so that few statements are prepared: the last
    /// value is to be repeated.
    pub(super) fn of(&self, count: usize) -> (Sql, usize) {
        let count = count.max(1).next_power_of_two();
        let places = vec!["?"; count].join(", ");
        (self.names.statement(&self.text.replace(LIST, &format!("({places})"))), count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_have_few_lengths() {
        let sql = Statements::new(&Names::new(None, "hp_").unwrap());
        for (asked, given) in [(0, 1), (1, 1), (2, 2), (3, 4), (5, 8), (LONGEST_LIST, LONGEST_LIST)] {
            let (text, count) = sql.delete.of(asked);
            assert_eq!((text.as_str().matches('?').count(), count), (given, given));
        }
        assert_eq!(
            sql.events.of(2).0.as_str(),
            "SELECT seq, events FROM hp_event WHERE seq IN (?, ?) ORDER BY seq"
        );
    }
}
