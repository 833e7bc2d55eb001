using System.Numerics;

namespace Skep.Blocks.Nbd;

/// <summary>
/// The payload buffers of all connections under one limit. Who gets none is queued and woken in its turn; one small request
/// a connection is served whatever the others hold, so that nobody stands still for their sake.
/// </summary>
internal sealed class PayloadMemory(long limitBytes, long perHolderBytes) : IDisposable
{
    /// <summary>A request up to this size is served beside the limit when its connection holds nothing else.</summary>
    public const int ReserveSize = 128 << 10;

    private const int CapacityMin = 4096;
    private const int ClassCount = 14;
    private const long CachedBytesMax = 64L << 20;

    private readonly Lock _lock = new();
    private readonly Stack<PageBuffer>[] _free = [.. Enumerable.Range(0, ClassCount).Select(_ => new Stack<PageBuffer>())];
    private readonly LinkedList<PayloadHolder> _waiting = new();
    private long _usedBytes;
    private long _cachedBytes;
    private bool _isDisposed;

    /// <summary>Bytes that are lent.</summary>
    public long UsedBytes
    {
        get
        {
            lock (_lock)
                return _usedBytes;
        }
    }

    /// <summary>Whether somebody waits.</summary>
    public bool HasWaiters
    {
        get
        {
            lock (_lock)
                return _waiting.Count > 0;
        }
    }

    /// <summary>
    /// Lends a buffer; null when there is none to be had now: the holder's own buffers must come back first, or it is
    /// queued and its <see cref="PayloadHolder.Wake"/> called when it should try again.
    /// </summary>
    public PageBuffer? TryRent(int length, PayloadHolder holder)
    {
        var index = ClassOf(length);
        var charge = PageBuffer.ChargeOf(CapacityMin << index);
        lock (_lock)
        {
            if (holder.HeldBytes > 0 && holder.HeldBytes + charge > perHolderBytes)
                return null;
            var isReserved = holder.HeldBytes == 0 && length <= ReserveSize;
            if (!isReserved)
            {
                var isFirst = _waiting.Count == 0 || ReferenceEquals(_waiting.First!.Value, holder);
                if (!isFirst || (_usedBytes + charge > limitBytes && _usedBytes > 0))
                {
                    if (holder.Place is null)
                        holder.Place = _waiting.AddLast(holder);
                    return null;
                }
            }

            Leave(holder);
            holder.HeldBytes += charge;
            _usedBytes += charge;
            if (_free[index].TryPop(out var buffer))
            {
                _cachedBytes -= charge;
                return buffer;
            }
        }

        return new PageBuffer(CapacityMin << index);
    }

    /// <summary>Takes a buffer back and wakes who waits for it.</summary>
    public void Return(PageBuffer buffer, PayloadHolder holder)
    {
        PayloadHolder? next;
        lock (_lock)
        {
            _usedBytes -= buffer.ChargedSize;
            holder.HeldBytes -= buffer.ChargedSize;
            next = _waiting.First?.Value;
            if (!_isDisposed && _cachedBytes + buffer.ChargedSize <= CachedBytesMax)
            {
                _cachedBytes += buffer.ChargedSize;
                _free[ClassOf(buffer.Capacity)].Push(buffer);
                buffer = null!;
            }
        }

        buffer?.Free();
        next?.Wake();
    }

    /// <summary>A connection that ends waits no longer.</summary>
    public void Forget(PayloadHolder holder)
    {
        lock (_lock)
            Leave(holder);
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            foreach (var stack in _free)
            {
                while (stack.TryPop(out var buffer))
                    buffer.Free();
            }
        }
    }

    private static int ClassOf(int length) =>
        length <= CapacityMin ? 0 : BitOperations.Log2((uint)(length - 1) / CapacityMin) + 1;

    private void Leave(PayloadHolder holder)
    {
        if (holder.Place is not { } place)
            return;
        var wasFirst = place.Previous is null;
        _waiting.Remove(place);
        holder.Place = null;
        // The next one may fit into what is left.
        if (wasFirst)
            _waiting.First?.Value.Wake();
    }
}

/// <summary>A connection as its payload memory sees it; the members belong to <see cref="PayloadMemory"/>.</summary>
internal abstract class PayloadHolder
{
    public long HeldBytes { get; set; }

    public LinkedListNode<PayloadHolder>? Place { get; set; }

    /// <summary>There may be memory now. Called under a lock: must only signal.</summary>
    public abstract void Wake();
}
