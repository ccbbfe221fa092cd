-- The count of `changes` at which a client, or what it was granted, changed last: nodes read what is new to them alone.
ALTER TABLE clients ADD COLUMN changed BIGINT NOT NULL DEFAULT 0;
CREATE INDEX clients_by_change ON clients (changed);
