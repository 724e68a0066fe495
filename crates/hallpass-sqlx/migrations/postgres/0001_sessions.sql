-- The tables of hallpass in PostgreSQL (13 or newer, encoding UTF8). Times are milliseconds since 1970-01-01 UTC.
-- Replace the prefix `hallpass_` everywhere if the store is given another one, and set `search_path` to the schema.

-- Which of these files have been applied.
CREATE TABLE hallpass_schema (
    version bigint NOT NULL PRIMARY KEY
);

-- Logins of a realm that were authenticated before this moment no longer count.
CREATE TABLE hallpass_realm (
    realm      text COLLATE "C" NOT NULL PRIMARY KEY,
    not_before bigint           NOT NULL
);

-- One row for each user with logins, or whose logins were all ended within a day.
CREATE TABLE hallpass_subject (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    realm     text COLLATE "C" NOT NULL,
    subject   text COLLATE "C" NOT NULL,
    epoch     bytea CHECK (length(epoch) = 16),
    raised_at bigint,
    UNIQUE (realm, subject)
);

CREATE TABLE hallpass_session (
    -- Stays when a renewal changes the key.
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- A hash of the token, which is kept nowhere.
    session_key    bytea            NOT NULL UNIQUE CHECK (length(session_key) = 34),
    handle         bytea            NOT NULL UNIQUE CHECK (length(handle) = 16),
    realm          text COLLATE "C" NOT NULL,
    -- NULL for a visitor, as are `authenticated` and `stamp`.
    subject        text COLLATE "C",
    revision       bigint           NOT NULL,
    created        bigint           NOT NULL,
    last_seen      bigint           NOT NULL,
    idle_until     bigint           NOT NULL,
    absolute_until bigint           NOT NULL,
    expires_at     bigint           NOT NULL GENERATED ALWAYS AS (LEAST(idle_until, absolute_until)) STORED,
    authenticated  bigint,
    stamp          bytea,
    -- 0: all factors have been shown. 1: one is still due.
    level          smallint         NOT NULL,
    remembered     smallint         NOT NULL,
    -- 0: cookie. 1: bearer token.
    transport      smallint         NOT NULL,
    user_agent     text,
    address        text,
    -- The version of the row, and a checksum over all but `last_seen` and `idle_until`.
    format         smallint         NOT NULL,
    data           bytea            NOT NULL,
    checksum       bytea            NOT NULL
);

CREATE INDEX hallpass_session_subject ON hallpass_session (realm, subject, id) WHERE subject IS NOT NULL;
CREATE INDEX hallpass_session_expires ON hallpass_session (expires_at);

-- What has ended, for the feed. Kept for ten minutes. A row is found by its transaction, not by its number: numbers
-- are given out in another order than transactions commit in.
CREATE TABLE hallpass_event (
    seq      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid      xid8   NOT NULL DEFAULT pg_current_xact_id(),
    noted_at bigint NOT NULL DEFAULT floor(extract(epoch FROM clock_timestamp()) * 1000),
    events   text   NOT NULL
);

CREATE INDEX hallpass_event_xid ON hallpass_event (xid, seq);

INSERT INTO hallpass_schema (version) VALUES (1);
