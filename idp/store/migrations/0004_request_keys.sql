-- Keys that relying parties encrypt request objects to: one of each algorithm, made once, sealed like the signing keys.
CREATE TABLE request_keys (
    algorithm TEXT   NOT NULL PRIMARY KEY,
    kid       TEXT   NOT NULL,
    made      BIGINT NOT NULL,
    sealed    TEXT   NOT NULL
);
