namespace Skep.Blocks.Nbd;

/// <summary>A fixed set of exports; the first is the default export. The devices belong to the caller.</summary>
public sealed class NbdExportTable : INbdExports
{
    private readonly Dictionary<string, NbdExport> _byName;
    private readonly IReadOnlyList<NbdExportName> _names;
    private readonly NbdExport _default;

    /// <summary>Makes the table.</summary>
    /// <exception cref="ArgumentException">There is no export, or two have one name.</exception>
    public NbdExportTable(params IReadOnlyList<NbdExport> exports)
    {
        if (exports.Count == 0)
            throw new ArgumentException("a server has at least one export", nameof(exports));
        _byName = exports.ToDictionary(e => e.Name, StringComparer.Ordinal);
        _names = [.. exports.Select(e => new NbdExportName(e.Name, e.Description))];
        _default = exports[0];
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<NbdExportName>> ListAsync(CancellationToken ct) => new(_names);

    /// <inheritdoc/>
    public ValueTask<NbdExport?> OpenAsync(string name, CancellationToken ct) =>
        new(name.Length == 0 ? _default : _byName.GetValueOrDefault(name));
}
