-- Since when it is proved that the people of an organisation belong to it; what counts stands in `sealed`. Rows of before have
-- none until somebody looks.
ALTER TABLE organisations ADD COLUMN proved BIGINT;
CREATE INDEX organisations_unproved ON organisations (proved, created);
