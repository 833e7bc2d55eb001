"""The presigned GetCallerIdentity that token schemes are built on: a GET, signed in its query, with an extra signed header."""
import os
import urllib.request

import boto3

session = boto3.Session()
client = session.client("sts", endpoint_url=os.environ["SKEP_ENDPOINT"])
client.meta.events.register("before-sign.sts.GetCallerIdentity", lambda request, **_: request.headers.add_header("x-k8s-aws-id", "cluster"))
url = client.generate_presigned_url("get_caller_identity", ExpiresIn=60, HttpMethod="GET")
answer = urllib.request.urlopen(urllib.request.Request(url, headers={"x-k8s-aws-id": "cluster"})).read().decode()
assert "<Account>123456789012</Account>" in answer, answer
try:
    urllib.request.urlopen(urllib.request.Request(url, headers={"x-k8s-aws-id": "other"}))
    raise AssertionError("another header was accepted")
except urllib.error.HTTPError as error:
    assert error.code == 403, error.code
print("ok")
