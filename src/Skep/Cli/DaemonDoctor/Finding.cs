namespace Skep.Cli.DaemonDoctor;

/// <summary>How bad it is.</summary>
internal enum FindingLevel
{
    /// <summary>As it should be.</summary>
    Ok,

    /// <summary>Something works less well, or a feature is missing.</summary>
    Warn,

    /// <summary>Virtual machines cannot run like this.</summary>
    Fail,
}

/// <summary>What the doctor says of one thing: what was found and, unless all is well, what to do.</summary>
internal sealed record Finding(string Name, FindingLevel Level, string Found, string? Advice)
{
    /// <summary>All is well.</summary>
    public static Finding Ok(string name, string found) => new(name, FindingLevel.Ok, found, null);

    /// <summary>It would be better otherwise.</summary>
    public static Finding Warn(string name, string found, string advice) => new(name, FindingLevel.Warn, found, advice);

    /// <summary>It does not work like this.</summary>
    public static Finding Fail(string name, string found, string advice) => new(name, FindingLevel.Fail, found, advice);
}
