namespace Skep.Objects.Disk;

/// <summary>An open data file. Failures are <see cref="IOException"/>s.</summary>
internal interface IDataFile : IDisposable
{
    /// <summary>Its length.</summary>
    long LengthBytes { get; }

    /// <summary>Writes all of it.</summary>
    void Write(long offset, ReadOnlySpan<byte> bytes);

    /// <summary>Reads until the buffer is full or the file ends.</summary>
    int Read(long offset, Span<byte> destination);

    /// <summary>Makes all that was written durable (fdatasync). After a failure the file must be given up.</summary>
    void Sync();

    /// <summary>Lets the disk begin with a range, so that <see cref="Sync"/> has less to wait for; promises nothing.</summary>
    void BeginSync(long offset, long length);
}
