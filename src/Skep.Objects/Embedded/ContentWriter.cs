using System.Buffers;
using Skep.Objects.Disk;
using Skep.Objects.Encryption;
using Skep.Objects.Rules;

namespace Skep.Objects.Embedded;

/// <summary>
/// Takes a body: small ones into memory, for their row; large ones into a data file that is durable when this returns, but
/// for its name. Memory does not depend on a body's length: it follows what has arrived, up to two large buffers while few
/// bodies are under way, or one small one while there are many (<see cref="BodyBuffers"/>).
/// </summary>
internal sealed class ContentWriter(IDataDisk disk, Ballast ballast, BodyBuffers buffers, Func<CancellationToken, ValueTask<long>> takeId, Action<string> onProblem, int inlineBytesMax)
{
    /// <summary>What a body gets before anything of it has arrived: clients may announce much and send nothing.</summary>
    private const int FirstBytes = 16 * 1024;

    /// <summary>More than an inline body, in whole frames: every buffer of a file but the last holds whole ones.</summary>
    private readonly int _smallBytes = ((inlineBytesMax / FrameCipher.FrameBytes) + 1) * FrameCipher.FrameBytes;

    /// <summary>Reads a body to its end and checks its claims.</summary>
    public async ValueTask<StagedContent> WriteAsync(Stream body, BodyClaims claims, string what, CancellationToken ct)
    {
        using var digests = new BodyDigests(claims, what);
        using var cipher = claims.EncryptionKey is { } key ? FrameCipher.Create(key.Span) : null;
        // A declared length only makes the buffer smaller.
        var first = ArrayPool<byte>.Shared.Rent((int)Math.Min(claims.LengthBytes ?? FirstBytes, FirstBytes - 1) + 1);
        try
        {
            var count = await FillAsync(body, first, ct);
            // Whoever announced a file needs no more than a frame to show that it comes.
            var isFile = claims.LengthBytes > inlineBytesMax;
            var small = isFile ? FrameCipher.FrameBytes : _smallBytes;
            if (count == first.Length && count < small)
            {
                var larger = ArrayPool<byte>.Shared.Rent(small);
                first.AsSpan(0, count).CopyTo(larger);
                ArrayPool<byte>.Shared.Return(first);
                first = larger;
                count += await FillAsync(body, first.AsMemory(count, small - count), ct);
            }

            if (count > inlineBytesMax || (isFile && count == small))
                return await WriteFileAsync(body, first, count, digests, cipher, what, ct);
            digests.Append(first.AsSpan(0, count));
            digests.Finish();
            return count == 0 ? new StagedContent(0, ContentKind.Inline, 0, digests.ETag, digests.Checksum) : Inline(await takeId(ct), first.AsSpan(0, count), digests, cipher);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(first);
        }
    }

    private static StagedContent Inline(long id, ReadOnlySpan<byte> plain, BodyDigests digests, FrameCipher? cipher)
    {
        var stored = ArrayPool<byte>.Shared.Rent((int)FrameCipher.StoredBytes(plain.Length));
        var count = plain.Length;
        if (cipher is null)
            plain.CopyTo(stored);
        else
            count = cipher.Encrypt(0, plain, stored);
        return new StagedContent(id, ContentKind.Inline, plain.Length, digests.ETag, digests.Checksum) { Seal = cipher?.Seal(plain.Length) }.WithData(stored, count);
    }

    private async ValueTask<StagedContent> WriteFileAsync(Stream body, byte[] first, int count, BodyDigests digests, FrameCipher? cipher, string what, CancellationToken ct)
    {
        ballast.RequireSpace(what);
        var id = await takeId(ct);
        var isPublished = false;
        try
        {
            using (var file = OnDisk(what, () => new DataFileWriter(disk.Create(id), id, cipher)))
            {
                await PumpAsync(body, first, count, digests, file, what, ct);
                digests.Finish();
                await Task.Run(() => OnDisk(what, file.Finish), CancellationToken.None);
            }

            OnDisk(what, () => disk.Publish(id));
            isPublished = true;
            return new StagedContent(id, ContentKind.File, digests.LengthBytes, digests.ETag, digests.Checksum) { Seal = cipher?.Seal(digests.LengthBytes) };
        }
        finally
        {
            if (!isPublished)
                Discard(id);
        }
    }

    private void Discard(long id)
    {
        try
        {
            disk.Discard(id);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            onProblem($"temporary file {DataNames.Format(id)} cannot be removed; the next start tries again: {ex.Message}");
        }
    }

    private static void OnDisk(string what, Action action) => OnDisk(what, () =>
    {
        action();
        return true;
    });

    /// <summary>The disk's failures are the store's; those of the body are its sender's.</summary>
    private static T OnDisk<T>(string what, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            throw DiskErrors.Translate(ex, what);
        }
    }

    private async ValueTask PumpAsync(Stream body, byte[] first, int count, BodyDigests digests, DataFileWriter file, string what, CancellationToken ct)
    {
        using var pair = buffers.TryRent();
        var (current, next) = (first, pair?.First ?? first);
        var bytes = pair is null ? first.Length / FrameCipher.FrameBytes * FrameCipher.FrameBytes : BodyBuffers.BufferBytes;
        var writing = Task.CompletedTask;
        try
        {
            while (count > 0)
            {
                var (buffer, length) = (current, count);
                ballast.RequireSpace(what);
                // Hashing takes longer than writing to the page cache: both at once, while the next bytes arrive.
                writing = Task.WhenAll(
                    Task.Run(() => digests.Append(buffer.AsSpan(0, length)), CancellationToken.None),
                    Task.Run(() => OnDisk(what, () => file.Append(buffer.AsSpan(0, length))), CancellationToken.None));
                if (pair is null)
                    await writing; // the next bytes go where these are
                count = await FillAsync(body, next.AsMemory(0, bytes), ct);
                await writing;
                (current, next) = (next, pair is null ? next : next == pair.First ? pair.Second : pair.First);
            }
        }
        finally
        {
            // The buffers are in use until both are done, also when the body has failed.
            await writing.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private static async ValueTask<int> FillAsync(Stream body, Memory<byte> buffer, CancellationToken ct)
    {
        var count = 0;
        while (count < buffer.Length && await body.ReadAsync(buffer[count..], ct) is > 0 and var read)
            count += read;
        return count;
    }
}
