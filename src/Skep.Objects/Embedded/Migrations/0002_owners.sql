-- What all buckets of an owner may hold together; owners without a limit have no row.
CREATE TABLE owners (
  owner TEXT NOT NULL PRIMARY KEY,
  bytes_max INTEGER,
  objects_max INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX buckets_owner ON buckets (owner);
