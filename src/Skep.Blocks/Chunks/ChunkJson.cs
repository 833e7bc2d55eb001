using System.Text.Json.Serialization;

namespace Skep.Blocks.Chunks;

/// <summary>Serializer metadata of what a chunk store writes.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(SnapshotInfo))]
[JsonSerializable(typeof(PendingSnapshot))]
[JsonSerializable(typeof(CondemnedPack))]
[JsonSerializable(typeof(Gravestone))]
[JsonSerializable(typeof(StoreFacts))]
[JsonSerializable(typeof(PartFacts))]
internal sealed partial class ChunkJson : JsonSerializerContext;
