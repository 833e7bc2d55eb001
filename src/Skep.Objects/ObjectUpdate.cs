namespace Skep.Objects;

/// <summary>A change of what is stored beside an object; null members stay as they are.</summary>
public sealed record ObjectUpdate
{
    /// <summary>The new tags, all of them.</summary>
    public IReadOnlyList<KeyValuePair<string, string>>? Tags { get; init; }

    /// <summary>The new access control list.</summary>
    public ReadOnlyMemory<byte>? Acl { get; init; }

    /// <summary>The new retention; of mode None to take it away.</summary>
    public Retention? Retention { get; init; }

    /// <summary>Whether there is a legal hold.</summary>
    public bool? IsLegalHold { get; init; }

    /// <summary>Allows to shorten or take away a governance retention.</summary>
    public bool BypassesGovernance { get; init; }
}
