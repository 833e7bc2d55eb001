using Skep.Objects;
using Skep.S3.Errors;

namespace Skep.S3.Buckets;

/// <summary>Lets a client make sure that a bucket is still whose it was.</summary>
internal static class ExpectedOwner
{
    private const int AccountDigits = 12;

    /// <summary>Checks the account that the client names, by its number or its canonical user id.</summary>
    /// <exception cref="S3Exception">It is another's, or no account.</exception>
    public static void Check(string? expected, BucketInfo bucket)
    {
        if (expected is null || expected == bucket.Owner || expected == CanonicalUserId.Of(bucket.Owner))
            return;
        // What is longer may be a canonical user id.
        throw expected.Length > AccountDigits || (expected.Length == AccountDigits && expected.All(char.IsAsciiDigit))
            ? S3Errors.AccessDenied()
            : S3Errors.Of("InvalidBucketOwnerAWSAccountID", 400, "The value of the expected bucket owner parameter must be an AWS Account ID");
    }
}
