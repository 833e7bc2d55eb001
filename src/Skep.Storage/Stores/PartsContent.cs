using System.Net;

namespace Skep.Storage.Stores;

/// <summary>A request's body that is written to the connection from where it lies, part after part.</summary>
internal sealed class PartsContent(IReadOnlyList<ReadOnlyMemory<byte>> parts, long lengthBytes) : HttpContent
{
    /// <inheritdoc/>
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    /// <inheritdoc/>
    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        foreach (var part in parts)
            await stream.WriteAsync(part, cancellationToken);
    }

    /// <inheritdoc/>
    protected override bool TryComputeLength(out long length)
    {
        length = lengthBytes;
        return true;
    }
}
