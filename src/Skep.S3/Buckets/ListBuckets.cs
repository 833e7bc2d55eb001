using Skep.Objects;
using Skep.S3.Requests;
using Skep.S3.Routing;
using Skep.S3.Xml;

namespace Skep.S3.Buckets;

/// <summary>Lists the caller's account's buckets, in pages where max-buckets asks for them.</summary>
internal sealed class ListBuckets(S3Services services) : S3Operation
{
    private const int BucketsMax = 10_000;

    /// <inheritdoc/>
    public override string Name => "ListBuckets";

    /// <inheritdoc/>
    public override S3Route Route => new("GET", S3Level.Service);

    /// <inheritdoc/>
    public override string Action => "s3:ListAllMyBuckets";

    /// <inheritdoc/>
    public override bool AuthorizesItself => true;

    /// <inheritdoc/>
    public override async Task RunAsync(S3Call call, CancellationToken ct)
    {
        if (call.Caller.IsAnonymous)
        {
            // S3 sends browsers to its home page; here is none, so that, as in Ceph, nobody in particular is told of nobody's buckets.
            await call.SendAsync(new S3Xml("ListAllMyBucketsResult").Open("Buckets").Close(), ct);
            return;
        }

        await services.Authorization.RequireAsync(call, Action, ct);
        var prefix = call.Query["prefix"] ?? "";
        var page = await services.Store.ListBucketsAsync(
            new ListBucketsRequest
            {
                Owner = call.Caller.AccountId,
                Prefix = prefix,
                StartAfter = call.Query.TryGet("continuation-token", out var token) ? ContinuationToken.Decode(token) : null,
                Max = call.Query.Number("max-buckets", 1, BucketsMax) ?? BucketsMax,
            },
            ct);
        var owner = services.Accounts.OwnerOf(call.Caller.AccountId);
        var xml = new S3Xml("ListAllMyBucketsResult").Open("Buckets");
        foreach (var bucket in page.Buckets)
            xml.Open("Bucket").Element("Name", bucket.Name).Element("CreationDate", bucket.Created).Close();
        xml.Close().Owner(owner);
        if (page.IsTruncated)
            xml.Element("ContinuationToken", ContinuationToken.Encode(page.Buckets[^1].Name));
        if (prefix.Length > 0)
            xml.Element("Prefix", prefix);
        await call.SendAsync(xml, ct);
    }
}
