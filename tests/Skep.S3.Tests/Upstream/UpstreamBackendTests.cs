using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Http;
using Skep.Core.Identity;
using Skep.Core.S3Client;
using Skep.Objects;
using Skep.Objects.Embedded;
using Skep.Objects.Tests;
using Skep.S3.Upstream;

namespace Skep.S3.Tests.Upstream;

/// <summary>What goes wrong between this side and the server behind.</summary>
public sealed class UpstreamBackendTests : IAsyncLifetime
{
    private const string Bucket = "bucket";
    private readonly ManualTime _time = new();
    private readonly TempDirectory _directory = new();
    private readonly List<IAsyncDisposable> _opened = [];
    private S3Server _server = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _server = await S3Server.StartAsync(_time, Ct);

    public async ValueTask DisposeAsync()
    {
        foreach (var opened in _opened)
            await opened.DisposeAsync();
        await _server.DisposeAsync();
        _directory.Dispose();
    }

    [Theory]
    [InlineData(false, "", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")]
    [InlineData(false, "&checksums=keep", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER")]
    [InlineData(true, "", "UNSIGNED-PAYLOAD")]
    [InlineData(true, "&checksums=keep", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")]
    public async Task A_body_goes_through_in_the_form_that_fits(bool isSecure, string more, string form)
    {
        using var authority = CreateCertificate();
        await using var server = isSecure ? await S3Server.StartAsync(_time, Ct, authority) : await S3Server.StartAsync(_time, Ct);
        if (isSecure)
        {
            var file = Path.Combine(_directory.Path, "ca.pem");
            await File.WriteAllTextAsync(file, authority.ExportCertificatePem(), Ct);
            more += $"&ca={file}";
        }

        var seen = "";
        server.Intercept = (http, next) =>
        {
            if (http.Request.Method == "PUT" && http.Request.Path.Value!.EndsWith("/k", StringComparison.Ordinal))
                seen = http.Request.Headers["x-amz-content-sha256"].ToString();
            return next();
        };
        var backend = await OpenAsync(server, more);
        await backend.CreateBucketAsync(Bucket, "me", Ct);
        foreach (var size in (int[])[0, 1, 131_072, 131_073, 3_000_000])
        {
            var body = RandomNumberGenerator.GetBytes(size);
            await backend.PutAsync(Put(size, ChecksumAlgorithm.Crc64Nvme), new MemoryStream(body), Ct);
            // A body of nothing is sent as such.
            Assert.Equal(size == 0 && !form.EndsWith("TRAILER", StringComparison.Ordinal) ? SigV4Request.EmptyPayloadHash : form, seen);
            AssertSame(body, await ReadAsync(backend));
        }

        Assert.Equal(more.Contains("keep", StringComparison.Ordinal), (await backend.HeadAsync(new ObjectAddress(Bucket, "k"), Ct)).Checksum is not null);
    }

    [Fact]
    public async Task A_body_that_breaks_off_or_is_not_what_it_claims_is_not_stored()
    {
        var backend = await OpenAsync(_server);
        await backend.CreateBucketAsync(Bucket, "me", Ct);
        var body = RandomNumberGenerator.GetBytes(3_000_000);
        await Assert.ThrowsAsync<EndOfStreamException>(() => backend.PutAsync(Put(body.Length), new BrokenStream(body, 1_000_000), Ct).AsTask());
        Assert.Equal(ObjectError.IncompleteBody, (await FailsAsync(() => backend.PutAsync(Put(body.Length + 1), new MemoryStream(body), Ct).AsTask())).Error);
        Assert.Equal(ObjectError.TooLarge, (await FailsAsync(() => backend.PutAsync(Put(body.Length - 1), new MemoryStream(body), Ct).AsTask())).Error);
        var wrong = Put(body.Length) with { Body = new BodyClaims { LengthBytes = body.Length, Checksum = ChecksumAlgorithm.Sha1, ChecksumExpected = () => new byte[20] } };
        Assert.Equal(ObjectError.BadDigest, (await FailsAsync(() => backend.PutAsync(wrong, new MemoryStream(body), Ct).AsTask())).Error);
        Assert.Equal(ObjectError.NoSuchKey, (await FailsAsync(() => backend.HeadAsync(new ObjectAddress(Bucket, "k"), Ct).AsTask())).Error);
    }

    [Fact]
    public async Task A_body_of_unknown_length_goes_in_parts()
    {
        var backend = await OpenAsync(_server);
        await backend.CreateBucketAsync(Bucket, "me", Ct);
        var body = RandomNumberGenerator.GetBytes(20_000_000);
        var put = await backend.PutAsync(new PutRequest { Bucket = Bucket, Key = "k" }, new MemoryStream(body), Ct);
        Assert.Equal((3, 20_000_000), (put.PartCount, put.LengthBytes));
        AssertSame(body, await ReadAsync(backend));
        await Assert.ThrowsAsync<EndOfStreamException>(() => backend.PutAsync(new PutRequest { Bucket = Bucket, Key = "other" }, new BrokenStream(body, 18_000_000), Ct).AsTask());
        Assert.Empty((await backend.ListUploadsAsync(new ListUploadsRequest { Bucket = Bucket }, Ct)).Uploads);
        Assert.Single((await backend.ListAsync(new ListRequest { Bucket = Bucket }, Ct)).Objects);
    }

    [Fact]
    public async Task An_answer_that_breaks_off_is_taken_up_where_it_ended()
    {
        var backend = await OpenAsync(_server);
        await backend.CreateBucketAsync(Bucket, "me", Ct);
        var body = RandomNumberGenerator.GetBytes(3_000_000);
        await backend.PutAsync(Put(body.Length), new MemoryStream(body), Ct);
        var ranges = new List<string>();
        _server.Intercept = BreakOff(ranges, () => ranges.Count <= 3 ? 700_000 : long.MaxValue);
        AssertSame(body, await ReadAsync(backend));
        Assert.Equal(4, ranges.Count);
        Assert.Equal("", ranges[0]);
        Assert.All(ranges[1..], r => Assert.StartsWith("bytes=", r, StringComparison.Ordinal));

        // A server that never gives anything is given up.
        _server.Intercept = BreakOff(ranges, () => 0);
        Assert.Equal(ObjectError.Unavailable, (await FailsAsync(() => ReadAsync(backend))).Error);
    }

    [Fact]
    public async Task Only_what_may_be_repeated_is_tried_again()
    {
        var backend = await OpenAsync(_server);
        await backend.CreateBucketAsync(Bucket, "me", Ct);
        await backend.PutAsync(Put(1), new MemoryStream([1]), Ct);
        var calls = new List<string>();
        _server.Intercept = (http, _) =>
        {
            calls.Add(http.Request.Method);
            http.Response.StatusCode = 503;
            return Task.CompletedTask;
        };
        Assert.Equal(ObjectError.Unavailable, (await FailsAsync(() => backend.HeadAsync(new ObjectAddress(Bucket, "k"), Ct).AsTask())).Error);
        Assert.Equal(["HEAD", "HEAD", "HEAD"], calls);
        calls.Clear();
        Assert.Equal(ObjectError.Unavailable, (await FailsAsync(() => backend.PutAsync(Put(1), new MemoryStream([2]), Ct).AsTask())).Error);
        Assert.Equal(ObjectError.Unavailable, (await FailsAsync(() => backend.DeleteAsync(Bucket, new DeleteRequest { Key = "k" }, Ct).AsTask())).Error);
        Assert.Equal(["PUT", "DELETE"], calls);
    }

    [Fact]
    public async Task What_changed_on_the_way_is_not_returned_where_its_checksum_is_kept()
    {
        var backend = await OpenAsync(_server, "&checksums=keep");
        await backend.CreateBucketAsync(Bucket, "me", Ct);
        await backend.PutAsync(Put(100_000, ChecksumAlgorithm.Crc32C), new MemoryStream(new byte[100_000]), Ct);
        _server.Intercept = async (http, next) =>
        {
            if (http.Request.Method != "GET")
            {
                await next();
                return;
            }

            var (client, answer) = (http.Response.Body, new MemoryStream());
            http.Response.Body = answer;
            await next();
            answer.GetBuffer()[99_999] ^= 1;
            await client.WriteAsync(answer.GetBuffer().AsMemory(0, (int)answer.Length));
        };
        Assert.Equal(ObjectError.Damaged, (await FailsAsync(() => ReadAsync(backend))).Error);
    }

    [Fact]
    public async Task A_version_that_was_replaced_is_not_read_on()
    {
        var backend = await OpenAsync(_server);
        await backend.CreateBucketAsync(Bucket, "me", Ct);
        await backend.PutAsync(Put(1), new MemoryStream([1]), Ct);
        await using var reader = await backend.OpenAsync(new ObjectAddress(Bucket, "k"), Ct);
        await backend.PutAsync(Put(1), new MemoryStream([2]), Ct);
        Assert.Equal(ObjectError.Unavailable, (await FailsAsync(() => reader.ReadAsync(0, new byte[1], Ct).AsTask())).Error);
    }

    [Fact]
    public async Task Cancelling_ends_the_request_behind()
    {
        var backend = await OpenAsync(_server);
        await backend.CreateBucketAsync(Bucket, "me", Ct);
        var ended = new TaskCompletionSource();
        var begun = new TaskCompletionSource();
        _server.Intercept = async (http, _) =>
        {
            await using var registration = http.RequestAborted.Register(ended.SetResult);
            begun.SetResult();
            await ended.Task;
        };
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var head = backend.HeadAsync(new ObjectAddress(Bucket, "k"), cancel.Token).AsTask();
        await begun.Task.WaitAsync(Ct);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => head);
        await ended.Task.WaitAsync(Ct);
    }

    [Fact]
    public async Task The_start_says_what_is_wrong()
    {
        Assert.Null(await (await OpenAsync(_server)).CheckAsync(Ct));
        var unknown = await OpenAsync(_server, credentials: new SigV4Credentials("AKIDNOBODY", "secret", SessionToken: null));
        Assert.Contains("InvalidAccessKeyId", (await Assert.ThrowsAsync<S3ConfigurationException>(() => unknown.CheckAsync(Ct))).Message, StringComparison.Ordinal);
        var wrong = await OpenAsync(_server, credentials: _server.Credentials with { SecretAccessKey = "wrong" });
        Assert.Contains("SignatureDoesNotMatch", (await Assert.ThrowsAsync<S3ConfigurationException>(() => wrong.CheckAsync(Ct))).Message, StringComparison.Ordinal);
        var late = new ManualTime();
        late.Advance(TimeSpan.FromHours(1));
        var message = (await Assert.ThrowsAsync<S3ConfigurationException>(async () => await (await OpenAsync(_server, time: late)).CheckAsync(Ct))).Message;
        Assert.Contains("RequestTimeTooSkewed", message, StringComparison.Ordinal);
        Assert.Contains("this machine's 2026-01-02T04:04:05", message, StringComparison.Ordinal);
        Assert.DoesNotContain(_server.Credentials.SecretAccessKey, message, StringComparison.Ordinal);
        var nobody = S3Location.TryParseBuckets("s3://?endpoint=http://127.0.0.1:1", out var location, out _) ? location : null;
        var unreachable = new UpstreamBackend(location!, () => _server.Credentials, await RecordsAsync(), _time, "adopter");
        _opened.Add(unreachable);
        Assert.Contains("cannot be reached", await unreachable.CheckAsync(Ct), StringComparison.Ordinal);
        Assert.Equal(ObjectError.Unavailable, (await FailsAsync(() => unreachable.CreateBucketAsync(Bucket, "me", Ct).AsTask())).Error);
    }

    [Fact]
    public async Task Refused_credentials_are_the_stores_failure_not_the_clients()
    {
        var key = _server.Credentials;
        var backend = await OpenAsync(_server, changing: () => key);
        await backend.CreateBucketAsync(Bucket, "me", Ct);
        key = key with { SecretAccessKey = "rotated" };
        Assert.Equal(ObjectError.Refused, (await FailsAsync(() => backend.HeadAsync(new ObjectAddress(Bucket, "k"), Ct).AsTask())).Error);
        Assert.Equal(ObjectError.Refused, (await FailsAsync(() => backend.PutAsync(Put(1), new MemoryStream([1]), Ct).AsTask())).Error);
    }

    [Fact]
    public async Task Buckets_of_the_server_are_adopted_and_records_stay_here()
    {
        var first = await OpenAsync(_server, prefix: "team-");
        await first.CreateBucketAsync("made", "me", Ct);
        await first.PutDocumentAsync("made", "policy", Encoding.UTF8.GetBytes("{}"), Ct);
        Assert.Equal("team-made", (await (await OpenAsync(_server)).HeadBucketAsync("team-made", Ct)).Name);
        var second = await OpenAsync(_server, prefix: "team-");
        // What is there is nobody's to take by making it again.
        Assert.Equal(ObjectError.BucketExists, (await FailsAsync(() => second.CreateBucketAsync("made", "thief", Ct).AsTask())).Error);
        Assert.Empty((await second.ListBucketsAsync(new ListBucketsRequest(), Ct)).Buckets);
        Assert.Null(await second.CheckAsync(Ct));
        Assert.Equal(("made", "adopter"), (await second.ListBucketsAsync(new ListBucketsRequest(), Ct)).Buckets.Select(b => (b.Name, b.Owner)).Single());
        Assert.Null(await second.FindDocumentAsync("made", "policy", Ct));
        await second.DeleteBucketAsync("made", Ct);

        // Gone there: said at the start, and made again by its owner.
        Assert.Contains("does not have 1 of the buckets that are known here: made", await first.CheckAsync(Ct), StringComparison.Ordinal);
        await first.CreateBucketAsync("made", "me", Ct);
        Assert.Equal("{}", Encoding.UTF8.GetString((await first.FindDocumentAsync("made", "policy", Ct))!.Value.Span));
        Assert.Equal(ObjectError.BucketExists, (await FailsAsync(() => first.CreateBucketAsync("made", "me", Ct).AsTask())).Error);
    }

    [Fact]
    public async Task What_cannot_be_done_is_refused_by_name()
    {
        var backend = await OpenAsync(_server);
        await backend.CreateBucketAsync(Bucket, "me", Ct);
        await backend.PutAsync(Put(1), new MemoryStream([1]), Ct);
        var address = new ObjectAddress(Bucket, "k");
        var publicRead = Encoding.UTF8.GetBytes("1\nFullControl account me\nRead group AllUsers\n");
        Assert.Contains("access control list", (await FailsAsync(ObjectError.NotSupported, () => backend.UpdateAsync(address, new ObjectUpdate { Acl = publicRead }, Ct).AsTask())).Message, StringComparison.Ordinal);
        await backend.UpdateAsync(address, new ObjectUpdate { Acl = Encoding.UTF8.GetBytes("1\nFullControl account me\n") }, Ct);
        Assert.Contains("Quotas", (await FailsAsync(ObjectError.NotSupported, () => backend.SetQuotaAsync(Bucket, new BucketQuota(1, null), Ct).AsTask())).Message, StringComparison.Ordinal);
        await FailsAsync(ObjectError.NotSupported, () => backend.PutAsync(Put(1) with { Body = new BodyClaims { EncryptionKey = new byte[32] } }, new MemoryStream([1]), Ct).AsTask());
        var forged = Put(1) with { Metadata = new ObjectMetadata { Headers = [new("x-amz-meta-Skep-Owner", "somebody")] } };
        await FailsAsync(ObjectError.InvalidArgument, () => backend.PutAsync(forged, new MemoryStream([1]), Ct).AsTask());
    }

    private async Task<UpstreamBackend> OpenAsync(S3Server server, string more = "", string prefix = "", SigV4Credentials? credentials = null, TimeProvider? time = null, Func<SigV4Credentials>? changing = null)
    {
        var backend = new UpstreamBackend(server.Location(prefix, more), changing ?? (() => credentials ?? server.Credentials), await RecordsAsync(), time ?? _time, "adopter");
        _opened.Add(backend);
        return backend;
    }

    private async Task<EmbeddedBackend> RecordsAsync() =>
        await EmbeddedBackend.OpenAsync(new EmbeddedOptions { Directory = Directory.CreateDirectory(Path.Combine(_directory.Path, $"{_opened.Count}")).FullName, ReserveBytes = 0 }, _time, Ct);

    private static PutRequest Put(long length, ChecksumAlgorithm? checksum = null) =>
        new() { Bucket = Bucket, Key = "k", Body = new BodyClaims { LengthBytes = length, Checksum = checksum } };

    private static async Task<byte[]> ReadAsync(IObjectBackend backend)
    {
        await using var reader = await backend.OpenAsync(new ObjectAddress(Bucket, "k"), Ct);
        using var all = new MemoryStream();
        await reader.CopyToAsync(all, 0, long.MaxValue / 2, Ct);
        return all.ToArray();
    }

    /// <summary>Compares as spans: quick for megabytes.</summary>
    private static void AssertSame(byte[] expected, byte[] actual) => Assert.True(expected.AsSpan().SequenceEqual(actual), $"{actual.Length} bytes are not the {expected.Length} expected");

    /// <summary>Ends the answer to a GET of an object after some bytes.</summary>
    private static Func<HttpContext, Func<Task>, Task> BreakOff(List<string> ranges, Func<long> bytesMax) => async (http, next) =>
    {
        if (http.Request.Method != "GET" || !http.Request.Path.Value!.EndsWith("/k", StringComparison.Ordinal))
        {
            await next();
            return;
        }

        ranges.Add(http.Request.Headers.Range.ToString());
        var max = bytesMax();
        var client = http.Response.Body;
        http.Response.Body = new BreakingStream(client, max, http);
        await next();
    };

    private static X509Certificate2 CreateCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=s3", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        return request.CreateSelfSigned(new DateTimeOffset(2025, 1, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2035, 1, 1, 0, 0, 0, TimeSpan.Zero));
    }

    private static Task<ObjectException> FailsAsync(Func<Task> call) => Assert.ThrowsAsync<ObjectException>(call);

    private static async Task<ObjectException> FailsAsync(ObjectError error, Func<Task> call)
    {
        var failure = await FailsAsync(call);
        Assert.Equal(error, failure.Error);
        return failure;
    }

    private sealed class BrokenStream(byte[] body, int lengthBytes) : MemoryStream(body)
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            Position < lengthBytes ? await base.ReadAsync(buffer, cancellationToken) : throw new EndOfStreamException("the connection was lost");
    }

    private sealed class BreakingStream(Stream client, long bytesMax, HttpContext http) : MemoryStream
    {
        private long _written;

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = (int)Math.Min(buffer.Length, bytesMax - _written);
            await client.WriteAsync(buffer[..count], cancellationToken);
            await client.FlushAsync(cancellationToken);
            _written += count;
            if (count < buffer.Length)
                http.Abort();
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => client.FlushAsync(cancellationToken);
    }
}
