"""What boto3 signs unless it is told otherwise: URLs and forms with Signature Version 2; and whole requests with it."""
import json
import os

import boto3
import requests
from botocore.config import Config
from client import ENDPOINT, fails, s3

c = s3()
c.create_bucket(Bucket="signed")
c.put_object(Bucket="signed", Key="a b+c/ü", Body=b"content")
old = boto3.client("s3", endpoint_url=ENDPOINT, region_name="us-east-1", config=Config(signature_version="s3", s3={"addressing_style": "path"}))


def url_of(operation, seconds=60, client=old, **parameters):
    return client.generate_presigned_url(operation, Params=dict(parameters, Bucket="signed"), ExpiresIn=seconds)


# By default on S3's port and on that of all services, where nothing but the signature says which is meant; and by request.
requests = requests.Session()
requests.trust_env, requests.verify = False, os.environ["AWS_CA_BUNDLE"]
for client in (old, *[boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1") for endpoint in (ENDPOINT, os.environ["SKEP_API"])]):
    url = url_of("get_object", client=client, Key="a b+c/ü")
    assert "AWSAccessKeyId" in url, url
    assert requests.get(url).content == b"content"
    assert requests.get(url, headers={"Range": "bytes=0-2"}).content == b"con"
    form = client.generate_presigned_post("signed", "form")
    assert "AWSAccessKeyId" in form["fields"]
    assert requests.post(form["url"], data=form["fields"], files={"file": b"x"}).status_code == 204

assert requests.get(url_of("get_object", Key="a b+c/ü", ResponseContentType="x/y; z=1")).headers["Content-Type"] == "x/y; z=1"
url = url_of("put_object", Key="put", ContentType="text/x", Metadata={"color": "red"}, ACL="public-read")
assert requests.put(url, data=b"new").status_code == 403  # the content type was signed
assert requests.put(url, data=b"new", headers={"Content-Type": "text/x"}).status_code == 200
head = c.head_object(Bucket="signed", Key="put")
assert head["ContentType"] == "text/x" and head["Metadata"] == {"color": "red"}, head
assert requests.get(ENDPOINT + "/signed/put").content == b"new"  # and so was its list

url = url_of("get_object", Key="put")
c.put_object_acl(Bucket="signed", Key="put", ACL="private")
for changed in (url.replace("/put", "/a%20b%2Bc/%C3%BC"), url.replace("Expires=", "Expires=9"), url + "&versionId=null", url + "&x-amz-acl=private"):
    assert "SignatureDoesNotMatch" in requests.get(changed).text, changed
assert requests.delete(url).status_code == 403
assert "SignatureDoesNotMatch" in requests.get(url + "&retention").text
assert "not signed: attributes" in requests.get(url + "&attributes").text
assert "Request has expired" in requests.get(url_of("get_object", seconds=-1, Key="put")).text

# Whole requests; boto3 does not get those right any more whose operation is a parameter (S3cmdTests has them).
assert [o["Key"] for o in old.list_objects(Bucket="signed", Prefix="a")["Contents"]] == ["a b+c/ü"]
old.put_object(Bucket="signed", Key="whole", Body=b"1" * 100_000, Metadata={"A": "  b  "})
assert old.get_object(Bucket="signed", Key="whole")["Body"].read() == b"1" * 100_000
wrong = boto3.client("s3", endpoint_url=ENDPOINT, region_name="us-east-1", aws_access_key_id=os.environ["AWS_ACCESS_KEY_ID"], aws_secret_access_key="x", config=Config(signature_version="s3"))
assert fails("SignatureDoesNotMatch", wrong.list_buckets) == 403

# Who does not want it says so in a policy, as for S3.
allow = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::signed/*"}


def deny(condition):
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::signed/*", "Condition": condition}
    c.put_bucket_policy(Bucket="signed", Policy=json.dumps({"Version": "2012-10-17", "Statement": [allow, statement]}))


url, new = url_of("get_object", Key="put"), url_of("get_object", client=c, Key="put")
deny({"StringEquals": {"s3:signatureversion": "AWS"}})
assert [requests.get(u).status_code for u in (url, new)] == [403, 200]
deny({"StringEquals": {"s3:authType": "REST-QUERY-STRING"}})
assert [requests.get(u).status_code for u in (url, new)] == [403, 403]
assert c.get_object(Bucket="signed", Key="put")["Body"].read() == b"new"
deny({"NumericGreaterThan": {"s3:signatureAge": "600000"}})
assert requests.get(new).status_code == 200
deny({"NumericGreaterThan": {"s3:signatureAge": "1"}})
assert requests.get(new).status_code == 403
print("ok")
