using System.Text;
using Skep.Objects;
using Skep.Objects.Memory;
using Skep.S3.Lifecycle;
using Skep.S3.Xml;
using Skep.Testing;

namespace Skep.S3.Tests.Lifecycle;

/// <summary>A store in memory with one bucket, and a clock that the test moves. It begins at 03:04:05 UTC.</summary>
internal sealed class LifecycleWorld
{
    public const string Bucket = "bucket";

    private LifecycleWorld() => Store = new MemoryBackend(Clock);

    public TestClock Clock { get; } = new();

    public IObjectBackend Store { get; }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static async Task<LifecycleWorld> CreateAsync(VersioningState versioning)
    {
        var world = new LifecycleWorld();
        await world.Store.CreateBucketAsync(Bucket, "111111111111", Ct);
        await world.Store.SetVersioningAsync(Bucket, versioning, Ct);
        return world;
    }

    public static LifecycleRules Rules(params string[] rules)
    {
        var number = 0;
        var text = string.Concat(rules.Select(r => $"<Rule><ID>r{++number}</ID><Status>Enabled</Status>{r}</Rule>"));
        var root = XmlDocumentReader.Read(Encoding.UTF8.GetBytes($"<LifecycleConfiguration>{text}</LifecycleConfiguration>"));
        Skep.S3.Documents.LifecycleConfiguration.Document.Check(root);
        return LifecycleRules.Parse(root);
    }

    public async Task<ObjectVersion> PutAsync(string key, int length = 1, ObjectMetadata? metadata = null) =>
        await Store.PutAsync(new PutRequest { Bucket = Bucket, Key = key, Metadata = metadata ?? ObjectMetadata.Empty }, new MemoryStream(new byte[length]), Ct);

    public async Task DeleteAsync(string key) => await Store.DeleteAsync(Bucket, new DeleteRequest { Key = key }, Ct);

    /// <summary>One look at the bucket.</summary>
    /// <param name="rules">The rules.</param>
    /// <param name="between">What happens between each step of the look and the next.</param>
    public async Task<LifecycleOutcome> RunAsync(LifecycleRules rules, Func<Task>? between = null) =>
        await new LifecyclePass(Store, await Store.HeadBucketAsync(Bucket, Ct), rules, LifecycleClock.Calendar, Clock.GetUtcNow(), async (_, _) => await (between?.Invoke() ?? Task.CompletedTask)).RunAsync(Ct);

    /// <summary>What is there: "key" for versions, "key!" for delete markers, the newest of a key first.</summary>
    public async Task<IReadOnlyList<string>> ListAsync()
    {
        var page = await Store.ListVersionsAsync(new ListVersionsRequest { Bucket = Bucket, Max = 10_000 }, Ct);
        return [.. page.Versions.Select(v => v.IsDeleteMarker ? v.Key + "!" : v.Key)];
    }
}
