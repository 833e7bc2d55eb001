namespace Skep.Blocks.Tests.Nbd;

/// <summary>A disk that fails: trims with the error whose number is the offset, quick zeroes always, prefetches with a defect.</summary>
internal sealed class FailingDevice(long sizeBytes) : WrappedDevice(sizeBytes)
{
    public override async ValueTask TrimAsync(long offset, long length, bool isDurable, CancellationToken ct)
    {
        await Task.Yield();
        throw new BlockDeviceException((BlockError)offset, "/secret/path: failed");
    }

    public override ValueTask WriteZeroesAsync(long offset, long length, ZeroOptions options, CancellationToken ct) =>
        (options & ZeroOptions.Fast) != 0 ? throw new BlockDeviceException(BlockError.NotSupported, "/secret/path: not quick") : base.WriteZeroesAsync(offset, length, options, ct);

    public override ValueTask PrefetchAsync(long offset, long length, CancellationToken ct) => throw new InvalidOperationException("a defect");
}
