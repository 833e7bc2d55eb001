using System.Security.Cryptography;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Amazon.S3.Transfer;

namespace Skep.S3.SystemTests.Clients;

/// <summary>Amazon's SDK for .NET against the daemon, with and without TLS: without, it signs every chunk of a body.</summary>
public sealed class AwsSdkTests
{
    private const string Bucket = "sdk";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Transfers_files_with_its_default_checksums(bool isTls)
    {
        await using var daemon = await S3Daemon.StartAsync(Ct, isTls);
        using var s3 = Connect(daemon);
        await s3.PutBucketAsync(Bucket, Ct);
        var file = Path.Combine(daemon.Files, "large");
        await File.WriteAllBytesAsync(file, RandomNumberGenerator.GetBytes(23_000_000), Ct);
        using var transfer = new TransferUtility(s3, new TransferUtilityConfig { MinSizeBeforePartUpload = 8 << 20 });
        await transfer.UploadAsync(new TransferUtilityUploadRequest { BucketName = Bucket, Key = "a b/+ü", FilePath = file, PartSize = 5 << 20 }, Ct);
        await transfer.DownloadAsync(file + ".back", Bucket, "a b/+ü", Ct);
        Assert.Equal(await FileTree.HashFileAsync(file, Ct), await FileTree.HashFileAsync(file + ".back", Ct));
        var parts = await s3.GetObjectAttributesAsync(new GetObjectAttributesRequest { BucketName = Bucket, Key = "a b/+ü", ObjectAttributes = [ObjectAttributes.ObjectParts, ObjectAttributes.Checksum] }, Ct);
        Assert.Equal(5, parts.ObjectParts.TotalPartsCount);
        Assert.NotNull(parts.Checksum.ChecksumCRC32);

        await s3.PutObjectAsync(new PutObjectRequest { BucketName = Bucket, Key = "small", ContentBody = "small", Metadata = { ["color"] = "red" } }, Ct);
        using var got = await s3.GetObjectAsync(new GetObjectRequest { BucketName = Bucket, Key = "small", ChecksumMode = ChecksumMode.ENABLED }, Ct);
        using var reader = new StreamReader(got.ResponseStream);
        Assert.Equal("small", await reader.ReadToEndAsync(Ct));
        Assert.Equal("red", got.Metadata["color"]);
        Assert.NotNull(got.ChecksumCRC32);
        foreach (var algorithm in (ChecksumAlgorithm[])[ChecksumAlgorithm.SHA1, ChecksumAlgorithm.SHA256])
            await s3.PutObjectAsync(new PutObjectRequest { BucketName = Bucket, Key = "small", ContentBody = "small", ChecksumAlgorithm = algorithm }, Ct);
        await EmptyAsync(s3);
    }

    [Fact]
    public async Task Pages_through_lists_and_deletes_many()
    {
        await using var daemon = await S3Daemon.StartAsync(Ct);
        using var s3 = Connect(daemon);
        await s3.PutBucketAsync(Bucket, Ct);
        var keys = Enumerable.Range(0, 50).Select(i => $"{i % 5}/key {i:D2}+&<>").Order(StringComparer.Ordinal).ToList();
        await Parallel.ForEachAsync(keys, Ct, async (key, ct) => await s3.PutObjectAsync(new PutObjectRequest { BucketName = Bucket, Key = key, ContentBody = key }, ct));
        var found = new List<string>();
        await foreach (var entry in s3.Paginators.ListObjectsV2(new ListObjectsV2Request { BucketName = Bucket, MaxKeys = 7 }).S3Objects.WithCancellation(Ct))
            found.Add(entry.Key);
        Assert.Equal(keys, found);
        var prefixes = new List<string>();
        await foreach (var prefix in s3.Paginators.ListObjectsV2(new ListObjectsV2Request { BucketName = Bucket, Delimiter = "/", MaxKeys = 2 }).CommonPrefixes.WithCancellation(Ct))
            prefixes.Add(prefix);
        Assert.Equal(["0/", "1/", "2/", "3/", "4/"], prefixes);
        await EmptyAsync(s3);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Presigns_requests(bool isTls)
    {
        await using var daemon = await S3Daemon.StartAsync(Ct, isTls);
        using var s3 = Connect(daemon);
        await s3.PutBucketAsync(Bucket, Ct);
        using var http = new HttpClient(daemon.MakeHandler());
        using var body = new ByteArrayContent("by anybody"u8.ToArray()) { Headers = { ContentType = new("text/plain") } };
        Assert.Equal(200, (int)(await http.PutAsync(await PresignAsync(HttpVerb.PUT), body, Ct)).StatusCode);
        Assert.Equal("by anybody", await http.GetStringAsync(await PresignAsync(HttpVerb.GET), Ct));
        Assert.Equal(403, (int)(await http.GetAsync((await PresignAsync(HttpVerb.GET)).Replace("given", "other", StringComparison.Ordinal), Ct)).StatusCode);
        await EmptyAsync(s3);

        Task<string> PresignAsync(HttpVerb verb) => s3.GetPreSignedURLAsync(new GetPreSignedUrlRequest
        {
            BucketName = Bucket,
            Key = "given/a+b c",
            Verb = verb,
            Expires = TimeProvider.System.GetUtcNow().UtcDateTime.AddMinutes(10),
            Protocol = isTls ? Protocol.HTTPS : Protocol.HTTP,
            ContentType = verb == HttpVerb.PUT ? "text/plain" : null,
        });
    }

    private static AmazonS3Client Connect(S3Daemon daemon) => new(
        new BasicAWSCredentials(daemon.Credentials.AccessKeyId, daemon.Credentials.SecretAccessKey),
        new AmazonS3Config { ServiceURL = daemon.Endpoint, ForcePathStyle = true, AuthenticationRegion = "us-east-1", MaxErrorRetry = 0, HttpClientFactory = new TrustingFactory(daemon) });

    private static async Task EmptyAsync(AmazonS3Client s3)
    {
        var keys = (await s3.ListObjectsV2Async(new ListObjectsV2Request { BucketName = Bucket }, Ct)).S3Objects.Select(o => new KeyVersion { Key = o.Key }).ToList();
        var deleted = await s3.DeleteObjectsAsync(new DeleteObjectsRequest { BucketName = Bucket, Objects = keys }, Ct);
        Assert.Equal(keys.Count, deleted.DeletedObjects.Count);
        await s3.DeleteBucketAsync(Bucket, Ct);
    }

    private sealed class TrustingFactory(S3Daemon daemon) : HttpClientFactory
    {
        public override HttpClient CreateHttpClient(IClientConfig clientConfig) => new(daemon.MakeHandler());
    }
}
