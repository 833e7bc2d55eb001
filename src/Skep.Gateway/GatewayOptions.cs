namespace Skep.Gateway;

/// <summary>How much of a client the gateway bears.</summary>
public sealed record GatewayOptions
{
    /// <summary>The port of the API.</summary>
    public const int DefaultPort = 9999;

    /// <summary>Larger request bodies are refused, unless a dialect raises the limit for a request.</summary>
    public long BodyBytesMax { get; init; } = 16 * 1024 * 1024;

    /// <summary>What a connection may have received and nobody read yet; many uploads at once to a slow disk have as many of them.</summary>
    public int ReceiveBufferBytes { get; init; } = 160 * 1024;

    /// <summary>All request headers together; AWS's session tokens and kubectl's exec URLs are the longest things known.</summary>
    public int HeadersBytesMax { get; init; } = 64 * 1024;

    /// <summary>The request line; presigned URLs carry a session token.</summary>
    public int RequestLineBytesMax { get; init; } = 32 * 1024;

    /// <summary>Time a client has for sending the head of a request.</summary>
    public TimeSpan HeadersTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// On ports of one dialect, a client that takes nothing of an answer for so long loses its connection. On the shared port
    /// it may be somebody who reads a log.
    /// </summary>
    public TimeSpan ReaderTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Connections at the same time; more wait in the system's backlog.</summary>
    public int ConnectionsMax { get; init; } = 10_000;

    /// <summary>At shutdown, requests get this long to end by themselves (watches never do) before they are aborted.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(3);
}
