using System.Buffers.Text;
using System.Text;

namespace Skep.Core.Identity.Payloads;

/// <summary>The line before a chunk: <c>size[;chunk-signature=hex]</c>, the size in hex.</summary>
/// <param name="Size">Bytes of the chunk's data; 0 ends the body.</param>
/// <param name="Signature">What should be 64 lower-case hex digits; null in unsigned bodies.</param>
internal readonly record struct ChunkHeader(long Size, string? Signature)
{
    /// <summary>Bytes that the line may have, without its end.</summary>
    public const int LengthMax = SizeDigitsMax + 1 + 16 + SignatureLength;

    private const int SizeDigitsMax = 15;
    private const int SignatureLength = 64;

    /// <summary>Reads a line without its end.</summary>
    /// <exception cref="SigV4Exception">MalformedChunk.</exception>
    public static ChunkHeader Parse(ReadOnlySpan<byte> line, bool isSigned)
    {
        var semicolon = line.IndexOf((byte)';');
        var digits = semicolon < 0 ? line : line[..semicolon];
        if (digits.Length is 0 or > SizeDigitsMax
            || !Utf8Parser.TryParse(digits, out long size, out var consumed, 'x')
            || consumed != digits.Length
            || size < 0)
            throw Malformed("a chunk's line must begin with its size in hex");
        if (!isSigned)
            return semicolon < 0 ? new ChunkHeader(size, null) : throw Malformed("a chunk of an unsigned body has no signature");
        if (semicolon < 0 || !line[semicolon..].StartsWith(";chunk-signature="u8))
            throw Malformed("a chunk of a signed body must have ';chunk-signature=' behind its size");
        // One that is no signature at all does not match, as any other wrong one.
        return new ChunkHeader(size, Encoding.ASCII.GetString(line[(semicolon + ";chunk-signature="u8.Length)..]));
    }

    internal static SigV4Exception Malformed(string what) => new(SigV4Failure.MalformedChunk, $"The aws-chunked body is malformed: {what}.");
}
