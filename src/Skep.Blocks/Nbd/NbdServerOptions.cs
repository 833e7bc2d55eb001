namespace Skep.Blocks.Nbd;

/// <summary>The limits of an <see cref="NbdServer"/>.</summary>
public sealed record NbdServerOptions
{
    /// <summary>Further connections are closed at once.</summary>
    public int ConnectionsMax { get; init; } = 4_096;

    /// <summary>
    /// So many connections have a thread of their own, which is what makes a single request quick; further ones, and those
    /// of listeners with TLS, share the thread pool.
    /// </summary>
    public int ThreadsMax { get; init; } = 64;

    /// <summary>Requests of one connection under way at once; beyond it the server stops reading from that connection.</summary>
    public int RequestsPerConnectionMax { get; init; } = 128;

    /// <summary>
    /// Bytes of payload that one connection may have in memory. A single request (at most 32 MiB) is always taken.
    /// </summary>
    public long PayloadPerConnectionMax { get; init; } = 64L << 20;

    /// <summary>Bytes of payload of all connections together. Beside it every connection may have one request of up to 128 KiB.</summary>
    public long PayloadTotalMax { get; init; } = 512L << 20;

    /// <summary>A connection must be in the transmission phase after this time.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// A connection that holds payload memory and neither reads nor writes for this long is closed when others wait for
    /// that memory.
    /// </summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long connections may finish what they have begun when the server ends.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Told when <see cref="DrainTimeout"/> has passed with requests still under way: only who has the devices can end those
    /// that wait for something of theirs, and the server ends when they have.
    /// </summary>
    public Action? DrainExpired { get; init; }

    /// <summary>Told of every connection that ended; called on any thread and must return soon.</summary>
    public Action<NbdSessionEnd>? SessionEnded { get; init; }
}

/// <summary>How a connection ended.</summary>
/// <param name="Client">The client's address, or "unix".</param>
/// <param name="ExportName">What it used; null when it never got so far.</param>
/// <param name="Failure">Why.</param>
/// <param name="Message">A sentence for the log; empty after a clean end.</param>
public sealed record NbdSessionEnd(string Client, string? ExportName, NbdFailure Failure, string Message);
