using Skep.Aws.Dispatch;
using Skep.Aws.Ebs.Model;
using Skep.Blocks.Chunks;
using Skep.Storage.Direct;
using ChangedBlock = Skep.Aws.Ebs.Model.ChangedBlock;

namespace Skep.Aws.Ebs;

/// <summary>Lists the blocks that differ between two snapshots of one origin, with tokens to get both contents.</summary>
internal sealed class ListChangedBlocks(EbsSnapshots snapshots, DirectSnapshots direct, EbsTokens tokens) : AwsOperation<ListChangedBlocksRequest, ListChangedBlocksResponse>
{
    private const int PageSizeMax = 10_000;

    /// <inheritdoc/>
    protected override async ValueTask PrepareAsync(ListChangedBlocksRequest request, AwsCall call, CancellationToken ct) => await tokens.EnsureKeyAsync(call, ct);

    /// <inheritdoc/>
    protected override async ValueTask<ListChangedBlocksResponse> HandleAsync(ListChangedBlocksRequest request, AwsCall call, CancellationToken ct)
    {
        var second = snapshots.RequireCompleted(call, request.SecondSnapshotId);
        var first = request.FirstSnapshotId is { } firstId ? snapshots.RequireCompleted(call, firstId) : null;
        if (first is not null && EbsSnapshots.LineageOf(call, first) != EbsSnapshots.LineageOf(call, second))
            throw EbsErrors.Unrelated(request.FirstSnapshotId!, request.SecondSnapshotId);
        var signer = EbsTokens.Open(call);
        var list = $"{request.FirstSnapshotId} {request.SecondSnapshotId}";
        var start = request.StartingBlockIndex ?? (request.NextToken is { } token ? signer.ReadPage(list, token) : 0);
        var limit = request.MaxResults ?? PageSizeMax;
        try
        {
            var changed = await ListAsync(request.FirstSnapshotId, request.SecondSnapshotId, start, limit + 1, ct);
            return new ListChangedBlocksResponse
            {
                ChangedBlocks =
                [
                    .. changed.Take(limit).Select(c => new ChangedBlock
                    {
                        BlockIndex = (int)c.Block,
                        FirstBlockToken = c.IsInFirst ? signer.Block(request.FirstSnapshotId!, c.Block) : null,
                        SecondBlockToken = c.IsInSecond ? signer.Block(request.SecondSnapshotId, c.Block) : null,
                    }),
                ],
                NextToken = changed.Count > limit ? signer.Page(list, changed[limit].Block) : null,
                ExpiryTime = signer.BlockExpiry,
                VolumeSize = second.Spec.VolumeSizeGib,
                BlockSize = EbsSnapshots.BlockBytes,
            };
        }
        catch (Exception ex) when (EbsErrors.IsExpected(ex))
        {
            throw EbsErrors.Of(ex);
        }
    }

    /// <summary>Without a first snapshot, everything in the second is new.</summary>
    private async Task<List<Skep.Blocks.Chunks.ChangedBlock>> ListAsync(string? firstId, string secondId, long start, int count, CancellationToken ct)
    {
        await using var second = await direct.OpenAsync(secondId, ct);
        if (firstId is null)
            return [.. second.Reader.ListBlocks(start).Take(count).Select(b => new Skep.Blocks.Chunks.ChangedBlock(b, IsInFirst: false, IsInSecond: true))];
        await using var first = await direct.OpenAsync(firstId, ct);
        return [.. SnapshotReader.ListChangedBlocks(first.Reader, second.Reader, start).Take(count)];
    }
}
