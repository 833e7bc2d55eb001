import datetime

from client import fails, s3

c = s3()
c.create_bucket(Bucket="kept")
assert "Status" not in c.get_bucket_versioning(Bucket="kept")
c.put_object(Bucket="kept", Key="k", Body=b"before")
c.put_bucket_versioning(Bucket="kept", VersioningConfiguration={"Status": "Enabled"})
one = c.put_object(Bucket="kept", Key="k", Body=b"one")["VersionId"]
two = c.put_object(Bucket="kept", Key="k", Body=b"two")["VersionId"]
assert c.get_object(Bucket="kept", Key="k", VersionId=one)["Body"].read() == b"one"
assert c.get_object(Bucket="kept", Key="k", VersionId="null")["Body"].read() == b"before"
marker = c.delete_object(Bucket="kept", Key="k")
assert marker["DeleteMarker"] and fails("NoSuchKey", c.get_object, Bucket="kept", Key="k") == 404
assert fails("MethodNotAllowed", c.get_object, Bucket="kept", Key="k", VersionId=marker["VersionId"]) == 405
listed = c.list_object_versions(Bucket="kept")
assert [v["VersionId"] for v in listed["Versions"]] == [two, one, "null"] and listed["DeleteMarkers"][0]["IsLatest"]
pages = list(c.get_paginator("list_object_versions").paginate(Bucket="kept", PaginationConfig={"PageSize": 1}))
assert [v["VersionId"] for p in pages for v in p.get("Versions", [])] == [two, one, "null"]
c.delete_object(Bucket="kept", Key="k", VersionId=marker["VersionId"])
assert c.get_object(Bucket="kept", Key="k")["Body"].read() == b"two"
gone = c.delete_objects(Bucket="kept", Delete={"Objects": [{"Key": "k", "VersionId": v} for v in (one, two, "null")]})
assert len(gone["Deleted"]) == 3
c.delete_bucket(Bucket="kept")

c.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
assert c.get_bucket_versioning(Bucket="locked")["Status"] == "Enabled"
until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)
version = c.put_object(Bucket="locked", Key="k", Body=b"x", ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=until)["VersionId"]
assert c.get_object_retention(Bucket="locked", Key="k")["Retention"]["Mode"] == "GOVERNANCE"
assert fails("AccessDenied", c.delete_object, Bucket="locked", Key="k", VersionId=version) == 403
c.put_object_legal_hold(Bucket="locked", Key="k", LegalHold={"Status": "ON"})
assert fails("AccessDenied", c.delete_object, Bucket="locked", Key="k", VersionId=version, BypassGovernanceRetention=True) == 403
c.put_object_legal_hold(Bucket="locked", Key="k", LegalHold={"Status": "OFF"})
c.delete_object(Bucket="locked", Key="k", VersionId=version, BypassGovernanceRetention=True)
assert fails("InvalidBucketState", c.put_bucket_versioning, Bucket="locked", VersioningConfiguration={"Status": "Suspended"}) == 409
c.delete_bucket(Bucket="locked")
print("ok")
