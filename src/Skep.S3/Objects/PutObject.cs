using Skep.Objects;
using Skep.S3.Lifecycle;
using Skep.S3.Notifications;
using Skep.S3.Requests;
using Skep.S3.Routing;

namespace Skep.S3.Objects;

/// <summary>Stores an object.</summary>
internal sealed class PutObject(S3Services services) : S3Operation
{
    /// <inheritdoc/>
    public override string Name => "PutObject";

    /// <inheritdoc/>
    public override S3Route Route => new("PUT", S3Level.Object);

    /// <inheritdoc/>
    public override string Action => "s3:PutObject";

    /// <inheritdoc/>
    public override async Task RunAsync(S3Call call, CancellationToken ct)
    {
        var encryption = await services.Encryption.DecideAsync(call, ct);
        var request = new PutRequest
        {
            Bucket = call.Bucket,
            Key = call.Key,
            Metadata = await UploadMetadata.MakeAsync(services, call, encryption, ct),
            Conditions = Conditions.OfWrite(call),
            Body = encryption.Apply(call.Body.Claims(call)),
        };
        var version = await Conditions.TellAbsentAsync(services, call, () => services.Store.PutAsync(request, call.Body.Stream, ct), ct);
        await services.Events.PublishAsync(call, S3Event.Of(NotificationEvents.Put, call.BucketInfo, version));
        call.Response.Headers.ETag = $"\"{version.ETag}\"";
        ObjectHeaders.WriteNewVersionId(call, version);
        encryption.WriteHeaders(call.Response.Headers);
        await LifecycleHeaders.WriteExpirationAsync(services, call, version, ct);
        ChecksumHeaders.Write(call.Response.Headers, version.Checksum, version.PartCount, withType: true);
        call.SendEmpty();
    }
}
