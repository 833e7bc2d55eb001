using System.Text.Json.Serialization;
using Skep.Core.Resources;

namespace Skep.Aws.Kinds;

/// <summary>The kinds of group aws.skep.dev: what the dialect itself must remember.</summary>
public static class AwsKinds
{
    /// <summary>Answers given to client tokens.</summary>
    public static readonly Kind<IdempotencyRecord> IdempotencyRecord = new(AwsJson.Default.IdempotencyRecord)
    {
        Group = "aws.skep.dev", Name = "IdempotencyRecord", Plural = "idempotencyrecords", HasStatus = false,
        Description = "The answer given to an AWS client token.",
        Columns = [new("Operation", "spec.operation"), new("Expires", "spec.expires", "date")],
    };

    /// <summary>Images being made of instances.</summary>
    public static readonly Kind<ImageCapture> ImageCapture = new(AwsJson.Default.ImageCapture)
    {
        Group = "aws.skep.dev", Name = "ImageCapture", Plural = "imagecaptures",
        Description = "The making of an image of an instance's volumes.",
        Columns = [new("Instance", "spec.instanceId"), new("Phase", "status.phase")],
    };

    /// <summary>Accounts' choices of encryption.</summary>
    public static readonly Kind<EbsEncryption> EbsEncryption = new(AwsJson.Default.EbsEncryption)
    {
        Group = "aws.skep.dev", Name = "EbsEncryption", Plural = "ebsencryptions", HasStatus = false,
        Description = "Whether an account's new volumes in a region are encrypted by default.",
        Columns = [new("By default", "spec.byDefault", "boolean")],
    };

    /// <summary>Replacements of instances' root volumes.</summary>
    public static readonly Kind<ReplaceRootVolumeTask> ReplaceRootVolumeTask = new(AwsJson.Default.ReplaceRootVolumeTask)
    {
        Group = "aws.skep.dev", Name = "ReplaceRootVolumeTask", Plural = "replacerootvolumetasks",
        Description = "The replacement of a running instance's root volume.",
        Columns = [new("Instance", "spec.instanceId"), new("State", "status.state"), new("Started", "status.startTime", "date")],
    };

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Kind> All { get; } = [IdempotencyRecord, ImageCapture, EbsEncryption, ReplaceRootVolumeTask];
}

/// <summary>Serializer metadata of aws.skep.dev's documents.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(IdempotencyRecord))]
[JsonSerializable(typeof(ImageCapture))]
[JsonSerializable(typeof(EbsEncryption))]
[JsonSerializable(typeof(ReplaceRootVolumeTask))]
public sealed partial class AwsJson : JsonSerializerContext;
