namespace Skep.Objects.Embedded;

/// <summary>How an embedded store is opened.</summary>
public sealed record EmbeddedOptions
{
    /// <summary>Where it is; made when missing. On one local file system.</summary>
    public required string Directory { get; init; }

    /// <summary>Bodies up to this many bytes are kept in the database, longer ones in files; at most 128 KiB.</summary>
    public int InlineBytesMax { get; init; } = 64 * 1024;

    /// <summary>Data is refused when less than this is free on the disk: room for the database, so that deleting goes on.</summary>
    public long ReserveBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>Connections that read at the same time.</summary>
    public int ReadersMax { get; init; } = 8;

    /// <summary>Is told of what no caller can be told: files that cannot be removed, orphans that were found.</summary>
    public Action<string> OnProblem { get; init; } = static _ => { };

    /// <summary>Whether commits wait for the disk. Only simulations, which keep the database themselves, turn it off.</summary>
    internal bool IsDurable { get; init; } = true;

    /// <summary>Whether files are removed and orphans collected in the background; simulations do it in step.</summary>
    internal bool HasBackground { get; init; } = true;
}
