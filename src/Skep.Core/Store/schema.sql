-- Generated from Migrations/: run the tests with SKEP_UPDATE_SCHEMA=1 after adding one. Version 1.

CREATE TABLE facts (
  name TEXT NOT NULL PRIMARY KEY,
  value ANY NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE log (
  revision INTEGER PRIMARY KEY,
  type INTEGER NOT NULL CHECK (type BETWEEN 0 AND 2), -- 0 create, 1 update, 2 delete
  key TEXT NOT NULL, -- group/resource/namespace/name
  document BLOB NOT NULL -- UTF-8 JSON, or an encrypted record (first byte 1)
) STRICT;

CREATE TABLE resources (
  key TEXT NOT NULL PRIMARY KEY,
  revision INTEGER NOT NULL,
  document BLOB NOT NULL
) STRICT, WITHOUT ROWID;
