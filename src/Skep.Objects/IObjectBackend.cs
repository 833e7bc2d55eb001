namespace Skep.Objects;

/// <summary>
/// A store of objects with S3's semantics, below any dialect. What is promised: a call that returned is durable and seen
/// by every call that begins later (also lists); an object is never seen in part; conditions are decided at the moment of
/// the write, so that of many writers with If-None-Match exactly one wins. Failures that a client may be told are
/// <see cref="ObjectException"/>s. Thread-safe.
/// </summary>
public interface IObjectBackend : IAsyncDisposable
{
    /// <summary>Makes a bucket. Its name has 1 to 255 bytes of UTF-8; what else it must be is the dialect's rule.</summary>
    /// <exception cref="ObjectException"><see cref="ObjectError.BucketExists"/>.</exception>
    ValueTask<BucketInfo> CreateBucketAsync(string bucket, string owner, CancellationToken ct);

    /// <summary>Looks at a bucket.</summary>
    ValueTask<BucketInfo> HeadBucketAsync(string bucket, CancellationToken ct);

    /// <summary>Deletes an empty bucket with its documents.</summary>
    /// <exception cref="ObjectException"><see cref="ObjectError.BucketNotEmpty"/>.</exception>
    ValueTask DeleteBucketAsync(string bucket, CancellationToken ct);

    /// <summary>Lists buckets.</summary>
    ValueTask<BucketPage> ListBucketsAsync(ListBucketsRequest request, CancellationToken ct);

    /// <summary>Says what happens to versions that are replaced from now on.</summary>
    ValueTask SetVersioningAsync(string bucket, VersioningState versioning, CancellationToken ct);

    /// <summary>Limits what the bucket may hold. What it holds already may be more.</summary>
    ValueTask SetQuotaAsync(string bucket, BucketQuota quota, CancellationToken ct);

    /// <summary>Reads a settings document of a bucket (policy, CORS, lifecycle …); null when there is none of that name.</summary>
    ValueTask<ReadOnlyMemory<byte>?> FindDocumentAsync(string bucket, string name, CancellationToken ct);

    /// <summary>Stores a settings document, in a form that only the caller knows.</summary>
    ValueTask PutDocumentAsync(string bucket, string name, ReadOnlyMemory<byte> document, CancellationToken ct);

    /// <summary>Deletes a settings document; one that is not there is no error.</summary>
    ValueTask DeleteDocumentAsync(string bucket, string name, CancellationToken ct);

    /// <summary>Stores an object. Memory used does not depend on what the body's length is or is said to be.</summary>
    ValueTask<ObjectVersion> PutAsync(PutRequest request, Stream body, CancellationToken ct);

    /// <summary>Opens a version for reading.</summary>
    /// <exception cref="ObjectException"><see cref="ObjectError.NoSuchKey"/>, <see cref="ObjectError.NoSuchVersion"/>, <see cref="ObjectError.IsDeleteMarker"/>.</exception>
    ValueTask<IObjectReader> OpenAsync(ObjectAddress address, CancellationToken ct);

    /// <summary>Looks at a version; fails like <see cref="OpenAsync"/>.</summary>
    ValueTask<ObjectVersion> HeadAsync(ObjectAddress address, CancellationToken ct);

    /// <summary>Deletes an object or a version.</summary>
    ValueTask<DeleteResult> DeleteAsync(string bucket, DeleteRequest request, CancellationToken ct);

    /// <summary>Deletes many; each succeeds or fails by itself, in the order given.</summary>
    ValueTask<IReadOnlyList<DeleteOutcome>> DeleteManyAsync(string bucket, IReadOnlyList<DeleteRequest> requests, CancellationToken ct);

    /// <summary>Changes what is stored beside a version; its bytes and its time stay.</summary>
    ValueTask<ObjectVersion> UpdateAsync(ObjectAddress address, ObjectUpdate update, CancellationToken ct);

    /// <summary>Copies an object.</summary>
    ValueTask<ObjectVersion> CopyAsync(CopyRequest request, CancellationToken ct);

    /// <summary>Lists current objects.</summary>
    ValueTask<ObjectPage> ListAsync(ListRequest request, CancellationToken ct);

    /// <summary>Lists versions and delete markers.</summary>
    ValueTask<VersionPage> ListVersionsAsync(ListVersionsRequest request, CancellationToken ct);

    /// <summary>Begins an upload in parts.</summary>
    ValueTask<UploadInfo> CreateUploadAsync(CreateUploadRequest request, CancellationToken ct);

    /// <summary>Stores a part, replacing the one of the same number.</summary>
    ValueTask<PartInfo> UploadPartAsync(UploadAddress upload, int number, BodyClaims claims, Stream body, CancellationToken ct);

    /// <summary>Makes a part from an object.</summary>
    ValueTask<PartInfo> CopyPartAsync(CopyPartRequest request, CancellationToken ct);

    /// <summary>Lists the parts of an upload.</summary>
    ValueTask<PartPage> ListPartsAsync(ListPartsRequest request, CancellationToken ct);

    /// <summary>Lists uploads.</summary>
    ValueTask<UploadPage> ListUploadsAsync(ListUploadsRequest request, CancellationToken ct);

    /// <summary>Completes an upload; the parts become the object without being copied.</summary>
    ValueTask<ObjectVersion> CompleteUploadAsync(CompleteUploadRequest request, CancellationToken ct);

    /// <summary>Ends an upload without an object and frees its parts.</summary>
    ValueTask AbortUploadAsync(UploadAddress upload, CancellationToken ct);
}
