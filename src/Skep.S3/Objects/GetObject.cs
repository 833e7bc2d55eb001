using Skep.S3.Requests;
using Skep.S3.Routing;

namespace Skep.S3.Objects;

/// <summary>Sends an object, or a range or a part of it.</summary>
internal sealed class GetObject(S3Services services) : S3Operation
{
    /// <inheritdoc/>
    public override string Name => "GetObject";

    /// <inheritdoc/>
    public override S3Route Route => new("GET", S3Level.Object);

    /// <inheritdoc/>
    public override string Action => "s3:GetObject";

    /// <inheritdoc/>
    public override string ActionFor(S3Call call) => call.Query.Has("versionId") ? "s3:GetObjectVersion" : Action;

    /// <inheritdoc/>
    public override Task RunAsync(S3Call call, CancellationToken ct) => ObjectSender.SendAsync(services, call, withBody: true, ct);
}
