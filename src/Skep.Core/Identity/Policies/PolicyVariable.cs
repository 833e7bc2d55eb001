namespace Skep.Core.Identity.Policies;

/// <summary>A policy variable, <c>${key}</c> or <c>${key, 'default'}</c>.</summary>
/// <param name="Key">The condition key, lower case.</param>
/// <param name="Default">What stands for it when the request does not have the key; null for nothing.</param>
/// <param name="At">Before which token of its pattern it stands.</param>
internal sealed record PolicyVariable(string Key, string? Default, int At)
{
    /// <summary>Reads what stands between the braces.</summary>
    /// <exception cref="FormatException">It is malformed.</exception>
    public static PolicyVariable Parse(string text, int at)
    {
        var comma = text.IndexOf(',', StringComparison.Ordinal);
        var key = (comma < 0 ? text : text[..comma]).Trim();
        if (key.Length == 0 || !key.Contains(':', StringComparison.Ordinal))
            throw new FormatException($"'${{{text}}}' is no variable: expected ${{key}} or ${{key, 'default'}}");
        if (comma < 0)
            return new PolicyVariable(key.ToLowerInvariant(), null, at);
        return text[(comma + 1)..].Trim() is ['\'', .. var value, '\'']
            ? new PolicyVariable(key.ToLowerInvariant(), value, at)
            : throw new FormatException($"the default in '${{{text}}}' must stand in single quotes");
    }

    /// <summary>What it stands for in a request; null for nothing, as for keys with several values.</summary>
    public string? Resolve(PolicyRequest request) => request.Find(Key) is [{ } value] ? value : Default;
}
