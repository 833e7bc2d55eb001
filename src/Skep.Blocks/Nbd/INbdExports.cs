namespace Skep.Blocks.Nbd;

/// <summary>The exports of a server by name. Calls may overlap.</summary>
public interface INbdExports
{
    /// <summary>What NBD_OPT_LIST shows, at most a few thousand.</summary>
    ValueTask<IReadOnlyList<NbdExportName>> ListAsync(CancellationToken ct);

    /// <summary>
    /// Opens an export for one connection (NBD_OPT_GO, NBD_OPT_EXPORT_NAME) or for a look at it (NBD_OPT_INFO). The caller
    /// disposes what it gets.
    /// </summary>
    /// <param name="name">As the client spelled it, at most 4,096 bytes of UTF-8; empty for the default export.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>Null when there is none of this name.</returns>
    /// <exception cref="BlockDeviceException">It exists but cannot be opened.</exception>
    ValueTask<NbdExport?> OpenAsync(string name, CancellationToken ct);
}

/// <summary>One line of NBD_OPT_LIST.</summary>
/// <param name="Name">The name to ask for.</param>
/// <param name="Description">A line for people; may be empty.</param>
public readonly record struct NbdExportName(string Name, string Description);
