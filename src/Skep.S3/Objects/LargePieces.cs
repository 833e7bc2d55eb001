namespace Skep.S3.Objects;

/// <summary>
/// Bounds how many objects are sent in large pieces, which cost less processor time: every client that stops taking its
/// answer keeps the piece that was read for it. Thread-safe.
/// </summary>
internal sealed class LargePieces
{
    /// <summary>Bytes of a large piece.</summary>
    public const int PieceBytes = 4 * ObjectBody.PieceBytes;

    /// <summary>16 MiB together.</summary>
    private const int TurnsMax = 32;

    private int _left = TurnsMax;

    /// <summary>A turn, to be disposed of when the piece has been sent; or none, when all are taken.</summary>
    public Turn TryTake()
    {
        if (Interlocked.Decrement(ref _left) >= 0)
            return new Turn(this);
        Interlocked.Increment(ref _left);
        return default;
    }

    /// <summary>Leave to send one large piece, or none.</summary>
    internal readonly struct Turn(LargePieces giver) : IDisposable
    {
        private readonly LargePieces? _giver = giver;

        /// <summary>Whether it is one.</summary>
        public bool IsTaken => _giver is not null;

        /// <summary>Gives it back, once.</summary>
        public void Dispose()
        {
            if (_giver is not null)
                Interlocked.Increment(ref _giver._left);
        }
    }
}
