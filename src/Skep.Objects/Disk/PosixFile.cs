using Microsoft.Win32.SafeHandles;

namespace Skep.Objects.Disk;

/// <summary>A file of the operating system.</summary>
internal sealed class PosixFile(SafeFileHandle handle, string path) : IDataFile
{
    /// <inheritdoc/>
    public long LengthBytes => RandomAccess.GetLength(handle);

    /// <inheritdoc/>
    public void Write(long offset, ReadOnlySpan<byte> bytes) => RandomAccess.Write(handle, bytes, offset);

    /// <inheritdoc/>
    public int Read(long offset, Span<byte> destination)
    {
        var count = 0;
        while (count < destination.Length && RandomAccess.Read(handle, destination[count..], offset + count) is > 0 and var read)
            count += read;
        return count;
    }

    /// <inheritdoc/>
    public void Sync() => NativeDisk.SyncData(handle, path);

    /// <inheritdoc/>
    public void BeginSync(long offset, long length) => NativeDisk.BeginWriteBack(handle, offset, length);

    /// <inheritdoc/>
    public void Dispose() => handle.Dispose();
}
