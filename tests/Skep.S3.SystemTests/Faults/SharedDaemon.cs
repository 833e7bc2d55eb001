namespace Skep.S3.SystemTests.Faults;

/// <summary>One daemon for the tests of a class, each of which has a bucket of its own.</summary>
public sealed class SharedDaemon : IAsyncLifetime
{
    private S3Daemon? _daemon;

    internal S3Daemon Daemon => _daemon ?? throw new InvalidOperationException("not started");

    internal RawS3 S3 => new(Daemon);

    public async ValueTask InitializeAsync() => _daemon = await S3Daemon.StartAsync(TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (_daemon is not null)
            await _daemon.DisposeAsync();
    }

    /// <summary>Makes a bucket.</summary>
    internal async Task<RawS3> WithBucketAsync(string name)
    {
        var answer = await S3.SendAsync("PUT", $"/{name}");
        Assert.True(answer.Status == 200, answer.Text);
        return S3;
    }
}
