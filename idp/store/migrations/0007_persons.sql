-- Whose identity it is: a keyed hash, as `card` is. None on records of before, and once the record of a closed one is erased.
ALTER TABLE card_identities ADD COLUMN person TEXT;
-- One live identity for each person.
CREATE UNIQUE INDEX card_identities_live_person ON card_identities (person)
    WHERE state <> 'closed' AND person IS NOT NULL;
