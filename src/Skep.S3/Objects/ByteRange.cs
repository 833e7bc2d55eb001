using System.Globalization;
using Skep.S3.Errors;

namespace Skep.S3.Objects;

/// <summary>A run of an object's bytes.</summary>
internal readonly record struct ByteRange(long Offset, long Length)
{
    private const string Unit = "bytes=";

    /// <summary>
    /// Reads a Range header (RFC 9110 section 14.1.2). Null means the whole object: also for what cannot be read and for
    /// several ranges, which S3 does not serve.
    /// </summary>
    /// <exception cref="S3Exception">InvalidRange: it begins behind the end.</exception>
    public static ByteRange? Parse(string? header, long length)
    {
        if (header is null || !header.StartsWith(Unit, StringComparison.OrdinalIgnoreCase))
            return null;
        var spec = header[Unit.Length..].Trim();
        var dash = spec.IndexOf('-', StringComparison.Ordinal);
        if (dash < 0 || spec.Contains(',', StringComparison.Ordinal))
            return null;
        var (first, last) = (Number(spec[..dash]), Number(spec[(dash + 1)..]));
        if (dash == 0)
        {
            if (last is not { } suffix)
                return null;
            return suffix > 0 && length > 0 ? new ByteRange(Math.Max(0, length - suffix), Math.Min(suffix, length)) : throw S3Errors.InvalidRange(header, length);
        }

        if (first is not { } start || (last is null && dash != spec.Length - 1) || last < start)
            return null;
        if (start >= length)
            throw S3Errors.InvalidRange(header, length);
        return new ByteRange(start, Math.Min(last ?? long.MaxValue, length - 1) - start + 1);
    }

    /// <summary>Reads a copy's range, which names both ends and lies inside.</summary>
    /// <exception cref="S3Exception">It does not.</exception>
    public static ByteRange ParseCopy(string header, long length)
    {
        var ends = header.StartsWith(Unit, StringComparison.OrdinalIgnoreCase) ? header[Unit.Length..].Split('-') : [];
        if (ends.Length != 2 || Number(ends[0]) is not { } first || Number(ends[1]) is not { } last || last < first)
            throw S3Errors.InvalidArgument("x-amz-copy-source-range", header, "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy");
        return last < length ? new ByteRange(first, last - first + 1) : throw S3Errors.InvalidRange(header, length);
    }

    /// <summary>The Content-Range of an answer.</summary>
    public string ContentRange(long length) => $"bytes {Offset}-{Offset + Length - 1}/{length}";

    private static long? Number(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;
}
