using System.Text.Json.Serialization;
using Skep.Core.Resources;

namespace Skep.Networking.Tests.Controllers;

/// <summary>Stands for compute.skep.dev's kind, which this room does not know.</summary>
internal sealed class TestInstance : ResourceObject
{
    public static readonly Kind<TestInstance> InstanceKind = new(TestInstanceJson.Default.TestInstance)
    {
        Group = "compute.skep.dev", Name = "Instance", Plural = "instances",
    };
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(TestInstance))]
internal sealed partial class TestInstanceJson : JsonSerializerContext;
