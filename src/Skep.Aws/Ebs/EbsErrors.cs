using Skep.Aws.Protocol;
using Skep.Blocks;
using Skep.Blocks.Chunks;
using Skep.Blocks.Stores;

namespace Skep.Aws.Ebs;

/// <summary>The errors of EBS' direct APIs, with the reasons of their model.</summary>
internal static class EbsErrors
{
    public static AwsException SnapshotNotFound(string id) =>
        new("ResourceNotFoundException", 404, $"The snapshot '{id}' does not exist.") { Reason = "SNAPSHOT_NOT_FOUND" };

    public static AwsException SnapshotState(string id, string state, string expected) =>
        Invalid("INVALID_SNAPSHOT_ID", $"The snapshot '{id}' is in the '{state}' state; {expected}.");

    public static AwsException NotDirect(string id) => Invalid("INVALID_SNAPSHOT_ID", $"The snapshot '{id}' was not begun by StartSnapshot.");

    public static AwsException VolumeSize(string why) => Invalid("INVALID_VOLUME_SIZE", why);

    public static AwsException NoSuchBlock(int block, long count) => Invalid("INVALID_BLOCK", $"The snapshot has {count} blocks; there is no block {block}.");

    public static AwsException BlockToken(string why) => Invalid("INVALID_BLOCK_TOKEN", $"The block token {why}; list the blocks again.");

    public static AwsException PageToken() => Invalid("INVALID_PAGE_TOKEN", "The page token is not valid for this request, or has expired; list from the beginning.");

    public static AwsException Unrelated(string first, string second) =>
        Invalid("UNRELATED_SNAPSHOTS", $"The snapshots '{first}' and '{second}' are neither of the same volume nor made from each other.");

    public static AwsException CustomerKey(string why) => Invalid("INVALID_CUSTOMER_KEY", why);

    public static AwsException Dependency(string why) => Invalid("INVALID_DEPENDENCY_REQUEST", why);

    public static AwsException Value(string why) => Invalid("INVALID_PARAMETER_VALUE", why);

    public static AwsException ConcurrentLimit(int max) =>
        new("ConcurrentLimitExceededException", 400, $"The account has {max} snapshots that wait for blocks or completion; complete or delete some first.");

    public static AwsException ElsewhereOnNode(string id, string node) =>
        new("InternalServerException", 500, $"The blocks of snapshot '{id}' are on node {node}, and this node cannot reach them.");

    /// <summary>Whether a failure of the store can be told to the client; others are faults of the program.</summary>
    public static bool IsExpected(Exception failure) => failure is ChunkStoreException or ObjectStoreException or BlockDeviceException;

    /// <summary>A failure of the store.</summary>
    public static AwsException Of(Exception failure) => failure switch
    {
        ChunkStoreException { Error: ChunkStoreError.Expired } => Invalid("WRITE_REQUEST_TIMEOUT", failure.Message),
        ChunkStoreException { Error: ChunkStoreError.NotFound } => new("ResourceNotFoundException", 404, failure.Message) { Reason = "SNAPSHOT_NOT_FOUND" },
        ChunkStoreException { Error: ChunkStoreError.Exists } => Invalid("INVALID_SNAPSHOT_ID", failure.Message),
        ObjectStoreException { Error: ObjectStoreError.Unavailable } => new("ServiceUnavailableException", 503, failure.Message),
        _ => new("InternalServerException", 500, failure.Message),
    };

    private static AwsException Invalid(string reason, string message) => new("ValidationException", 400, message) { Reason = reason };
}
