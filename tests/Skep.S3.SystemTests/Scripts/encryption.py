"""Server-side encryption: SSE-S3, SSE-KMS with the account's own key, SSE-C."""
import base64
import hashlib
import json

import requests
from client import ENDPOINT, anonymous, fails, s3

MIB = 1024 * 1024
KMS = "arn:aws:kms:us-east-1:"
c = s3()
c.create_bucket(Bucket="vault")
c.create_bucket(Bucket="plain")
body = bytes(range(251)) * 1300


def customer(n, prefix=""):
    return {f"{prefix}SSECustomerAlgorithm": "AES256", f"{prefix}SSECustomerKey": bytes([n]) * 32}


def digest(n):
    return base64.b64encode(hashlib.md5(bytes([n]) * 32).digest()).decode()


def ranges(data, key, **how):
    for first, last in ((0, 0), (65_535, 65_536), (100_000, 262_143), (len(data) - 1, len(data) - 1)):
        if last < len(data):
            assert c.get_object(Bucket="vault", Key=key, Range=f"bytes={first}-{last}", **how)["Body"].read() == data[first:last + 1], (key, first)


etag = f'"{hashlib.md5(body).hexdigest()}"'
# SSE-S3: the ETag stays the MD5.
for data in (b"", b"x", body):
    put = c.put_object(Bucket="vault", Key="s3", Body=data, ServerSideEncryption="AES256", ContentMD5=base64.b64encode(hashlib.md5(data).digest()).decode())
    got = c.get_object(Bucket="vault", Key="s3")
    assert put["ServerSideEncryption"] == got["ServerSideEncryption"] == "AES256" and got["Body"].read() == data
    assert put["ETag"] == f'"{hashlib.md5(data).hexdigest()}"'
ranges(body, "s3")
assert fails("400", c.head_object, Bucket="vault", Key="s3", **customer(1)) == 400

# SSE-KMS: the key that every account has, named or not; the ETag says nothing, checksums are of the bytes that were sent.
put = c.put_object(Bucket="vault", Key="kms", Body=body, ServerSideEncryption="aws:kms", BucketKeyEnabled=True, ChecksumAlgorithm="SHA256", SSEKMSEncryptionContext=base64.b64encode(b'{"a":"b"}').decode())
assert put["ServerSideEncryption"] == "aws:kms" and put["SSEKMSKeyId"].startswith(KMS) and put["BucketKeyEnabled"] and put["ETag"] != etag
assert put["ChecksumSHA256"] == base64.b64encode(hashlib.sha256(body).digest()).decode() and put["SSEKMSEncryptionContext"]
head = c.head_object(Bucket="vault", Key="kms")
assert head["SSEKMSKeyId"] == put["SSEKMSKeyId"] and head["ETag"] == put["ETag"] and head["ContentLength"] == len(body)
assert c.get_object(Bucket="vault", Key="kms")["Body"].read() == body
ranges(body, "kms")
assert c.put_object(Bucket="vault", Key="kms2", Body=b"", ServerSideEncryption="aws:kms", SSEKMSKeyId="alias/aws/s3")["SSEKMSKeyId"] == put["SSEKMSKeyId"]
assert fails("KMS.NotFoundException", c.put_object, Bucket="vault", Key="bad", Body=b"", ServerSideEncryption="aws:kms", SSEKMSKeyId="missing") == 400

# SSE-C: without the key, with another one, or with one that does not belong there, there is nothing to see.
for data in (b"", b"x", body):
    put = c.put_object(Bucket="vault", Key="c", Body=data, **customer(1))
    assert put["SSECustomerKeyMD5"] == digest(1) and put["ETag"] != f'"{hashlib.md5(data).hexdigest()}"'
    assert c.get_object(Bucket="vault", Key="c", **customer(1))["Body"].read() == data
    assert c.head_object(Bucket="vault", Key="c", **customer(1))["SSECustomerAlgorithm"] == "AES256"
    for how in ({}, customer(2)):
        assert fails("InvalidRequest", c.get_object, Bucket="vault", Key="c", **how) == 400
        assert fails("400", c.head_object, Bucket="vault", Key="c", **how) == 400
    assert fails("InvalidRequest", c.get_object_attributes, Bucket="vault", Key="c", ObjectAttributes=["ObjectSize"]) == 400
ranges(body, "c", **customer(1))
assert fails("InvalidArgument", c.put_object, Bucket="vault", Key="bad", Body=b"", SSECustomerAlgorithm="AES256", SSECustomerKey=b"short") == 400
assert fails("InvalidArgument", c.put_object, Bucket="vault", Key="bad", Body=b"", ServerSideEncryption="AES256", **customer(1)) == 400
assert fails("404", c.head_object, Bucket="vault", Key="bad") == 404

# Copies are encrypted as they themselves say.
for source, opens in (("s3", {}), ("kms", {}), ("c", customer(1, "CopySource"))):
    for name, how, reads in (("none", {}, {}), ("s3", {"ServerSideEncryption": "AES256"}, {}), ("kms", {"ServerSideEncryption": "aws:kms"}, {}), ("c", customer(3), customer(3))):
        c.copy_object(Bucket="vault", Key="copy", CopySource=f"vault/{source}", **opens, **how)
        got = c.get_object(Bucket="vault", Key="copy", **reads)
        assert got["Body"].read() == body and got.get("ServerSideEncryption") == how.get("ServerSideEncryption"), (source, name)
assert fails("InvalidRequest", c.copy_object, Bucket="vault", Key="copy", CopySource="vault/c") == 400
c.copy_object(Bucket="vault", Key="s3", CopySource="vault/s3", ServerSideEncryption="aws:kms")  # to itself, encrypted anew
c.put_object(Bucket="vault", Key="opened", Body=body, **customer(7))
c.copy_object(Bucket="vault", Key="opened", CopySource="vault/opened", **customer(7, "CopySource"))  # to itself, without the customer's key
assert c.get_object(Bucket="vault", Key="opened")["Body"].read() == body
assert c.head_object(Bucket="vault", Key="s3")["ServerSideEncryption"] == "aws:kms"

# Parts.
first, second = body * 17, b"the end"
for how in ({"ServerSideEncryption": "AES256"}, {"ServerSideEncryption": "aws:kms"}, customer(4)):
    each = how if "SSECustomerKey" in how else {}
    upload = c.create_multipart_upload(Bucket="vault", Key="parts", **how)["UploadId"]
    if each:
        assert fails("InvalidRequest", c.upload_part, Bucket="vault", Key="parts", UploadId=upload, PartNumber=1, Body=b"x") == 400
        assert fails("InvalidRequest", c.upload_part, Bucket="vault", Key="parts", UploadId=upload, PartNumber=1, Body=b"x", **customer(5)) == 400
    tags = [
        c.upload_part(Bucket="vault", Key="parts", UploadId=upload, PartNumber=1, Body=first, **each)["ETag"],
        c.upload_part_copy(Bucket="vault", Key="parts", UploadId=upload, PartNumber=2, CopySource="vault/c", CopySourceRange="bytes=10-5242999", **customer(1, "CopySource"), **each)["CopyPartResult"]["ETag"] if len(body) > 5_243_000 else
        c.upload_part(Bucket="vault", Key="parts", UploadId=upload, PartNumber=2, Body=second, **each)["ETag"],
    ]
    done = c.complete_multipart_upload(Bucket="vault", Key="parts", UploadId=upload, MultipartUpload={"Parts": [{"PartNumber": n + 1, "ETag": t} for n, t in enumerate(tags)]})
    assert done["ETag"].endswith('-2"') and done.get("ServerSideEncryption") == how.get("ServerSideEncryption")
    assert c.get_object(Bucket="vault", Key="parts", **each)["Body"].read() == first + second
    assert c.get_object(Bucket="vault", Key="parts", PartNumber=2, **each)["Body"].read() == second
    ranges(first + second, "parts", **each)
    c.copy_object(Bucket="vault", Key="shared", CopySource="vault/parts", **(customer(4, "CopySource") if each else {}), **how)
    assert c.get_object(Bucket="vault", Key="shared", **each)["Body"].read() == first + second
upload = c.create_multipart_upload(Bucket="vault", Key="parts", ServerSideEncryption="AES256")["UploadId"]
tag = c.upload_part_copy(Bucket="vault", Key="parts", UploadId=upload, PartNumber=1, CopySource="vault/c", CopySourceRange="bytes=10-99", **customer(1, "CopySource"))["CopyPartResult"]["ETag"]
c.complete_multipart_upload(Bucket="vault", Key="parts", UploadId=upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": tag}]})
assert c.get_object(Bucket="vault", Key="parts")["Body"].read() == body[10:100]

# MinIO's clients say with parts and completion once more how the upload is encrypted; what says otherwise is refused.
said = {"x-amz-server-side-encryption": "AES256"}
saying = s3()
for operation in ("UploadPart", "UploadPartCopy", "CompleteMultipartUpload"):
    saying.meta.events.register(f"before-call.s3.{operation}", lambda params, **_: params["headers"].update(said))
upload = c.create_multipart_upload(Bucket="vault", Key="parts", ServerSideEncryption="AES256")["UploadId"]
tags = [
    saying.upload_part(Bucket="vault", Key="parts", UploadId=upload, PartNumber=1, Body=first)["ETag"],
    saying.upload_part_copy(Bucket="vault", Key="parts", UploadId=upload, PartNumber=2, CopySource="vault/opened")["CopyPartResult"]["ETag"],
]
named = {"Parts": [{"PartNumber": n + 1, "ETag": t} for n, t in enumerate(tags)]}
said["x-amz-server-side-encryption"] = "aws:kms"
assert fails("InvalidArgument", saying.upload_part, Bucket="vault", Key="parts", UploadId=upload, PartNumber=3, Body=first) == 400
assert fails("InvalidArgument", saying.complete_multipart_upload, Bucket="vault", Key="parts", UploadId=upload, MultipartUpload=named) == 400
said["x-amz-server-side-encryption"] = "AES256"
saying.complete_multipart_upload(Bucket="vault", Key="parts", UploadId=upload, MultipartUpload=named)
assert c.get_object(Bucket="vault", Key="parts")["Body"].read() == first + body

# What a bucket says counts where a request says nothing.
assert fails("ServerSideEncryptionConfigurationNotFoundError", c.get_bucket_encryption, Bucket="vault") == 404
rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/aws/s3"}, "BucketKeyEnabled": True}
c.put_bucket_encryption(Bucket="vault", ServerSideEncryptionConfiguration={"Rules": [rule]})
assert c.get_bucket_encryption(Bucket="vault")["ServerSideEncryptionConfiguration"]["Rules"] == [rule]
put = c.put_object(Bucket="vault", Key="default", Body=body)
assert put["ServerSideEncryption"] == "aws:kms" and put["BucketKeyEnabled"] and put["SSEKMSKeyId"].startswith(KMS)
assert c.put_object(Bucket="vault", Key="default", Body=body, ServerSideEncryption="AES256")["ServerSideEncryption"] == "AES256"
c.put_object(Bucket="plain", Key="k", Body=body)
assert c.copy_object(Bucket="vault", Key="default", CopySource="plain/k")["ServerSideEncryption"] == "aws:kms"
assert c.create_multipart_upload(Bucket="vault", Key="default")["ServerSideEncryption"] == "aws:kms"
form = c.generate_presigned_post("vault", "form")
assert requests.post(form["url"], data=form["fields"], files={"file": b"posted"}).headers["x-amz-server-side-encryption"] == "aws:kms"
assert c.get_object(Bucket="vault", Key="form")["Body"].read() == b"posted"
c.delete_bucket_encryption(Bucket="vault")
assert "ServerSideEncryption" not in c.put_object(Bucket="vault", Key="default", Body=body)

# Policies see the headers; who reads needs no header.
policy = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::vault/*", "Condition": {"Null": {"s3:x-amz-server-side-encryption": "true"}}},
    {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::vault/*"}]}
c.put_bucket_policy(Bucket="vault", Policy=json.dumps(policy))
assert fails("AccessDenied", c.put_object, Bucket="vault", Key="k", Body=body) == 403
c.put_object(Bucket="vault", Key="k", Body=body, ServerSideEncryption="aws:kms")
assert anonymous().get_object(Bucket="vault", Key="k")["Body"].read() == body
assert requests.get(f"{ENDPOINT}/vault/k", headers={"x-amz-server-side-encryption": "aws:kms"}).status_code == 400
print("ok")
