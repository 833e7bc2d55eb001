namespace Skep.Objects.Tests.Conformance;

public abstract partial class BackendConformance
{
    [Fact]
    public async Task Versions_stay_when_versioning_is_enabled()
    {
        await PutAsync("k", "null");
        await VersioningAsync(VersioningState.Enabled);
        var first = await PutAsync("k", "1");
        var second = await PutAsync("k", "2");
        Assert.NotEqual(first.VersionId, second.VersionId);
        Assert.Equal(("null", "1", "2", "2"), (await ReadTextAsync("k", ObjectVersion.NullId), await ReadTextAsync("k", first.VersionId), await ReadTextAsync("k", second.VersionId), await ReadTextAsync("k")));
        Assert.False((await HeadAsync("k", first.VersionId)).IsLatest);
        Assert.True((await HeadAsync("k", second.VersionId)).IsLatest);
        await FailsAsync(ObjectError.NoSuchVersion, () => HeadAsync("k", "0").AsTask());
        await FailsAsync(ObjectError.NoSuchVersion, () => HeadAsync("other", first.VersionId).AsTask());
    }

    [Fact]
    public async Task A_delete_marker_hides_and_its_removal_shows_again()
    {
        await VersioningAsync(VersioningState.Enabled);
        var first = await PutAsync("k", "1");
        var marker = await DeleteAsync("k");
        Assert.True(marker.IsDeleteMarker);
        var failure = await FailsAsync(ObjectError.NoSuchKey, () => HeadAsync("k").AsTask());
        Assert.Equal(marker.VersionId, failure.Marker!.VersionId);
        failure = await FailsAsync(ObjectError.IsDeleteMarker, () => HeadAsync("k", marker.VersionId).AsTask());
        Assert.Equal(marker.VersionId, failure.Marker!.VersionId);
        Assert.Equal("1", await ReadTextAsync("k", first.VersionId));
        Assert.Empty((await Backend.ListAsync(new ListRequest { Bucket = Bucket }, Ct)).Objects);
        Assert.Equal(marker.VersionId, (await DeleteAsync("k", marker.VersionId)).VersionId);
        Assert.True((await HeadAsync("k")).IsLatest);
        Assert.Single((await Backend.ListAsync(new ListRequest { Bucket = Bucket }, Ct)).Objects);
    }

    [Fact]
    public async Task Removing_the_latest_version_makes_the_one_before_current()
    {
        await VersioningAsync(VersioningState.Enabled);
        var versions = new List<ObjectVersion>();
        for (var i = 0; i < 4; i++)
            versions.Add(await PutAsync("k", $"{i}"));
        var removed = await DeleteAsync("k", versions[3].VersionId);
        Assert.Equal(new DeleteResult(versions[3].VersionId, false), removed with { Sequence = 0 });
        Assert.Equal("2", await ReadTextAsync("k"));
        await DeleteAsync("k", versions[1].VersionId);
        Assert.Equal("2", await ReadTextAsync("k"));
        await DeleteAsync("k", versions[2].VersionId);
        Assert.Equal("0", await ReadTextAsync("k"));
        await DeleteAsync("k", versions[0].VersionId);
        await FailsAsync(ObjectError.NoSuchKey, () => HeadAsync("k").AsTask());
        await AssertUsageAsync(default);
    }

    [Fact]
    public async Task A_deletion_may_want_that_the_version_is_not_the_latest()
    {
        await VersioningAsync(VersioningState.Enabled);
        var first = await PutAsync("k", "1");
        var second = await PutAsync("k", "2");
        var marker = await DeleteAsync("k");
        ValueTask<DeleteResult> IfNoncurrentAsync(string? id) => Backend.DeleteAsync(Bucket, new DeleteRequest { Key = "k", VersionId = id, IfNoncurrent = true }, Ct);
        await FailsAsync(ObjectError.PreconditionFailed, () => IfNoncurrentAsync(marker.VersionId).AsTask());
        await IfNoncurrentAsync(second.VersionId);
        await DeleteAsync("k", marker.VersionId);
        await FailsAsync(ObjectError.PreconditionFailed, () => IfNoncurrentAsync(first.VersionId).AsTask());
        await FailsAsync(ObjectError.PreconditionFailed, () => IfNoncurrentAsync(null).AsTask());
        Assert.Equal(default, await IfNoncurrentAsync(second.VersionId)); // gone already
        Assert.Equal("1", await ReadTextAsync("k"));
    }

    [Fact]
    public async Task Suspended_versioning_replaces_only_the_null_version()
    {
        await VersioningAsync(VersioningState.Enabled);
        var kept = await PutAsync("k", "kept");
        await VersioningAsync(VersioningState.Suspended);
        Assert.Equal(ObjectVersion.NullId, (await PutAsync("k", "null 1")).VersionId);
        await PutAsync("k", "null 2");
        Assert.Equal("null 2", await ReadTextAsync("k"));
        Assert.Equal("kept", await ReadTextAsync("k", kept.VersionId));
        await AssertUsageAsync(new BucketUsage(10, 2, 0));
        await VersioningAsync(VersioningState.Enabled);
        var above = await PutAsync("k", "above");
        await VersioningAsync(VersioningState.Suspended);
        await PutAsync("k", "null 3");
        Assert.Equal([(ObjectVersion.NullId, true), (above.VersionId, false), (kept.VersionId, false)], await VersionsAsync());
        Assert.Equal(new DeleteResult(ObjectVersion.NullId, true), await DeleteAsync("k") with { Sequence = 0 });
        Assert.Equal([(ObjectVersion.NullId, true), (above.VersionId, false), (kept.VersionId, false)], await VersionsAsync());
        await FailsAsync(ObjectError.NoSuchKey, () => HeadAsync("k").AsTask());
        Assert.Equal(new DeleteResult(ObjectVersion.NullId, true), await DeleteAsync("k", ObjectVersion.NullId) with { Sequence = 0 });
        Assert.Equal("above", await ReadTextAsync("k"));
    }

    [Fact]
    public async Task Deleting_a_missing_key_makes_a_marker_where_versions_are_kept()
    {
        await VersioningAsync(VersioningState.Enabled);
        var marker = await DeleteAsync("k");
        Assert.True(marker.IsDeleteMarker);
        Assert.Equal([(marker.VersionId!, true)], await VersionsAsync());
        await AssertUsageAsync(default);
    }

    [Fact]
    public async Task Versions_are_listed_newest_first_in_pages()
    {
        await VersioningAsync(VersioningState.Enabled);
        var expected = new List<(string, string)>();
        foreach (var key in (string[])["a", "b/1", "b/2", "c"])
        {
            var ids = new List<string>();
            for (var i = 0; i < 3; i++)
                ids.Add((await PutAsync(key, $"{i}")).VersionId);
            ids.Add((await DeleteAsync(key)).VersionId!);
            ids.Reverse();
            expected.AddRange(ids.Select(id => (key, id)));
        }

        for (var max = 1; max <= 17; max++)
        {
            var found = new List<(string, string)>();
            string? key = null, id = null;
            do
            {
                var page = await Backend.ListVersionsAsync(new ListVersionsRequest { Bucket = Bucket, KeyMarker = key, VersionIdMarker = id, Max = max }, Ct);
                Assert.True(page.Versions.Count <= max);
                Assert.All(page.Versions, v => Assert.Equal(v.IsDeleteMarker, v.IsLatest));
                found.AddRange(page.Versions.Select(v => (v.Key, v.VersionId)));
                (key, id) = (page.NextKeyMarker, page.NextVersionIdMarker);
            }
            while (key is not null);
            Assert.Equal(expected, found);
        }

        var rolled = await Backend.ListVersionsAsync(new ListVersionsRequest { Bucket = Bucket, Delimiter = "/", KeyMarker = "a", Max = 3 }, Ct);
        Assert.Equal(["b/"], rolled.CommonPrefixes);
        Assert.Equal(["c", "c"], rolled.Versions.Select(v => v.Key));
        Assert.Equal("c", rolled.NextKeyMarker);
    }

    [Fact]
    public async Task A_list_of_versions_goes_on_where_it_was_though_all_of_it_was_deleted()
    {
        await VersioningAsync(VersioningState.Enabled);
        for (var i = 0; i < 10; i++)
            await PutAsync("k", $"{i}");
        await VersioningAsync(VersioningState.Suspended);
        await PutAsync("k", "null");
        string? key = null, id = null;
        var count = 0;
        do
        {
            var page = await Backend.ListVersionsAsync(new ListVersionsRequest { Bucket = Bucket, KeyMarker = key, VersionIdMarker = id, Max = 3 }, Ct);
            count += page.Versions.Count;
            foreach (var version in page.Versions)
                await DeleteAsync("k", version.VersionId);
            (key, id) = (page.NextKeyMarker, page.NextVersionIdMarker);
        }
        while (key is not null);
        Assert.Equal(11, count);
        await Backend.DeleteBucketAsync(Bucket, Ct);
    }

    [Fact]
    public async Task A_locked_version_is_not_removed()
    {
        await AllowLocksAsync();
        var until = Time.GetUtcNow().AddDays(1);
        var governed = await PutAsync("g", Text("1"), metadata: new ObjectMetadata { Retention = new Retention(RetentionMode.Governance, until) });
        var compliant = await PutAsync("c", Text("1"), metadata: new ObjectMetadata { Retention = new Retention(RetentionMode.Compliance, until) });
        var held = await PutAsync("h", Text("1"), metadata: new ObjectMetadata { IsLegalHold = true });
        await FailsAsync(ObjectError.Locked, () => DeleteAsync("g", governed.VersionId).AsTask());
        await FailsAsync(ObjectError.Locked, () => DeleteAsync("c", compliant.VersionId, bypass: true).AsTask());
        await FailsAsync(ObjectError.Locked, () => DeleteAsync("h", held.VersionId, bypass: true).AsTask());
        Assert.True((await DeleteAsync("c")).IsDeleteMarker);
        await DeleteAsync("g", governed.VersionId, bypass: true);
        await Backend.UpdateAsync(new ObjectAddress(Bucket, "h"), new ObjectUpdate { IsLegalHold = false }, Ct);
        await DeleteAsync("h", held.VersionId);
        Time.Advance(TimeSpan.FromDays(2));
        await DeleteAsync("c", compliant.VersionId);
    }

    private async Task<List<(string Id, bool IsLatest)>> VersionsAsync() =>
        [.. (await Backend.ListVersionsAsync(new ListVersionsRequest { Bucket = Bucket }, Ct)).Versions.Select(v => (v.VersionId, v.IsLatest))];
}
