using System.Security.Cryptography;
using Skep.Objects.Checksums;

namespace Skep.Objects.Tests.Conformance;

public abstract partial class BackendConformance
{
    [Fact]
    public async Task Parts_become_an_object()
    {
        byte[][] bodies = [Bytes(300_000, 1), Bytes(70_000, 2), Bytes(5, 3)];
        var upload = await BeginAsync("k", metadata: new ObjectMetadata { Headers = [new("Content-Type", "x/y")], Tags = [new("t", "1")] });
        await PartAsync(upload, 7, bodies[2]);
        await PartAsync(upload, 2, bodies[0]);
        await PartAsync(upload, 3, Bytes(9));
        await PartAsync(upload, 3, bodies[1]);
        await PartAsync(upload, 9, Bytes(10));
        await AssertUsageAsync(new BucketUsage(0, 0, 370_015));
        await FailsAsync(ObjectError.NoSuchKey, () => HeadAsync("k").AsTask());
        Time.Advance(TimeSpan.FromMinutes(1));
        var done = await CompleteAsync(upload, [2, 3, 7], bodies);
        var whole = bodies.SelectMany(b => b).ToArray();
        Assert.Equal(Md5([.. bodies.SelectMany(MD5.HashData)]) + "-3", done.ETag);
        Assert.Equal((370_005, 3, Time.GetUtcNow().ToUnixTimeSeconds(), true), (done.LengthBytes, done.PartCount, done.LastModified.ToUnixTimeSeconds(), done.IsLatest));
        Assert.Equal([new("Content-Type", "x/y")], done.Metadata.Headers);
        AssertSame(whole, await ReadAsync("k"));
        AssertSame(whole[250_000..370_000], await ReadAsync("k", offset: 250_000, length: 120_000));
        await AssertUsageAsync(new BucketUsage(370_005, 1, 0));
        await using var reader = await Backend.OpenAsync(new ObjectAddress(Bucket, "k"), Ct);
        var parts = await reader.ListPartsAsync(Ct);
        Assert.Equal([(0L, 300_000L), (300_000L, 70_000L), (370_000L, 5L)], parts.Select(p => (p.Offset, p.LengthBytes)));
        Assert.Equal(parts[1], await reader.FindPartAsync(2, Ct));
        Assert.Null(await reader.FindPartAsync(4, Ct));
        Assert.Empty((await Backend.ListUploadsAsync(new ListUploadsRequest { Bucket = Bucket }, Ct)).Uploads);
        await FailsAsync(ObjectError.NoSuchUpload, () => PartAsync(upload, 1, Text("x")));
    }

    [Fact]
    public async Task Completing_again_answers_the_same()
    {
        var upload = await BeginAsync("k");
        await PartAsync(upload, 1, Text("x"));
        var first = await CompleteAsync(upload, [1], [Text("x")]);
        Assert.Equal(first.ETag, (await CompleteAsync(upload, [1], [Text("x")])).ETag);
        await PutAsync("k", "y");
        await FailsAsync(ObjectError.NoSuchUpload, () => CompleteAsync(upload, [1], [Text("x")]));
    }

    [Fact]
    public async Task What_completion_names_must_have_been_uploaded()
    {
        var upload = await BeginAsync("k");
        await PartAsync(upload, 1, Bytes(100, 1));
        await PartAsync(upload, 2, Bytes(100, 2));
        await FailsAsync(ObjectError.InvalidPart, () => CompleteAsync(upload, [1, 3], [Bytes(100, 1), Bytes(100, 2)]));
        await FailsAsync(ObjectError.InvalidPart, () => CompleteAsync(upload, [1], [Bytes(100, 2)]));
        await FailsAsync(ObjectError.InvalidPartOrder, () => CompleteAsync(upload, [2, 1], [Bytes(100, 2), Bytes(100, 1)]));
        await FailsAsync(ObjectError.InvalidPartOrder, () => CompleteAsync(upload, [1, 1], [Bytes(100, 1), Bytes(100, 1)]));
        await FailsAsync(ObjectError.InvalidArgument, () => CompleteAsync(upload, [], []));
        await FailsAsync(ObjectError.InvalidArgument, () => CompleteAsync(upload, [1], [Bytes(100, 1)], r => r with { LengthBytes = 101 }));
        await PutAsync("k", "here");
        await FailsAsync(ObjectError.PreconditionFailed, () => CompleteAsync(upload, [1], [Bytes(100, 1)], r => r with { Conditions = WriteConditions.IfAbsent }));
        await AssertUsageAsync(new BucketUsage(4, 1, 200));
        await CompleteAsync(upload, [2], [Bytes(100, 2)], r => r with { PartBytesMin = 101 });
        AssertSame(Bytes(100, 2), await ReadAsync("k"));
    }

    [Theory]
    [InlineData(ChecksumAlgorithm.Crc32, ChecksumType.FullObject)]
    [InlineData(ChecksumAlgorithm.Crc32C, ChecksumType.Composite)]
    [InlineData(ChecksumAlgorithm.Crc64Nvme, ChecksumType.FullObject)]
    [InlineData(ChecksumAlgorithm.Sha256, ChecksumType.Composite)]
    public async Task The_parts_checksums_make_the_objects(ChecksumAlgorithm algorithm, ChecksumType type)
    {
        byte[][] bodies = [Bytes(300_000, 1), Bytes(70_001, 2), Bytes(5, 3)];
        var upload = await BeginAsync("k", algorithm, type);
        for (var i = 0; i < 3; i++)
            await PartAsync(upload, i + 1, bodies[i]);
        using var hasher = ChecksumHasher.Create(algorithm);
        var partSums = bodies.Select(b =>
        {
            using var part = ChecksumHasher.Create(algorithm);
            part.Append(b);
            return part.Finish();
        }).ToList();
        foreach (var input in type == ChecksumType.FullObject ? bodies : [.. partSums])
            hasher.Append(input);
        var expected = new ObjectChecksum(algorithm, type, hasher.Finish());
        await FailsAsync(ObjectError.BadDigest, () => CompleteAsync(upload, [1, 2, 3], bodies, r => r with { Checksum = new byte[expected.Value.Length] }));
        await FailsAsync(ObjectError.InvalidPart, () => CompleteAsync(upload, [1, 2, 3], bodies, r => r with { Parts = [.. r.Parts.Select(p => p with { Checksum = partSums[0] })] }));
        var done = await CompleteAsync(upload, [1, 2, 3], bodies, r => r with { Checksum = expected.Value, Parts = [.. r.Parts.Select((p, i) => p with { Checksum = partSums[i] })] });
        Assert.Equal(expected, done.Checksum);
        await using var reader = await Backend.OpenAsync(new ObjectAddress(Bucket, "k"), Ct);
        Assert.Equal(partSums, (await reader.ListPartsAsync(Ct)).Select(p => p.Checksum!.Value.ToArray()));
    }

    [Fact]
    public async Task Only_crcs_make_full_object_checksums()
    {
        await FailsAsync(ObjectError.InvalidArgument, () => BeginAsync("k", ChecksumAlgorithm.Sha1, ChecksumType.FullObject));
        var upload = await BeginAsync("k", ChecksumAlgorithm.Crc32C, ChecksumType.FullObject);
        await FailsAsync(ObjectError.InvalidArgument, () => Backend.UploadPartAsync(upload, 1, new BodyClaims { Checksum = ChecksumAlgorithm.Sha1 }, new MemoryStream(), Ct).AsTask());
        await FailsAsync(ObjectError.InvalidArgument, () => PartAsync(upload, 0, []));
        await FailsAsync(ObjectError.InvalidArgument, () => PartAsync(upload, 10_001, []));
    }

    [Fact]
    public async Task Ranges_of_objects_become_parts()
    {
        var source = Bytes(500_000);
        await PutAsync("whole", source);
        var first = await BeginAsync("parts", ChecksumAlgorithm.Crc32, ChecksumType.FullObject);
        await CopyPartAsync(first, 1, "whole", 0, null);
        await CopyPartAsync(first, 2, "whole", 499_990, 10);
        var parts = source.Concat(source[499_990..]).ToArray();
        await CompleteAsync(first, [1, 2], [source, source[499_990..]]);
        await DeleteAsync("whole");
        AssertSame(parts, await ReadAsync("parts"));

        // From an object in parts, across the border between them.
        var second = await BeginAsync("again");
        await CopyPartAsync(second, 1, "parts", 400_000, 100_005);
        await PartAsync(second, 2, Text("end"));
        await FailsAsync(ObjectError.InvalidArgument, () => CopyPartAsync(second, 3, "parts", 500_000, 11));
        await CompleteAsync(second, [1, 2], [parts[400_000..500_005], Text("end")]);
        await DeleteAsync("parts");
        AssertSame(parts[400_000..500_005].Concat(Text("end")), await ReadAsync("again"));
        await using var reader = await Backend.OpenAsync(new ObjectAddress(Bucket, "again"), Ct);
        Assert.Equal([100_005L, 3L], (await reader.ListPartsAsync(Ct)).Select(p => p.LengthBytes));
    }

    [Fact]
    public async Task Parts_are_listed_in_pages()
    {
        var upload = await BeginAsync("k", ChecksumAlgorithm.Sha1, ChecksumType.Composite);
        foreach (var number in (int[])[5, 1, 10_000, 3])
            await PartAsync(upload, number, Text($"{number}"));
        var page = await Backend.ListPartsAsync(new ListPartsRequest(upload, AfterNumber: 1, Max: 2), Ct);
        Assert.Equal([3, 5], page.Parts.Select(p => p.Number));
        Assert.True(page.IsTruncated);
        Assert.Equal((Md5(Text("3")), 1L, Time.GetUtcNow()), (page.Parts[0].ETag, page.Parts[0].LengthBytes, page.Parts[0].LastModified));
        Assert.Equal(SHA1.HashData(Text("3")), page.Parts[0].Checksum!.Value.ToArray());
        Assert.Equal((upload.UploadId, ChecksumAlgorithm.Sha1), (page.Upload.UploadId, page.Upload.Checksum));
        page = await Backend.ListPartsAsync(new ListPartsRequest(upload, AfterNumber: 5), Ct);
        Assert.Equal([10_000], page.Parts.Select(p => p.Number));
        Assert.False(page.IsTruncated);
        await FailsAsync(ObjectError.NoSuchUpload, () => Backend.ListPartsAsync(new ListPartsRequest(upload with { Key = "other" }), Ct).AsTask());
    }

    [Fact]
    public async Task Uploads_are_listed_in_pages()
    {
        var expected = new List<(string, string)>();
        foreach (var key in (string[])["b/1", "a", "b/2", "a"])
            expected.Add((key, (await BeginAsync(key)).UploadId));
        expected = [.. expected.OrderBy(e => e.Item1, StringComparer.Ordinal)];
        for (var max = 1; max < 6; max++)
        {
            var found = new List<(string, string)>();
            string? key = null, id = null;
            do
            {
                var page = await Backend.ListUploadsAsync(new ListUploadsRequest { Bucket = Bucket, KeyMarker = key, UploadIdMarker = id, Max = max }, Ct);
                found.AddRange(page.Uploads.Select(u => (u.Key, u.UploadId)));
                (key, id) = (page.NextKeyMarker, page.NextUploadIdMarker);
            }
            while (key is not null);
            Assert.Equal(expected, found);
        }

        var rolled = await Backend.ListUploadsAsync(new ListUploadsRequest { Bucket = Bucket, Delimiter = "/", KeyMarker = "a" }, Ct);
        Assert.Equal(["b/"], rolled.CommonPrefixes);
        Assert.Empty(rolled.Uploads);
    }

    [Fact]
    public async Task An_aborted_upload_is_gone()
    {
        var upload = await BeginAsync("k");
        await PartAsync(upload, 1, Bytes(200_000));
        await Backend.AbortUploadAsync(upload, Ct);
        await AssertUsageAsync(default);
        await FailsAsync(ObjectError.NoSuchUpload, () => Backend.AbortUploadAsync(upload, Ct).AsTask());
        await FailsAsync(ObjectError.NoSuchUpload, () => CompleteAsync(upload, [1], [Bytes(200_000)]));
        await FailsAsync(ObjectError.NoSuchUpload, () => Backend.AbortUploadAsync(upload with { UploadId = "x" }, Ct).AsTask());
    }

    [Fact]
    public async Task A_completed_upload_is_a_version_like_any_other()
    {
        await VersioningAsync(VersioningState.Enabled);
        var before = await PutAsync("k", "before");
        var upload = await BeginAsync("k");
        await PartAsync(upload, 1, Text("after"));
        var done = await CompleteAsync(upload, [1], [Text("after")]);
        Assert.NotEqual(before.VersionId, done.VersionId);
        Assert.Equal(("before", "after"), (await ReadTextAsync("k", before.VersionId), await ReadTextAsync("k")));
        await DeleteAsync("k", done.VersionId);
        Assert.Equal("before", await ReadTextAsync("k"));
    }

    protected async Task<UploadAddress> BeginAsync(string key, ChecksumAlgorithm? checksum = null, ChecksumType type = ChecksumType.FullObject, ObjectMetadata? metadata = null)
    {
        var info = await Backend.CreateUploadAsync(new CreateUploadRequest { Bucket = Bucket, Key = key, Checksum = checksum, ChecksumType = type, Metadata = metadata ?? ObjectMetadata.Empty }, Ct);
        return new UploadAddress(Bucket, key, info.UploadId);
    }

    protected async Task PartAsync(UploadAddress upload, int number, byte[] body) =>
        Assert.Equal(Md5(body), (await Backend.UploadPartAsync(upload, number, BodyClaims.None, new MemoryStream(body), Ct)).ETag);

    private async Task CopyPartAsync(UploadAddress upload, int number, string source, long offset, long? length) =>
        await Backend.CopyPartAsync(new CopyPartRequest { Upload = upload, Number = number, Source = new ObjectAddress(Bucket, source), Offset = offset, LengthBytes = length }, Ct);

    protected async Task<ObjectVersion> CompleteAsync(UploadAddress upload, int[] numbers, byte[][] bodies, Func<CompleteUploadRequest, CompleteUploadRequest>? change = null)
    {
        var request = new CompleteUploadRequest { Upload = upload, Parts = [.. numbers.Select((n, i) => new CompletedPart(n, Md5(bodies[i])))] };
        return await Backend.CompleteUploadAsync(change is null ? request : change(request), Ct);
    }
}
