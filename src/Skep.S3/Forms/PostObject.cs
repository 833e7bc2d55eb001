using Microsoft.AspNetCore.Http;
using Skep.Core.Identity;
using Skep.Core.Identity.PostForms;
using Skep.Objects;
using Skep.S3.Access;
using Skep.S3.Errors;
using Skep.S3.Lifecycle;
using Skep.S3.Notifications;
using Skep.S3.Objects;
using Skep.S3.Requests;
using Skep.S3.Routing;
using Skep.S3.Xml;

namespace Skep.S3.Forms;

/// <summary>Stores an object from a browser's form (API reference, "Browser-based uploads using POST").</summary>
internal sealed class PostObject(S3Services services) : S3Operation
{
    /// <inheritdoc/>
    public override string Name => "PostObject";

    /// <inheritdoc/>
    public override S3Route Route => new("POST", S3Level.Bucket);

    /// <inheritdoc/>
    public override string Action => "s3:PutObject";

    /// <inheritdoc/>
    public override bool AuthorizesItself => true;

    /// <inheritdoc/>
    public override async Task RunAsync(S3Call call, CancellationToken ct)
    {
        var form = await FormUpload.ReadAsync(call, ct);
        if (form.Fields.GetValueOrDefault("key") is not { Length: > 0 } key)
            throw S3Errors.InvalidArgument("key", "", "Bucket POST must contain a field named 'key'. If it is specified, please check the order of the fields.");
        if (form.File is not { } file)
            throw S3Errors.InvalidArgument("file", "0", "POST requires exactly one file upload per request.");
        var upload = call.ForForm(S3Target.KnownKey(key), form.Fields);
        var policy = Authenticate(upload, form.Fields);
        await services.Authorization.RequireAsync(upload, Action, ct);
        var checksum = ChecksumHeaders.Read(upload);
        var encryption = await services.Encryption.DecideAsync(upload, ct);
        var version = await services.Store.PutAsync(
            new PutRequest
            {
                Bucket = call.Bucket,
                Key = key,
                Metadata = await UploadMetadata.MakeAsync(services, upload, encryption, ct),
                Body = encryption.Apply(new BodyClaims
                {
                    LengthBytesMax = Math.Min(policy?.LengthMax ?? long.MaxValue, S3Body.BytesMax),
                    Checksum = checksum.Algorithm,
                    ChecksumExpected = checksum.Expected,
                }),
            },
            new FormFileStream(file, length => policy?.CheckLength(length)),
            ct);
        await services.Events.PublishAsync(upload, S3Event.Of(NotificationEvents.Post, call.BucketInfo, version));
        ObjectHeaders.WriteNewVersionId(upload, version);
        encryption.WriteHeaders(upload.Response.Headers);
        await LifecycleHeaders.WriteExpirationAsync(services, upload, version, ct);
        await AnswerAsync(upload, form.Fields, version, ct);
    }

    private PostPolicy? Authenticate(S3Call call, IReadOnlyDictionary<string, string> fields)
    {
        if (!SigV4Verifier.IsSigned(fields))
            return null;
        var signed = services.Verifier.VerifyForm(fields, call.Bucket);
        call.Caller = new S3Caller(signed.Identity);
        call.Record.Principal = signed.Identity.Principal;
        return signed.Policy;
    }

    private static async Task AnswerAsync(S3Call call, IReadOnlyDictionary<string, string> fields, ObjectVersion version, CancellationToken ct)
    {
        var etag = $"\"{version.ETag}\"";
        var location = $"{call.Http.Request.Scheme}://{call.Http.Request.Host}/{call.Bucket}/{Uri.EscapeDataString(call.Key)}";
        call.Response.Headers.ETag = etag;
        var redirect = fields.GetValueOrDefault("success_action_redirect") ?? fields.GetValueOrDefault("redirect");
        if (Uri.TryCreate(redirect, UriKind.Absolute, out var target) && target.Scheme is ("http" or "https"))
        {
            var separator = target.Query.Length > 0 ? "&" : "?";
            call.Response.Headers.Location = $"{redirect}{separator}bucket={call.Bucket}&key={Uri.EscapeDataString(call.Key)}&etag={Uri.EscapeDataString(etag)}";
            call.SendEmpty(StatusCodes.Status303SeeOther);
            return;
        }

        call.Response.Headers.Location = location;
        switch (fields.GetValueOrDefault("success_action_status"))
        {
            case "200":
                call.SendEmpty();
                break;
            case "201":
                await call.SendAsync(new S3Xml("PostResponse", xmlNamespace: null).Element("Location", location).Element("Bucket", call.Bucket).Element("Key", call.Key).Element("ETag", etag), ct, StatusCodes.Status201Created);
                break;
            default:
                call.SendEmpty(StatusCodes.Status204NoContent);
                break;
        }
    }
}
