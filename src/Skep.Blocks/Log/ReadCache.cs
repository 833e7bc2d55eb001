using System.Buffers;
using System.Security.Cryptography;
using Skep.Blocks.Files;

namespace Skep.Blocks.Log;

/// <summary>
/// Decoded blocks on a local disk: lines of 64 KiB in one file, found by a table in memory, given up by second chance. The
/// table has the checksum of every 4 KiB, so that nothing of the file is believed; it goes with the process, and with it the
/// content. Lines of an encrypted volume are encrypted with a key that only this process ever has. A disk that fails turns
/// the cache off. Thread-safe.
/// </summary>
internal sealed class ReadCache : IAsyncDisposable
{
    private const string FileName = "cache";
    private const int LineBytes = DataObjectHeader.BlockBytes;
    private const int PageBytes = 4096;
    private const int PagesPerLine = LineBytes / PageBytes;

    private readonly Lock _gate = new();
    private readonly Dictionary<BlockKey, int> _slots = [];
    private readonly Line[] _lines;
    private readonly IBlockFile _file;
    private readonly LogVolumeSettings _settings;
    private readonly byte[]? _key;
    private ulong _fills;
    private int _hand;
    private int _used;
    private bool _isOff;

    private ReadCache(LogVolumeSettings settings, IBlockFile file, byte[]? key)
    {
        (_settings, _file, _key) = (settings, file, key);
        _lines = new Line[Math.Max(1, settings.CacheBytes / LineBytes)];
    }

    private struct Line
    {
        public BlockKey Key;
        public uint[]? Checksums;
        public ulong Fill;
        public int ContentBytes;
        public int Readers;
        public bool IsReady;
        public bool IsRecent;
    }

    /// <summary>Begins with an empty cache.</summary>
    public static async Task<ReadCache?> OpenAsync(LogVolumeSettings settings, bool isEncrypted, CancellationToken ct)
    {
        if (settings.CacheDirectory is not { } directory || settings.CacheBytes < LineBytes)
            return null;
        var file = await directory.OpenAsync(FileName, BlockFileMode.OpenOrCreate, ct);
        await file.SetLengthAsync(0, ct);
        byte[]? key = isEncrypted ? new byte[VolumeKey.KeyBytes] : null;
        if (key is not null)
            settings.Services.Random(key);
        return new ReadCache(settings, file, key);
    }

    public bool Contains(BlockKey key)
    {
        lock (_gate)
            return _slots.ContainsKey(key);
    }

    /// <summary>Reads a part of a block.</summary>
    /// <returns>False when it is not here, or not as it was written.</returns>
    public async ValueTask<bool> TryReadAsync(BlockKey key, int offset, Memory<byte> destination, CancellationToken ct)
    {
        int slot;
        Line line;
        lock (_gate)
        {
            if (_isOff || !_slots.TryGetValue(key, out slot) || !_lines[slot].IsReady || offset + destination.Length > _lines[slot].ContentBytes)
                return false;
            _lines[slot].Readers++;
            _lines[slot].IsRecent = true;
            line = _lines[slot];
        }
        bool isSound = false;
        try
        {
            isSound = _key is null && offset % PageBytes == 0 && (destination.Length % PageBytes == 0 || offset + destination.Length == line.ContentBytes)
                ? await ReadPagesAsync(slot, line, offset, destination, ct)
                : await ReadPartAsync(slot, line, offset, destination, ct);
            if (!isSound)
                Report($"line {slot} of the read cache is not what was written");
        }
        catch (IOException ex)
        {
            TurnOff(ex);
        }
        finally
        {
            lock (_gate)
            {
                _lines[slot].Readers--;
                if (!isSound)
                    _slots.Remove(key);
            }
        }
        return isSound;
    }

    /// <summary>Reads whole pages to where they are wanted.</summary>
    private async ValueTask<bool> ReadPagesAsync(int slot, Line line, int offset, Memory<byte> destination, CancellationToken ct) =>
        await _file.ReadAsync(SlotOffset(slot) + offset, destination, ct) == destination.Length
        && TryOpen(destination.Span, line, offset / PageBytes);

    /// <summary>Reads the pages that have a part, and copies it.</summary>
    private async ValueTask<bool> ReadPartAsync(int slot, Line line, int offset, Memory<byte> destination, CancellationToken ct)
    {
        int first = offset / PageBytes, last = (offset + destination.Length - 1) / PageBytes;
        int length = (last - first) * PageStride + Math.Min(PageBytes, line.ContentBytes - last * PageBytes) + PageStride - PageBytes;
        byte[] pages = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            if (await _file.ReadAsync(SlotOffset(slot) + first * PageStride, pages.AsMemory(0, length), ct) != length || !TryOpen(pages.AsSpan(0, length), line, first))
                return false;
            pages.AsSpan(offset - first * PageBytes, destination.Length).CopyTo(destination.Span);
            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(pages);
        }
    }

    /// <summary>Keeps a block's content, if a line is free for it.</summary>
    public async ValueTask AddAsync(BlockKey key, ReadOnlyMemory<byte> content, CancellationToken ct)
    {
        int slot;
        ulong fill;
        uint[] checksums;
        lock (_gate)
        {
            if (_isOff || _slots.ContainsKey(key) || !TryTakeSlot(out slot))
                return;
            fill = ++_fills;
            _slots[key] = slot;
            checksums = _lines[slot].Checksums ?? new uint[PagesPerLine];
            _lines[slot] = new Line { Key = key, Checksums = checksums, Fill = fill, ContentBytes = content.Length, Readers = 1 };
        }
        bool isWritten = false;
        try
        {
            // Nobody reads the line before it is ready.
            for (int at = 0; at < content.Length; at += PageBytes)
                checksums[at / PageBytes] = Crc32C.Compute(content.Span.Slice(at, Math.Min(PageBytes, content.Length - at)));
            await _file.WriteAsync(SlotOffset(slot), _key is null ? content : Encrypt(content.Span, fill), ct);
            isWritten = true;
        }
        catch (IOException ex)
        {
            TurnOff(ex);
        }
        finally
        {
            lock (_gate)
            {
                _lines[slot].Readers--;
                _lines[slot].IsReady = isWritten;
                if (!isWritten)
                    _slots.Remove(key);
            }
        }
    }

    public ValueTask DisposeAsync() => _file.DisposeAsync();

    /// <summary>Bytes from page to page in a line: encrypted ones have a tag each.</summary>
    private int PageStride => _key is null ? PageBytes : PageBytes + VolumeKey.TagBytes;

    private long SlotOffset(int slot) => (long)slot * PagesPerLine * PageStride;

    private bool TryTakeSlot(out int slot)
    {
        if (_used < _lines.Length)
        {
            slot = _used++;
            return true;
        }
        for (int tries = 0; tries < 2 * _lines.Length; tries++)
        {
            slot = _hand;
            _hand = (_hand + 1) % _lines.Length;
            if (_lines[slot].Readers > 0)
                continue;
            if (_lines[slot].IsRecent)
            {
                _lines[slot].IsRecent = false;
                continue;
            }
            if (_slots.TryGetValue(_lines[slot].Key, out int owner) && owner == slot)
                _slots.Remove(_lines[slot].Key);
            return true;
        }
        slot = -1;
        return false;
    }

    /// <summary>Checks pages and puts their content together at the front.</summary>
    private bool TryOpen(Span<byte> pages, in Line line, int first)
    {
        using var cipher = _key is null ? null : new AesGcm(_key, VolumeKey.TagBytes);
        for (int page = first, at = 0; at < pages.Length; page++, at += PageStride)
        {
            var stored = pages[at..Math.Min(pages.Length, at + PageStride)];
            if (cipher is null)
            {
                if (Crc32C.Compute(stored) != line.Checksums![page])
                    return false;
                continue;
            }
            int length = stored.Length - VolumeKey.TagBytes;
            try
            {
                cipher.Decrypt(Nonce(line.Fill, page), stored[..length], stored[length..], stored[..length]);
            }
            catch (AuthenticationTagMismatchException)
            {
                return false;
            }
            stored[..length].CopyTo(pages[((page - first) * PageBytes)..]);
        }
        return true;
    }

    private byte[] Encrypt(ReadOnlySpan<byte> content, ulong fill)
    {
        int pageCount = (content.Length + PageBytes - 1) / PageBytes;
        byte[] line = new byte[content.Length + pageCount * VolumeKey.TagBytes];
        using var cipher = new AesGcm(_key!, VolumeKey.TagBytes);
        for (int page = 0; page < pageCount; page++)
        {
            var plain = content[(page * PageBytes)..Math.Min(content.Length, (page + 1) * PageBytes)];
            var stored = line.AsSpan(page * PageStride, plain.Length + VolumeKey.TagBytes);
            cipher.Encrypt(Nonce(fill, page), plain, stored[..plain.Length], stored[plain.Length..]);
        }
        return line;
    }

    private static byte[] Nonce(ulong fill, int page) => VolumeKey.Nonce(fill * PagesPerLine + (ulong)page);

    private void TurnOff(IOException cause)
    {
        lock (_gate)
        {
            if (_isOff)
                return;
            _isOff = true;
        }
        Report($"the read cache failed and is off: {cause.Message}");
    }

    private void Report(string message) =>
        _settings.Services.OnEvent?.Invoke(new LogVolumeEvent(_settings.Name, LogVolumeEventKind.LocalDiskFailed, $"volume {_settings.Name}: {message}", null));
}
