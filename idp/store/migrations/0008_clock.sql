-- The latest moment that any node has seen: a clock that is set back is found out by it.
CREATE TABLE clock_floor (
    id   BIGINT NOT NULL PRIMARY KEY,
    seen BIGINT NOT NULL
);
