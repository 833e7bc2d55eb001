using System.Net;
using System.Net.Sockets;
using Skep.S3.Errors;

namespace Skep.S3.Buckets;

/// <summary>S3's rules for the names of general purpose buckets (user guide, "General purpose bucket naming rules").</summary>
internal static class BucketName
{
    private const int LengthMin = 3;
    private const int LengthMax = 63;

    private static readonly string[] _prefixesReserved = ["xn--", "sthree-", "amzn-s3-demo-"];
    private static readonly string[] _suffixesReserved = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];

    /// <summary>Whether a bucket may be made with this name.</summary>
    public static bool IsValid(string name) =>
        name.Length is >= LengthMin and <= LengthMax
        && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '-')
        && char.IsAsciiLetterOrDigit(name[0])
        && char.IsAsciiLetterOrDigit(name[^1])
        && !name.Contains("..", StringComparison.Ordinal)
        && !name.Contains(".-", StringComparison.Ordinal)
        && !name.Contains("-.", StringComparison.Ordinal)
        && !IsAddress(name)
        && !Array.Exists(_prefixesReserved, p => name.StartsWith(p, StringComparison.Ordinal))
        && !Array.Exists(_suffixesReserved, s => name.EndsWith(s, StringComparison.Ordinal));

    /// <summary>The name, unless no bucket can have it.</summary>
    /// <exception cref="S3Exception">It is not valid.</exception>
    public static string Known(string name) => IsValid(name) ? name : throw S3Errors.InvalidBucketName(name);

    private static bool IsAddress(string name) =>
        name.Count(c => c == '.') == 3 && IPAddress.TryParse(name, out var address) && address.AddressFamily is AddressFamily.InterNetwork;
}
