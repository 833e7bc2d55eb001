using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Skep.Core.Hosting;
using Skep.Objects;
using Skep.Objects.Embedded;

namespace Skep.S3;

/// <summary>Holds the embedded store open from before the first request until after the last.</summary>
internal sealed partial class ObjectStoreHost(SkepOptions options, TimeProvider time, ILogger<ObjectStoreHost> logger) : IHostedService
{
    private EmbeddedBackend? _backend;

    /// <summary>The store.</summary>
    public IObjectBackend Backend => _backend ?? throw new InvalidOperationException("the object store is not open");

    /// <summary>The store of the room's own records, such as events that wait: the embedded one, whose buckets may have names that no S3 server allows.</summary>
    public IObjectBackend Records => _backend ?? throw new InvalidOperationException("the object store is not open");

    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var embedded = new EmbeddedOptions { Directory = options.PathOf(S3Options.DirectoryName), OnProblem = LogProblem };
        _backend = await EmbeddedBackend.OpenAsync(embedded, time, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_backend is not null)
            await _backend.DisposeAsync();
    }

    [LoggerMessage(EventId = 1700, Level = LogLevel.Warning, Message = "object store: {Problem}")]
    private partial void LogProblem(string problem);
}
