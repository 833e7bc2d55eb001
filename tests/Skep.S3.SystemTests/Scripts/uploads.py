import hashlib
import io

from boto3.s3.transfer import TransferConfig
from client import fails, s3

MIB = 1024 * 1024
c = s3()
c.create_bucket(Bucket="parts")
first, second = bytes(range(256)) * (5 * MIB // 256), b"the end"
upload = c.create_multipart_upload(Bucket="parts", Key="k", ContentType="text/x", Metadata={"m": "1"})["UploadId"]
tags = [c.upload_part(Bucket="parts", Key="k", UploadId=upload, PartNumber=n, Body=b)["ETag"] for n, b in ((2, second), (1, first))][::-1]
assert [p["PartNumber"] for p in c.list_parts(Bucket="parts", Key="k", UploadId=upload)["Parts"]] == [1, 2]
assert [u["UploadId"] for u in c.list_multipart_uploads(Bucket="parts")["Uploads"]] == [upload]
parts = [{"PartNumber": n + 1, "ETag": t} for n, t in enumerate(tags)]
assert fails("InvalidPartOrder", c.complete_multipart_upload, Bucket="parts", Key="k", UploadId=upload, MultipartUpload={"Parts": parts[::-1]}) == 400
assert fails("InvalidPart", c.complete_multipart_upload, Bucket="parts", Key="k", UploadId=upload, MultipartUpload={"Parts": [{"PartNumber": 3, "ETag": "x"}]}) == 400
assert fails("InvalidArgument", c.upload_part, Bucket="parts", Key="k", UploadId=upload, PartNumber=10001, Body=b"") == 400
done = c.complete_multipart_upload(Bucket="parts", Key="k", UploadId=upload, MultipartUpload={"Parts": parts})
assert done["ETag"] == '"%s-2"' % hashlib.md5(hashlib.md5(first).digest() + hashlib.md5(second).digest()).hexdigest()
got = c.get_object(Bucket="parts", Key="k")
assert got["Body"].read() == first + second and got["ContentType"] == "text/x" and got["Metadata"] == {"m": "1"}
part = c.get_object(Bucket="parts", Key="k", PartNumber=2)
assert part["Body"].read() == second and part["PartsCount"] == 2
assert fails("NoSuchUpload", c.list_parts, Bucket="parts", Key="k", UploadId=upload) == 404

upload = c.create_multipart_upload(Bucket="parts", Key="copy")["UploadId"]
tags = [
    c.upload_part_copy(Bucket="parts", Key="copy", UploadId=upload, PartNumber=1, CopySource="parts/k", CopySourceRange=f"bytes=0-{5 * MIB - 1}")["CopyPartResult"]["ETag"],
    c.upload_part_copy(Bucket="parts", Key="copy", UploadId=upload, PartNumber=2, CopySource="parts/k", CopySourceRange=f"bytes={5 * MIB}-{5 * MIB + 2}")["CopyPartResult"]["ETag"],
]
c.complete_multipart_upload(Bucket="parts", Key="copy", UploadId=upload, MultipartUpload={"Parts": [{"PartNumber": n + 1, "ETag": t} for n, t in enumerate(tags)]})
assert c.get_object(Bucket="parts", Key="copy")["Body"].read() == first + second[:3]

small = c.create_multipart_upload(Bucket="parts", Key="small")["UploadId"]
tags = [c.upload_part(Bucket="parts", Key="small", UploadId=small, PartNumber=n, Body=b"x")["ETag"] for n in (1, 2)]
assert fails("EntityTooSmall", c.complete_multipart_upload, Bucket="parts", Key="small", UploadId=small, MultipartUpload={"Parts": [{"PartNumber": n + 1, "ETag": t} for n, t in enumerate(tags)]}) == 400
c.abort_multipart_upload(Bucket="parts", Key="small", UploadId=small)
assert "Uploads" not in c.list_multipart_uploads(Bucket="parts")

upload = c.create_multipart_upload(Bucket="parts", Key="sums", ChecksumAlgorithm="SHA256")["UploadId"]
sent = c.upload_part(Bucket="parts", Key="sums", UploadId=upload, PartNumber=1, Body=b"abc", ChecksumAlgorithm="SHA256")
done = c.complete_multipart_upload(Bucket="parts", Key="sums", UploadId=upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": sent["ETag"], "ChecksumSHA256": sent["ChecksumSHA256"]}]})
assert done["ChecksumSHA256"].endswith("-1")

body = first + first + second
c.upload_fileobj(io.BytesIO(body), "parts", "managed", Config=TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB))
back = io.BytesIO()
c.download_fileobj("parts", "managed", back)
assert back.getvalue() == body
print("ok")
