using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Skep.Core.Hosting;
using Skep.Core.S3Client;
using Skep.Objects;
using Skep.Objects.Embedded;
using Skep.S3.Upstream;

namespace Skep.S3;

/// <summary>Holds the store open from before the first request until after the last: the embedded one, or another S3 server with it for records.</summary>
internal sealed partial class ObjectStoreHost(SkepOptions options, S3Options s3, TimeProvider time, ILogger<ObjectStoreHost> logger) : IHostedService
{
    private IObjectBackend? _backend;
    private EmbeddedBackend? _embedded;

    /// <summary>The store.</summary>
    public IObjectBackend Backend => _backend ?? throw new InvalidOperationException("the object store is not open");

    /// <summary>The store of the room's own records, such as events that wait: the embedded one, whose buckets may have names that no S3 server allows.</summary>
    public IObjectBackend Records => _embedded ?? throw new InvalidOperationException("the object store is not open");

    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var directory = new EmbeddedOptions { Directory = options.PathOf(S3Options.DirectoryName), OnProblem = LogProblem };
        var embedded = await EmbeddedBackend.OpenAsync(directory, time, cancellationToken);
        (_backend, _embedded) = (embedded, embedded);
        if (s3.Upstream is not { } location)
            return;
        try
        {
            var credentials = new S3CredentialsFile(location.CredentialsFile ?? throw new S3ConfigurationException("--s3-backend: the URL has no credentials=FILE"), location.Profile);
            var upstream = new UpstreamBackend(location, credentials.Get, embedded, time, options.AccountId);
            _backend = upstream;
            if (await upstream.CheckAsync(cancellationToken) is { } problem)
                LogProblem(problem);
            LogUpstream(upstream.Name);
        }
        catch (S3ConfigurationException ex)
        {
            // An IOException is what the program's start tells as it is.
            throw new IOException($"--s3-backend: {ex.Message}", ex);
        }
    }

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_backend is not null)
            await _backend.DisposeAsync();
    }

    [LoggerMessage(EventId = 1700, Level = LogLevel.Warning, Message = "object store: {Problem}")]
    private partial void LogProblem(string problem);

    [LoggerMessage(EventId = 1701, Level = LogLevel.Information, Message = "objects are kept by the S3 server at {Name}")]
    private partial void LogUpstream(string name);
}
