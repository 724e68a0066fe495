-- The tables of hallpass in SQLite (3.37 or newer). Times are milliseconds since 1970-01-01 UTC.
-- Replace the prefix `hallpass_` everywhere if the store is given another one.

-- Which of these files have been applied.
CREATE TABLE hallpass_schema (
    version INTEGER NOT NULL PRIMARY KEY
) STRICT;

-- Logins of a realm that were authenticated before this moment no longer count.
CREATE TABLE hallpass_realm (
    realm      TEXT    NOT NULL PRIMARY KEY,
    not_before INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One row for each user with logins, or whose logins were all ended within a day.
CREATE TABLE hallpass_subject (
    id        INTEGER NOT NULL PRIMARY KEY,
    realm     TEXT    NOT NULL,
    subject   TEXT    NOT NULL,
    epoch     BLOB    CHECK (length(epoch) = 16),
    raised_at INTEGER,
    UNIQUE (realm, subject)
) STRICT;

CREATE TABLE hallpass_session (
    -- Stays when a renewal changes the key.
    id             INTEGER NOT NULL PRIMARY KEY,
    -- A hash of the token, which is kept nowhere.
    session_key    BLOB    NOT NULL UNIQUE CHECK (length(session_key) = 34),
    handle         BLOB    NOT NULL UNIQUE CHECK (length(handle) = 16),
    realm          TEXT    NOT NULL,
    -- NULL for a visitor, as are `authenticated` and `stamp`.
    subject        TEXT,
    revision       INTEGER NOT NULL,
    created        INTEGER NOT NULL,
    last_seen      INTEGER NOT NULL,
    idle_until     INTEGER NOT NULL,
    absolute_until INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL GENERATED ALWAYS AS (min(idle_until, absolute_until)) STORED,
    authenticated  INTEGER,
    stamp          BLOB,
    -- 0: all factors have been shown. 1: one is still due.
    level          INTEGER NOT NULL,
    remembered     INTEGER NOT NULL,
    -- 0: cookie. 1: bearer token.
    transport      INTEGER NOT NULL,
    user_agent     TEXT,
    address        TEXT,
    -- The version of the row, and a checksum over all but `last_seen` and `idle_until`.
    format         INTEGER NOT NULL,
    data           BLOB    NOT NULL,
    checksum       BLOB    NOT NULL
) STRICT;

CREATE INDEX hallpass_session_subject ON hallpass_session (realm, subject, id) WHERE subject IS NOT NULL;
CREATE INDEX hallpass_session_expires ON hallpass_session (expires_at);

-- What has ended, for the feed. Kept for ten minutes. Numbers are never used again.
CREATE TABLE hallpass_event (
    seq      INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    noted_at INTEGER NOT NULL,
    events   TEXT    NOT NULL
) STRICT;

INSERT INTO hallpass_schema (version) VALUES (1);
