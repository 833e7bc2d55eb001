using System.Security.Cryptography;
using System.Text;
using Skep.Core.Identity;

namespace Skep.Testing;

/// <summary>Makes aws-chunked bodies, as S3's clients send them.</summary>
public static class AwsChunkedBody
{
    /// <summary>Frames data.</summary>
    /// <param name="data">The data.</param>
    /// <param name="chunkSizes">Sizes of the chunks; the last is used again until the data ends.</param>
    /// <param name="chain">Signs the chunks; null for an unsigned body.</param>
    /// <param name="trailers">Trailers in order; null for a body without any, which has no signature of them.</param>
    public static byte[] Encode(
        ReadOnlySpan<byte> data, IReadOnlyList<int> chunkSizes, SigV4Chain? chain, IReadOnlyList<KeyValuePair<string, string>>? trailers)
    {
        using var body = new MemoryStream();
        for (var i = 0; data.Length > 0; i++)
        {
            var size = Math.Min(chunkSizes[Math.Min(i, chunkSizes.Count - 1)], data.Length);
            Line(body, HeaderOf(data[..size], chain));
            body.Write(data[..size]);
            Line(body, "");
            data = data[size..];
        }

        Line(body, HeaderOf([], chain));
        if (trailers is not null)
        {
            foreach (var (name, value) in trailers)
                Line(body, $"{name}:{value}");
            if (chain is not null)
                Line(body, $"x-amz-trailer-signature:{chain.NextTrailer(SHA256.HashData(Encoding.ASCII.GetBytes(string.Concat(trailers.Select(t => $"{t.Key}:{t.Value}\n")))))}");
        }

        Line(body, "");
        return body.ToArray();
    }

    private static string HeaderOf(ReadOnlySpan<byte> data, SigV4Chain? chain) =>
        chain is null ? $"{data.Length:x}" : $"{data.Length:x};chunk-signature={chain.NextChunk(SHA256.HashData(data))}";

    private static void Line(MemoryStream body, string text) => body.Write(Encoding.ASCII.GetBytes(text + "\r\n"));
}
