# A day lasts two seconds here.
import datetime

from client import fails, s3, until

c = s3()
c.create_bucket(Bucket="passing")
rules = [
    {"ID": "short lived", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 1}, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}},
    {"ID": "tagged", "Status": "Enabled", "Filter": {"And": {"Prefix": "", "Tags": [{"Key": "go", "Value": "now"}], "ObjectSizeGreaterThan": 3}}, "Expiration": {"Date": datetime.datetime(2020, 1, 1)}},
    {"ID": "off", "Status": "Disabled", "Filter": {}, "Expiration": {"Days": 1}},
]
c.put_bucket_lifecycle_configuration(Bucket="passing", LifecycleConfiguration={"Rules": rules})
put = c.put_object(Bucket="passing", Key="tmp/a", Body=b"x")
expires = datetime.datetime.now(datetime.timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0) + datetime.timedelta(days=2)
expected = f'expiry-date="{expires:%a, %d %b %Y} 00:00:00 GMT", rule-id="short%20lived"'
assert put["Expiration"] == expected, put["Expiration"]
upload = c.create_multipart_upload(Bucket="passing", Key="tmp/never")
assert upload["AbortRuleId"] == "short%20lived" and upload["AbortDate"] == expires, upload
assert c.list_parts(Bucket="passing", Key="tmp/never", UploadId=upload["UploadId"])["AbortDate"] == expires
c.put_object(Bucket="passing", Key="kept", Body=b"1234", Tagging="go=later")
c.put_object(Bucket="passing", Key="small", Body=b"123", Tagging="go=now")
c.put_object(Bucket="passing", Key="tagged", Body=b"1234", Tagging="go=now")
assert "Expiration" not in c.head_object(Bucket="passing", Key="kept")
until(lambda: [o["Key"] for o in c.list_objects_v2(Bucket="passing")["Contents"]] == ["kept", "small"])
until(lambda: "Uploads" not in c.list_multipart_uploads(Bucket="passing"))
assert fails("NoSuchUpload", c.list_parts, Bucket="passing", Key="tmp/never", UploadId=upload["UploadId"]) == 404

c.create_bucket(Bucket="layers")
c.put_bucket_versioning(Bucket="layers", VersioningConfiguration={"Status": "Enabled"})
for body in (b"1", b"2", b"3", b"4"):
    newest = c.put_object(Bucket="layers", Key="k", Body=body)["VersionId"]
c.put_bucket_lifecycle_configuration(Bucket="layers", LifecycleConfiguration={"Rules": [
    {"Status": "Enabled", "Filter": {}, "NoncurrentVersionExpiration": {"NoncurrentDays": 1, "NewerNoncurrentVersions": 1}}]})
until(lambda: len(c.list_object_versions(Bucket="layers")["Versions"]) == 2)
assert c.get_object(Bucket="layers", Key="k")["VersionId"] == newest
c.put_bucket_lifecycle_configuration(Bucket="layers", LifecycleConfiguration={"Rules": [
    {"Status": "Enabled", "Filter": {}, "Expiration": {"Days": 1}, "NoncurrentVersionExpiration": {"NoncurrentDays": 1}}]})
until(lambda: not {"Versions", "DeleteMarkers"} & c.list_object_versions(Bucket="layers").keys())
c.delete_bucket(Bucket="layers")
print("ok")
