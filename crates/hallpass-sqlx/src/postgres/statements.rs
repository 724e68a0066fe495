//! The statements, with the names of the tables in them.

use crate::names::{Names, Sql};
use crate::row::{Found, RECORD_COLUMNS, SUMMARY_COLUMNS};
use crate::schema::ASK_VERSION;

/// A login from before its realm's `not_before` is over.
const COUNTS: &str =
    "NOT EXISTS (SELECT 1 FROM hallpass_realm r WHERE r.realm = s.realm AND r.not_before > s.authenticated)";

/// The database's time in milliseconds.
const CLOCK: &str = "floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

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
    pub(super) clock: Sql,
    pub(super) end: Sql,
    pub(super) has_key: Sql,
    pub(super) lock_subject: Sql,
    pub(super) make_subject: Sql,
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
    pub(super) beat: Sql,
    pub(super) replay: Sql,
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
            load: sql(&format!("SELECT {RECORD_COLUMNS} FROM hallpass_session WHERE session_key = $1")),
            insert: sql(INSERT),
            update: sql(&update()),
            has_live: sql(&format!(
                "SELECT 1 FROM hallpass_session s WHERE session_key = $1 AND handle = $2 AND realm = $3 \
                 AND subject IS NOT DISTINCT FROM $4 AND idle_until > $5 AND absolute_until > $5 AND {COUNTS}"
            )),
            touch: sql(&format!(
                "UPDATE hallpass_session AS s SET last_seen = GREATEST(last_seen, $3), \
                 idle_until = GREATEST(idle_until, LEAST($2, absolute_until)) \
                 WHERE session_key = $1 AND idle_until > $3 AND absolute_until > $3 AND {COUNTS}"
            )),
            list: sql(&format!(
                "SELECT {SUMMARY_COLUMNS} FROM hallpass_session s WHERE realm = $1 AND subject = $2 \
                 AND idle_until > $3 AND absolute_until > $3 AND {COUNTS} \
                 ORDER BY last_seen DESC, created DESC, session_key DESC"
            )),
            epoch: sql(
                "SELECT epoch FROM hallpass_subject WHERE realm = $1 AND subject = $2 AND epoch IS NOT NULL",
            ),
            not_before: sql("SELECT not_before FROM hallpass_realm WHERE realm = $1"),
            live_keys: sql(&format!(
                "SELECT session_key FROM hallpass_session s WHERE session_key = ANY($1) \
                 AND idle_until > $2 AND absolute_until > $2 AND {COUNTS}"
            )),
            clock: sql(&format!("SELECT {CLOCK}")),
            end: sql(END),
            has_key: sql("SELECT 1 FROM hallpass_session WHERE session_key = $1"),
            lock_subject: sql(
                "SELECT epoch, (SELECT r.not_before FROM hallpass_realm r WHERE r.realm = $1) \
                 FROM hallpass_subject WHERE realm = $1 AND subject = $2 FOR UPDATE",
            ),
            make_subject: sql(
                "INSERT INTO hallpass_subject (realm, subject) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            ),
            raise_epoch: sql(&format!(
                "UPDATE hallpass_subject SET epoch = $3, raised_at = COALESCE($4, {CLOCK}) \
                 WHERE realm = $1 AND subject = $2"
            )),
            set_not_before: sql("INSERT INTO hallpass_realm (realm, not_before) VALUES ($1, $2) \
                 ON CONFLICT (realm) DO UPDATE SET not_before = excluded.not_before"),
            row_by_key: found("s.session_key = $1 FOR UPDATE OF s"),
            rows_of_subject: found("s.realm = $1 AND s.subject = $2 ORDER BY s.id FOR UPDATE OF s"),
            rows_expired: found(
                "s.expires_at <= $1 ORDER BY s.expires_at LIMIT $2 FOR UPDATE OF s SKIP LOCKED",
            ),
            rows_earlier: found(
                "s.id > $1 AND s.id <= $2 AND s.realm = $3 AND s.subject IS NOT NULL \
                 AND s.authenticated < (SELECT r.not_before FROM hallpass_realm r WHERE r.realm = s.realm) FOR UPDATE OF s SKIP LOCKED",
            ),
            rows_from: sql("SELECT id FROM hallpass_session WHERE id > $1 ORDER BY id LIMIT $2"),
            overwrite: sql(OVERWRITE),
            delete: sql("DELETE FROM hallpass_session WHERE id = ANY($1)"),
            note: sql(&format!(
                "WITH texts AS (SELECT unnest($1::text[]) AS events), noted AS (\
                 INSERT INTO hallpass_event (events, noted_at) SELECT events, COALESCE($3, {CLOCK}) FROM texts) \
                 SELECT pg_notify($2, events) FROM texts"
            )),
            beat: sql("SELECT pg_notify($1, 'B ' || $2 || ' ' || pg_snapshot_xmin(pg_current_snapshot()))"),
            replay: sql(
                "SELECT events FROM hallpass_event WHERE xid >= $1::text::xid8 ORDER BY xid, seq LIMIT $2",
            ),
            subjects_from: sql("SELECT id FROM hallpass_subject WHERE id > $1 ORDER BY id LIMIT $2"),
            tidy_subjects: sql("DELETE FROM hallpass_subject WHERE id = ANY (ARRAY (\
                 SELECT u.id FROM hallpass_subject u WHERE u.id > $1 AND u.id <= $2 \
                 AND (u.raised_at IS NULL OR u.raised_at < $3) AND NOT EXISTS (\
                 SELECT 1 FROM hallpass_session s WHERE s.realm = u.realm AND s.subject = u.subject) \
                 FOR UPDATE OF u SKIP LOCKED))"),
            tidy_events: sql("DELETE FROM hallpass_event WHERE noted_at < $1 AND seq = ANY (ARRAY (\
                 SELECT seq FROM hallpass_event ORDER BY seq LIMIT $2 FOR UPDATE SKIP LOCKED))"),
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
            ("end", &self.end),
            ("has_key", &self.has_key),
            ("lock_subject", &self.lock_subject),
            ("raise_epoch", &self.raise_epoch),
            ("row_by_key", &self.row_by_key),
            ("rows_of_subject", &self.rows_of_subject),
            ("rows_expired", &self.rows_expired),
            ("rows_earlier", &self.rows_earlier),
            ("rows_from", &self.rows_from),
            ("overwrite", &self.overwrite),
            ("delete", &self.delete),
            ("replay", &self.replay),
            ("subjects_from", &self.subjects_from),
            ("tidy_subjects", &self.tidy_subjects),
            ("tidy_events", &self.tidy_events),
        ]
    }
}

const INSERT: &str = "INSERT INTO hallpass_session (session_key, handle, realm, subject, revision, created, \
     last_seen, idle_until, absolute_until, authenticated, stamp, level, remembered, transport, user_agent, address, \
     format, checksum, data) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) \
     ON CONFLICT DO NOTHING";

const OVERWRITE: &str = "UPDATE hallpass_session SET session_key = $1, handle = $2, realm = $3, subject = $4, \
     revision = $5, created = $6, last_seen = $7, idle_until = $8, absolute_until = $9, authenticated = $10, \
     stamp = $11, level = $12, remembered = $13, transport = $14, user_agent = $15, address = $16, format = $17, \
     checksum = $18, data = $19 WHERE id = $20";

fn update() -> String {
    format!(
        "UPDATE hallpass_session AS s SET revision = $5, created = $6, last_seen = GREATEST(last_seen, $7), \
         idle_until = GREATEST(idle_until, $8), absolute_until = $9, authenticated = $10, stamp = $11, level = $12, \
         remembered = $13, transport = $14, user_agent = $15, address = $16, format = $17, checksum = $18, \
         data = $19 \
         WHERE session_key = $1 AND handle = $2 AND realm = $3 AND subject IS NOT DISTINCT FROM $4 \
         AND revision = $20 AND idle_until > $21 AND absolute_until > $21 AND {COUNTS}"
    )
}

/// Ends one row, notes it and tells of it in a single statement, in the words of [`crate::feed::wire`]. The row is locked
/// by the deletion itself: a renewal that comes first leaves nothing under the key. Its commit waits for the disk, whatever
/// the session's setting.
const END: &str = "WITH gone AS (\
     DELETE FROM hallpass_session s WHERE s.session_key = $1 AND ($2::bigint IS NULL OR s.revision = $2) \
     RETURNING s.handle, s.subject, CASE \
     WHEN $3 >= s.absolute_until THEN 'absolute_timeout' \
     WHEN $3 >= s.idle_until THEN 'idle_timeout' \
     WHEN EXISTS (SELECT 1 FROM hallpass_realm r WHERE r.realm = s.realm AND r.not_before > s.authenticated) \
     THEN 'ended_for_all' ELSE $4 END AS reason), \
     line AS (SELECT handle, subject, reason, 'E ' || encode($1, 'hex') || ' ' || encode(handle, 'hex') || ' ' \
     || reason || ' ' || COALESCE('=' || subject, '-') AS events FROM gone), \
     noted AS (INSERT INTO hallpass_event (events) SELECT events FROM line) \
     SELECT handle, subject, reason, set_config('synchronous_commit', 'on', true), pg_notify($5, events) FROM line";
