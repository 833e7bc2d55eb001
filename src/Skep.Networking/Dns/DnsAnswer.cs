using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Skep.Networking.Dns;

/// <summary>Writes the answers that this server gives itself: RFC 1035, section 4.1.</summary>
internal static class DnsAnswer
{
    /// <summary>Seconds that an answer may be kept.</summary>
    public const uint TtlSeconds = 60;

    private const byte ResponseFlag = 0x80;
    private const byte AuthoritativeFlag = 0x04;
    private const byte RecursionDesiredFlag = 0x01;
    private const byte RecursionAvailableFlag = 0x80;

    /// <summary>A pointer to the question's name, right after the header (section 4.1.4).</summary>
    private const ushort PointerToQuestion = 0xc000 | DnsQuestion.HeaderLength;

    /// <summary>An answer with a code and nothing else, to a query that may not even have been understood.</summary>
    public static byte[] Fail(ReadOnlySpan<byte> query, int code)
    {
        var answer = new byte[DnsQuestion.HeaderLength];
        query[..2].CopyTo(answer);
        answer[2] = (byte)(ResponseFlag | (query[2] & (0x78 | RecursionDesiredFlag)));
        answer[3] = (byte)(RecursionAvailableFlag | code);
        return answer;
    }

    /// <summary>An answer to a question, with at most one record.</summary>
    /// <param name="query">The whole query.</param>
    /// <param name="question">What was read of it.</param>
    /// <param name="code">The response code.</param>
    /// <param name="data">The record's data, of the question's type; null for none.</param>
    public static byte[] Write(ReadOnlySpan<byte> query, DnsQuestion question, int code, ushort type, byte[]? data)
    {
        var answer = new byte[question.Length + (data is null ? 0 : 12 + data.Length)];
        query[..question.Length].CopyTo(answer);
        var span = answer.AsSpan();
        span[2] = (byte)(ResponseFlag | AuthoritativeFlag | (query[2] & RecursionDesiredFlag));
        span[3] = (byte)(RecursionAvailableFlag | code);
        BinaryPrimitives.WriteUInt16BigEndian(span[4..], 1);
        BinaryPrimitives.WriteUInt16BigEndian(span[6..], data is null ? (ushort)0 : (ushort)1);
        span[8..DnsQuestion.HeaderLength].Clear();
        if (data is null)
            return answer;
        var record = span[question.Length..];
        BinaryPrimitives.WriteUInt16BigEndian(record, PointerToQuestion);
        BinaryPrimitives.WriteUInt16BigEndian(record[2..], type);
        BinaryPrimitives.WriteUInt16BigEndian(record[4..], DnsCode.ClassInternet);
        BinaryPrimitives.WriteUInt32BigEndian(record[6..], TtlSeconds);
        BinaryPrimitives.WriteUInt16BigEndian(record[10..], (ushort)data.Length);
        data.CopyTo(record[12..]);
        return answer;
    }

    /// <summary>A name as labels (section 3.1).</summary>
    public static byte[] EncodeName(string name) =>
        [.. name.Split('.').SelectMany(label => (IEnumerable<byte>)[(byte)label.Length, .. Encoding.ASCII.GetBytes(label)]), 0];
}
