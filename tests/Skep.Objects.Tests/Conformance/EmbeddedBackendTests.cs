using Skep.Objects.Embedded;

namespace Skep.Objects.Tests.Conformance;

public sealed class EmbeddedBackendTests : StoreConformance
{
    private readonly TempDirectory _directory = new();

    protected override async Task<IObjectBackend> OpenAsync() =>
        await EmbeddedBackend.OpenAsync(new EmbeddedOptions { Directory = _directory.Path, ReserveBytes = 0 }, Time, Ct);

    protected override Task CloseAsync()
    {
        _directory.Dispose();
        return Task.CompletedTask;
    }
}
