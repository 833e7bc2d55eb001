using System.Buffers;
using System.Security.Cryptography;
using Skep.Aws.Dispatch;
using Skep.Aws.Ebs.Model;
using Skep.Aws.Protocol;
using Skep.Storage.Direct;

namespace Skep.Aws.Ebs;

/// <summary>Gets a block of a snapshot.</summary>
internal sealed class GetSnapshotBlock(EbsSnapshots snapshots, DirectSnapshots direct, EbsTokens tokens) : AwsOperation<GetSnapshotBlockRequest, GetSnapshotBlockResponse>
{
    /// <inheritdoc/>
    protected override async ValueTask PrepareAsync(GetSnapshotBlockRequest request, AwsCall call, CancellationToken ct) => await tokens.EnsureKeyAsync(call, ct);

    /// <inheritdoc/>
    protected override async ValueTask<GetSnapshotBlockResponse> HandleAsync(GetSnapshotBlockRequest request, AwsCall call, CancellationToken ct)
    {
        var snapshot = snapshots.RequireCompleted(call, request.SnapshotId);
        if (request.BlockIndex >= EbsSnapshots.BlockCount(snapshot))
            throw EbsErrors.NoSuchBlock(request.BlockIndex, EbsSnapshots.BlockCount(snapshot));
        EbsTokens.Open(call).CheckBlock(request.BlockToken, request.SnapshotId, request.BlockIndex);
        var memory = MemoryPool<byte>.Shared.Rent(EbsSnapshots.BlockBytes);
        try
        {
            var block = memory.Memory[..EbsSnapshots.BlockBytes];
            await using var open = await direct.OpenAsync(request.SnapshotId, ct);
            await open.Reader.ReadBlockAsync(request.BlockIndex, block, ct);
            return new GetSnapshotBlockResponse
            {
                BlockData = new Payload(block, memory),
                DataLength = EbsSnapshots.BlockBytes,
                Checksum = Convert.ToBase64String(SHA256.HashData(block.Span)),
                ChecksumAlgorithm = "SHA256",
            };
        }
        catch (Exception ex)
        {
            memory.Dispose();
            if (EbsErrors.IsExpected(ex))
                throw EbsErrors.Of(ex);
            throw;
        }
    }
}
