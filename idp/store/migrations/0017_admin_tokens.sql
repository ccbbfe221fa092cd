-- Tokens of the admin API. What one may do stands in `sealed` alone, with the hash of its secret; the columns beside it are
-- for finding.
CREATE TABLE admin_tokens (
    id     TEXT   NOT NULL PRIMARY KEY,
    -- The keyed hash of the secret, which is kept nowhere.
    hash   TEXT   NOT NULL UNIQUE,
    sealed TEXT   NOT NULL,
    made   BIGINT NOT NULL,
    used   BIGINT
);
