using Skep.Core.Resources;

namespace Skep.Kubernetes.Selectors;

/// <summary>The rules for label keys and values (an optional DNS prefix and a name of at most 63 characters).</summary>
internal static class LabelSyntax
{
    private const int NameLengthMax = 63;

    /// <summary>The rule for keys, in words.</summary>
    public const string KeyRule = "a label key is an optional DNS subdomain and '/', then at most 63 letters, digits, '-', '_' or '.' that begin and end with a letter or digit";

    /// <summary>The rule for values, in words.</summary>
    public const string ValueRule = "a label value is empty or at most 63 letters, digits, '-', '_' or '.' that begin and end with a letter or digit";

    public static bool IsKey(ReadOnlySpan<char> key)
    {
        var slash = key.IndexOf('/');
        if (slash >= 0 && !ResourceName.IsValid(key[..slash].ToString()))
            return false;
        var name = key[(slash + 1)..];
        return !name.IsEmpty && IsValue(name);
    }

    public static bool IsValue(ReadOnlySpan<char> value)
    {
        if (value.IsEmpty)
            return true;
        if (value.Length > NameLengthMax || !char.IsAsciiLetterOrDigit(value[0]) || !char.IsAsciiLetterOrDigit(value[^1]))
            return false;
        foreach (var c in value)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.'))
                return false;
        }

        return true;
    }
}
