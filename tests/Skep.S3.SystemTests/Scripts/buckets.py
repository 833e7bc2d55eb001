from client import fails, s3

c = s3()
for name in ("one", "two", "three"):
    c.create_bucket(Bucket="bucket-" + name)
c.create_bucket(Bucket="bucket-one")  # one's own again
assert [b["Name"] for b in c.list_buckets()["Buckets"]] == ["bucket-one", "bucket-three", "bucket-two"]
assert fails("InvalidBucketName", c.create_bucket, Bucket="under_score") == 400
assert fails("404", c.head_bucket, Bucket="missing") == 404
assert fails("NoSuchBucket", c.list_objects_v2, Bucket="missing") == 404
assert c.get_bucket_location(Bucket="bucket-one")["LocationConstraint"] is None
c.create_bucket(Bucket="bucket-eu", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
assert c.get_bucket_location(Bucket="bucket-eu")["LocationConstraint"] == "eu-west-1"

fails("NoSuchTagSet", c.get_bucket_tagging, Bucket="bucket-one")
c.put_bucket_tagging(Bucket="bucket-one", Tagging={"TagSet": [{"Key": "k", "Value": "v: w+1"}]})
assert c.get_bucket_tagging(Bucket="bucket-one")["TagSet"] == [{"Key": "k", "Value": "v: w+1"}]
c.delete_bucket_tagging(Bucket="bucket-one")
fails("NoSuchTagSet", c.get_bucket_tagging, Bucket="bucket-one")

rules = [{"AllowedMethods": ["GET"], "AllowedOrigins": ["https://a.example"], "MaxAgeSeconds": 30}]
c.put_bucket_cors(Bucket="bucket-one", CORSConfiguration={"CORSRules": rules})
assert c.get_bucket_cors(Bucket="bucket-one")["CORSRules"] == rules

c.put_bucket_lifecycle_configuration(
    Bucket="bucket-one",
    LifecycleConfiguration={"Rules": [{"Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 3}}]},
)
rule = c.get_bucket_lifecycle_configuration(Bucket="bucket-one")["Rules"][0]
assert rule["ID"] and rule["Expiration"]["Days"] == 3 and rule["Filter"]["Prefix"] == "tmp/"

assert fails("NotImplemented", c.get_bucket_replication, Bucket="bucket-one") == 501

c.put_object(Bucket="bucket-two", Key="k", Body=b"")
assert fails("BucketNotEmpty", c.delete_bucket, Bucket="bucket-two") == 409
c.delete_object(Bucket="bucket-two", Key="k")
c.create_multipart_upload(Bucket="bucket-two", Key="never completed")
c.delete_bucket(Bucket="bucket-two")
assert fails("NoSuchBucket", c.get_bucket_tagging, Bucket="bucket-two") == 404
print("ok")
