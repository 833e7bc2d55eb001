using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Skep.Blocks.Simulation;

/// <summary>
/// What happened, as a digest over every decision and every input and output, and for a reader as lines of text. Two runs of
/// one seed have the same digest, or something outside the simulation took part.
/// </summary>
/// <param name="sink">Gets the readable lines; null when nobody reads.</param>
public sealed class SimulationTrace(Action<string>? sink)
{
    // FNV-1a's offset basis; the multiplier of MurmurHash3's finalizer mixes words instead of bytes.
    private ulong _digest = 0xCBF29CE484222325;

    /// <summary>Whether lines are wanted: making them is most of the cost of a trace.</summary>
    public bool IsReadable => sink is not null;

    /// <summary>How many events there were.</summary>
    public long EventCount { get; private set; }

    /// <summary>The digest so far, 16 hexadecimal digits.</summary>
    public string Digest => _digest.ToString("x16");

    /// <summary>Takes a number into the digest.</summary>
    public void Mix(long value)
    {
        EventCount++;
        _digest = (_digest ^ (ulong)value) * 0xFF51AFD7ED558CCD;
        _digest ^= _digest >> 29;
    }

    /// <summary>Takes bytes into the digest.</summary>
    public void Mix(ReadOnlySpan<byte> data)
    {
        var checksum = 0U;
        for (; data.Length >= 8; data = data[8..])
            checksum = BitOperations.Crc32C(checksum, BinaryPrimitives.ReadUInt64LittleEndian(data));
        foreach (var b in data)
            checksum = BitOperations.Crc32C(checksum, b);
        Mix(checksum);
    }

    /// <summary>Takes text into the digest.</summary>
    public void Mix(string text)
    {
        foreach (var c in text)
            Mix(c);
    }

    /// <summary>A line for a reader; the text is only made when there is one.</summary>
    public void Say([InterpolatedStringHandlerArgument("")] ref Line line)
    {
        if (sink is not null)
            sink(line.ToStringAndClear());
    }

    /// <summary>A line for a reader.</summary>
    public void Say(string text) => sink?.Invoke(text);

    /// <summary>The text of a line, made only when somebody reads it.</summary>
    [InterpolatedStringHandler]
    public ref struct Line
    {
        private DefaultInterpolatedStringHandler _text;

        /// <summary>Called by the compiler.</summary>
        public Line(int literalLength, int formattedCount, SimulationTrace trace, out bool isWanted)
        {
            isWanted = trace.IsReadable;
            if (isWanted)
                _text = new DefaultInterpolatedStringHandler(literalLength, formattedCount);
        }

        /// <summary>Called by the compiler.</summary>
        public void AppendLiteral(string value) => _text.AppendLiteral(value);

        /// <summary>Called by the compiler.</summary>
        public void AppendFormatted<T>(T value) => _text.AppendFormatted(value);

        /// <summary>Called by the compiler.</summary>
        public void AppendFormatted<T>(T value, string? format) => _text.AppendFormatted(value, format);

        internal string ToStringAndClear() => _text.ToStringAndClear();
    }
}
