namespace Skep.Core.Resources;

/// <summary>The rule for names: an RFC 1123 subdomain, as for most kinds of Kubernetes, at most 253 characters.</summary>
public static class ResourceName
{
    /// <summary>Longest name, in characters.</summary>
    public const int LengthMax = 253;

    /// <summary>The rule in words.</summary>
    public const string Rule =
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";

    /// <summary>Whether a name keeps the rule.</summary>
    public static bool IsValid(string name)
    {
        if (name.Length is 0 or > LengthMax || !IsAlphanumeric(name[0]) || !IsAlphanumeric(name[^1]))
            return false;
        for (var i = 0; i < name.Length; i++)
        {
            var c = name[i];
            if (IsAlphanumeric(c) || c == '-')
                continue;
            if (c != '.' || !IsAlphanumeric(name[i - 1]) || !IsAlphanumeric(name[i + 1]))
                return false;
        }

        return true;
    }

    private static bool IsAlphanumeric(char c) => c is >= 'a' and <= 'z' or >= '0' and <= '9';
}
