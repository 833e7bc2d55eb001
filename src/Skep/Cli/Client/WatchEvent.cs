using System.Text.Json.Nodes;

namespace Skep.Cli.Client;

/// <summary>One event of a watch: ADDED, MODIFIED, DELETED or BOOKMARK, and the resource.</summary>
internal sealed record WatchEvent(string Type, JsonObject Object)
{
    /// <summary>The resource is gone.</summary>
    public bool IsDeletion => Type == "DELETED";
}
