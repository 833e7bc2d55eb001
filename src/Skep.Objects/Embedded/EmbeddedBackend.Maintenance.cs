using Skep.Objects.Disk;

namespace Skep.Objects.Embedded;

public sealed partial class EmbeddedBackend
{
    private const int ScrubRowsPerRead = 256;
    private const int ReferrersMax = 16;

    /// <summary>
    /// Removes data files of earlier processes that no row knows: what was being stored, or had been deleted, when one
    /// ended. Runs by itself after each start.
    /// </summary>
    /// <returns>How many were removed.</returns>
    public async Task<int> CollectOrphansAsync(CancellationToken ct)
    {
        var count = 0;
        try
        {
            foreach (var id in _disk.List())
            {
                // Files of this process are known to it; ids of earlier ones are never used again.
                if (ct.IsCancellationRequested)
                    break;
                if (id >= _ids.First || await ReadAsync(db => ContentTable.Exists(db, id), CancellationToken.None))
                    continue;
                _disk.Delete(id);
                count++;
            }
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException or ObjectException)
        {
            _options.OnProblem($"data files that nothing refers to cannot be looked for; the next start tries again: {ex.Message}");
        }

        if (count > 0)
            _options.OnProblem($"{count} data files were removed that nothing refers to: what an earlier process had not finished");
        return count;
    }

    /// <summary>
    /// Reads all that is stored and compares it with its checksums. Damage is reported, not repaired; what is damaged is
    /// never served, and deleting or replacing it is the way on.
    /// </summary>
    /// <param name="bytesPerSecondMax">How fast it may read.</param>
    /// <param name="onDamage">Gets each content that is damaged.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<ScrubResult> ScrubAsync(long bytesPerSecondMax, Action<Damage> onDamage, CancellationToken ct)
    {
        var pace = new ScrubPace(_time, bytesPerSecondMax);
        var buffer = new byte[BlockSums.BlockBytes];
        var (contents, damaged, after) = (0L, 0L, 0L);
        while (await ReadAsync(db => ContentTable.Leaves(db, after, ScrubRowsPerRead), ct) is { Count: > 0 } rows)
        {
            foreach (var row in rows)
            {
                after = row.Id;
                if (await ScrubAsync(row, buffer, pace, ct) is { } why)
                {
                    damaged++;
                    onDamage(await NameAsync(row.Id, why, ct));
                }

                contents++;
                await pace.WaitAsync(ct);
            }
        }

        return new ScrubResult(contents, pace.BytesRead, damaged);
    }

    /// <summary>Says what is wrong with a content; null when nothing is, or when it is gone.</summary>
    private async ValueTask<string?> ScrubAsync(ContentRow row, byte[] buffer, ScrubPace pace, CancellationToken ct)
    {
        long[] files = row.Kind == ContentKind.File ? [row.Id] : [];
        _reaper.Pin(files);
        try
        {
            var current = await ReadAsync(db => ContentTable.Find(db, row.Id), ct);
            if (current is null)
                return null; // deleted since it was listed
            using var leaf = new Leaf(current, _disk, $"content {DataNames.Format(row.Id)}");
            for (var offset = 0L; offset < leaf.StoredLengthBytes; await pace.WaitAsync(ct))
            {
                var count = leaf.Verify(offset, buffer);
                offset += count;
                pace.Add(count);
            }

            return null;
        }
        catch (FileNotFoundException)
        {
            return $"its file {DataNames.Format(row.Id)} is missing";
        }
        catch (Exception ex) when (ex is IOException or ObjectException)
        {
            return ex.Message;
        }
        finally
        {
            _reaper.Unpin(files);
        }
    }

    private async ValueTask<Damage> NameAsync(long content, string why, CancellationToken ct)
    {
        var names = await ReadAsync(db => VersionTable.Referrers(db, content, ReferrersMax), ct);
        return new Damage(content, why, [.. names.Select(n => new ObjectAddress(n.Bucket, Rules.Keys.Decode(n.Key)))]);
    }
}
