namespace Skep.Blocks.Simulation;

/// <summary>
/// A seeded random source whose sequence is the same on every machine and version of .NET, so that a seed stays a bug report
/// (SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
/// </summary>
public sealed class SimulationRandom(ulong seed)
{
    private ulong _state = seed;

    /// <summary>64 random bits.</summary>
    public ulong NextBits()
    {
        _state += 0x9E3779B97F4A7C15;
        var z = _state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>A number from 0 to below <paramref name="end"/>, which is at least 1.</summary>
    public int Below(int end) => (int)(((NextBits() >> 32) * (ulong)end) >> 32);

    /// <summary>A number from <paramref name="from"/> to <paramref name="to"/>, both included.</summary>
    public int Between(int from, int to) => from + Below(to - from + 1);

    /// <summary>True in <paramref name="perMille"/> of 1,000 cases.</summary>
    public bool Chance(int perMille) => Below(1000) < perMille;

    /// <summary>One of the items.</summary>
    public T Pick<T>(IReadOnlyList<T> items) => items[Below(items.Count)];

    /// <summary>A time from nothing to <paramref name="max"/>.</summary>
    public TimeSpan Time(TimeSpan max) => TimeSpan.FromTicks((long)((double)max.Ticks * (NextBits() >> 11) / (1UL << 53)));

    /// <summary>Fills a buffer.</summary>
    public void Fill(Span<byte> destination)
    {
        for (; destination.Length >= 8; destination = destination[8..])
            System.Buffers.Binary.BinaryPrimitives.WriteUInt64LittleEndian(destination, NextBits());
        var rest = NextBits();
        foreach (ref var b in destination)
        {
            b = (byte)rest;
            rest >>= 8;
        }
    }

    /// <summary>A source of its own, so that drawing from one does not change the other.</summary>
    public SimulationRandom Fork() => new(NextBits());
}
