using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Skep.Objects;
using Skep.S3.Logging;
using Skep.S3.Policies;

namespace Skep.S3.Tests.Logging;

public sealed class LogAgentTests : IAsyncLifetime
{
    private const string Account = "111111111111";
    private const string Policy = """{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"logging.s3.amazonaws.com"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::logs/*","Condition":{"StringEquals":{"aws:SourceAccount":"111111111111"}}}]}""";

    private StoreWorld _world = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string Directory => _world.Options.PathOf(LogAgent.DirectoryName);

    public async ValueTask InitializeAsync()
    {
        _world = await StoreWorld.OpenAsync(TimeProvider.System, Ct);
        foreach (var bucket in new[] { "one", "two", "logs" })
            await _world.Store.CreateBucketAsync(bucket, Account, Ct);
        foreach (var bucket in new[] { "one", "two" })
            await ConfigureAsync(bucket, $"<TargetBucket>logs</TargetBucket><TargetPrefix>of-{bucket}/</TargetPrefix>");
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Lines_become_an_object_for_each_bucket()
    {
        await AllowAsync();
        using (var spool = OpenSpool())
        {
            Append(spool, "one", "first");
            Append(spool, "two", "second");
            Append(spool, "one", "third");
            await DeliverAsync(spool);
        }

        Assert.Equal(["of-one/: first\nthird\n", "of-two/: second\n"], await DeliveredAsync());
        Assert.Empty(System.IO.Directory.GetFiles(Directory));
    }

    [Fact]
    public async Task What_a_process_left_behind_is_delivered_by_the_next()
    {
        await AllowAsync();
        using (var spool = OpenSpool())
            Append(spool, "one", "left");
        await File.AppendAllTextAsync(System.IO.Directory.GetFiles(Directory).Single(), "torn", Ct);
        using (var spool = OpenSpool())
            await DeliverAsync(spool);
        Assert.Equal(["of-one/: left\n"], await DeliveredAsync());
    }

    [Fact]
    public async Task Without_the_targets_permission_nothing_is_put_there()
    {
        using var spool = OpenSpool();
        Append(spool, "one", "line");
        await DeliverAsync(spool);
        Assert.Empty(await DeliveredAsync());
        Assert.Empty(System.IO.Directory.GetFiles(Directory));
    }

    [Fact]
    public async Task Logs_may_be_partitioned()
    {
        await AllowAsync();
        await ConfigureAsync("one", "<TargetBucket>logs</TargetBucket><TargetPrefix>p/</TargetPrefix><TargetObjectKeyFormat><PartitionedPrefix><PartitionDateSource>DeliveryTime</PartitionDateSource></PartitionedPrefix></TargetObjectKeyFormat>");
        using var spool = OpenSpool();
        Append(spool, "one", "line");
        await DeliverAsync(spool);
        var log = Assert.Single((await _world.Store.ListAsync(new ListRequest { Bucket = "logs" }, Ct)).Objects);
        Assert.Matches($"^p/{Account}/us-east-1/one/[0-9]{{4}}/[0-9]{{2}}/[0-9]{{2}}/[0-9]{{4}}(-[0-9]{{2}}){{5}}-[0-9A-F]{{16}}$", log.Key);
        Assert.Equal(Account, log.Metadata.Owner);
    }

    [Fact]
    public void A_spool_is_bounded()
    {
        using var spool = OpenSpool();
        var line = new string('x', 1024 * 1024);
        var taken = 0;
        while (spool.Append(new SpooledLine("one", line)))
            Assert.InRange(++taken, 1, 1_000);
        Assert.InRange(taken, 200, 300); // 32 files of 8 MiB
    }

    private static void Append(LogSpool spool, string bucket, string line) => Assert.True(spool.Append(new SpooledLine(bucket, line)));

    private LogSpool OpenSpool()
    {
        var spool = new LogSpool(Directory);
        spool.Open();
        return spool;
    }

    private async Task DeliverAsync(LogSpool spool)
    {
        using var logs = new AccessLogs(_world.Host, new BucketPolicies(), TimeProvider.System);
        using var agent = new LogAgent(_world.Host, logs, _world.Options, TimeProvider.System, NullLogger<LogAgent>.Instance);
        await agent.DeliverAsync(spool, Ct);
    }

    private async Task<List<string>> DeliveredAsync()
    {
        var found = new List<string>();
        foreach (var log in (await _world.Store.ListAsync(new ListRequest { Bucket = "logs" }, Ct)).Objects)
        {
            await using var reader = await _world.Store.OpenAsync(new ObjectAddress("logs", log.Key), Ct);
            using var text = new MemoryStream();
            await reader.CopyToAsync(text, 0, log.LengthBytes, Ct);
            found.Add($"{log.Key[..(log.Key.IndexOf('/', StringComparison.Ordinal) + 1)]}: {Encoding.UTF8.GetString(text.ToArray())}");
        }

        return found;
    }

    private async Task AllowAsync() => await _world.Store.PutDocumentAsync("logs", BucketPolicies.DocumentName, Encoding.UTF8.GetBytes(Policy), Ct);

    private async Task ConfigureAsync(string bucket, string target) =>
        await _world.Store.PutDocumentAsync(bucket, LoggingConfiguration.SubResource, Encoding.UTF8.GetBytes($"<BucketLoggingStatus><LoggingEnabled>{target}</LoggingEnabled></BucketLoggingStatus>"), Ct);
}
