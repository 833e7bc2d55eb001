import base64
import datetime
import hashlib

import boto3
import requests
from botocore.config import Config
from client import ENDPOINT, fails, s3

c = s3()
c.create_bucket(Bucket="things")
body = bytes(range(256)) * 1000

odd = ["/leading", "a//b", "../up", "a/./b/..", "100%", "%41", "a+b c", "ü/日本/😀", "q?x=1&y#z", "back\\slash", '"quoted"<>', "trailing/", "=", "k" * 1024]
for key in odd:
    c.put_object(Bucket="things", Key=key, Body=key.encode(), Metadata={"length": str(len(key))})
for key in odd:
    answer = c.get_object(Bucket="things", Key=key)
    assert answer["Body"].read() == key.encode(), key
    assert answer["Metadata"] == {"length": str(len(key))}, key
listed = [o["Key"] for p in c.get_paginator("list_objects_v2").paginate(Bucket="things", PaginationConfig={"PageSize": 3}) for o in p["Contents"]]
assert listed == sorted(odd, key=lambda k: k.encode()), listed
assert [o["Key"] for p in c.get_paginator("list_objects").paginate(Bucket="things", PaginationConfig={"PageSize": 4}) for o in p["Contents"]] == listed
assert fails("KeyTooLongError", c.put_object, Bucket="things", Key="k" * 1025, Body=b"") == 400
gone = c.delete_objects(Bucket="things", Delete={"Objects": [{"Key": k} for k in odd] + [{"Key": "was never there"}]})
assert len(gone["Deleted"]) == len(odd) + 1 and "Errors" not in gone

once = boto3.client("s3", endpoint_url=ENDPOINT, config=Config(retries={"total_max_attempts": 1}))
for _ in range(3):  # an empty body with Expect: 100-continue must not spoil the connection: the next answer would not be seen
    once.put_object(Bucket="things", Key="empty", Body=b"")
    once.put_object(Bucket="things", Key="not empty", Body=b"1")
c.delete_objects(Bucket="things", Delete={"Objects": [{"Key": "empty"}, {"Key": "not empty"}]})

put = c.put_object(Bucket="things", Key="a/b", Body=body, ContentType="text/x", CacheControl="no-cache", Metadata={"A": "b"}, Tagging="t=1&u=2%203")
etag = hashlib.md5(body).hexdigest()
assert put["ETag"] == f'"{etag}"'
head = c.head_object(Bucket="things", Key="a/b")
assert head["ContentLength"] == len(body) and head["ContentType"] == "text/x" and head["CacheControl"] == "no-cache" and head["Metadata"] == {"a": "b"}
part = c.get_object(Bucket="things", Key="a/b", Range="bytes=10-19")
assert part["ResponseMetadata"]["HTTPStatusCode"] == 206 and part["Body"].read() == body[10:20] and part["ContentRange"] == f"bytes 10-19/{len(body)}"
assert c.get_object(Bucket="things", Key="a/b", Range="bytes=-5")["Body"].read() == body[-5:]
assert fails("InvalidRange", c.get_object, Bucket="things", Key="a/b", Range=f"bytes={len(body)}-") == 416
assert fails("304", c.get_object, Bucket="things", Key="a/b", IfNoneMatch=put["ETag"]) == 304
assert fails("PreconditionFailed", c.get_object, Bucket="things", Key="a/b", IfMatch='"no"') == 412
assert fails("304", c.head_object, Bucket="things", Key="a/b", IfModifiedSince=datetime.datetime(2100, 1, 1)) == 304
assert c.get_object(Bucket="things", Key="a/b", ResponseContentType="x/y")["ContentType"] == "x/y"
assert fails("NoSuchKey", c.get_object, Bucket="things", Key="a") == 404
assert c.get_object_tagging(Bucket="things", Key="a/b")["TagSet"] == [{"Key": "t", "Value": "1"}, {"Key": "u", "Value": "2 3"}]
assert fails("BadDigest", c.put_object, Bucket="things", Key="bad", Body=b"x", ContentMD5=base64.b64encode(hashlib.md5(b"y").digest()).decode()) == 400
assert fails("InvalidDigest", c.put_object, Bucket="things", Key="bad", Body=b"x", ContentMD5="bm8=") == 400
assert fails("MetadataTooLarge", c.put_object, Bucket="things", Key="bad", Body=b"x", Metadata={"m": "x" * 2048}) == 400
assert fails("404", c.head_object, Bucket="things", Key="bad") == 404

sums = c.put_object(Bucket="things", Key="sums", Body=body, ChecksumAlgorithm="SHA256")
assert sums["ChecksumSHA256"] == base64.b64encode(hashlib.sha256(body).digest()).decode()
assert c.get_object_attributes(Bucket="things", Key="sums", ObjectAttributes=["ETag", "Checksum", "ObjectSize"])["Checksum"]["ChecksumSHA256"] == sums["ChecksumSHA256"]
assert fails("BadDigest", c.put_object, Bucket="things", Key="bad", Body=b"x", ChecksumSHA256=sums["ChecksumSHA256"]) == 400

c.copy_object(Bucket="things", Key="copy", CopySource={"Bucket": "things", "Key": "a/b"})
assert c.head_object(Bucket="things", Key="copy")["Metadata"] == {"a": "b"}
c.copy_object(Bucket="things", Key="copy", CopySource="things/copy", MetadataDirective="REPLACE", Metadata={"n": "1"})
assert c.head_object(Bucket="things", Key="copy")["Metadata"] == {"n": "1"}
assert fails("InvalidRequest", c.copy_object, Bucket="things", Key="copy", CopySource="things/copy") == 400
assert fails("PreconditionFailed", c.copy_object, Bucket="things", Key="c2", CopySource="things/copy", CopySourceIfNoneMatch=put["ETag"]) == 412
assert fails("NoSuchKey", c.copy_object, Bucket="things", Key="c2", CopySource="things/missing") == 404

page = c.list_objects_v2(Bucket="things", Delimiter="/")
assert [p["Prefix"] for p in page["CommonPrefixes"]] == ["a/"] and page["KeyCount"] == 3

url = c.generate_presigned_url("get_object", Params={"Bucket": "things", "Key": "a/b"}, ExpiresIn=60)
assert requests.get(url).content == body
assert requests.get(url.replace("a/b", "copy")).status_code == 403
form = c.generate_presigned_post("things", "form/${filename}", Conditions=[["content-length-range", 1, 10]])
assert requests.post(form["url"], data=form["fields"], files={"file": ("f.txt", b"12345")}).status_code == 204
assert c.get_object(Bucket="things", Key="form/f.txt")["Body"].read() == b"12345"
assert "EntityTooLarge" in requests.post(form["url"], data=form["fields"], files={"file": ("g.txt", b"12345678901")}).text
assert requests.post(form["url"], data=dict(form["fields"], extra="1"), files={"file": ("h.txt", b"1")}).status_code == 403
assert requests.get(ENDPOINT + "/things/a/b").status_code == 403
assert requests.put(ENDPOINT + "/things?delete", data='<!DOCTYPE x [<!ENTITY e "e">]><x>&e;</x>').status_code == 405
print("ok")
