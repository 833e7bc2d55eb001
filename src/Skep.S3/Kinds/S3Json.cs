using System.Text.Json.Serialization;

namespace Skep.S3.Kinds;

/// <summary>Serializer metadata of s3.skep.dev's documents.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Topic))]
[JsonSerializable(typeof(ObjectQuota))]
public sealed partial class S3Json : JsonSerializerContext;
