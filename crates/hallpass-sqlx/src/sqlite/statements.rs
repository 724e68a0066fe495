//! The statements, with the names of the tables in them.

use crate::names::{Names, Sql};
use crate::row::{Found, RECORD_COLUMNS, SUMMARY_COLUMNS};
use crate::schema::ASK_VERSION;

/// A login from before its realm's `not_before` is over.
const COUNTS: &str =
    "NOT EXISTS (SELECT 1 FROM hallpass_realm r WHERE r.realm = s.realm AND r.not_before > s.authenticated)";

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
    pub(super) live_keys: Sql,
    pub(super) make_subject: Sql,
    pub(super) read_subject: Sql,
    pub(super) raise_epoch: Sql,
    pub(super) set_not_before: Sql,
    pub(super) row_by_key: Sql,
    pub(super) rows_of_subject: Sql,
    pub(super) rows_expired: Sql,
    pub(super) rows_earlier: Sql,
    pub(super) rows_from: Sql,
    pub(super) overwrite: Sql,
    pub(super) delete: Sql,
    pub(super) note: Sql,
    pub(super) last_event: Sql,
    pub(super) events: Sql,
    pub(super) subjects_from: Sql,
    pub(super) tidy_subjects: Sql,
    pub(super) tidy_events: Sql,
}

impl Statements {
    pub(super) fn new(names: &Names) -> Self {
        let sql = |text: &str| names.statement(text);
        let found =
            |filter: &str| sql(&format!("SELECT {} FROM hallpass_session s WHERE {filter}", Found::COLUMNS));
        Self {
            version: sql(ASK_VERSION),
            load: sql(&format!("SELECT {RECORD_COLUMNS} FROM hallpass_session WHERE session_key = ?1")),
            insert: sql(
                "INSERT INTO hallpass_session (session_key, handle, realm, subject, revision, created, last_seen, \
                 idle_until, absolute_until, authenticated, stamp, level, remembered, transport, user_agent, address, \
                 format, checksum, data) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19) \
                 ON CONFLICT DO NOTHING",
            ),
            update: sql(&format!(
                "UPDATE hallpass_session AS s SET revision = ?5, created = ?6, last_seen = max(last_seen, ?7), \
                 idle_until = max(idle_until, ?8), absolute_until = ?9, authenticated = ?10, stamp = ?11, level = ?12, \
                 remembered = ?13, transport = ?14, user_agent = ?15, address = ?16, format = ?17, checksum = ?18, \
                 data = ?19 \
                 WHERE session_key = ?1 AND handle = ?2 AND realm = ?3 AND subject IS ?4 AND revision = ?20 \
                 AND idle_until > ?21 AND absolute_until > ?21 AND {COUNTS}"
            )),
            has_live: sql(&format!(
                "SELECT 1 FROM hallpass_session s WHERE session_key = ?1 AND handle = ?2 AND realm = ?3 \
                 AND subject IS ?4 AND idle_until > ?5 AND absolute_until > ?5 AND {COUNTS}"
            )),
            touch: sql(&format!(
                "UPDATE hallpass_session AS s SET last_seen = max(last_seen, ?3), \
                 idle_until = max(idle_until, min(?2, absolute_until)) \
                 WHERE session_key = ?1 AND idle_until > ?3 AND absolute_until > ?3 AND {COUNTS}"
            )),
            list: sql(&format!(
                "SELECT {SUMMARY_COLUMNS} FROM hallpass_session s WHERE realm = ?1 AND subject = ?2 \
                 AND idle_until > ?3 AND absolute_until > ?3 AND {COUNTS} \
                 ORDER BY last_seen DESC, created DESC, session_key DESC"
            )),
            epoch: sql(
                "SELECT epoch FROM hallpass_subject WHERE realm = ?1 AND subject = ?2 AND epoch IS NOT NULL",
            ),
            not_before: sql("SELECT not_before FROM hallpass_realm WHERE realm = ?1"),
            live_keys: sql(&format!(
                "SELECT session_key FROM hallpass_session s \
                 WHERE session_key IN (SELECT unhex(value) FROM json_each(?1)) \
                 AND idle_until > ?2 AND absolute_until > ?2 AND {COUNTS}"
            )),
            make_subject: sql(
                "INSERT INTO hallpass_subject (realm, subject) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            ),
            read_subject: sql("SELECT epoch, (SELECT not_before FROM hallpass_realm r WHERE r.realm = ?1) \
                 FROM hallpass_subject WHERE realm = ?1 AND subject = ?2"),
            raise_epoch: sql(
                "UPDATE hallpass_subject SET epoch = ?3, raised_at = ?4 WHERE realm = ?1 AND subject = ?2",
            ),
            set_not_before: sql("INSERT INTO hallpass_realm (realm, not_before) VALUES (?1, ?2) \
                 ON CONFLICT (realm) DO UPDATE SET not_before = excluded.not_before"),
            row_by_key: found("s.session_key = ?1"),
            rows_of_subject: found("s.realm = ?1 AND s.subject = ?2"),
            rows_expired: found("s.expires_at <= ?1 ORDER BY s.expires_at LIMIT ?2"),
            rows_earlier: found(
                "s.id > ?1 AND s.id <= ?2 AND s.realm = ?3 AND s.subject IS NOT NULL \
                 AND s.authenticated < (SELECT r.not_before FROM hallpass_realm r WHERE r.realm = s.realm)",
            ),
            rows_from: sql("SELECT id FROM hallpass_session WHERE id > ?1 ORDER BY id LIMIT ?2"),
            overwrite: sql(
                "UPDATE hallpass_session SET session_key = ?1, handle = ?2, realm = ?3, subject = ?4, revision = ?5, \
                 created = ?6, last_seen = ?7, idle_until = ?8, absolute_until = ?9, authenticated = ?10, stamp = ?11, \
                 level = ?12, remembered = ?13, transport = ?14, user_agent = ?15, address = ?16, format = ?17, \
                 checksum = ?18, data = ?19 WHERE id = ?20",
            ),
            delete: sql("DELETE FROM hallpass_session WHERE id IN (SELECT value FROM json_each(?1))"),
            note: sql("INSERT INTO hallpass_event (noted_at, events) VALUES (?1, ?2)"),
            last_event: sql("SELECT COALESCE(MAX(seq), 0) FROM hallpass_event"),
            events: sql("SELECT seq, events FROM hallpass_event WHERE seq > ?1 ORDER BY seq LIMIT ?2"),
            subjects_from: sql("SELECT id FROM hallpass_subject WHERE id > ?1 ORDER BY id LIMIT ?2"),
            tidy_subjects: sql("DELETE FROM hallpass_subject AS u WHERE id > ?1 AND id <= ?2 \
                 AND (raised_at IS NULL OR raised_at < ?3) \
                 AND NOT EXISTS (SELECT 1 FROM hallpass_session s WHERE s.realm = u.realm AND s.subject = u.subject)"),
            tidy_events: sql("DELETE FROM hallpass_event WHERE noted_at < ?1 \
                 AND seq IN (SELECT seq FROM hallpass_event ORDER BY seq LIMIT ?2)"),
        }
    }

    /// The statements that look for rows, by their names.
    #[cfg(test)]
    pub(super) fn all(&self) -> Vec<(&'static str, &Sql)> {
        vec![
            ("load", &self.load),
            ("update", &self.update),
            ("has_live", &self.has_live),
            ("touch", &self.touch),
            ("list", &self.list),
            ("epoch", &self.epoch),
            ("not_before", &self.not_before),
            ("live_keys", &self.live_keys),
            ("read_subject", &self.read_subject),
            ("raise_epoch", &self.raise_epoch),
            ("row_by_key", &self.row_by_key),
            ("rows_of_subject", &self.rows_of_subject),
            ("rows_expired", &self.rows_expired),
            ("rows_earlier", &self.rows_earlier),
            ("rows_from", &self.rows_from),
            ("overwrite", &self.overwrite),
            ("delete", &self.delete),
            ("last_event", &self.last_event),
            ("events", &self.events),
            ("subjects_from", &self.subjects_from),
            ("tidy_subjects", &self.tidy_subjects),
            ("tidy_events", &self.tidy_events),
        ]
    }
}
