# A webhook in this process takes what the daemon posts. A day of lifecycle rules lasts a second.
import hashlib
import hmac
import http.server
import json
import queue
import tempfile
import threading

from client import fails, s3, skep, until

got = queue.Queue()
refusals = [500]


class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = refusals.pop() if refusals else 204
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()
        if status == 204:
            got.put((self.headers, body))

    def log_message(self, *_):
        pass


hook = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
threading.Thread(target=hook.serve_forever, daemon=True).start()
secret = "a secret of some length"
with tempfile.NamedTemporaryFile("w") as file:
    file.write(secret + "\n")
    file.flush()
    skep("s3", "topic", "add", "news", "--url", f"http://127.0.0.1:{hook.server_port}/hook", "--secret-file", file.name)
skep("s3", "topic", "add", "stream")


def record():
    headers, body = got.get(timeout=120)
    seconds, signature = (part.split("=")[1] for part in headers["X-Skep-Signature"].split(","))
    assert signature == hmac.new(secret.encode(), seconds.encode() + b"." + body, hashlib.sha256).hexdigest()
    return json.loads(body)


def arn(service, name):
    return f"arn:aws:{service}:us-east-1:123456789012:{name}"


c = s3()
c.create_bucket(Bucket="watched")
assert c.get_bucket_notification_configuration(Bucket="watched").keys() == {"ResponseMetadata"}
missing = {"TopicConfigurations": [{"TopicArn": arn("sns", "missing"), "Events": ["s3:ObjectCreated:*"]}]}
assert fails("InvalidArgument", c.put_bucket_notification_configuration, Bucket="watched", NotificationConfiguration=missing) == 400
c.put_bucket_notification_configuration(Bucket="watched", NotificationConfiguration={
    "TopicConfigurations": [{"Id": "pictures", "TopicArn": arn("sns", "news"), "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:LifecycleExpiration:*"],
                             "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "in/"}, {"Name": "suffix", "Value": ".jpg"}]}}}],
    "LambdaFunctionConfigurations": [{"LambdaFunctionArn": arn("lambda", "function:stream"), "Events": ["s3:ObjectTagging:*"]}]})
kept = c.get_bucket_notification_configuration(Bucket="watched")
assert kept["TopicConfigurations"][0]["Id"] == "pictures" and kept["LambdaFunctionConfigurations"][0]["Id"]
assert record()["Event"] == "s3:TestEvent"  # the webhook refused it once

c.put_object(Bucket="watched", Key="elsewhere.jpg", Body=b"")
etag = c.put_object(Bucket="watched", Key="in/a b.jpg", Body=b"1234")["ETag"]
first = record()["Records"][0]
assert first["eventName"] == "ObjectCreated:Put" and first["eventSource"] == "aws:s3" and first["s3"]["configurationId"] == "pictures", first
assert first["s3"]["bucket"]["name"] == "watched" and first["requestParameters"]["sourceIPAddress"] == "127.0.0.1"
told = first["s3"]["object"]
assert told["key"] == "in/a+b.jpg" and told["size"] == 4 and f'"{told["eTag"]}"' == etag
c.copy_object(Bucket="watched", Key="in/copy.jpg", CopySource="watched/in/a b.jpg")
upload = c.create_multipart_upload(Bucket="watched", Key="in/parts.jpg")["UploadId"]
part = c.upload_part(Bucket="watched", Key="in/parts.jpg", UploadId=upload, PartNumber=1, Body=b"p")
c.complete_multipart_upload(Bucket="watched", Key="in/parts.jpg", UploadId=upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
c.delete_objects(Bucket="watched", Delete={"Objects": [{"Key": "in/parts.jpg"}, {"Key": "in/never.jpg"}]})
c.delete_object(Bucket="watched", Key="in/a b.jpg")
names = [record()["Records"][0] for _ in range(4)]
assert [n["eventName"] for n in names] == ["ObjectCreated:Copy", "ObjectCreated:CompleteMultipartUpload", "ObjectRemoved:Delete", "ObjectRemoved:Delete"], names
assert names[3]["s3"]["object"]["sequencer"] > told["sequencer"] and "size" not in names[3]["s3"]["object"]

c.put_bucket_versioning(Bucket="watched", VersioningConfiguration={"Status": "Enabled"})
c.put_bucket_lifecycle_configuration(Bucket="watched", LifecycleConfiguration={"Rules": [{"Status": "Enabled", "Filter": {}, "Expiration": {"Days": 1}}]})
expired = record()["Records"][0]
assert expired["eventName"] == "LifecycleExpiration:DeleteMarkerCreated" and expired["s3"]["object"]["key"] == "in/copy.jpg", expired
c.put_object(Bucket="watched", Key="seen", Body=b"")
c.put_object_tagging(Bucket="watched", Key="seen", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
until(lambda: '\\"eventName\\":\\"ObjectTagging:Put\\"' in skep("get", "events", "-o", "json"))
assert "news" in skep("s3", "topic", "list")
skep("s3", "topic", "remove", "news")
c.put_bucket_notification_configuration(Bucket="watched", NotificationConfiguration={})
assert c.get_bucket_notification_configuration(Bucket="watched").keys() == {"ResponseMetadata"}
print("ok")
