using System.Buffers;
using Skep.Objects.Encryption;

namespace Skep.Objects.Embedded;

/// <summary>
/// Pairs of large buffers for bodies that are written to files: one is written while the other fills. There are few, so that
/// many uploads at once, or clients that stop in the middle, cost a bounded memory: who gets none goes on with what it has.
/// Thread-safe.
/// </summary>
internal sealed class BodyBuffers
{
    /// <summary>Bytes of a buffer; whole frames of encryption.</summary>
    public const int BufferBytes = 8 * FrameCipher.FrameBytes;

    /// <summary>Pairs at the same time: 16 MiB.</summary>
    public const int PairsMax = 16;

    private int _left = PairsMax;

    /// <summary>A pair, to be disposed of; null when all are lent.</summary>
    public Pair? TryRent()
    {
        if (Interlocked.Decrement(ref _left) >= 0)
            return new Pair(this);
        Interlocked.Increment(ref _left);
        return null;
    }

    /// <summary>Two buffers of <see cref="BufferBytes"/> or more.</summary>
    internal sealed class Pair(BodyBuffers owner) : IDisposable
    {
        public byte[] First { get; } = ArrayPool<byte>.Shared.Rent(BufferBytes);

        public byte[] Second { get; } = ArrayPool<byte>.Shared.Rent(BufferBytes);

        /// <inheritdoc/>
        public void Dispose()
        {
            ArrayPool<byte>.Shared.Return(First);
            ArrayPool<byte>.Shared.Return(Second);
            Interlocked.Increment(ref owner._left);
        }
    }
}
