namespace Skep.Core.Identity.Policies.Conditions;

/// <summary>What the Numeric… and Date… operators ask.</summary>
internal enum Comparison
{
    /// <summary>…Equals.</summary>
    Equals,

    /// <summary>…LessThan.</summary>
    LessThan,

    /// <summary>…LessThanEquals.</summary>
    LessThanEquals,

    /// <summary>…GreaterThan.</summary>
    GreaterThan,

    /// <summary>…GreaterThanEquals.</summary>
    GreaterThanEquals,
}
