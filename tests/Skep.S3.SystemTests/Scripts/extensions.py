"""What Ceph Object Gateway has beside S3, and where S3 leaves room."""
import json

import boto3
import requests
from client import ENDPOINT, fails, s3

sts = boto3.client("sts", endpoint_url=__import__("os").environ["SKEP_API"])
ACCOUNT, NAME = sts.get_caller_identity()["Account"], "default"


def sends(client, operation, headers=(), query=""):
    """Adds headers and parameters that the client has no names for; for one operation's requests from now on."""
    def add(params, **_):
        params["headers"].update(dict(headers))
        params["url"] += query
    client.meta.events.register(f"before-call.s3.{operation}", add)
    return client


c = s3()
c.create_bucket(Bucket="more")
for key in ("a", "b/c", "b/d"):
    c.put_object(Bucket="more", Key=key, Body=b"xyz")

stats = sends(s3(), "HeadBucket", query="?read-stats=true").head_bucket(Bucket="more")["ResponseMetadata"]["HTTPHeaders"]
assert (stats["x-rgw-object-count"], stats["x-rgw-bytes-used"], stats["x-rgw-quota-bucket-size"]) == ("3", "9", "-1"), stats
assert "x-rgw-object-count" not in c.head_bucket(Bucket="more")["ResponseMetadata"]["HTTPHeaders"]

for operation, method in (("ListObjects", "list_objects"), ("ListObjectsV2", "list_objects_v2")):
    unordered = sends(s3(), operation, query="&allow-unordered=true")
    assert sorted(o["Key"] for o in getattr(unordered, method)(Bucket="more")["Contents"]) == ["a", "b/c", "b/d"]
    assert fails("InvalidArgument", getattr(unordered, method), Bucket="more", Delimiter="/") == 400

assert requests.get(ENDPOINT).status_code == 200 and "<Name>" not in requests.get(ENDPOINT).text

# An account's name before its bucket's, and in a policy where the digits are.
tenant = s3()
tenant.meta.events.unregister("before-parameter-build.s3", __import__("botocore.handlers").handlers.validate_bucket_name)
for bucket in (f"{NAME}:more", ":more"):
    assert len(tenant.list_objects_v2(Bucket=bucket)["Contents"]) == 3
assert fails("NoSuchBucket", tenant.list_objects_v2, Bucket="elsewhere:more") == 404
assert fails("InvalidBucketName", tenant.create_bucket, Bucket=f"{NAME}:new") == 400
for who, gives in ((NAME, True), ("elsewhere", False)):
    policy = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Principal": {"AWS": f"arn:aws:iam::{who}:user/admin"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::more/a"}]}
    c.put_bucket_policy(Bucket="more", Policy=json.dumps(policy))
    assert not c.get_bucket_policy_status(Bucket="more")["PolicyStatus"]["IsPublic"]
    if gives:
        assert fails("AccessDenied", c.get_object, Bucket="more", Key="a") == 403
    else:
        assert c.get_object(Bucket="more", Key="a")["Body"].read() == b"xyz"
c.delete_bucket_policy(Bucket="more")

# Metadata beyond ASCII comes back in RFC 2047's words, whichever way it came.
for sent in ("Gr\u00fc\u00dfe", "=?UTF-8?Q?Gr=C3=BC=C3=9Fe?="):
    sends(s3(), "PutObject", {"x-amz-meta-greeting": sent}).put_object(Bucket="more", Key="m", Body=b"")
    got = c.head_object(Bucket="more", Key="m")["Metadata"]["greeting"]
    assert got == "=?UTF-8?B?R3LDvMOfZQ==?=", got

# Whatever is there (*) may go where a delete marker is already; an ETag does not match it.
c.put_bucket_versioning(Bucket="more", VersioningConfiguration={"Status": "Enabled"})
c.put_object(Bucket="more", Key="v", Body=b"1")
assert c.delete_object(Bucket="more", Key="v")["DeleteMarker"]
markers = len(c.list_object_versions(Bucket="more", Prefix="v")["DeleteMarkers"])
sends(s3(), "DeleteObject", {"If-Match": "*"}).delete_object(Bucket="more", Key="v")
assert len(c.list_object_versions(Bucket="more", Prefix="v")["DeleteMarkers"]) == markers
assert fails("PreconditionFailed", sends(s3(), "DeleteObject", {"If-Match": "etag"}).delete_object, Bucket="more", Key="v") == 412
print("ok")
