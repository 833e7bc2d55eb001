using Skep.Blocks.Nbd;

namespace Skep.Blocks.Tests.Nbd;

/// <summary>A disk with a dirty bitmap whose first half is set.</summary>
internal sealed class DirtyDevice(long sizeBytes) : WrappedDevice(sizeBytes), INbdMetaContexts
{
    public IReadOnlyList<string> ContextNames { get; } = ["qemu:dirty-bitmap:b0"];

    public ValueTask<int> DescribeContextAsync(int contextIndex, long offset, long length, Memory<NbdExtent> extents, CancellationToken ct)
    {
        Assert.Equal(0, contextIndex);
        var half = SizeBytes / 2;
        if (offset >= half)
        {
            extents.Span[0] = new NbdExtent(SizeBytes - offset, 0);
            return new ValueTask<int>(1);
        }

        extents.Span[0] = new NbdExtent(half - offset, 1);
        if (offset + length <= half || extents.Length == 1)
            return new ValueTask<int>(1);
        extents.Span[1] = new NbdExtent(half, 0);
        return new ValueTask<int>(2);
    }
}
