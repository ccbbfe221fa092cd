-- The relying parties that have to hear of the end of a session. A table of its own beside `outbox`, so that a node of
-- the version before, which may run on for a while, never takes a logout for a mail.
CREATE TABLE logouts (
    id TEXT PRIMARY KEY,
    sealed TEXT NOT NULL,
    due BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    created BIGINT NOT NULL
);
CREATE INDEX logouts_by_due ON logouts (due);
