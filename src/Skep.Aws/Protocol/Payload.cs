namespace Skep.Aws.Protocol;

/// <summary>A body that is one blob, as it is: not base64, not inside a document. Whoever gets one from a handler disposes it.</summary>
/// <param name="bytes">The bytes; valid until <see cref="Dispose"/>.</param>
/// <param name="owner">What gives the memory back; null when somebody else does.</param>
internal sealed class Payload(ReadOnlyMemory<byte> bytes, IDisposable? owner) : IDisposable
{
    public ReadOnlyMemory<byte> Bytes { get; } = bytes;

    /// <inheritdoc/>
    public void Dispose() => owner?.Dispose();
}
