namespace Skep.Objects.Tests.Conformance;

public abstract partial class BackendConformance
{
    [Fact]
    public async Task A_bucket_is_made_once()
    {
        var made = await Backend.CreateBucketAsync("other", "you", Ct);
        Assert.Equal("other", made.Name);
        Assert.Equal("you", made.Owner);
        Assert.Equal(Time.GetUtcNow(), made.Created);
        Assert.Equal(made, await Backend.HeadBucketAsync("other", Ct));
        await FailsAsync(ObjectError.BucketExists, () => Backend.CreateBucketAsync("other", "me", Ct).AsTask());
        await FailsAsync(ObjectError.NoSuchBucket, () => Backend.HeadBucketAsync("third", Ct).AsTask());
        await FailsAsync(ObjectError.InvalidArgument, () => Backend.CreateBucketAsync("", "me", Ct).AsTask());
    }

    [Fact]
    public async Task Buckets_are_listed_in_pages_in_order_of_names()
    {
        foreach (var name in (string[])["b3", "b1", "c", "b2"])
            await Backend.CreateBucketAsync(name, name == "b2" ? "you" : "me", Ct);
        var page = await Backend.ListBucketsAsync(new ListBucketsRequest { Prefix = "b", Max = 2 }, Ct);
        Assert.Equal(["b1", "b2"], page.Buckets.Select(b => b.Name));
        Assert.True(page.IsTruncated);
        page = await Backend.ListBucketsAsync(new ListBucketsRequest { StartAfter = "b2", Owner = "me", Max = 3 }, Ct);
        Assert.Equal(["b3", "bucket", "c"], page.Buckets.Select(b => b.Name));
        Assert.False(page.IsTruncated);
    }

    [Fact]
    public async Task Only_an_empty_bucket_is_deleted()
    {
        await VersioningAsync(VersioningState.Enabled);
        var marker = await DeleteAsync("k");
        await FailsAsync(ObjectError.BucketNotEmpty, () => Backend.DeleteBucketAsync(Bucket, Ct).AsTask());
        await DeleteAsync("k", marker.VersionId);
        var upload = await Backend.CreateUploadAsync(new CreateUploadRequest { Bucket = Bucket, Key = "k" }, Ct);
        await FailsAsync(ObjectError.BucketNotEmpty, () => Backend.DeleteBucketAsync(Bucket, Ct).AsTask());
        await Backend.AbortUploadAsync(new UploadAddress(Bucket, "k", upload.UploadId), Ct);
        await PutAsync("k", "x");
        await FailsAsync(ObjectError.BucketNotEmpty, () => Backend.DeleteBucketAsync(Bucket, Ct).AsTask());
        await DeleteAsync("k", (await HeadAsync("k")).VersionId);
        foreach (var version in (await Backend.ListVersionsAsync(new ListVersionsRequest { Bucket = Bucket }, Ct)).Versions)
            await DeleteAsync(version.Key, version.VersionId);
        await Backend.DeleteBucketAsync(Bucket, Ct);
        await FailsAsync(ObjectError.NoSuchBucket, () => PutAsync("k", "x").AsTask());
        await FailsAsync(ObjectError.NoSuchBucket, () => Backend.DeleteBucketAsync(Bucket, Ct).AsTask());
    }

    [Fact]
    public async Task Documents_of_a_bucket_go_with_it()
    {
        await Backend.PutDocumentAsync(Bucket, "policy", Text("{}"), Ct);
        await Backend.PutDocumentAsync(Bucket, "policy", Text("{1}"), Ct);
        Assert.Equal(Text("{1}"), (await Backend.FindDocumentAsync(Bucket, "policy", Ct))!.Value.ToArray());
        Assert.Null(await Backend.FindDocumentAsync(Bucket, "cors", Ct));
        await Backend.DeleteDocumentAsync(Bucket, "cors", Ct);
        await FailsAsync(ObjectError.NoSuchBucket, () => Backend.PutDocumentAsync("no", "policy", Text("{}"), Ct).AsTask());
        await FailsAsync(ObjectError.NoSuchBucket, () => Backend.FindDocumentAsync("no", "policy", Ct).AsTask());
        await Backend.DeleteBucketAsync(Bucket, Ct);
        await Backend.CreateBucketAsync(Bucket, "me", Ct);
        Assert.Null(await Backend.FindDocumentAsync(Bucket, "policy", Ct));
        await Backend.PutDocumentAsync(Bucket, "cors", Text(""), Ct);
        Assert.Empty((await Backend.FindDocumentAsync(Bucket, "cors", Ct))!.Value.ToArray());
        await Backend.DeleteDocumentAsync(Bucket, "cors", Ct);
        Assert.Null(await Backend.FindDocumentAsync(Bucket, "cors", Ct));
    }

    [Fact]
    public async Task Use_is_counted_exactly_and_the_quota_holds()
    {
        await Backend.SetQuotaAsync(Bucket, new BucketQuota(BytesMax: 10, ObjectsMax: 2), Ct);
        await PutAsync("a", "12345");
        Assert.Equal(new BucketUsage(5, 1, 0), await UsageAsync());
        await PutAsync("a", "1234567");
        Assert.Equal(new BucketUsage(7, 1, 0), await UsageAsync());
        await FailsAsync(ObjectError.QuotaExceeded, () => PutAsync("b", "1234").AsTask());
        await FailsAsync(ObjectError.NoSuchKey, () => HeadAsync("b").AsTask());
        await PutAsync("b", "123");
        await FailsAsync(ObjectError.QuotaExceeded, () => PutAsync("c", "").AsTask());
        var upload = await Backend.CreateUploadAsync(new CreateUploadRequest { Bucket = Bucket, Key = "a" }, Ct);
        await FailsAsync(ObjectError.QuotaExceeded, () => Backend.UploadPartAsync(new UploadAddress(Bucket, "a", upload.UploadId), 1, BodyClaims.None, new MemoryStream(Text("1")), Ct).AsTask());
        await DeleteAsync("a");
        Assert.Equal(new BucketUsage(3, 1, 0), await UsageAsync());
        await Backend.UploadPartAsync(new UploadAddress(Bucket, "a", upload.UploadId), 1, BodyClaims.None, new MemoryStream(Text("1234567")), Ct);
        Assert.Equal(new BucketUsage(3, 1, 7), await UsageAsync());
        await Backend.CompleteUploadAsync(new CompleteUploadRequest { Upload = new UploadAddress(Bucket, "a", upload.UploadId), Parts = [new CompletedPart(1, Md5(Text("1234567")))] }, Ct);
        Assert.Equal(new BucketUsage(10, 2, 0), await UsageAsync());
        await Backend.SetQuotaAsync(Bucket, default, Ct);
        await VersioningAsync(VersioningState.Enabled);
        await PutAsync("a", "1");
        await DeleteAsync("a");
        Assert.Equal(new BucketUsage(11, 3, 0), await UsageAsync());
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
}
