using System.Collections.Concurrent;

namespace Skep.S3.Objects;

/// <summary>
/// Buffers for the piece of an object that is read while the one before is being sent. There are few: every client that stops
/// taking its answer keeps one, and who gets none reads one piece after the other. Thread-safe.
/// </summary>
internal sealed class AheadBuffers
{
    /// <summary>8 MiB of pieces.</summary>
    private const int BuffersMax = 64;

    private readonly ConcurrentStack<Lent> _idle = new();
    private int _left = BuffersMax;

    /// <summary>A buffer, to be disposed of; null when all are lent.</summary>
    public Lent? TryRent()
    {
        if (Interlocked.Decrement(ref _left) >= 0)
            return _idle.TryPop(out var buffer) ? buffer : new Lent(this);
        Interlocked.Increment(ref _left);
        return null;
    }

    /// <summary>A buffer of one piece.</summary>
    internal sealed class Lent(AheadBuffers owner) : IDisposable
    {
        /// <summary>Its <see cref="ObjectBody.PieceBytes"/>.</summary>
        public Memory<byte> Memory { get; } = GC.AllocateUninitializedArray<byte>(ObjectBody.PieceBytes);

        /// <summary>Gives it back, once.</summary>
        public void Dispose()
        {
            owner._idle.Push(this);
            Interlocked.Increment(ref owner._left);
        }
    }
}
