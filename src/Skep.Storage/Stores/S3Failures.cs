using System.Net;
using Skep.Blocks.Stores;
using Skep.Core.S3Client;

namespace Skep.Storage.Stores;

/// <summary>What a store's caller can do about what an S3 server says.</summary>
internal static class S3Failures
{
    /// <summary>The store's failure.</summary>
    public static ObjectStoreError ErrorOf(S3Failure failure) => failure.Code switch
    {
        "NoSuchKey" => ObjectStoreError.NotFound,
        "InvalidRange" => ObjectStoreError.Short,
        "SlowDown" or "ServiceUnavailable" or "InternalError" or "RequestTimeout" or "ThrottlingException" or "Throttling" => ObjectStoreError.Unavailable,
        // What arrived is not what was sent: the next attempt may arrive whole.
        "BadDigest" or "XAmzContentSHA256Mismatch" or "IncompleteBody" => ObjectStoreError.Unavailable,
        // Somebody else is storing the same key at this moment.
        "ConditionalRequestConflict" or "OperationAborted" => ObjectStoreError.Unavailable,
        "QuotaExceeded" or "XMinioStorageFull" or "EntityTooLargeForQuota" => ObjectStoreError.Full,
        _ => failure.Status switch
        {
            HttpStatusCode.InsufficientStorage => ObjectStoreError.Full,
            HttpStatusCode.RequestedRangeNotSatisfiable => ObjectStoreError.Short,
            HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests => ObjectStoreError.Unavailable,
            HttpStatusCode.NotImplemented => ObjectStoreError.Refused,
            >= HttpStatusCode.InternalServerError => ObjectStoreError.Unavailable,
            // A server of few words: no document, but a plain 404 for an object.
            HttpStatusCode.NotFound when failure.Code.Length == 0 => ObjectStoreError.NotFound,
            _ => ObjectStoreError.Refused,
        },
    };
}
