using System.Security.Cryptography;
using Skep.Objects.Checksums;

namespace Skep.Objects.Tests.Conformance;

public abstract partial class BackendConformance
{
    /// <summary>Around every size at which a backend may do something else.</summary>
    public static TheoryData<int> Sizes => [0, 1, 4_095, 4_096, 65_535, 65_536, 65_537, 131_071, 131_072, 131_073, 262_144, 1_048_576, 1_048_577, 3_000_000];

    [Theory]
    [MemberData(nameof(Sizes))]
    public async Task What_was_put_is_read(int size)
    {
        var body = Bytes(size);
        var put = await PutAsync("k", body);
        Assert.Equal(Md5(body), put.ETag);
        Assert.Equal(size, put.LengthBytes);
        Assert.Equal(ObjectVersion.NullId, put.VersionId);
        Assert.True(put.IsLatest);
        AssertSame(body, await ReadAsync("k"));
        var random = new Random(size);
        for (var i = 0; i < 20; i++)
        {
            var offset = random.Next(size + 10);
            var length = random.Next(size + 10);
            AssertSame(body.Skip(offset).Take(length), await ReadAsync("k", offset: offset, length: length));
        }
    }

    [Fact]
    public async Task What_is_said_of_an_object_comes_back()
    {
        await AllowLocksAsync();
        var metadata = new ObjectMetadata
        {
            Headers = [new("Content-Type", "text/plain"), new("Content-Language", "de"), new("x-amz-meta-a", "ü"), new("x-amz-meta-b", "2")],
            Tags = [new("a", ""), new("z", "1 +/=")],
            Owner = "you",
            Acl = Text("<acl/>"),
            Retention = new Retention(RetentionMode.Governance, Time.GetUtcNow().AddDays(1)),
            IsLegalHold = true,
        };
        await PutAsync("k", Text("x"), metadata: metadata);
        var head = (await HeadAsync("k")).Metadata;
        Assert.Equal(metadata.Headers, head.Headers.OrderBy(h => h.Key == "Content-Type" ? "" : h.Key, StringComparer.Ordinal));
        Assert.Equal(metadata.Tags, head.Tags);
        Assert.Equal(metadata.Acl.ToArray(), head.Acl.ToArray());
        Assert.Equal((metadata.Owner, metadata.Retention, metadata.IsLegalHold), (head.Owner, head.Retention, head.IsLegalHold));
        await PutAsync("k", "y");
        head = (await HeadAsync("k")).Metadata;
        Assert.True(head.Tags.Count == 0 && head.Acl.IsEmpty && head.Retention == default && !head.IsLegalHold);
    }

    [Fact]
    public async Task Tags_change_without_the_bytes()
    {
        var put = await PutAsync("k", "x");
        Time.Advance(TimeSpan.FromHours(1));
        await Backend.UpdateAsync(new ObjectAddress(Bucket, "k"), new ObjectUpdate { Tags = [new("a", "b")] }, Ct);
        var head = await HeadAsync("k");
        Assert.Equal([new("a", "b")], head.Metadata.Tags);
        Assert.Equal(put.LastModified.ToUnixTimeSeconds(), head.LastModified.ToUnixTimeSeconds());
        await Backend.UpdateAsync(new ObjectAddress(Bucket, "k"), new ObjectUpdate { Tags = [] }, Ct);
        Assert.Empty((await HeadAsync("k")).Metadata.Tags);
        await FailsAsync(ObjectError.NoSuchKey, () => Backend.UpdateAsync(new ObjectAddress(Bucket, "no"), new ObjectUpdate(), Ct).AsTask());
    }

    [Fact]
    public async Task A_body_that_is_not_what_it_claims_is_not_stored()
    {
        var body = Bytes(200_000);
        await FailsAsync(ObjectError.IncompleteBody, () => PutAsync("k", body, claims: new BodyClaims { LengthBytes = 200_001 }).AsTask());
        await FailsAsync(ObjectError.TooLarge, () => PutAsync("k", body, claims: new BodyClaims { LengthBytes = 199_999 }).AsTask());
        await FailsAsync(ObjectError.TooLarge, () => PutAsync("k", body, claims: new BodyClaims { LengthBytesMax = 199_999 }).AsTask());
        await FailsAsync(ObjectError.BadDigest, () => PutAsync("k", body, claims: new BodyClaims { Md5 = new byte[16] }).AsTask());
        await FailsAsync(ObjectError.BadDigest, () => PutAsync("k", body, claims: new BodyClaims { Checksum = ChecksumAlgorithm.Crc32, ChecksumExpected = () => new byte[4] }).AsTask());
        await Assert.ThrowsAsync<IOException>(() => Backend.PutAsync(new PutRequest { Bucket = Bucket, Key = "k" }, new BrokenStream(body), Ct).AsTask());
        await FailsAsync(ObjectError.NoSuchKey, () => HeadAsync("k").AsTask());
        await AssertUsageAsync(default);
        await PutAsync("k", body, claims: new BodyClaims { LengthBytes = 200_000, LengthBytesMax = 200_000, Md5 = Convert.FromHexString(Md5(body)) });
    }

    [Theory]
    [InlineData(ChecksumAlgorithm.Crc32)]
    [InlineData(ChecksumAlgorithm.Crc32C)]
    [InlineData(ChecksumAlgorithm.Crc64Nvme)]
    [InlineData(ChecksumAlgorithm.Sha1)]
    [InlineData(ChecksumAlgorithm.Sha256)]
    public async Task A_checksum_is_computed_compared_and_kept(ChecksumAlgorithm algorithm)
    {
        var body = Bytes(150_000);
        using var hasher = ChecksumHasher.Create(algorithm);
        hasher.Append(body);
        var expected = hasher.Finish();
        await PutAsync("k", body, claims: new BodyClaims { Checksum = algorithm, ChecksumExpected = () => expected });
        Assert.Equal(new ObjectChecksum(algorithm, ChecksumType.FullObject, expected), (await HeadAsync("k")).Checksum);
    }

    [Fact]
    public async Task Conditions_are_about_the_current_version()
    {
        await FailsAsync(ObjectError.NoSuchKey, () => PutAsync("k", Text("1"), new WriteConditions { IfMatch = "*" }).AsTask());
        var first = await PutAsync("k", Text("1"), WriteConditions.IfAbsent);
        await FailsAsync(ObjectError.PreconditionFailed, () => PutAsync("k", Text("2"), WriteConditions.IfAbsent).AsTask());
        await FailsAsync(ObjectError.PreconditionFailed, () => PutAsync("k", Text("2"), new WriteConditions { IfNoneMatch = first.ETag }).AsTask());
        await FailsAsync(ObjectError.PreconditionFailed, () => PutAsync("k", Text("2"), new WriteConditions { IfMatch = "0" }).AsTask());
        await PutAsync("k", Text("2"), new WriteConditions { IfMatch = first.ETag });
        await FailsAsync(ObjectError.PreconditionFailed, () => DeleteAsync("k", conditions: new WriteConditions { IfMatch = first.ETag }).AsTask());
        await FailsAsync(ObjectError.PreconditionFailed, () => DeleteAsync("k", conditions: new WriteConditions { IfLengthBytes = 2 }).AsTask());
        await FailsAsync(ObjectError.PreconditionFailed, () => DeleteAsync("k", conditions: new WriteConditions { IfLastModified = Time.GetUtcNow().AddSeconds(1) }).AsTask());
        await FailsAsync(ObjectError.NoSuchKey, () => DeleteAsync("none", conditions: new WriteConditions { IfMatch = "*" }).AsTask());
        await DeleteAsync("k", conditions: new WriteConditions { IfMatch = Md5(Text("2")), IfLengthBytes = 1, IfLastModified = Time.GetUtcNow() });
        await PutAsync("k", Text("3"), WriteConditions.IfAbsent);
    }

    [Fact]
    public async Task A_delete_marker_counts_as_no_version()
    {
        await VersioningAsync(VersioningState.Enabled);
        await PutAsync("k", "1");
        await DeleteAsync("k");
        await FailsAsync(ObjectError.NoSuchKey, () => PutAsync("k", Text("1"), new WriteConditions { IfMatch = "*" }).AsTask());
        await PutAsync("k", Text("2"), WriteConditions.IfAbsent);
    }

    [Fact]
    public async Task If_none_match_has_exactly_one_winner()
    {
        for (var round = 0; round < 20; round++)
        {
            var key = $"k{round}";
            var winners = await Task.WhenAll(Enumerable.Range(0, 16).Select(async i =>
            {
                await Task.Yield();
                try
                {
                    await PutAsync(key, Bytes(i % 2 == 0 ? 10 : 200_000, seed: i), WriteConditions.IfAbsent);
                    return i;
                }
                catch (ObjectException ex) when (ex.Error == ObjectError.PreconditionFailed)
                {
                    return -1;
                }
            }));
            var winner = Assert.Single(winners, w => w >= 0);
            AssertSame(Bytes(winner % 2 == 0 ? 10 : 200_000, seed: winner), await ReadAsync(key));
        }
    }

    [Fact]
    public async Task Concurrent_conditional_puts_are_linearizable()
    {
        // Each writer adds one to a number with compare-and-swap: no addition may be lost and none counted twice.
        const int writers = 8;
        const int additions = 20;
        await PutAsync("n", "0");
        await Task.WhenAll(Enumerable.Range(0, writers).Select(async _ =>
        {
            await Task.Yield();
            for (var done = 0; done < additions;)
            {
                try
                {
                    await using var reader = await Backend.OpenAsync(new ObjectAddress(Bucket, "n"), Ct);
                    using var text = new MemoryStream();
                    await reader.CopyToAsync(text, 0, 100, Ct);
                    var number = int.Parse(System.Text.Encoding.UTF8.GetString(text.ToArray()));
                    await PutAsync("n", Text($"{number + 1}"), new WriteConditions { IfMatch = reader.Version.ETag });
                    done++;
                }
                catch (ObjectException ex) when (ex.Error is ObjectError.PreconditionFailed or ObjectError.Unavailable)
                {
                    // Another writer was first, also while it was read.
                }
            }
        }));
        Assert.Equal($"{writers * additions}", await ReadTextAsync("n"));
    }

    [Theory]
    [InlineData(100)]
    [InlineData(500_000)]
    public async Task A_copy_outlives_its_source(int size)
    {
        var body = Bytes(size);
        await PutAsync("a", body, metadata: new ObjectMetadata { Headers = [new("x-amz-meta-h", "1")] }, claims: new BodyClaims { Checksum = ChecksumAlgorithm.Sha1 });
        var source = await HeadAsync("a");
        var request = new CopyRequest { Source = new ObjectAddress(Bucket, "a"), Bucket = Bucket, Key = "b", Metadata = s => s.Metadata with { Owner = "you" } };
        Time.Advance(TimeSpan.FromSeconds(5));
        var copy = await Backend.CopyAsync(request, Ct);
        Assert.Equal((source.ETag, source.Checksum, "you", Time.GetUtcNow()), (copy.ETag, copy.Checksum, copy.Metadata.Owner, copy.LastModified));
        Assert.Equal([new("x-amz-meta-h", "1")], copy.Metadata.Headers);
        await DeleteAsync("a");
        AssertSame(body, await ReadAsync("b"));
        await Backend.CopyAsync(request with { Source = new ObjectAddress(Bucket, "b"), Key = "b", Metadata = _ => ObjectMetadata.Empty }, Ct);
        AssertSame(body, await ReadAsync("b"));
        await AssertUsageAsync(new BucketUsage(size, 1, 0));
        await FailsAsync(ObjectError.PreconditionFailed, () => Backend.CopyAsync(request with { Source = new ObjectAddress(Bucket, "b"), SourceIfMatch = "0" }, Ct).AsTask());
        await FailsAsync(ObjectError.NoSuchKey, () => Backend.CopyAsync(request, Ct).AsTask());
        await FailsAsync(ObjectError.PreconditionFailed, () => Backend.CopyAsync(request with { Source = new ObjectAddress(Bucket, "b"), Conditions = WriteConditions.IfAbsent }, Ct).AsTask());
    }

    [Fact]
    public async Task Keys_are_limited_by_their_bytes()
    {
        await PutAsync(new string('ü', 512), "x");
        await FailsAsync(ObjectError.InvalidArgument, () => PutAsync(new string('ü', 512) + "a", "x").AsTask());
        await FailsAsync(ObjectError.InvalidArgument, () => PutAsync("", "x").AsTask());
        await FailsAsync(ObjectError.InvalidArgument, () => PutAsync("a\ud800", "x").AsTask());
    }

    [Fact]
    public async Task A_key_may_be_the_beginning_of_another()
    {
        await PutAsync("a", "1");
        await PutAsync("a/b", "2");
        await PutAsync("a/b/c", "3");
        Assert.Equal(("1", "2", "3"), (await ReadTextAsync("a"), await ReadTextAsync("a/b"), await ReadTextAsync("a/b/c")));
    }

    [Fact]
    public async Task Deleting_what_is_not_there_succeeds()
    {
        Assert.Equal(default, await DeleteAsync("none"));
        Assert.Equal(default, await DeleteAsync("none", ObjectVersion.NullId));
        Assert.Equal(default, await DeleteAsync("none", "no-version-id"));
    }

    [Fact]
    public async Task Many_deletions_fail_one_by_one()
    {
        await AllowLocksAsync();
        var free = await PutAsync("a", "1");
        var held = await PutAsync("b", Text("1"), metadata: new ObjectMetadata { IsLegalHold = true });
        var requests = new[] { new DeleteRequest { Key = "a", VersionId = free.VersionId }, new DeleteRequest { Key = "b", VersionId = held.VersionId }, new DeleteRequest { Key = "c" } };
        var outcomes = await Backend.DeleteManyAsync(Bucket, requests, Ct);
        Assert.Equal([null, ObjectError.Locked, null], outcomes.Select(o => o.Failure?.Error));
        Assert.True(outcomes[2].Result.IsDeleteMarker);
        Assert.Equal(["b"], (await Backend.ListAsync(new ListRequest { Bucket = Bucket }, Ct)).Objects.Select(o => o.Key));
    }

    private sealed class BrokenStream(byte[] body) : MemoryStream(body)
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            Position < Length ? await base.ReadAsync(buffer, cancellationToken) : throw new IOException("the connection was lost");
    }
}
