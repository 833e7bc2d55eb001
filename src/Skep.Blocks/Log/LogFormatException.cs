namespace Skep.Blocks.Log;

/// <summary>A file or object is not what it should be. The message names it, what was found and what was expected.</summary>
public sealed class LogFormatException(LogFormatError error, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>In which way.</summary>
    public LogFormatError Error { get; } = error;
}

/// <summary>In which way a file or object is not what it should be.</summary>
public enum LogFormatError
{
    /// <summary>A checksum, a length or a field is wrong.</summary>
    Damaged,

    /// <summary>It is of another kind, or of another volume.</summary>
    Foreign,

    /// <summary>A newer version of the program wrote it.</summary>
    Newer,

    /// <summary>The key that it is encrypted with is not the one given.</summary>
    WrongKey,

    /// <summary>It should exist and does not.</summary>
    Missing,
}
