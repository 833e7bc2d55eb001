using System.Diagnostics.CodeAnalysis;
using System.Text;
using Skep.Core.Identity;
using Skep.S3.Errors;

namespace Skep.S3.Requests;

/// <summary>The parameters of a request's query. Names are case-sensitive; of a repeated name the first counts.</summary>
internal sealed class S3Query
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    /// <summary>Reads a raw query.</summary>
    public S3Query(string raw)
    {
        foreach (var (name, value) in SigV4.Parameters(raw.Replace('+', ' ')))
            _values.TryAdd(Encoding.UTF8.GetString(name), Encoding.UTF8.GetString(value));
    }

    /// <summary>The value; null when the parameter is not there, empty when it has none.</summary>
    public string? this[string name] => _values.GetValueOrDefault(name);

    /// <summary>All names.</summary>
    public IEnumerable<string> Names => _values.Keys;

    /// <summary>Whether the parameter is there, with or without a value.</summary>
    public bool Has(string name) => _values.ContainsKey(name);

    /// <summary>The value of a parameter that is there and not empty.</summary>
    public bool TryGet(string name, [NotNullWhen(true)] out string? value) =>
        _values.TryGetValue(name, out value) && value.Length > 0;

    /// <summary>A number from 0 to <paramref name="max"/>; larger ones count as that. The default when it is not there.</summary>
    /// <exception cref="S3Exception">It is no number.</exception>
    public int Count(string name, int max)
    {
        if (!TryGet(name, out var text))
            return max;
        if (!long.TryParse(text, System.Globalization.NumberStyles.None, provider: null, out var value) || value > int.MaxValue)
            throw S3Errors.InvalidArgument(name, text, $"Provided {name} not an integer or within integer range");
        return (int)Math.Min(value, max);
    }

    /// <summary>A whole number in a range; null when it is not there.</summary>
    /// <exception cref="S3Exception">It is something else.</exception>
    public int? Number(string name, int min, int max)
    {
        if (!TryGet(name, out var text))
            return null;
        return int.TryParse(text, System.Globalization.NumberStyles.None, provider: null, out var value) && value >= min && value <= max
            ? value
            : throw S3Errors.InvalidArgument(name, text, $"{name} must be an integer between {min} and {max}, inclusive");
    }
}
