using System.Text;
using Skep.Objects;
using Skep.Objects.Embedded;
using Skep.Objects.Tests;
using Skep.Objects.Tests.Conformance;
using Skep.S3.Upstream;

namespace Skep.S3.Tests.Upstream;

/// <summary>The backend in front of another S3 server, which is Skep's own, over loopback.</summary>
public sealed class UpstreamConformance : BackendConformance
{
    private readonly TempDirectory _records = new();
    private S3Server? _server;

    protected override async Task<IObjectBackend> OpenAsync()
    {
        _server = await S3Server.StartAsync(Time, Ct);
        var records = await EmbeddedBackend.OpenAsync(new EmbeddedOptions { Directory = _records.Path, ReserveBytes = 0 }, Time, Ct);
        return new UpstreamBackend(_server.Location("up-", "&checksums=keep"), () => _server.Credentials, records, Time, "adopter");
    }

    protected override async Task AllowLocksAsync()
    {
        await base.AllowLocksAsync();
        await Backend.PutDocumentAsync(Bucket, "object-lock", Encoding.UTF8.GetBytes("<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>"), Ct);
    }

    protected override async Task CloseAsync()
    {
        await _server!.DisposeAsync();
        _records.Dispose();
    }
}
