using System.Text.Json.Serialization;
using Skep.Core.Identity;

namespace Skep.Core.Resources;

/// <summary>Serializer metadata of the documents that Core owns.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ObjectMeta))]
[JsonSerializable(typeof(Namespace))]
[JsonSerializable(typeof(Node))]
[JsonSerializable(typeof(Secret))]
[JsonSerializable(typeof(ConfigMap))]
[JsonSerializable(typeof(Event))]
[JsonSerializable(typeof(Account))]
[JsonSerializable(typeof(User))]
[JsonSerializable(typeof(AccessKey))]
[JsonSerializable(typeof(Token))]
public sealed partial class CoreJson : JsonSerializerContext;
