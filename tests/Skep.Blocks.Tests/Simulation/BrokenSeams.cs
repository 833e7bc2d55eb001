using Skep.Blocks.Files;
using Skep.Blocks.Log;
using Skep.Blocks.Simulation;
using Skep.Blocks.Stores;

namespace Skep.Blocks.Tests.Simulation;

/// <summary>Seams that break one promise each: what a defective engine would do, without a defective engine.</summary>
internal static class BrokenSeams
{
    /// <summary>FLUSH is answered before the log is on the disk.</summary>
    public static SimulationSeams SyncDoesNothing { get; } = new() { Directory = directory => new Directory(directory, file => new UnsyncedFile(file)) };

    /// <summary>The keeper of a log's copy answers flushes before it has the records on its disk; it knows its labels.</summary>
    public static SimulationSeams ReplicaSyncDoesNothing { get; } = new() { ReplicaDirectory = directory => new UnsyncedSegments(directory) };

    /// <summary>New log segments are not made durable by name.</summary>
    public static SimulationSeams DirectorySyncDoesNothing { get; } = new() { Directory = directory => new UnsyncedDirectory(directory) };

    /// <summary>A torn record of the log is taken for whole: the checksum that is read fits whatever is there.</summary>
    public static SimulationSeams TornRecordsAreWhole { get; } = new() { Directory = directory => new Directory(directory, file => new ForgivingFile(file)) };

    /// <summary>A write is acknowledged when half of it is written.</summary>
    public static SimulationSeams WritesAreHalfDone { get; } = new() { Directory = directory => new Directory(directory, file => new LateFile(file)) };

    /// <summary>Fencing always says yes: a record of the manifest log replaces another writer's.</summary>
    public static SimulationSeams FencingDoesNothing { get; } = new() { Store = store => new UnfencedStore(store) };

    /// <summary>Drains are answered before the store has the data.</summary>
    public static SimulationSeams DataIsNotStored { get; } = new() { Store = store => new LosingStore(store) };

    /// <summary>When a snapshot is saved, an object that it needs is deleted.</summary>
    public static SimulationSeams SnapshotObjectIsDeleted { get; } = new() { Store = store => new ForgetfulStore(store) };

    /// <summary>A short answer is filled with zeroes.</summary>
    public static SimulationSeams ShortReadsAreFilled { get; } = new() { Store = store => new PaddingStore(store) };

    /// <summary>Deletions do nothing.</summary>
    public static SimulationSeams GarbageStays { get; } = new() { Store = store => new HoardingStore(store) };

    private sealed class Directory(IBlockDirectory inner, Func<IBlockFile, IBlockFile> wrap) : PassThroughDirectory(inner)
    {
        protected override IBlockFile Wrap(IBlockFile file) => wrap(file);
    }

    private sealed class UnsyncedDirectory(IBlockDirectory inner) : PassThroughDirectory(inner)
    {
        public override ValueTask SyncAsync(CancellationToken ct) => default;
    }

    private sealed class UnsyncedSegments(IBlockDirectory inner) : PassThroughDirectory(inner)
    {
        public override async ValueTask<IBlockFile> OpenAsync(string name, BlockFileMode mode, CancellationToken ct)
        {
            var file = await base.OpenAsync(name, mode, ct);
            return name.Contains("segment-", StringComparison.Ordinal) ? new UnsyncedFile(file) : file;
        }
    }

    private sealed class UnsyncedFile(IBlockFile inner) : PassThroughFile(inner)
    {
        public override ValueTask SyncAsync(CancellationToken ct) => default;
    }

    private sealed class ForgivingFile(IBlockFile inner) : PassThroughFile(inner)
    {
        public override async ValueTask<int> ReadAsync(long offset, Memory<byte> destination, CancellationToken ct)
        {
            var count = await Inner.ReadAsync(offset, destination, ct);
            if (count == WalRecordHeader.HeaderBytes && WalRecordHeader.TryRead(destination.Span, out var record))
            {
                var data = new byte[record.DataBytes];
                await Inner.ReadAsync(offset + count, data, ct);
                WalRecordHeader.WriteChecksum(destination.Span, Crc32C.Finish(Crc32C.Update(record.BeginChecksum(destination.Span), data)));
            }
            return count;
        }
    }

    // Writes half of every large write at once and the rest with the next.
    private sealed class LateFile(IBlockFile inner) : PassThroughFile(inner)
    {
        private Func<ValueTask>? _rest;

        public override async ValueTask WriteAsync(long offset, IReadOnlyList<ReadOnlyMemory<byte>> sources, CancellationToken ct)
        {
            if (_rest is { } rest)
                await rest();
            byte[] all = [.. sources.SelectMany(source => source.ToArray())];
            var half = all.Length / 2 / SectorStamp.SectorSize * SectorStamp.SectorSize;
            _rest = () => Inner.WriteAsync(offset + half, all.AsMemory(half), ct);
            await Inner.WriteAsync(offset, all.AsMemory(0, half), ct);
        }
    }

    private sealed class UnfencedStore(IObjectStore inner) : PassThroughStore(inner)
    {
        public override async ValueTask<bool> PutAsync(string key, IReadOnlyList<ReadOnlyMemory<byte>> parts, PutCondition condition, CancellationToken ct)
        {
            var isRecord = key.Contains("/log/", StringComparison.Ordinal);
            return await Inner.PutAsync(key, parts, isRecord ? PutCondition.None : condition, ct) || isRecord;
        }
    }

    private sealed class LosingStore(IObjectStore inner) : PassThroughStore(inner)
    {
        private int _count;

        public override async ValueTask<bool> PutAsync(string key, IReadOnlyList<ReadOnlyMemory<byte>> parts, PutCondition condition, CancellationToken ct) =>
            (key.Contains("/data/", StringComparison.Ordinal) && ++_count % 3 == 0) || await Inner.PutAsync(key, parts, condition, ct);
    }

    private sealed class ForgetfulStore(IObjectStore inner) : PassThroughStore(inner)
    {
        private string? _last;

        public override async ValueTask<bool> PutAsync(string key, IReadOnlyList<ReadOnlyMemory<byte>> parts, PutCondition condition, CancellationToken ct)
        {
            if (key.Contains("/data/", StringComparison.Ordinal))
                _last = key;
            else if (key.Contains("/snapshot/", StringComparison.Ordinal) && _last is not null)
                await Inner.DeleteAsync(_last, ct);
            return await Inner.PutAsync(key, parts, condition, ct);
        }
    }

    private sealed class PaddingStore(IObjectStore inner) : PassThroughStore(inner)
    {
        public override async ValueTask GetAsync(string key, long offset, Memory<byte> destination, CancellationToken ct)
        {
            try
            {
                await Inner.GetAsync(key, offset, destination, ct);
            }
            catch (ObjectStoreException ex) when (ex.Error == ObjectStoreError.Short)
            {
                destination.Span.Clear();
            }
        }
    }

    private sealed class HoardingStore(IObjectStore inner) : PassThroughStore(inner)
    {
        public override ValueTask DeleteAsync(string key, CancellationToken ct) => default;
    }
}
