import json
import threading

from client import fails, s3, skep, until

c = s3()
for name in ("first", "second"):
    c.create_bucket(Bucket=name)
c.put_object(Bucket="first", Key="a", Body=b"x" * 600)
skep("s3", "quota", "set", "--bucket", "first", "--size", "1000", "--objects", "3")
assert fails("QuotaExceeded", c.put_object, Bucket="first", Key="b", Body=b"x" * 401) == 403
c.put_object(Bucket="first", Key="a", Body=b"x" * 700)
c.put_object(Bucket="second", Key="b", Body=b"x" * 5000)

skep("s3", "quota", "set", "--size", "6000")
assert fails("QuotaExceeded", c.put_object, Bucket="second", Key="c", Body=b"x" * 301) == 403
assert fails("QuotaExceeded", c.copy_object, Bucket="second", Key="c", CopySource="first/a") == 403
upload = c.create_multipart_upload(Bucket="second", Key="u")["UploadId"]
assert fails("QuotaExceeded", c.upload_part, Bucket="second", Key="u", UploadId=upload, PartNumber=1, Body=b"x" * 301) == 403
c.abort_multipart_upload(Bucket="second", Key="u", UploadId=upload)
won = []


def write(number):
    try:
        s3().put_object(Bucket="second", Key=f"k{number}", Body=b"x" * 100)
        won.append(number)
    except c.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == "QuotaExceeded", error


writers = [threading.Thread(target=write, args=(n,)) for n in range(12)]
for writer in writers:
    writer.start()
for writer in writers:
    writer.join()
assert len(won) == 3, won


def shown(name):
    items = json.loads(skep("s3", "quota", "get", "-o", "json"))["items"]
    return next((q for q in items if q["metadata"]["name"] == name), None)


until(lambda: shown("account")["status"].get("bytes") == 6000)
assert shown("bucket.first")["status"]["objects"] == 1 and shown("bucket.first")["status"]["bytes"] == 700
assert "second" not in skep("s3", "quota", "get")
skep("s3", "quota", "remove")
skep("s3", "quota", "remove", "--bucket", "first")
until(lambda: shown("account") is None and shown("bucket.first") is None)
c.put_object(Bucket="first", Key="b", Body=b"x" * 10000)
print("ok")
