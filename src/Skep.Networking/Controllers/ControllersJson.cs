using System.Text.Json.Serialization;

namespace Skep.Networking.Controllers;

/// <summary>Serializer metadata of the views of other rooms' documents.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(InstanceView))]
internal sealed partial class ControllersJson : JsonSerializerContext;
