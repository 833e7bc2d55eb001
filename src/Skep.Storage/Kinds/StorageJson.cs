using System.Text.Json.Serialization;

namespace Skep.Storage.Kinds;

/// <summary>Serializer metadata of storage.skep.dev's documents.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Volume))]
[JsonSerializable(typeof(Snapshot))]
[JsonSerializable(typeof(StoragePool))]
[JsonSerializable(typeof(SnapshotVerification))]
[JsonSerializable(typeof(EncryptionKey))]
public sealed partial class StorageJson : JsonSerializerContext;
