using System.Net;
using System.Text;

namespace Skep.S3.SystemTests.Faults;

/// <summary>Names at the edges of what S3 allows, through the port.</summary>
public sealed class NameTests(SharedDaemon shared) : IClassFixture<SharedDaemon>
{
    private const string Bucket = "odd-names";

    private static readonly string[] _keys =
    [
        "=", "a=b", "+", "a+b", "a b", " ", "%", "%2F", "%00", "100%25", "?", "a?b=c", "#", "&", "a&amp;b", "<xml>", "\"", "'", "\\", "a\\b", "|", "^", "`", "{}", "[]", "~", ";", ":", "@", "!", "$", "*", "(", ")", ",",
        ".", "..", "./a", "../a", "a/.", "a/..", "a/../b", "a/./b", "...", "/", "/a", "//", "//a", "a/", "a//", "a//b", "a///b", "-", "_",
        "ü", "u\u0308", "日本語/キー", "😀", "\u00a0", "\u200b", "\ufeff", "é\u202e", "\t", "\n", "\r\n", "\u0001", "\u007f", "\u0085", "x\u2028y",
    ];

    [Fact]
    public async Task Odd_keys_are_kept_read_listed_copied_and_deleted_as_they_are()
    {
        var s3 = await shared.WithBucketAsync(Bucket);
        foreach (var key in _keys)
        {
            var body = Encoding.UTF8.GetBytes($"body of {key}");
            var put = await s3.SendAsync("PUT", RawS3.PathOf(Bucket, key), body);
            Assert.True(put.Status == 200, $"{Show(key)}: {put.Status} {put.Text}");
        }

        foreach (var key in _keys)
        {
            var got = await s3.SendAsync("GET", RawS3.PathOf(Bucket, key));
            Assert.True(got.Status == 200 && got.Text == $"body of {key}", $"{Show(key)}: {got.Status} {got.Text}");
            var copied = await s3.SendAsync("PUT", RawS3.PathOf(Bucket, $"copy/{key}"), default, ("x-amz-copy-source", RawS3.PathOf(Bucket, key)));
            Assert.True(copied.Status == 200, $"copy of {Show(key)}: {copied.Status} {copied.Text}");
        }

        // Encoded lists have every key; XML 1.0 has no way of saying some of them in plain.
        var listed = Keys((await s3.SendAsync("GET", $"/{Bucket}?encoding-type=url&list-type=2")).Text).Select(WebUtility.UrlDecode).ToList();
        Assert.Equal(_keys.Concat(_keys.Select(k => $"copy/{k}")).OrderBy(k => Convert.ToHexString(Encoding.UTF8.GetBytes(k)), StringComparer.Ordinal), listed);
        foreach (var key in _keys)
        {
            var deleted = await s3.SendAsync("DELETE", RawS3.PathOf(Bucket, key));
            Assert.True(deleted.Status == 204, $"{Show(key)}: {deleted.Status} {deleted.Text}");
            Assert.Equal("NoSuchKey", (await s3.SendAsync("GET", RawS3.PathOf(Bucket, key))).Code);
        }

        Assert.Equal(_keys.Length, Keys((await s3.SendAsync("GET", $"/{Bucket}?list-type=2&encoding-type=url")).Text).Count);
    }

    [Fact]
    public async Task A_key_has_at_most_1024_bytes()
    {
        var s3 = await shared.WithBucketAsync("long-names");
        foreach (var key in (string[])[new('k', 1_024), new('ü', 512), string.Concat(Enumerable.Repeat("d/", 512))])
        {
            Assert.Equal(200, (await s3.SendAsync("PUT", RawS3.PathOf("long-names", key), "x"u8.ToArray())).Status);
            Assert.Equal("x", (await s3.SendAsync("GET", RawS3.PathOf("long-names", key))).Text);
        }

        foreach (var key in (string[])[new('k', 1_025), new string('ü', 512) + "k", new('k', 20_000)])
        {
            foreach (var method in (string[])["PUT", "GET", "DELETE"])
            {
                var answer = await s3.SendAsync(method, RawS3.PathOf("long-names", key));
                Assert.Equal(("KeyTooLongError", 400), (answer.Code, answer.Status));
            }
        }
    }

    [Theory]
    [InlineData("%FF")]
    [InlineData("a%C3")]
    [InlineData("%ED%A0%80")]
    [InlineData("%C0%AF")]
    public async Task A_key_that_is_no_utf8_is_refused(string encoded)
    {
        var bucket = $"bytes-{Convert.ToHexStringLower(Encoding.ASCII.GetBytes(encoded))}";
        var s3 = await shared.WithBucketAsync(bucket);
        var answer = await s3.SendAsync("PUT", $"/{bucket}/{encoded}", "x"u8.ToArray());
        Assert.Equal(("InvalidURI", 400), (answer.Code, answer.Status));
    }

    [Theory]
    [InlineData("ab")]
    [InlineData("Abc")]
    [InlineData("a_b")]
    [InlineData("-ab")]
    [InlineData("ab-")]
    [InlineData("a..b")]
    [InlineData("a.-b")]
    [InlineData("192.168.0.1")]
    [InlineData("xn--bucket")]
    [InlineData("bucket-s3alias")]
    [InlineData("bücket")]
    [InlineData("a b c")]
    [InlineData("..%2Fup")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public async Task A_bucket_has_a_name_by_the_rules(string name)
    {
        var answer = await shared.S3.SendAsync("PUT", name.Contains('%', StringComparison.Ordinal) ? $"/{name}" : RawS3.PathOf(name, "")[..^1]);
        Assert.Contains(answer.Code, (string[])["InvalidBucketName", "NoSuchBucket"]);
        Assert.InRange(answer.Status, 400, 404);
        Assert.DoesNotContain(">" + name + "<", (await shared.S3.SendAsync("GET", "/")).Text, StringComparison.Ordinal);
    }

    private static List<string> Keys(string xml) => [.. xml.Split("<Key>")[1..].Select(k => k.Split("</Key>")[0])];

    private static string Show(string key) => $"\"{key}\" ({Convert.ToHexString(Encoding.UTF8.GetBytes(key))})";
}
