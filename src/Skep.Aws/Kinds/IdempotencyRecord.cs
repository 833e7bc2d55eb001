using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using Skep.Core.Resources;

namespace Skep.Aws.Kinds;

/// <summary>
/// The answer given to a client token, so that a repeated request gets it again instead of being done twice. Written in
/// the transaction of the request itself; named by a hash of region, operation and token.
/// </summary>
public sealed class IdempotencyRecord : ResourceObject
{
    public IdempotencyRecordSpec Spec { get; set; } = new();
}

/// <summary>What was asked and answered.</summary>
public sealed class IdempotencyRecordSpec : OpenObject
{
    [Description("The operation, for example RunInstances.")]
    public string Operation { get; set; } = "";

    [Description("SHA-256, in hex, of the request without its token.")]
    public string RequestSha256 { get; set; } = "";

    [Description("The inside of the answer's XML, compressed with Deflate.")]
    [SuppressMessage("Performance", "CA1819:Properties should not return arrays", Justification = "base64 on the wire")]
    public byte[] Response { get; set; } = [];

    [Description("Instances that keep the record while they exist.")]
    public List<string>? InstanceIds { get; set; }

    [Description("The record is kept at least until then.")]
    public DateTimeOffset Expires { get; set; }
}
