using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Skep.Core.Identity;

namespace Skep.S3.SystemTests.Faults;

/// <summary>Requests that are wrong: each gets S3's own error, and nothing of them is stored.</summary>
public sealed class BadRequestTests(SharedDaemon shared) : IClassFixture<SharedDaemon>
{
    private static readonly byte[] _body = Encoding.ASCII.GetBytes("the body that was meant");

    [Fact]
    public async Task Metadata_beyond_its_limit_is_refused()
    {
        var s3 = await shared.WithBucketAsync("metadata");
        Assert.Equal(200, (await s3.SendAsync("PUT", "/metadata/fits", _body, ("x-amz-meta-a", new string('v', 2_047)))).Status);
        Assert.Equal(2_047, (await s3.SendAsync("GET", "/metadata/fits")).Header("x-amz-meta-a").Length);
        await RefusedAsync(s3, "metadata", ("MetadataTooLarge", 400), () => s3.SendAsync("PUT", "/metadata/k", _body, ("x-amz-meta-a", new string('v', 2_048))));
        await RefusedAsync(s3, "metadata", ("MetadataTooLarge", 400), () => s3.SendAsync("PUT", "/metadata/k", _body, [.. Enumerable.Range(0, 60).Select(i => ($"x-amz-meta-{i:D2}", new string('v', 40)))]));
    }

    [Fact]
    public async Task Heads_that_are_too_large_are_refused_and_others_served()
    {
        var s3 = await shared.WithBucketAsync("heads");
        Assert.Equal(431, (await s3.SendAsync("PUT", "/heads/k", _body, ("x-bomb", new string('v', 100_000)))).Status);
        Assert.Equal(431, (await s3.SendAsync("PUT", "/heads/k", _body, [.. Enumerable.Range(0, 5_000).Select(i => ($"x-{i}", "v"))])).Status);
        Assert.Equal(414, (await s3.SendAsync("GET", $"/heads/{new string('k', 100_000)}")).Status);
        Assert.Equal(400, (await s3.SendRawAsync("PUT /heads/k HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"u8.ToArray())).Status);
        Assert.Equal(400, (await s3.SendRawAsync("PUT /heads/k HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"u8.ToArray())).Status);
        Assert.Equal(400, (await s3.SendRawAsync(Encoding.ASCII.GetBytes("\u0016\u0003\u0001 not HTTP\r\n\r\n"))).Status);
        Assert.Equal("NoSuchKey", (await s3.SendAsync("GET", "/heads/k")).Code);
    }

    [Fact]
    public async Task Documents_that_grow_or_look_outside_are_refused()
    {
        var s3 = await shared.WithBucketAsync("documents");
        var bomb = new StringBuilder("<?xml version=\"1.0\"?><!DOCTYPE d [<!ENTITY a0 \"aaaaaaaaaa\">");
        for (var i = 1; i < 20; i++)
            bomb.Append(CultureInfo.InvariantCulture, $"<!ENTITY a{i} \"{string.Concat(Enumerable.Repeat($"&a{i - 1};", 10))}\">");
        foreach (var document in (string[])
            [
                bomb + "]><Delete><Object><Key>&a19;</Key></Object></Delete>",
                "<!DOCTYPE d [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><Delete><Object><Key>&x;</Key></Object></Delete>",
                "<!DOCTYPE d SYSTEM \"http://127.0.0.1:1/d.dtd\"><Delete><Object><Key>k</Key></Object></Delete>",
                string.Concat(Enumerable.Repeat("<Delete>", 100_000)),
                "<Delete><Object><Key>k</Key></Object>",
                "<Delete></Delete>",
                "<Other><Object><Key>k</Key></Object></Other>",
                "not XML",
                "<Delete><Object><Key></Key></Object></Delete>",
                "<Delete>" + string.Concat(Enumerable.Range(0, 1_001).Select(i => $"<Object><Key>{i}</Key></Object>")) + "</Delete>",
                "<Delete>" + string.Concat(Enumerable.Range(0, 10_001).Select(i => $"<Object><Key>{i}</Key></Object>")) + "</Delete>",
            ])
        {
            var answer = await PostDocumentAsync(s3, "/documents?delete", document);
            Assert.True(answer is { Code: "MalformedXML", Status: 400 }, $"{document[..Math.Min(80, document.Length)]}: {answer.Status} {answer.Text}");
            Assert.DoesNotContain("root:", answer.Text, StringComparison.Ordinal);
        }

        var tooLong = await PostDocumentAsync(s3, "/documents?delete", $"<Delete><Object><Key>{new string('k', 5 << 20)}</Key></Object></Delete>");
        Assert.Equal(("MaxMessageLengthExceeded", 400), (tooLong.Code, tooLong.Status));
        var all = await PostDocumentAsync(s3, "/documents?delete", "<Delete>" + string.Concat(Enumerable.Range(0, 1_000).Select(i => $"<Object><Key>{i}</Key></Object>")) + "</Delete>");
        Assert.Equal((200, 1_000), (all.Status, all.Text.Split("<Deleted>").Length - 1));
    }

    [Fact]
    public async Task Parts_have_numbers_from_1_to_10000_in_order()
    {
        var s3 = await shared.WithBucketAsync("numbers");
        var upload = (await s3.SendAsync("POST", "/numbers/k?uploads=")).Text.Split("<UploadId>")[1].Split("</UploadId>")[0];
        foreach (var number in (string[])["0", "10001", "-1", "x", "", "99999999999999999999", "1.5"])
        {
            var refused = await s3.SendAsync("PUT", $"/numbers/k?partNumber={number}&uploadId={upload}", _body);
            Assert.Equal(("InvalidArgument", 400), (refused.Code, refused.Status));
        }

        var tags = new Dictionary<int, string>();
        foreach (var number in (int[])[10_000, 1])
        {
            var part = await s3.SendAsync("PUT", $"/numbers/k?partNumber={number}&uploadId={upload}", new byte[5 << 20]);
            Assert.Equal(200, part.Status);
            tags[number] = part.Header("ETag");
        }

        Assert.Equal("InvalidPartOrder", (await CompleteAsync((10_000, tags[10_000]), (1, tags[1]))).Code);
        Assert.Equal("InvalidPartOrder", (await CompleteAsync((1, tags[1]), (1, tags[1]))).Code);
        Assert.Equal("InvalidPart", (await CompleteAsync((1, tags[1]), (2, tags[1]))).Code);
        Assert.Equal("InvalidPart", (await CompleteAsync((1, "\"00000000000000000000000000000000\""))).Code);
        Assert.Equal("MalformedXML", (await CompleteAsync()).Code);
        Assert.Contains(((await CompleteAsync((0, tags[1]))).Code, (await CompleteAsync((10_001, tags[1]))).Code), (IEnumerable<(string, string)>)[("InvalidPart", "InvalidPart"), ("MalformedXML", "MalformedXML"), ("InvalidArgument", "InvalidArgument")]);
        Assert.Equal("NoSuchUpload", (await s3.SendAsync("PUT", "/numbers/k?partNumber=1&uploadId=none", _body)).Code);
        Assert.Equal("NoSuchKey", (await s3.SendAsync("GET", "/numbers/k")).Code);
        Assert.Equal(200, (await CompleteAsync((1, tags[1]), (10_000, tags[10_000]))).Status);
        Assert.Equal((10 << 20).ToString(CultureInfo.InvariantCulture), (await s3.SendAsync("HEAD", "/numbers/k")).Header("Content-Length"));

        Task<S3Answer> CompleteAsync(params (int Number, string Tag)[] parts) => s3.SendAsync(
            "POST",
            $"/numbers/k?uploadId={upload}",
            Encoding.UTF8.GetBytes($"<CompleteMultipartUpload>{string.Concat(parts.Select(p => $"<Part><PartNumber>{p.Number}</PartNumber><ETag>{p.Tag}</ETag></Part>"))}</CompleteMultipartUpload>"));
    }

    [Fact]
    public async Task Bodies_that_are_not_what_was_promised_are_not_stored()
    {
        var s3 = await shared.WithBucketAsync("digests");
        var other = Encoding.ASCII.GetBytes("THE BODY THAT WAS MEANT");
        Assert.Equal("InvalidDigest", (await s3.SendAsync("PUT", "/digests/k", _body, ("Content-MD5", "not base64"))).Code);
        await RefusedAsync(s3, "digests", ("BadDigest", 400), () => s3.SendAsync("PUT", "/digests/k", other, ("Content-MD5", Convert.ToBase64String(MD5.HashData(_body)))));
        await RefusedAsync(s3, "digests", ("XAmzContentSHA256Mismatch", 400), () => s3.SendRawAsync(s3.Head("PUT", "/digests/k", [], other.Length, RawS3.Sha256(_body)), other));
        foreach (var (name, length) in ((string, int)[])[("crc32", 4), ("crc32c", 4), ("crc64nvme", 8), ("sha1", 20), ("sha256", 32)])
        {
            await RefusedAsync(s3, "digests", ("BadDigest", 400), () => s3.SendAsync("PUT", "/digests/k", other, ($"x-amz-checksum-{name}", Convert.ToBase64String(new byte[length]))));
            await RefusedAsync(s3, "digests", ("BadDigest", 400), () => s3.SendAsync("PUT", "/digests/k", other, ($"x-amz-checksum-{name}", "!!")));
        }

        // A large body is in a file before its digest is known.
        var large = new byte[3 << 20];
        await RefusedAsync(s3, "digests", ("BadDigest", 400), () => s3.SendAsync("PUT", "/digests/k", large, ("Content-MD5", Convert.ToBase64String(MD5.HashData(_body)))));
        await RefusedAsync(s3, "digests", ("XAmzContentSHA256Mismatch", 400), () => s3.SendRawAsync(s3.Head("PUT", "/digests/k", [], large.Length, RawS3.Sha256(_body)), large));
        await NothingIsLeftAsync("digests");
    }

    [Theory]
    // What S3 takes only with a digest, and what it says without a body.
    [InlineData("?tagging=", "MissingRequestBodyError")]
    [InlineData("?cors=", "MissingRequestBodyError")]
    [InlineData("?lifecycle=", "MissingRequestBodyError")]
    [InlineData("?object-lock=", "MissingRequestBodyError")]
    [InlineData("/k?retention=", "MalformedXML")]
    [InlineData("/k?legal-hold=", "MalformedXML")]
    public async Task Documents_need_a_digest_and_a_body(string path, string code)
    {
        var bucket = $"bare-{path.Split('?')[1].TrimEnd('=')}";
        var s3 = await shared.WithBucketAsync("bare");
        Assert.Equal(200, (await s3.SendAsync("PUT", $"/{bucket}", default, ("x-amz-bucket-object-lock-enabled", "true"))).Status);
        Assert.Equal(200, (await s3.SendAsync("PUT", $"/{bucket}/k", _body)).Status);
        var bare = await s3.SendAsync("PUT", $"/{bucket}{path}", "<x/>"u8.ToArray());
        Assert.Equal(("InvalidRequest", 400), (bare.Code, bare.Status));
        Assert.Contains("Content-MD5 OR x-amz-checksum-*", bare.Text, StringComparison.Ordinal);
        var empty = await s3.SendAsync("PUT", $"/{bucket}{path}", Array.Empty<byte>(), ("Content-MD5", Convert.ToBase64String(MD5.HashData([]))));
        Assert.Equal((code, 400), (empty.Code, empty.Status));
    }

    [Fact]
    public async Task What_is_wrong_is_named()
    {
        var s3 = await shared.WithBucketAsync("named");
        Assert.Equal(200, (await s3.SendAsync("PUT", "/named/k", _body)).Status);
        await IsAsync("InvalidRequest", "x-amz-checksum- header is invalid", s3.SendAsync("PUT", "/named/k", _body, ("x-amz-checksum-sha256a", "dummy")));
        await IsAsync("BadDigest", "The SHA1 you specified did not match the calculated checksum.", s3.SendAsync("PUT", "/named/k", _body, ("x-amz-checksum-sha1", Convert.ToBase64String(new byte[20]))));
        await IsAsync("InvalidRequest", "You can only specify a copy source header for copy requests.", s3.SendAsync("PUT", "/named/copy", _body, ("x-amz-copy-source", "named/k")));
        await IsAsync("InvalidBucketOwnerAWSAccountID", "expected bucket owner", s3.SendAsync("GET", "/named", default, ("x-amz-expected-bucket-owner", "a")));
        Assert.Equal(("AccessDenied", 403), await CodeAsync(s3.SendAsync("GET", "/named", default, ("x-amz-expected-bucket-owner", "012345678901"))));
        Assert.Equal(("BucketNotEmpty", 409), await CodeAsync(s3.SendAsync("DELETE", "/named")));
        Assert.Contains("<BucketName>named</BucketName>", (await s3.SendAsync("DELETE", "/named")).Text, StringComparison.Ordinal);
        await IsAsync("InvalidTag", "<TagKey>te&amp;st</TagKey>", s3.SendAsync("PUT", "/named/k", _body, ("x-amz-tagging", "te%26st=1")));
        await IsAsync("InvalidTag", "<TagValue>", s3.SendAsync("PUT", "/named/k", _body, ("x-amz-tagging", "a=%01")));
        Assert.Equal(200, (await s3.SendAsync("PUT", "/named/k", _body, ("x-amz-tagging", "gr%C3%B6%C3%9Fe%20_.:/%3D%2B-@=%E6%97%A5%E6%9C%AC"))).Status);
        await IsAsync("InvalidLocationConstraint", "not valid", s3.SendAsync("PUT", "/named-else", "<CreateBucketConfiguration><LocationConstraint></LocationConstraint></CreateBucketConfiguration>"u8.ToArray()));

        await IsAsync("InvalidRequest", "The value specified in the x-amz-trailer header is not supported", SendTrailerAsync("x-amz-checksum-sha10", "dummy"));
        await IsAsync("InvalidRequest", "Value for x-amz-checksum-sha1 trailing header is invalid.", SendTrailerAsync("x-amz-checksum-sha1", "dummy"));
        await IsAsync("BadDigest", "The SHA1 you specified did not match", SendTrailerAsync("x-amz-checksum-sha1", Convert.ToBase64String(new byte[20])));

        Task<S3Answer> SendTrailerAsync(string name, string value) => s3.SendRawAsync(
            s3.Head("PUT", "/named/k", [("x-amz-decoded-content-length", "1"), ("x-amz-trailer", name), ("Content-Encoding", "aws-chunked")], Trailed(name, value).Length, "STREAMING-UNSIGNED-PAYLOAD-TRAILER"), Trailed(name, value));

        static byte[] Trailed(string name, string value) => Encoding.ASCII.GetBytes($"1\r\nx\r\n0\r\n{name}:{value}\r\n\r\n");

        static async Task IsAsync(string code, string text, Task<S3Answer> sending)
        {
            var answer = await sending;
            Assert.Equal((code, 400), (answer.Code, answer.Status));
            Assert.Contains(text, answer.Text, StringComparison.Ordinal);
        }

        static async Task<(string, int)> CodeAsync(Task<S3Answer> sending) => await sending is var answer ? (answer.Code, answer.Status) : default;
    }

    [Theory]
    [InlineData(100, 99)]
    [InlineData(100, 0)]
    [InlineData(200_000, 100_000)]
    [InlineData(8_000_000, 7_999_999)]
    public async Task A_body_that_ends_too_early_is_not_stored(int announced, int sent)
    {
        var bucket = $"short-{announced}-{sent}";
        var s3 = await shared.WithBucketAsync(bucket);
        Assert.Equal(200, (await s3.SendAsync("PUT", $"/{bucket}/old", _body)).Status);
        foreach (var key in (string[])["k", "old"])
        {
            var answer = await s3.SendRawAsync(s3.Head("PUT", $"/{bucket}/{key}", [], announced), new byte[sent], hangsUp: true);
            // The client is gone for the server: it may get no answer, but never a success.
            Assert.Contains(answer.Status, (int[])[0, 400]);
        }

        var framed = s3.Head("PUT", $"/{bucket}/k", [("x-amz-decoded-content-length", $"{announced}"), ("x-amz-trailer", "x-amz-checksum-crc32"), ("Content-Encoding", "aws-chunked")], contentLength: null, "STREAMING-UNSIGNED-PAYLOAD-TRAILER");
        var cut = await s3.SendRawAsync(WithChunkedTransfer(framed), Encoding.ASCII.GetBytes($"{sent + 3:x}\r\n{sent:x}\r\n"), hangsUp: true);
        Assert.Contains(cut.Status, (int[])[0, 400]);
        Assert.Equal("NoSuchKey", (await s3.SendAsync("GET", $"/{bucket}/k")).Code);
        Assert.Equal(_body, (await s3.SendAsync("GET", $"/{bucket}/old")).Body);
        await NothingIsLeftAsync(bucket);
    }

    [Fact]
    public async Task Signatures_of_another_time_or_another_request_are_refused()
    {
        var s3 = await shared.WithBucketAsync("times");
        var now = TimeProvider.System.GetUtcNow();
        Assert.Equal(200, (await s3.SendAsync("PUT", "/times/k", _body)).Status);
        foreach (var minutes in (int[])[-16, 16, -60 * 24 * 400])
        {
            var skewed = await s3.SendRawAsync(s3.Head("GET", "/times/k", [], 0, time: now.AddMinutes(minutes)));
            Assert.Equal(("RequestTimeTooSkewed", 403), (skewed.Code, skewed.Status));
        }

        Assert.Equal(200, (await s3.SendRawAsync(s3.Head("GET", "/times/k", [], 0, time: now.AddMinutes(-14)))).Status);
        Assert.Equal(200, (await s3.SendPlainAsync("GET", s3.Presign("GET", "/times/k", now.AddHours(-1), TimeSpan.FromHours(2)))).Status);
        var expired = await s3.SendPlainAsync("GET", s3.Presign("GET", "/times/k", now.AddHours(-1), TimeSpan.FromMinutes(30)));
        Assert.Equal(("AccessDenied", 403), (expired.Code, expired.Status));
        Assert.Equal(403, (await s3.SendPlainAsync("GET", s3.Presign("GET", "/times/k", now.AddHours(1), TimeSpan.FromHours(2)))).Status);
        Assert.Equal("AuthorizationQueryParametersError", (await s3.SendPlainAsync("GET", s3.Presign("GET", "/times/k", now, TimeSpan.FromDays(8)))).Code);
        // One request's signature is no good for another method, object, parameter or body.
        var presigned = s3.Presign("GET", "/times/k", now, TimeSpan.FromMinutes(5));
        Assert.Equal("SignatureDoesNotMatch", (await s3.SendPlainAsync("DELETE", presigned)).Code);
        Assert.Equal("SignatureDoesNotMatch", (await s3.SendPlainAsync("GET", presigned.Replace("/times/k", "/times/other", StringComparison.Ordinal))).Code);
        Assert.Equal("SignatureDoesNotMatch", (await s3.SendPlainAsync("GET", presigned + "&versionId=null")).Code);
        var head = Encoding.ASCII.GetString(s3.Head("GET", "/times/k", [("x-amz-meta-a", "1")], 0));
        Assert.Equal("SignatureDoesNotMatch", (await s3.SendRawAsync(Encoding.ASCII.GetBytes(head.Replace("GET /times/k", "DELETE /times/k", StringComparison.Ordinal)))).Code);
        Assert.Equal("SignatureDoesNotMatch", (await s3.SendRawAsync(Encoding.ASCII.GetBytes(head.Replace("x-amz-meta-a: 1", "x-amz-meta-a: 2", StringComparison.Ordinal)))).Code);
        var replayed = s3.Head("PUT", "/times/k", [], _body.Length, RawS3.Sha256(_body));
        Assert.Equal(200, (await s3.SendRawAsync(replayed, _body)).Status);
        Assert.Equal("XAmzContentSHA256Mismatch", (await s3.SendRawAsync(replayed, Encoding.ASCII.GetBytes("the body that was forged"[.._body.Length]))).Code);
        Assert.Equal(_body, (await s3.SendAsync("GET", "/times/k")).Body);
    }

    private static async Task RefusedAsync(RawS3 s3, string bucket, (string Code, int Status) wanted, Func<Task<S3Answer>> send)
    {
        var answer = await send();
        Assert.True((answer.Code, answer.Status) == wanted, $"expected {wanted}, got {answer.Status} {answer.Text}");
        Assert.Equal("NoSuchKey", (await s3.SendAsync("GET", $"/{bucket}/k")).Code);
    }

    private static Task<S3Answer> PostDocumentAsync(RawS3 s3, string target, string document)
    {
        var bytes = Encoding.UTF8.GetBytes(document);
        return s3.SendAsync("POST", target, bytes, ("Content-MD5", Convert.ToBase64String(MD5.HashData(bytes))));
    }

    private static byte[] WithChunkedTransfer(byte[] head) =>
        Encoding.ASCII.GetBytes(Encoding.ASCII.GetString(head).Replace("\r\nConnection:", "\r\nTransfer-Encoding: chunked\r\nConnection:", StringComparison.Ordinal));

    /// <summary>No list has it, and no temporary file is left in the store.</summary>
    private async Task NothingIsLeftAsync(string bucket)
    {
        Assert.DoesNotContain("<Key>k<", (await shared.S3.SendAsync("GET", $"/{bucket}?list-type=2")).Text, StringComparison.Ordinal);
        await Eventually.HoldsAsync(() => !Directory.EnumerateFiles(Path.Combine(shared.Daemon.DataDirectory, "objects", "tmp")).Any());
    }
}
