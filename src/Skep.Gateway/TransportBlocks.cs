using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections;

namespace Skep.Gateway;

/// <summary>
/// The memory of connections' buffers, for all of them. A block is what one call to the kernel receives at most: the web
/// server's own are 4 KiB, sixteen thousand calls for an upload of 64 MiB. A connection at rest has none. Blocks that nobody
/// needed for a while are left to the collector. Thread-safe.
/// </summary>
internal sealed class TransportBlocks : MemoryPool<byte>, IMemoryPoolFactory<byte>
{
    /// <summary>Bytes of a block.</summary>
    public const int BlockBytes = 16 * 1024;

    private static readonly TimeSpan _trimPeriod = TimeSpan.FromSeconds(2);

    private readonly ConcurrentStack<Block> _idle = new();
    private readonly ITimer _trim;
    private int _idleCount;
    private int _unneeded;

    /// <summary>An empty pool.</summary>
    /// <param name="time">The clock.</param>
    public TransportBlocks(TimeProvider time) =>
        _trim = time.CreateTimer(static pool => ((TransportBlocks)pool!).Trim(), this, _trimPeriod, _trimPeriod);

    /// <inheritdoc/>
    public override int MaxBufferSize => BlockBytes;

    /// <summary>How many blocks are kept for whoever comes next.</summary>
    internal int IdleCount => _idleCount;

    /// <summary>All listeners have the same pool: what one has no use for serves the other.</summary>
    public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => this;

    /// <summary>A block, whatever was asked for up to its size.</summary>
    /// <exception cref="ArgumentOutOfRangeException">More than a block.</exception>
    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, BlockBytes);
        if (!_idle.TryPop(out var block))
            return new Block(this);
        var left = Interlocked.Decrement(ref _idleCount);
        // Two at once may miss the lowest by one: it only says how much to keep.
        if (left < _unneeded)
            _unneeded = left;
        block.IsLent = true;
        return block;
    }

    /// <summary>The web server's transports dispose of their pool when they stop; others go on with it.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _trim.Dispose();
    }

    private void Return(Block block)
    {
        Interlocked.Increment(ref _idleCount);
        _idle.Push(block);
    }

    /// <summary>Drops as many as were idle all the time since the last call.</summary>
    private void Trim()
    {
        for (var count = Math.Max(0, _unneeded); count > 0 && _idle.TryPop(out _); count--)
            Interlocked.Decrement(ref _idleCount);
        _unneeded = _idleCount;
    }

    /// <summary>Memory that the collector does not move: the kernel writes to it.</summary>
    private sealed class Block(TransportBlocks owner) : IMemoryOwner<byte>
    {
        private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(BlockBytes, pinned: true);

        public bool IsLent { get; set; } = true;

        public Memory<byte> Memory => MemoryMarshal.CreateFromPinnedArray(_bytes, 0, BlockBytes);

        public void Dispose()
        {
            if (!IsLent)
                throw new InvalidOperationException("a block of a connection's buffer was given back twice");
            IsLent = false;
            owner.Return(this);
        }
    }
}
