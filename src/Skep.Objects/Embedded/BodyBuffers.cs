using System.Collections.Concurrent;
using Skep.Objects.Encryption;

namespace Skep.Objects.Embedded;

/// <summary>
/// Pairs of large buffers for bodies that are written to files: one is written while the other fills. There are few, so that
/// many uploads at once, or clients that stop in the middle, cost a bounded memory: who gets none goes on with what it has.
/// They are kept for the next upload here, not in a shared pool: that keeps some for every thread. Thread-safe.
/// </summary>
internal sealed class BodyBuffers
{
    /// <summary>Bytes of a buffer; whole frames of encryption.</summary>
    public const int BufferBytes = 8 * FrameCipher.FrameBytes;

    private readonly ConcurrentStack<Pair> _idle = new();
    private int _left = PairsMax;

    /// <summary>Pairs at the same time: 4 MiB, with more processors up to 16. As many uploads as that keep all processors busy.</summary>
    public static int PairsMax { get; } = Math.Clamp(2 * Environment.ProcessorCount, 4, 16);

    /// <summary>A pair, to be disposed of; null when all are lent.</summary>
    public Pair? TryRent()
    {
        if (Interlocked.Decrement(ref _left) >= 0)
            return _idle.TryPop(out var pair) ? pair : new Pair(this);
        Interlocked.Increment(ref _left);
        return null;
    }

    /// <summary>Two buffers of <see cref="BufferBytes"/>.</summary>
    internal sealed class Pair(BodyBuffers owner) : IDisposable
    {
        public byte[] First { get; } = GC.AllocateUninitializedArray<byte>(BufferBytes);

        public byte[] Second { get; } = GC.AllocateUninitializedArray<byte>(BufferBytes);

        /// <summary>Gives them back, once.</summary>
        public void Dispose()
        {
            owner._idle.Push(this);
            Interlocked.Increment(ref owner._left);
        }
    }
}
