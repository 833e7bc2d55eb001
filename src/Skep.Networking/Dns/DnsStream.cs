using System.Buffers.Binary;

namespace Skep.Networking.Dns;

/// <summary>DNS messages over TCP: each after its length in two bytes (RFC 1035, section 4.2.2).</summary>
internal static class DnsStream
{
    /// <summary>Reads a message; null at the end of the stream.</summary>
    /// <exception cref="EndOfStreamException">The stream ended within a message.</exception>
    public static async Task<byte[]?> ReadAsync(Stream stream, CancellationToken ct)
    {
        var prefix = new byte[2];
        if (await stream.ReadAtLeastAsync(prefix, prefix.Length, throwOnEndOfStream: false, ct) < prefix.Length)
            return null;
        var message = new byte[BinaryPrimitives.ReadUInt16BigEndian(prefix)];
        await stream.ReadExactlyAsync(message, ct);
        return message;
    }

    /// <summary>Writes a message.</summary>
    public static async Task WriteAsync(Stream stream, ReadOnlyMemory<byte> message, CancellationToken ct)
    {
        var bytes = new byte[2 + message.Length];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, (ushort)message.Length);
        message.CopyTo(bytes.AsMemory(2));
        await stream.WriteAsync(bytes, ct);
    }
}
