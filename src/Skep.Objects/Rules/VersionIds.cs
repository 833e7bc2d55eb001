using System.Globalization;

namespace Skep.Objects.Rules;

/// <summary>
/// Ids of versions and uploads: the sequence number and the store's own number, 16 hexadecimal digits each. An id of another
/// store is never taken for one of this.
/// </summary>
internal readonly struct VersionIds(ulong store)
{
    private const int DigitsEach = 16;

    /// <summary>The id of a sequence number.</summary>
    public string Format(long sequence) => string.Create(CultureInfo.InvariantCulture, $"{sequence:x16}{store:x16}");

    /// <summary>The sequence number of an id; null when it is not one of this store's.</summary>
    public long? Parse(string id) =>
        id.Length == 2 * DigitsEach
        && long.TryParse(id.AsSpan(0, DigitsEach), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var sequence)
        && ulong.TryParse(id.AsSpan(DigitsEach), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var other)
        && other == store
            ? sequence
            : null;
}
