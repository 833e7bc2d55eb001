using System.Text.Json;
using System.Text.Json.Serialization;

namespace Skep.Core.Resources;

/// <summary>
/// Base of every typed view. Members that this version of Skep does not know are kept in <see cref="Unknown"/> and
/// written back, so a document survives a round trip through an older program.
/// </summary>
public abstract class OpenObject
{
    /// <summary>Members of the JSON object that the type does not declare.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}
