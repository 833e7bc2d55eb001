-- store: this store's number, part of every version id. next_id: ids below it may have been given out.
CREATE TABLE facts (
  name TEXT NOT NULL PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE buckets (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  owner TEXT NOT NULL,
  created INTEGER NOT NULL, -- milliseconds since 1970, as all times here
  versioning INTEGER NOT NULL, -- 0 none, 1 enabled, 2 suspended
  bytes_max INTEGER,
  objects_max INTEGER,
  bytes INTEGER NOT NULL,
  objects INTEGER NOT NULL,
  upload_bytes INTEGER NOT NULL
) STRICT;

-- What a dialect keeps of a bucket: policy, CORS, lifecycle.
CREATE TABLE documents (
  bucket INTEGER NOT NULL,
  name TEXT NOT NULL,
  value BLOB NOT NULL,
  PRIMARY KEY (bucket, name)
) STRICT, WITHOUT ROWID;

-- Current versions that are no delete markers: what a plain list shows, one row a key. sequence grows with every write.
CREATE TABLE objects (
  bucket INTEGER NOT NULL,
  key BLOB NOT NULL,
  sequence INTEGER NOT NULL,
  is_null INTEGER NOT NULL, -- 1: its version id is "null"
  is_marker INTEGER NOT NULL CHECK (is_marker = 0),
  modified INTEGER NOT NULL,
  length INTEGER NOT NULL,
  etag TEXT NOT NULL,
  content INTEGER NOT NULL, -- 0: empty
  upload INTEGER NOT NULL, -- the upload that made it, or 0
  meta BLOB NOT NULL,
  PRIMARY KEY (bucket, key)
) STRICT, WITHOUT ROWID;

-- All other versions, and all delete markers. A key's current version is the one with the highest sequence of both tables.
CREATE TABLE versions (
  bucket INTEGER NOT NULL,
  key BLOB NOT NULL,
  sequence INTEGER NOT NULL,
  is_null INTEGER NOT NULL,
  is_marker INTEGER NOT NULL,
  modified INTEGER NOT NULL,
  length INTEGER NOT NULL,
  etag TEXT NOT NULL,
  content INTEGER NOT NULL,
  upload INTEGER NOT NULL,
  meta BLOB NOT NULL,
  PRIMARY KEY (bucket, key, sequence DESC)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX versions_null ON versions (bucket, key) WHERE is_null = 1;

-- Immutable bytes, shared by all that refer to them.
CREATE TABLE contents (
  id INTEGER PRIMARY KEY, -- also the data file's name
  refs INTEGER NOT NULL CHECK (refs > 0), -- rows of objects, versions, parts and pieces
  kind INTEGER NOT NULL, -- 0 data is here, 1 data file, 2 pieces
  length INTEGER NOT NULL, -- before encryption
  crc INTEGER NOT NULL, -- CRC-32C of data; 0 for other kinds
  seal BLOB, -- salt and seal of an encrypted content
  data BLOB
) STRICT;

-- What a content of kind 2 is made of, in order; leaf is of kind 0 or 1.
CREATE TABLE pieces (
  content INTEGER NOT NULL,
  position INTEGER NOT NULL,
  part INTEGER NOT NULL,
  leaf INTEGER NOT NULL,
  start INTEGER NOT NULL,
  length INTEGER NOT NULL,
  checksum BLOB, -- the part's, with its first piece
  PRIMARY KEY (content, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE uploads (
  bucket INTEGER NOT NULL,
  key BLOB NOT NULL,
  sequence INTEGER NOT NULL,
  created INTEGER NOT NULL,
  checksum INTEGER, -- algorithm
  checksum_type INTEGER NOT NULL,
  meta BLOB NOT NULL,
  PRIMARY KEY (bucket, key, sequence)
) STRICT, WITHOUT ROWID;

CREATE TABLE parts (
  upload INTEGER NOT NULL, -- the upload's sequence
  number INTEGER NOT NULL,
  content INTEGER NOT NULL,
  length INTEGER NOT NULL,
  md5 BLOB NOT NULL,
  modified INTEGER NOT NULL,
  checksum BLOB,
  PRIMARY KEY (upload, number)
) STRICT, WITHOUT ROWID;
