using Skep.Aws.Dispatch;
using Skep.Aws.Ebs.Model;
using Skep.Storage.Direct;

namespace Skep.Aws.Ebs;

/// <summary>Lists the blocks of a snapshot that are not zeroes, with tokens to get them.</summary>
internal sealed class ListSnapshotBlocks(EbsSnapshots snapshots, DirectSnapshots direct, EbsTokens tokens) : AwsOperation<ListSnapshotBlocksRequest, ListSnapshotBlocksResponse>
{
    private const int PageSizeMax = 10_000;

    /// <inheritdoc/>
    protected override async ValueTask PrepareAsync(ListSnapshotBlocksRequest request, AwsCall call, CancellationToken ct) => await tokens.EnsureKeyAsync(call, ct);

    /// <inheritdoc/>
    protected override async ValueTask<ListSnapshotBlocksResponse> HandleAsync(ListSnapshotBlocksRequest request, AwsCall call, CancellationToken ct)
    {
        var id = request.SnapshotId;
        var snapshot = snapshots.RequireCompleted(call, id);
        var signer = EbsTokens.Open(call);
        var first = request.StartingBlockIndex ?? (request.NextToken is { } token ? signer.ReadPage(id, token) : 0);
        try
        {
            await using var open = await direct.OpenAsync(id, ct);
            var limit = request.MaxResults ?? PageSizeMax;
            var blocks = open.Reader.ListBlocks(first).Take(limit + 1).ToList();
            return new ListSnapshotBlocksResponse
            {
                Blocks = [.. blocks.Take(limit).Select(b => new Block { BlockIndex = (int)b, BlockToken = signer.Block(id, b) })],
                NextToken = blocks.Count > limit ? signer.Page(id, blocks[limit]) : null,
                ExpiryTime = signer.BlockExpiry,
                VolumeSize = snapshot.Spec.VolumeSizeGib,
                BlockSize = EbsSnapshots.BlockBytes,
            };
        }
        catch (Exception ex) when (EbsErrors.IsExpected(ex))
        {
            throw EbsErrors.Of(ex);
        }
    }
}
