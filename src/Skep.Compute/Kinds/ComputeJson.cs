using System.Text.Json.Serialization;

namespace Skep.Compute.Kinds;

/// <summary>Serializer metadata of compute.skep.dev's documents.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Instance))]
[JsonSerializable(typeof(Image))]
[JsonSerializable(typeof(ImageImport))]
[JsonSerializable(typeof(KeyPair))]
[JsonSerializable(typeof(InstanceType))]
public sealed partial class ComputeJson : JsonSerializerContext;
