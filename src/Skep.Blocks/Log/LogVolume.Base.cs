namespace Skep.Blocks.Log;

public sealed partial class LogVolume
{
    /// <summary>Reads what was never written; behind the base's end are zeroes.</summary>
    private async ValueTask ReadBaseAsync(long offset, Memory<byte> destination, CancellationToken ct)
    {
        var source = _settings.Base!;
        int count = (int)Math.Clamp(source.SizeBytes - offset, 0, destination.Length);
        if (count > 0)
            await source.ReadAsync(offset, destination[..count], ct);
        destination.Span[count..].Clear();
    }
}
