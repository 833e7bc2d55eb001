using Skep.Objects;
using Skep.S3.Lifecycle;

namespace Skep.S3.Tests.Lifecycle;

public sealed class LifecyclePassTests
{
    private const string OneDay = "<Expiration><Days>1</Days></Expiration>";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Objects_expire_at_the_midnight_after_their_days()
    {
        var world = await LifecycleWorld.CreateAsync(VersioningState.None);
        await world.PutAsync("a/one");
        await world.PutAsync("b/two");
        var rules = LifecycleWorld.Rules($"<Filter><Prefix>a/</Prefix></Filter>{OneDay}");
        world.Clock.Advance(TimeSpan.FromHours(44)); // 23:04 of the next day
        Assert.True((await world.RunAsync(rules)).IsNothing);
        world.Clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(new LifecycleOutcome(1, 0, 0, 0, 0), await world.RunAsync(rules));
        Assert.Equal(["b/two"], await world.ListAsync());
    }

    [Fact]
    public async Task What_expires_in_a_bucket_with_versions_gets_a_delete_marker_and_goes_later()
    {
        var world = await LifecycleWorld.CreateAsync(VersioningState.Enabled);
        await world.PutAsync("k");
        var rules = LifecycleWorld.Rules(OneDay, "<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration>");
        world.Clock.Advance(TimeSpan.FromDays(2));
        await world.RunAsync(rules);
        Assert.Equal(["k!", "k"], await world.ListAsync());
        Assert.True((await world.RunAsync(rules)).IsNothing); // no marker upon a marker
        world.Clock.Advance(TimeSpan.FromDays(2));
        Assert.Equal(1, (await world.RunAsync(rules)).Noncurrent);
        Assert.Equal(["k!"], await world.ListAsync());
        Assert.Equal(1, (await world.RunAsync(rules)).Markers); // a marker with nothing under it expires like an object
        Assert.Empty(await world.ListAsync());
    }

    [Fact]
    public async Task Delete_markers_go_only_when_nothing_is_under_them()
    {
        var world = await LifecycleWorld.CreateAsync(VersioningState.Enabled);
        await world.DeleteAsync("alone");
        await world.PutAsync("hidden");
        await world.DeleteAsync("hidden");
        await world.RunAsync(LifecycleWorld.Rules("<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>"));
        Assert.Equal(["hidden!", "hidden"], await world.ListAsync());
    }

    [Fact]
    public async Task The_newest_noncurrent_versions_stay_across_pages()
    {
        var world = await LifecycleWorld.CreateAsync(VersioningState.Enabled);
        for (var i = 0; i < 1_203; i++) // more than two pages
            await world.PutAsync("k");
        await world.PutAsync("l");
        world.Clock.Advance(TimeSpan.FromDays(3));
        var rules = LifecycleWorld.Rules("<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays><NewerNoncurrentVersions>5</NewerNoncurrentVersions></NoncurrentVersionExpiration>");
        Assert.Equal(1_197, (await world.RunAsync(rules)).Noncurrent);
        Assert.Equal(["k", "k", "k", "k", "k", "k", "l"], await world.ListAsync());
    }

    [Fact]
    public async Task Days_of_a_noncurrent_version_count_from_its_replacement()
    {
        var world = await LifecycleWorld.CreateAsync(VersioningState.Enabled);
        await world.PutAsync("k");
        world.Clock.Advance(TimeSpan.FromDays(10));
        await world.PutAsync("k");
        var rules = LifecycleWorld.Rules("<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration>");
        Assert.True((await world.RunAsync(rules)).IsNothing);
        world.Clock.Advance(TimeSpan.FromDays(2));
        Assert.Equal(1, (await world.RunAsync(rules)).Noncurrent);
    }

    [Theory]
    [InlineData("<Filter><Tag><Key>t</Key><Value>1</Value></Tag></Filter>", "tagged")]
    [InlineData("<Filter><And><Prefix>tag</Prefix><Tag><Key>t</Key><Value>2</Value></Tag></And></Filter>", "")]
    [InlineData("<Filter><ObjectSizeGreaterThan>10</ObjectSizeGreaterThan></Filter>", "large")]
    [InlineData("<Filter><ObjectSizeLessThan>10</ObjectSizeLessThan></Filter>", "small tagged")]
    [InlineData("<Filter><And><ObjectSizeGreaterThan>1</ObjectSizeGreaterThan><ObjectSizeLessThan>11</ObjectSizeLessThan></And></Filter>", "small")]
    [InlineData("<Prefix>l</Prefix>", "large")]
    public async Task Filters_choose_what_goes(string filter, string expected)
    {
        var world = await LifecycleWorld.CreateAsync(VersioningState.None);
        await world.PutAsync("small", 2);
        await world.PutAsync("large", 11);
        await world.PutAsync("tagged", 1, new ObjectMetadata { Tags = [new("t", "1"), new("u", "1")] });
        world.Clock.Advance(TimeSpan.FromDays(2));
        await world.RunAsync(LifecycleWorld.Rules(filter + OneDay));
        Assert.Equal(expected.Split(' ', StringSplitOptions.RemoveEmptyEntries).Order(), new[] { "small", "large", "tagged" }.Except(await world.ListAsync()).Order());
    }

    [Fact]
    public async Task Locked_versions_stay()
    {
        var world = await LifecycleWorld.CreateAsync(VersioningState.Enabled);
        await world.PutAsync("held", 1, new ObjectMetadata { IsLegalHold = true });
        await world.PutAsync("kept", 1, new ObjectMetadata { Retention = new Retention(RetentionMode.Governance, world.Clock.GetUtcNow().AddDays(30)) });
        await world.PutAsync("free");
        foreach (var key in new[] { "held", "kept", "free" })
            await world.PutAsync(key);
        world.Clock.Advance(TimeSpan.FromDays(3));
        var outcome = await world.RunAsync(LifecycleWorld.Rules("<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration>"));
        Assert.Equal((1, 2), (outcome.Noncurrent, outcome.Kept));
        Assert.Equal(["free", "held", "held", "kept", "kept"], await world.ListAsync());
    }

    [Fact]
    public async Task An_object_that_was_replaced_after_the_look_stays()
    {
        var world = await LifecycleWorld.CreateAsync(VersioningState.None);
        for (var i = 0; i < 150; i++) // two batches of deletions
            await world.PutAsync($"k{i:D3}");
        world.Clock.Advance(TimeSpan.FromDays(2));
        var isReplaced = false;
        var outcome = await world.RunAsync(LifecycleWorld.Rules(OneDay), async () =>
        {
            if (!isReplaced)
                await world.PutAsync("k120"); // the same bytes again
            isReplaced = true;
        });
        Assert.Equal((149, 1), (outcome.Expired, outcome.Kept));
        Assert.Equal(["k120"], await world.ListAsync());
    }

    [Fact]
    public async Task A_version_that_became_current_again_after_the_look_stays()
    {
        var world = await LifecycleWorld.CreateAsync(VersioningState.Enabled);
        string newest = "";
        for (var i = 0; i < 150; i++)
        {
            await world.PutAsync($"k{i:D3}");
            newest = (await world.PutAsync($"k{i:D3}")).VersionId;
        }

        world.Clock.Advance(TimeSpan.FromDays(3));
        var isDeleted = false;
        await world.RunAsync(LifecycleWorld.Rules("<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration>"), async () =>
        {
            if (!isDeleted)
                await world.Store.DeleteAsync(LifecycleWorld.Bucket, new DeleteRequest { Key = "k149", VersionId = newest }, Ct);
            isDeleted = true;
        });
        Assert.Equal(150, (await world.ListAsync()).Count);
    }

    [Fact]
    public async Task Uploads_that_nobody_completed_are_aborted()
    {
        var world = await LifecycleWorld.CreateAsync(VersioningState.None);
        await world.Store.CreateUploadAsync(new CreateUploadRequest { Bucket = LifecycleWorld.Bucket, Key = "tmp/a" }, Ct);
        await world.Store.CreateUploadAsync(new CreateUploadRequest { Bucket = LifecycleWorld.Bucket, Key = "other" }, Ct);
        var rules = LifecycleWorld.Rules("<Prefix>tmp/</Prefix><AbortIncompleteMultipartUpload><DaysAfterInitiation>2</DaysAfterInitiation></AbortIncompleteMultipartUpload>");
        world.Clock.Advance(TimeSpan.FromDays(2));
        Assert.True((await world.RunAsync(rules)).IsNothing);
        world.Clock.Advance(TimeSpan.FromDays(1));
        Assert.Equal(1, (await world.RunAsync(rules)).Aborted);
        Assert.Equal("other", Assert.Single((await world.Store.ListUploadsAsync(new ListUploadsRequest { Bucket = LifecycleWorld.Bucket }, Ct)).Uploads).Key);
    }
}
