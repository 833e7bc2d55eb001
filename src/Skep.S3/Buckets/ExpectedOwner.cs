using Skep.Objects;
using Skep.S3.Errors;

namespace Skep.S3.Buckets;

/// <summary>Lets a client make sure that a bucket is still whose it was.</summary>
internal static class ExpectedOwner
{
    /// <summary>Checks the account that the client names, by its number or its canonical user id.</summary>
    /// <exception cref="S3Exception">AccessDenied: it is another's.</exception>
    public static void Check(string? expected, BucketInfo bucket)
    {
        if (expected is not null && expected != bucket.Owner && expected != CanonicalUserId.Of(bucket.Owner))
            throw S3Errors.AccessDenied();
    }
}
