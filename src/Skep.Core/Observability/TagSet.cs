using System.Text;

namespace Skep.Core.Observability;

/// <summary>The tags of one series, in the order in which they came.</summary>
internal sealed class TagSet
{
    public TagSet(ReadOnlySpan<KeyValuePair<string, object?>> tags) => Tags = tags.ToArray();

    public KeyValuePair<string, object?>[] Tags { get; }

    /// <summary>The tags as Prometheus labels, sorted by name, without braces: <c>a="1",b="2"</c>.</summary>
    public string ToLabels()
    {
        var text = new StringBuilder();
        foreach (var (name, value) in Tags.OrderBy(t => t.Key, StringComparer.Ordinal))
        {
            if (text.Length > 0)
                text.Append(',');
            text.Append(PrometheusName.Sanitize(name)).Append("=\"").Append(PrometheusName.Escape(Text(value))).Append('"');
        }

        return text.ToString();
    }

    private static string Text(object? value) => value switch
    {
        null => "",
        bool flag => flag ? "true" : "false",
        _ => Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture) ?? "",
    };

    /// <summary>Finds sets by the span that a measurement brings, so that only the first sight of a set allocates.</summary>
    public sealed class Comparer : IEqualityComparer<TagSet>, IAlternateEqualityComparer<ReadOnlySpan<KeyValuePair<string, object?>>, TagSet>
    {
        public static readonly Comparer Instance = new();

        public bool Equals(TagSet? x, TagSet? y) => Equals(x!.Tags, y!);

        public int GetHashCode(TagSet obj) => GetHashCode(obj.Tags);

        public bool Equals(ReadOnlySpan<KeyValuePair<string, object?>> alternate, TagSet other)
        {
            var tags = other.Tags;
            if (alternate.Length != tags.Length)
                return false;
            for (var i = 0; i < tags.Length; i++)
            {
                if (alternate[i].Key != tags[i].Key || !Equals(alternate[i].Value, tags[i].Value))
                    return false;
            }

            return true;
        }

        public int GetHashCode(ReadOnlySpan<KeyValuePair<string, object?>> alternate)
        {
            var hash = 0;
            foreach (var (name, value) in alternate)
                hash = HashCode.Combine(hash, name, value);
            return hash;
        }

        public TagSet Create(ReadOnlySpan<KeyValuePair<string, object?>> alternate) => new(alternate);
    }
}
