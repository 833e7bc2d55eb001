using Microsoft.Extensions.Logging.Abstractions;
using Skep.Blocks.Chunks;
using Skep.Core.Resources;
using Skep.Storage.Kinds;
using Skep.Storage.Tests.Volumes;
using Skep.Storage.Verification;
using Skep.Testing;

namespace Skep.Storage.Tests.Verification;

public sealed class VerificationAgentTests : IAsyncLifetime
{
    private const string SnapshotId = "snap-0123456789abcdef0";
    private static readonly ResourceKey _key = StorageKinds.SnapshotVerification.Key("default", "check");
    private StorageWorld _world = null!;
    private VerificationAgent _agent = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _world = await StorageWorld.CreateAsync();
        _agent = new VerificationAgent(_world.Client, _world.Stores, _world.Options, NullLogger<VerificationAgent>.Instance);
        await using var writer = await (await _world.Stores.OpenAsync(Ct)).BeginAsync(new SnapshotRequest { SnapshotId = SnapshotId, SizeBytes = 4L * ChunkStore.BlockBytes }, Ct);
        var block = new byte[ChunkStore.BlockBytes];
        for (var i = 0; i < 3; i++)
        {
            new Random(i).NextBytes(block);
            await writer.PutBlockAsync(i, block, Ct);
        }

        await writer.CompleteAsync(Ct);
    }

    public async ValueTask DisposeAsync() => await _world.DisposeAsync();

    [Fact]
    public async Task A_whole_snapshot_is_found_whole()
    {
        await AddAsync(SnapshotState.Completed);
        await _agent.ReconcileAsync(_key, Ct);
        var status = Status();
        Assert.Equal((VerificationPhase.Succeeded, 100, 3L, 3L * ChunkStore.BlockBytes, 0), (status.Phase, status.Progress, status.Chunks, status.Bytes, status.DamageCount));
    }

    [Fact]
    public async Task Damaged_blocks_are_named()
    {
        await AddAsync(SnapshotState.Completed);
        var pack = Directory.GetFiles(Path.Combine(_world.Options.DataDirectory, "snapshots", "packs")).Single();
        var bytes = await File.ReadAllBytesAsync(pack, Ct);
        bytes[bytes.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(pack, bytes, Ct);
        await _agent.ReconcileAsync(_key, Ct);
        var status = Status();
        Assert.Equal((VerificationPhase.Succeeded, 1), (status.Phase, status.DamageCount));
        Assert.Equal(1, status.Damages!.Single().Block);
        Assert.Contains($"block 1 of snapshot {SnapshotId}", status.Damages!.Single().Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_not_complete_or_not_there_cannot_be_verified()
    {
        await AddAsync(SnapshotState.Pending);
        await _agent.ReconcileAsync(_key, Ct);
        Assert.Equal((VerificationPhase.Failed, $"snapshot {SnapshotId} is pending; only a completed one can be verified"), (Status().Phase, Status().Message));
    }

    [Fact]
    public async Task Reports_go_after_an_hour()
    {
        await AddAsync(SnapshotState.Completed);
        await _agent.ReconcileAsync(_key, Ct);
        Assert.Equal(TimeSpan.FromHours(1), await _agent.ReconcileAsync(_key, Ct));
        _world.Resources.Clock.Advance(TimeSpan.FromHours(1));
        await _agent.ReconcileAsync(_key, Ct);
        Assert.Null(_world.Client.View.Get(_key));
    }

    private async Task AddAsync(string state)
    {
        var transaction = _world.Client.Begin();
        transaction.Create(StorageKinds.Snapshot, new Snapshot
        {
            Metadata = { Name = SnapshotId, Namespace = "default" },
            Spec = { Source = SnapshotSource.Direct, VolumeSizeGib = 1, NodeName = _world.Options.NodeName },
            Status = new SnapshotStatus { State = state },
        });
        transaction.Create(StorageKinds.SnapshotVerification, new SnapshotVerification { Metadata = { Name = _key.Name, Namespace = "default" }, Spec = { SnapshotId = SnapshotId } });
        await transaction.CommitAsync(Ct);
    }

    private SnapshotVerificationStatus Status() => _world.Client.View.Get(_key)!.View(StorageKinds.SnapshotVerification).Status!;
}
