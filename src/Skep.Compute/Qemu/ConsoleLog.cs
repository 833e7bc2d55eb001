using Skep.Linux.Processes;

namespace Skep.Compute.Qemu;

/// <summary>A guest's serial console as QEMU logs it. The guest decides how much it writes, so the file is kept short.</summary>
public static class ConsoleLog
{
    /// <summary>Bytes that GetConsoleOutput answers with, as in EC2.</summary>
    public const int TailMax = 64 * 1024;

    /// <summary>Beyond this size the file is cut down to its tail.</summary>
    public const long SizeMax = 4 * 1024 * 1024;

    /// <summary>The last 64 KiB; empty when the machine has not started yet.</summary>
    public static async Task<byte[]> ReadTailAsync(string path, CancellationToken ct)
    {
        await using var file = HostFile.Open(path, isWritable: false);
        return file is null ? [] : await ReadTailAsync(file, ct);
    }

    /// <summary>
    /// Cuts a long file down to its tail, in place: QEMU has it open for appending and goes on behind it. What the guest
    /// writes in this very moment may be lost.
    /// </summary>
    public static async Task TrimAsync(string path, CancellationToken ct)
    {
        await using var file = HostFile.Open(path, isWritable: true);
        if (file is null || file.Length <= SizeMax)
            return;
        var tail = await ReadTailAsync(file, ct);
        file.Position = 0;
        await file.WriteAsync(tail, CancellationToken.None);
        file.SetLength(tail.Length);
    }

    private static async Task<byte[]> ReadTailAsync(FileStream file, CancellationToken ct)
    {
        var tail = new byte[Math.Min(TailMax, file.Length)];
        file.Seek(-tail.Length, SeekOrigin.End);
        var count = await file.ReadAtLeastAsync(tail, tail.Length, throwOnEndOfStream: false, ct);
        return count == tail.Length ? tail : tail[..count];
    }
}
