using System.Buffers;
using Skep.Objects.Disk;
using Skep.Objects.Encryption;
using Skep.Objects.Rules;

namespace Skep.Objects.Embedded;

/// <summary>
/// Takes a body: small ones into memory, for their row; large ones into a data file that is durable when this returns, but
/// for its name. Memory is two buffers a body, whatever its length.
/// </summary>
internal sealed class ContentWriter(IDataDisk disk, Ballast ballast, Func<CancellationToken, ValueTask<long>> takeId, Action<string> onProblem, int inlineBytesMax)
{
    /// <summary>A multiple of <see cref="FrameCipher.FrameBytes"/>: every buffer but the last holds whole frames.</summary>
    private const int BufferBytes = 512 * 1024;

    /// <summary>Reads a body to its end and checks its claims.</summary>
    public async ValueTask<StagedContent> WriteAsync(Stream body, BodyClaims claims, string what, CancellationToken ct)
    {
        using var digests = new BodyDigests(claims, what);
        using var cipher = claims.EncryptionKey is { } key ? FrameCipher.Create(key.Span) : null;
        // A declared length only makes the buffer smaller.
        var expected = Math.Clamp(claims.LengthBytes ?? inlineBytesMax, 0, inlineBytesMax);
        var first = ArrayPool<byte>.Shared.Rent((int)expected + 1);
        try
        {
            var count = await FillAsync(body, first, ct);
            if (count == first.Length && count < BufferBytes)
            {
                var larger = ArrayPool<byte>.Shared.Rent(BufferBytes);
                first.AsSpan(0, count).CopyTo(larger);
                ArrayPool<byte>.Shared.Return(first);
                first = larger;
                count += await FillAsync(body, first.AsMemory(count, BufferBytes - count), ct);
            }

            if (count > inlineBytesMax)
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
        var current = first;
        var other = ArrayPool<byte>.Shared.Rent(BufferBytes);
        var spare = other;
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
                count = await FillAsync(body, other.AsMemory(0, BufferBytes), ct);
                await writing;
                (current, other) = (other, current);
            }
        }
        finally
        {
            // The buffers are in use until both are done, also when the body has failed.
            await writing.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            ArrayPool<byte>.Shared.Return(spare);
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
