namespace Skep.Core.Identity;

/// <summary>Where a request carries its signature; S3's condition key <c>s3:authType</c> speaks of it.</summary>
public enum SigV4Carrier
{
    /// <summary>The Authorization header (REST-HEADER).</summary>
    Header,

    /// <summary>The query, as presigned URLs do (REST-QUERY-STRING).</summary>
    Query,

    /// <summary>The fields of a form (POST).</summary>
    Form,
}
