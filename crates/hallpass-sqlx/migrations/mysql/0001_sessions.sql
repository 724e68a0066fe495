-- The tables of hallpass in MySQL (8.0.16 or newer) and MariaDB (10.6 or newer). Times are milliseconds since
-- 1970-01-01 UTC. Text is kept as bytes, because collations take different users for one.
-- Replace the prefix `hallpass_` everywhere if the store is given another one. The file may be applied again.

-- Which of these files have been applied.
CREATE TABLE IF NOT EXISTS hallpass_schema (
    version BIGINT NOT NULL PRIMARY KEY
) ENGINE = InnoDB;

-- Logins of a realm that were authenticated before this moment no longer count.
CREATE TABLE IF NOT EXISTS hallpass_realm (
    realm      VARBINARY(64) NOT NULL PRIMARY KEY,
    not_before BIGINT
) ENGINE = InnoDB;

-- One row for each user with logins, or whose logins were all ended within a day.
CREATE TABLE IF NOT EXISTS hallpass_subject (
    realm     VARBINARY(64)  NOT NULL,
    subject   VARBINARY(255) NOT NULL,
    epoch     VARBINARY(16) CHECK (LENGTH(epoch) = 16),
    raised_at BIGINT,
    PRIMARY KEY (realm, subject)
) ENGINE = InnoDB;

CREATE TABLE IF NOT EXISTS hallpass_session (
    -- Stays when a renewal changes the key.
    id             BIGINT         NOT NULL AUTO_INCREMENT PRIMARY KEY,
    -- A hash of the token, which is kept nowhere.
    session_key    VARBINARY(34)  NOT NULL UNIQUE CHECK (LENGTH(session_key) = 34),
    handle         VARBINARY(16)  NOT NULL UNIQUE CHECK (LENGTH(handle) = 16),
    realm          VARBINARY(64)  NOT NULL,
    -- NULL for a visitor, as are `authenticated` and `stamp`.
    subject        VARBINARY(255),
    revision       BIGINT         NOT NULL,
    created        BIGINT         NOT NULL,
    last_seen      BIGINT         NOT NULL,
    idle_until     BIGINT         NOT NULL,
    absolute_until BIGINT         NOT NULL,
    expires_at     BIGINT GENERATED ALWAYS AS (LEAST(idle_until, absolute_until)) STORED,
    authenticated  BIGINT,
    stamp          VARBINARY(16),
    -- 0: all factors have been shown. 1: one is still due.
    level          SMALLINT       NOT NULL,
    remembered     SMALLINT       NOT NULL,
    -- 0: cookie. 1: bearer token.
    transport      SMALLINT       NOT NULL,
    user_agent     VARBINARY(256),
    address        VARBINARY(45),
    -- The version of the row, and a checksum over all but `last_seen` and `idle_until`.
    format         SMALLINT       NOT NULL,
    checksum       VARBINARY(8)   NOT NULL,
    data           LONGBLOB       NOT NULL,
    INDEX by_subject (realm, subject, id),
    INDEX by_expiry (expires_at)
) ENGINE = InnoDB;

-- What has ended, for the feed. Kept for ten minutes. Numbers are given out in another order than transactions commit in.
CREATE TABLE IF NOT EXISTS hallpass_event (
    seq      BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    noted_at BIGINT NOT NULL,
    events   BLOB   NOT NULL
) ENGINE = InnoDB;

INSERT IGNORE INTO hallpass_schema (version) VALUES (1);
