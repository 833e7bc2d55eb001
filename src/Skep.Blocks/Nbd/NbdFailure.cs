namespace Skep.Blocks.Nbd;

/// <summary>Where a connection broke.</summary>
public enum NbdFailure
{
    /// <summary>It did not: the client said goodbye.</summary>
    None,

    /// <summary>The client hung up without a goodbye, or the network did.</summary>
    Disconnected,

    /// <summary>The handshake did not come to its end in time, or the client went on with options without end.</summary>
    Handshake,

    /// <summary>The other side broke the protocol.</summary>
    Protocol,

    /// <summary>TLS could not be agreed on.</summary>
    Tls,

    /// <summary>The export does not exist or could not be opened.</summary>
    Export,

    /// <summary>The client held memory that others waited for, and did not move.</summary>
    Stalled,

    /// <summary>The server ended.</summary>
    Shutdown,

    /// <summary>A defect of the server; the message has the stack.</summary>
    Internal,
}
