using System.Globalization;
using Microsoft.Extensions.Primitives;

namespace Skep.Kubernetes.Output;

/// <summary>One media range of an Accept header (RFC 9110 section 12.5.1) with its parameters.</summary>
internal sealed class MediaRange
{
    private const int RangesMax = 32;

    private readonly List<KeyValuePair<string, string>> _parameters = [];

    private MediaRange(string type) => Type = type;

    /// <summary>"application/json", "*/*"; lower case.</summary>
    public string Type { get; }

    private double Quality { get; set; } = 1;

    /// <summary>The value of a parameter, or null.</summary>
    public string? Parameter(string name)
    {
        foreach (var (key, value) in _parameters)
        {
            if (key.Equals(name, StringComparison.OrdinalIgnoreCase))
                return value;
        }

        return null;
    }

    /// <summary>The ranges of a header, most wanted first; those beyond the first 32 are dropped.</summary>
    public static List<MediaRange> ParseAccept(StringValues header)
    {
        var ranges = new List<MediaRange>();
        foreach (var text in header.ToString().Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Take(RangesMax))
        {
            var parts = text.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            if (parts.Length == 0)
                continue;
            var range = new MediaRange(parts[0].ToLowerInvariant());
            foreach (var part in parts.AsSpan(1))
            {
                var equals = part.IndexOf('=', StringComparison.Ordinal);
                if (equals <= 0)
                    continue;
                var (name, value) = (part[..equals].Trim(), part[(equals + 1)..].Trim(' ', '"'));
                if (name is "q" or "Q")
                    range.Quality = double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var q) ? q : 0;
                else
                    range._parameters.Add(new(name, value));
            }

            if (range.Quality > 0)
                ranges.Add(range);
        }

        // Stable: equal quality keeps the client's order, which is what Kubernetes' clients mean.
        return [.. ranges.OrderByDescending(r => r.Quality)];
    }
}
