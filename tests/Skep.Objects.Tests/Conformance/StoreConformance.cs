using System.Security.Cryptography;

namespace Skep.Objects.Tests.Conformance;

/// <summary>What Skep's own stores do beyond what every backend does: they count, encrypt, and keep what they are given as it was.</summary>
public abstract class StoreConformance : BackendConformance
{
    [Fact]
    public async Task Use_is_counted_exactly_and_the_quota_holds()
    {
        await Backend.SetQuotaAsync(Bucket, new BucketQuota(BytesMax: 10, ObjectsMax: 2), Ct);
        await PutAsync("a", "12345");
        await AssertUsageAsync(new BucketUsage(5, 1, 0));
        await PutAsync("a", "1234567");
        await AssertUsageAsync(new BucketUsage(7, 1, 0));
        await FailsAsync(ObjectError.QuotaExceeded, () => PutAsync("b", "1234").AsTask());
        await FailsAsync(ObjectError.NoSuchKey, () => HeadAsync("b").AsTask());
        await PutAsync("b", "123");
        await FailsAsync(ObjectError.QuotaExceeded, () => PutAsync("c", "").AsTask());
        var upload = await Backend.CreateUploadAsync(new CreateUploadRequest { Bucket = Bucket, Key = "a" }, Ct);
        await FailsAsync(ObjectError.QuotaExceeded, () => Backend.UploadPartAsync(new UploadAddress(Bucket, "a", upload.UploadId), 1, BodyClaims.None, new MemoryStream(Text("1")), Ct).AsTask());
        await DeleteAsync("a");
        await AssertUsageAsync(new BucketUsage(3, 1, 0));
        await Backend.UploadPartAsync(new UploadAddress(Bucket, "a", upload.UploadId), 1, BodyClaims.None, new MemoryStream(Text("1234567")), Ct);
        await AssertUsageAsync(new BucketUsage(3, 1, 7));
        await Backend.CompleteUploadAsync(new CompleteUploadRequest { Upload = new UploadAddress(Bucket, "a", upload.UploadId), Parts = [new CompletedPart(1, Md5(Text("1234567")))] }, Ct);
        await AssertUsageAsync(new BucketUsage(10, 2, 0));
        await Backend.SetQuotaAsync(Bucket, default, Ct);
        await VersioningAsync(VersioningState.Enabled);
        await PutAsync("a", "1");
        await DeleteAsync("a");
        await AssertUsageAsync(new BucketUsage(11, 3, 0));
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public async Task What_is_encrypted_needs_its_key(int size)
    {
        var body = Bytes(size);
        var key = Bytes(32, seed: 2);
        await PutAsync("k", body, claims: new BodyClaims { EncryptionKey = key });
        AssertSame(body, await ReadAsync("k", decryptionKey: key));
        AssertSame(body.Skip(size / 2).Take(100_000), await ReadAsync("k", offset: size / 2, length: 100_000, decryptionKey: key));
        if (size == 0)
            return;
        await FailsAsync(ObjectError.WrongKey, () => ReadAsync("k"));
        await FailsAsync(ObjectError.WrongKey, () => ReadAsync("k", decryptionKey: Bytes(32, seed: 3)));
        await using var reader = await Backend.OpenAsync(new ObjectAddress(Bucket, "k"), Ct);
        Assert.True(reader.NeedsKey);
    }

    [Fact]
    public async Task Metadata_comes_back_as_it_was_given()
    {
        var metadata = new ObjectMetadata
        {
            Headers = [new("content-type", "text/plain"), new("x-amz-meta-b", "2"), new("x-amz-meta-a", "ü"), new("x-amz-meta-b", "")],
            Tags = [new("z", "1"), new("a", "")],
            Owner = "me",
            Acl = Text("<acl/>"),
            Encryption = new byte[] { 0, 1, 255 },
            Retention = new Retention(RetentionMode.Governance, Time.GetUtcNow().AddDays(1)),
            IsLegalHold = true,
        };
        await PutAsync("k", Text("x"), metadata: metadata);
        var head = (await HeadAsync("k")).Metadata;
        Assert.Equal(metadata.Headers, head.Headers);
        Assert.Equal(metadata.Tags, head.Tags);
        Assert.Equal(metadata.Acl.ToArray(), head.Acl.ToArray());
        Assert.Equal(metadata.Encryption.ToArray(), head.Encryption.ToArray());
        Assert.Equal((metadata.Owner, metadata.Retention, metadata.IsLegalHold), (head.Owner, head.Retention, head.IsLegalHold));
    }

    [Fact]
    public async Task A_declared_length_reserves_nothing()
    {
        await FailsAsync(ObjectError.IncompleteBody, () => PutAsync("k", Text("x"), claims: new BodyClaims { LengthBytes = long.MaxValue }).AsTask());
    }

    [Fact]
    public async Task An_open_reader_goes_on_after_the_object_is_replaced_and_deleted()
    {
        var body = Bytes(1_000_000);
        await PutAsync("k", body);
        await using var reader = await Backend.OpenAsync(new ObjectAddress(Bucket, "k"), Ct);
        await PutAsync("k", "other");
        await DeleteAsync("k");
        using var all = new MemoryStream();
        await reader.CopyToAsync(all, 0, long.MaxValue / 2, Ct);
        AssertSame(body, all.ToArray());
    }

    [Fact]
    public async Task What_is_beside_an_object_changes_without_its_bytes()
    {
        var put = await PutAsync("k", "x");
        Time.Advance(TimeSpan.FromHours(1));
        var updated = await Backend.UpdateAsync(new ObjectAddress(Bucket, "k"), new ObjectUpdate { Tags = [new("a", "b")], Acl = Text("acl") }, Ct);
        Assert.Equal(put.LastModified, updated.LastModified);
        Assert.Equal([new("a", "b")], updated.Metadata.Tags);
        await Backend.UpdateAsync(new ObjectAddress(Bucket, "k"), new ObjectUpdate { Tags = [], IsLegalHold = true }, Ct);
        var head = await HeadAsync("k");
        Assert.Empty(head.Metadata.Tags);
        Assert.True(head.Metadata.IsLegalHold);
        Assert.Equal(Text("acl"), head.Metadata.Acl.ToArray());
        await FailsAsync(ObjectError.NoSuchKey, () => Backend.UpdateAsync(new ObjectAddress(Bucket, "no"), new ObjectUpdate(), Ct).AsTask());
    }

    [Fact]
    public async Task Parts_are_encrypted_with_the_key_of_each()
    {
        var key = Bytes(32, seed: 9);
        byte[][] bodies = [Bytes(300_000, 1), Bytes(70_001, 2)];
        var upload = await BeginAsync("k");
        for (var i = 0; i < 2; i++)
            await Backend.UploadPartAsync(upload, i + 1, new BodyClaims { EncryptionKey = key }, new MemoryStream(bodies[i]), Ct);
        await CompleteAsync(upload, [1, 2], bodies);
        AssertSame(bodies[0].Concat(bodies[1]), await ReadAsync("k", decryptionKey: key));
        await FailsAsync(ObjectError.WrongKey, () => ReadAsync("k"));
    }

    [Fact]
    public async Task Changes_are_numbered_in_their_order()
    {
        await VersioningAsync(VersioningState.Enabled);
        var sequences = new List<long>();
        for (var i = 0; i < 4; i++)
            sequences.Add((await PutAsync("k", $"{i}")).Sequence);
        sequences.Add((await DeleteAsync("k")).Sequence);
        Assert.Equal(sequences.Distinct().Order(), sequences);
        Assert.True(sequences[0] > 0);
    }

    [Fact]
    public async Task An_upload_keeps_its_bucket()
    {
        var upload = await Backend.CreateUploadAsync(new CreateUploadRequest { Bucket = Bucket, Key = "k" }, Ct);
        await FailsAsync(ObjectError.BucketNotEmpty, () => Backend.DeleteBucketAsync(Bucket, Ct).AsTask());
        await Backend.AbortUploadAsync(new UploadAddress(Bucket, "k", upload.UploadId), Ct);
        await Backend.DeleteBucketAsync(Bucket, Ct);
    }

    [Fact]
    public async Task Small_parts_and_their_numbers_are_the_callers_matter()
    {
        var upload = await BeginAsync("k");
        await PartAsync(upload, 2, Bytes(100, 1));
        await PartAsync(upload, 7, Bytes(100, 2));
        await FailsAsync(ObjectError.PartTooSmall, () => CompleteAsync(upload, [2, 7], [Bytes(100, 1), Bytes(100, 2)], r => r with { PartBytesMin = 101 }));
        await CompleteAsync(upload, [2, 7], [Bytes(100, 1), Bytes(100, 2)]);
        await using var reader = await Backend.OpenAsync(new ObjectAddress(Bucket, "k"), Ct);
        Assert.Equal([new ObjectPart(2, 0, 100, null), new ObjectPart(7, 100, 100, null)], await reader.ListPartsAsync(Ct));
    }

    [Fact]
    public async Task A_retention_is_only_weakened_by_who_may()
    {
        await AllowLocksAsync();
        var now = Time.GetUtcNow();
        await PutAsync("k", Text("1"), metadata: new ObjectMetadata { Retention = new Retention(RetentionMode.Governance, now.AddDays(2)) });
        await FailsAsync(ObjectError.Locked, () => RetainAsync(new Retention(RetentionMode.Governance, now.AddDays(1)), bypass: false));
        await FailsAsync(ObjectError.Locked, () => RetainAsync(default, bypass: false));
        await RetainAsync(new Retention(RetentionMode.Governance, now.AddDays(1)), bypass: true);
        await RetainAsync(new Retention(RetentionMode.Compliance, now.AddDays(3)), bypass: false);
        await FailsAsync(ObjectError.Locked, () => RetainAsync(new Retention(RetentionMode.Compliance, now.AddDays(2)), bypass: true));
        await FailsAsync(ObjectError.Locked, () => RetainAsync(new Retention(RetentionMode.Governance, now.AddDays(4)), bypass: true));
        await RetainAsync(new Retention(RetentionMode.Compliance, now.AddDays(4)), bypass: false);
        Task RetainAsync(Retention retention, bool bypass) =>
            Backend.UpdateAsync(new ObjectAddress(Bucket, "k"), new ObjectUpdate { Retention = retention, BypassesGovernance = bypass }, Ct).AsTask();
    }

    [Fact]
    public async Task An_owner_quota_counts_all_buckets_of_the_owner()
    {
        var quotas = Assert.IsAssignableFrom<IOwnerQuotas>(Backend);
        await Backend.CreateBucketAsync("second", "me", Ct);
        await Backend.CreateBucketAsync("other", "you", Ct);
        await PutAsync("k", Bytes(60));
        await quotas.SetOwnerQuotaAsync("me", new BucketQuota(100, 3), Ct);
        await FailsAsync(ObjectError.QuotaExceeded, () => PutAsync("k", Bytes(41), bucket: "second").AsTask());
        await PutAsync("k", Bytes(40), bucket: "second");
        await PutAsync("k", Bytes(500), bucket: "other");
        await FailsAsync(ObjectError.QuotaExceeded, () => PutAsync("k", Bytes(61)).AsTask()); // in place of 60
        await PutAsync("k", Bytes(50));
        var upload = await Backend.CreateUploadAsync(new CreateUploadRequest { Bucket = Bucket, Key = "u" }, Ct);
        await FailsAsync(ObjectError.QuotaExceeded, () => Backend.UploadPartAsync(new UploadAddress(Bucket, "u", upload.UploadId), 1, BodyClaims.None, new MemoryStream(Bytes(11)), Ct).AsTask());
        await PutAsync("empty", Bytes(0));
        await FailsAsync(ObjectError.QuotaExceeded, () => PutAsync("one more", Bytes(0)).AsTask());
        Assert.Equal(new OwnerInfo(new BucketQuota(100, 3), new BucketUsage(90, 3, 0), 2), await quotas.HeadOwnerAsync("me", Ct));
        await DeleteAsync("empty");
        await quotas.SetOwnerQuotaAsync("me", new BucketQuota(10, null), Ct);
        await PutAsync("k", Bytes(20)); // smaller is always allowed
        await FailsAsync(ObjectError.QuotaExceeded, () => PutAsync("k", Bytes(21)).AsTask());
        await quotas.SetOwnerQuotaAsync("me", default, Ct);
        await PutAsync("k", Bytes(1_000));
        Assert.Equal(new OwnerInfo(default, new BucketUsage(1_040, 2, 0), 2), await quotas.HeadOwnerAsync("me", Ct));
    }

    [Fact]
    public async Task Of_many_writers_at_once_as_many_win_as_the_owner_quota_allows()
    {
        await Backend.CreateBucketAsync("second", "me", Ct);
        await ((IOwnerQuotas)Backend).SetOwnerQuotaAsync("me", new BucketQuota(70, null), Ct);
        var writers = Enumerable.Range(0, 40).Select(i => Task.Run(async () =>
        {
            try
            {
                await PutAsync($"k{i}", Bytes(10), bucket: i % 2 == 0 ? Bucket : "second");
                return true;
            }
            catch (ObjectException ex) when (ex.Error is ObjectError.QuotaExceeded)
            {
                return false;
            }
        }, Ct));
        Assert.Equal(7, (await Task.WhenAll(writers)).Count(won => won));
        Assert.Equal(70, (await ((IOwnerQuotas)Backend).HeadOwnerAsync("me", Ct)).Usage.Bytes);
    }

    public async Task An_etag_with_a_key_says_nothing_of_the_bytes_without_it()
    {
        var claims = new BodyClaims { EncryptionKey = Bytes(32), ETagKey = Bytes(32, seed: 2), Md5 = MD5.HashData(Text("same")) };
        var (first, again) = (await PutAsync("a", Text("same"), claims: claims), await PutAsync("b", Text("same"), claims: claims));
        var other = await PutAsync("c", Text("same"), claims: claims with { ETagKey = Bytes(32, seed: 3) });
        Assert.Equal((32, first.ETag), (first.ETag.Length, again.ETag));
        Assert.Distinct([Md5(Text("same")), first.ETag, other.ETag]);
        Assert.Equal(first.ETag, (await HeadAsync("a")).ETag);
        await FailsAsync(ObjectError.BadDigest, () => PutAsync("d", Text("other"), claims: claims).AsTask());
    }
}
