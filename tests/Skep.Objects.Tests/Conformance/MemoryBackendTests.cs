using Skep.Objects.Memory;

namespace Skep.Objects.Tests.Conformance;

public sealed class MemoryBackendTests : StoreConformance
{
    protected override Task<IObjectBackend> OpenAsync() => Task.FromResult<IObjectBackend>(new MemoryBackend(Time));
}
