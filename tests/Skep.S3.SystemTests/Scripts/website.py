import json
import urllib.parse

import requests
from client import ENDPOINT, fails, s3

c = s3()
port = urllib.parse.urlsplit(ENDPOINT).port
c.create_bucket(Bucket="site")


def get(path, method="GET", bucket="site", **headers):
    """A request as a browser sends it to the website's host."""
    headers["Host"] = f"{bucket}.s3-website.localhost:{port}"
    return requests.request(method, ENDPOINT + path, headers=headers, allow_redirects=False)


assert get("/").status_code == 404 and "NoSuchWebsiteConfiguration" in get("/").text
assert get("/", bucket="missing").status_code == 404
assert fails("NoSuchWebsiteConfiguration", c.get_bucket_website, Bucket="site") == 404
rules = [
    {"Condition": {"KeyPrefixEquals": "old/"}, "Redirect": {"ReplaceKeyPrefixWith": "new/"}},
    {"Condition": {"HttpErrorCodeReturnedEquals": "404", "KeyPrefixEquals": "app/"}, "Redirect": {"ReplaceKeyWith": "app.html", "HttpRedirectCode": "302"}},
]
website = {"IndexDocument": {"Suffix": "index.html"}, "ErrorDocument": {"Key": "error.html"}, "RoutingRules": rules}
c.put_bucket_website(Bucket="site", WebsiteConfiguration=website)
assert c.get_bucket_website(Bucket="site")["RoutingRules"] == rules
for key, body in {"index.html": "home", "error.html": "sorry", "docs/index.html": "docs", "docs/a b.html": "page", "secret": "no"}.items():
    c.put_object(Bucket="site", Key=key, Body=body.encode(), ContentType="text/html")
c.put_object(Bucket="site", Key="moved", Body=b"", WebsiteRedirectLocation="/docs/")

closed = get("/")  # nobody may read it yet
assert closed.status_code == 403 and "<h1>403 Forbidden</h1>" in closed.text and closed.headers["Content-Type"].startswith("text/html")
c.put_bucket_policy(Bucket="site", Policy=json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": ["arn:aws:s3:::site", "arn:aws:s3:::site/*"]},
    {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::site/secret"}]}))
home = get("/")
assert (home.status_code, home.text, home.headers["Content-Type"]) == (200, "home", "text/html")
assert get("/?versionId=x&acl").text == "home"
assert get("/docs/").text == "docs" and get("/docs/a%20b.html").text == "page"
assert get("/docs/a%20b.html", **{"Range": "bytes=1-2"}).text == "ag"
assert get("/", "HEAD").headers["Content-Length"] == "4"
assert get("/", **{"If-None-Match": home.headers["ETag"]}).status_code == 304
here = f"http://site.s3-website.localhost:{port}/"
slash = get("/docs")
assert (slash.status_code, slash.headers["Location"]) == (302, here + "docs/")
moved = get("/old/x?y")
assert (moved.status_code, moved.headers["Location"]) == (301, here + "new/x")
app = get("/app/anything")
assert (app.status_code, app.headers["Location"]) == (302, here + "app.html")
assert (get("/moved").status_code, get("/moved").headers["Location"]) == (301, here + "docs/")
lost = get("/nowhere")
assert (lost.status_code, lost.text, lost.headers["x-amz-error-code"]) == (404, "sorry", "NoSuchKey")
assert get("/secret").status_code == 403
assert get("/", "PUT").status_code == 405 and get("/", "DELETE").status_code == 405
c.delete_object(Bucket="site", Key="error.html")
escaped = get("/%3Cscript%3E")
assert escaped.status_code == 404 and "&lt;script&gt;" in escaped.text and "<script" not in escaped.text

c.put_bucket_website(Bucket="site", WebsiteConfiguration={"RedirectAllRequestsTo": {"HostName": "www.example.org", "Protocol": "https"}})
away = get("/docs/a%20b.html")
assert (away.status_code, away.headers["Location"]) == (301, "https://www.example.org/docs/a%20b.html")
c.delete_bucket_website(Bucket="site")
assert get("/").status_code == 404
print("ok")
