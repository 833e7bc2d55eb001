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
        foreach (var name in (string[])["b-3", "b-1", "cee", "b-2"])
            await Backend.CreateBucketAsync(name, name == "b-2" ? "you" : "me", Ct);
        var page = await Backend.ListBucketsAsync(new ListBucketsRequest { Prefix = "b", Max = 2 }, Ct);
        Assert.Equal(["b-1", "b-2"], page.Buckets.Select(b => b.Name));
        Assert.True(page.IsTruncated);
        page = await Backend.ListBucketsAsync(new ListBucketsRequest { StartAfter = "b-2", Owner = "me", Max = 3 }, Ct);
        Assert.Equal(["b-3", "bucket", "cee"], page.Buckets.Select(b => b.Name));
        Assert.False(page.IsTruncated);
    }

    [Fact]
    public async Task Only_an_empty_bucket_is_deleted()
    {
        await VersioningAsync(VersioningState.Enabled);
        var marker = await DeleteAsync("k");
        await FailsAsync(ObjectError.BucketNotEmpty, () => Backend.DeleteBucketAsync(Bucket, Ct).AsTask());
        await DeleteAsync("k", marker.VersionId);
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
}
