import json

import requests
from client import ENDPOINT, anonymous, fails, s3

c, nobody = s3(), anonymous()
c.create_bucket(Bucket="gate")
c.put_object(Bucket="gate", Key="k", Body=b"x")
c.put_object(Bucket="gate", Key="open", Body=b"y", ACL="public-read")
assert fails("AccessDenied", nobody.get_object, Bucket="gate", Key="k") == 403
assert nobody.get_object(Bucket="gate", Key="open")["Body"].read() == b"y"
assert fails("AccessDenied", nobody.list_objects_v2, Bucket="gate") == 403
assert fails("AccessDenied", nobody.get_object, Bucket="gate", Key="missing") == 403
assert fails("AccessDenied", nobody.put_object, Bucket="gate", Key="new", Body=b"") == 403
assert nobody.list_buckets().get("Buckets") in ([], None)
assert fails("InvalidAccessKeyId", s3(aws_access_key_id="AKIANOBODY", aws_secret_access_key="x").list_buckets) == 403
assert fails("SignatureDoesNotMatch", s3(aws_secret_access_key="wrong", aws_access_key_id=__import__("os").environ["AWS_ACCESS_KEY_ID"]).list_buckets) == 403

assert fails("NoSuchBucketPolicy", c.get_bucket_policy, Bucket="gate") == 404
policy = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::gate/*"},
    {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject", "Resource": "arn:aws:s3:::gate/k"},
]}
c.put_bucket_policy(Bucket="gate", Policy=json.dumps(policy))
assert json.loads(c.get_bucket_policy(Bucket="gate")["Policy"]) == policy
assert c.get_bucket_policy_status(Bucket="gate")["PolicyStatus"]["IsPublic"]
assert nobody.get_object(Bucket="gate", Key="k")["Body"].read() == b"x"
assert fails("AccessDenied", nobody.list_objects_v2, Bucket="gate") == 403
assert fails("AccessDenied", c.delete_object, Bucket="gate", Key="k") == 403
assert fails("MalformedPolicy", c.put_bucket_policy, Bucket="gate", Policy="{}") == 400
block = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True, "RestrictPublicBuckets": True}
c.put_public_access_block(Bucket="gate", PublicAccessBlockConfiguration=block)
assert c.get_public_access_block(Bucket="gate")["PublicAccessBlockConfiguration"] == block
for key in ("k", "open"):
    assert fails("AccessDenied", nobody.get_object, Bucket="gate", Key=key) == 403
assert fails("AccessDenied", c.put_bucket_policy, Bucket="gate", Policy=json.dumps(policy)) == 403
assert fails("AccessDenied", c.put_object_acl, Bucket="gate", Key="k", ACL="public-read") == 403
c.delete_public_access_block(Bucket="gate")
c.delete_bucket_policy(Bucket="gate")
assert [g["Permission"] for g in c.get_object_acl(Bucket="gate", Key="open")["Grants"]] == ["READ", "FULL_CONTROL"]

c.put_bucket_cors(Bucket="gate", CORSConfiguration={"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["https://*.example"], "AllowedHeaders": ["x-*"]}]})
ask = {"Origin": "https://a.example", "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "x-one"}
answer = requests.options(ENDPOINT + "/gate/open", headers=ask)
assert answer.status_code == 200 and answer.headers["Access-Control-Allow-Origin"] == "https://a.example"
assert requests.options(ENDPOINT + "/gate/open", headers=dict(ask, Origin="https://evil.test")).status_code == 403
assert requests.get(ENDPOINT + "/gate/open", headers={"Origin": "https://a.example"}).headers["Access-Control-Allow-Origin"] == "https://a.example"
assert "Access-Control-Allow-Origin" not in requests.get(ENDPOINT + "/gate/open", headers={"Origin": "https://evil.test"}).headers
print("ok")
