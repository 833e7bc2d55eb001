-- Every applied change, one row each: what watches resume from. Old rows are removed by compaction.
CREATE TABLE log (
  revision INTEGER PRIMARY KEY,
  type INTEGER NOT NULL CHECK (type BETWEEN 0 AND 2), -- 0 create, 1 update, 2 delete
  key TEXT NOT NULL, -- group/resource/namespace/name
  document BLOB NOT NULL -- UTF-8 JSON, or an encrypted record (first byte 1)
) STRICT;

-- The view: the newest document of every resource that exists. Written with the log, in the same transaction.
CREATE TABLE resources (
  key TEXT NOT NULL PRIMARY KEY,
  revision INTEGER NOT NULL,
  document BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- compacted_revision: the newest revision that compaction removed. secrets_key_id: which secrets.key belongs here.
CREATE TABLE facts (
  name TEXT NOT NULL PRIMARY KEY,
  value ANY NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO facts (name, value) VALUES ('compacted_revision', 0);
