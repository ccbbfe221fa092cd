-- How far the life of a key is journalled. The dates decide the state; this says which changes are accounted for.
ALTER TABLE signing_keys ADD COLUMN journalled TEXT NOT NULL DEFAULT 'announced';
-- Where the private half lies: sealed in this table, or on a token, with the public half sealed here.
ALTER TABLE signing_keys ADD COLUMN holder TEXT NOT NULL DEFAULT 'vault';
