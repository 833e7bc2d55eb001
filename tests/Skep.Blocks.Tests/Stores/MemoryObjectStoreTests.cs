using Skep.Blocks.Stores;

namespace Skep.Blocks.Tests.Stores;

public sealed class MemoryObjectStoreTests : ObjectStoreContract
{
    protected override IObjectStore Store { get; } = new MemoryObjectStore("memory", TimeProvider.System);
}
