using System.Text.Json.Serialization;

namespace Skep.Networking.Kinds;

/// <summary>Serializer metadata of network.skep.dev's documents.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Vpc))]
[JsonSerializable(typeof(Subnet))]
[JsonSerializable(typeof(SecurityGroup))]
[JsonSerializable(typeof(NetworkInterface))]
[JsonSerializable(typeof(AddressClaim))]
public sealed partial class NetworkingJson : JsonSerializerContext;
