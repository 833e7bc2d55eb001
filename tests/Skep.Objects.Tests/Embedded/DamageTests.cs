using Skep.Objects.Embedded;
using Skep.Sqlite;

namespace Skep.Objects.Tests.Embedded;

/// <summary>What the disk changed is named and never served.</summary>
public sealed class DamageTests : StoreTest
{
    private const int Size = 300_000; // three blocks

    [Fact]
    public async Task A_changed_bit_anywhere_in_a_data_file_is_found()
    {
        var body = Bytes(Size);
        await PutAsync("k", body);
        var file = Assert.Single(DataFiles());
        var length = new FileInfo(file).Length;
        var random = new Random(1);
        // Anywhere in the bytes, and every byte of table and footer.
        var places = Enumerable.Range(0, 100).Select(_ => random.NextInt64(Size)).Concat(Enumerable.Range(Size, (int)(length - Size)).Select(i => (long)i));
        foreach (var place in places)
        {
            Flip(file, place);
            var failure = await FailsAsync(ObjectError.Damaged, () => ReadAsync("k"));
            Assert.Contains("b/k is damaged", failure.Message, StringComparison.Ordinal);
            Flip(file, place);
        }

        Assert.Equal(body, await ReadAsync("k"));
    }

    [Fact]
    public async Task Ranges_beside_the_damage_are_served()
    {
        var body = Bytes(Size);
        await PutAsync("k", body);
        Flip(Assert.Single(DataFiles()), 200_000); // in the second block
        Assert.Equal(body[..BlockSums.BlockBytes], await ReadAsync("k", 0, BlockSums.BlockBytes));
        Assert.Equal(body[262_144..], await ReadAsync("k", 262_144));
        await FailsAsync(ObjectError.Damaged, () => ReadAsync("k", 131_072, 1));
        await FailsAsync(ObjectError.Damaged, () => ReadAsync("k"));
    }

    [Fact]
    public async Task A_cut_missing_or_exchanged_file_is_found()
    {
        await PutAsync("k", Bytes(Size));
        var file = Assert.Single(DataFiles());
        await PutAsync("other", Bytes(Size, seed: 2));
        var other = DataFiles().Single(f => f != file);
        var bytes = await File.ReadAllBytesAsync(file, Ct);
        foreach (var length in (int[])[0, 1, Size - 1, Size, bytes.Length - 1])
        {
            await File.WriteAllBytesAsync(file, bytes[..length], Ct);
            await FailsAsync(ObjectError.Damaged, () => ReadAsync("k"));
        }

        File.Copy(other, file, overwrite: true);
        var failure = await FailsAsync(ObjectError.Damaged, () => ReadAsync("k"));
        Assert.Contains(Path.GetFileName(other), failure.Message, StringComparison.Ordinal);
        File.Delete(file);
        failure = await FailsAsync(ObjectError.Damaged, () => ReadAsync("k"));
        Assert.Contains("missing", failure.Message, StringComparison.Ordinal);
        await Store.DeleteAsync(Bucket, new DeleteRequest { Key = "k" }, Ct);
    }

    [Fact]
    public async Task Changed_bytes_in_the_database_are_found()
    {
        await PutAsync("k", Bytes(500));
        await ChangeDatabaseAsync("UPDATE contents SET data = zeroblob(500)");
        var failure = await FailsAsync(ObjectError.Damaged, () => ReadAsync("k"));
        Assert.Contains("b/k is damaged", failure.Message, StringComparison.Ordinal);
        await ChangeDatabaseAsync("UPDATE objects SET meta = x'01ff'");
        await FailsAsync(ObjectError.Damaged, () => Store.HeadAsync(new ObjectAddress(Bucket, "k"), Ct).AsTask());
    }

    [Fact]
    public async Task A_scrub_finds_and_names_damage()
    {
        await PutAsync("small", Bytes(500));
        await PutAsync("large", Bytes(Size));
        await PutAsync("whole", Bytes(Size, seed: 2), new BodyClaims { EncryptionKey = Bytes(32) });
        await Store.CopyAsync(new CopyRequest { Source = new ObjectAddress(Bucket, "large"), Bucket = Bucket, Key = "copy", Metadata = s => s.Metadata }, Ct);
        var damages = new List<Damage>();
        var clean = await Store.ScrubAsync(long.MaxValue, damages.Add, Ct);
        Assert.Equal(new ScrubResult(3, 500 + Size + Size + (5 * 16), 0), clean);
        Flip(DataFiles().Order(StringComparer.Ordinal).First(), 150_000);
        await ChangeDatabaseAsync("UPDATE contents SET crc = crc + 1 WHERE kind = 0");
        var result = await Store.ScrubAsync(long.MaxValue, damages.Add, Ct);
        Assert.Equal(2, result.Damaged);
        Assert.Equal(["copy", "large", "small"], damages.SelectMany(d => d.Objects).Select(o => o.Key).Order(StringComparer.Ordinal));
        Assert.Contains(damages, d => d.Reason.Contains("bytes 131072 to 262143", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_scrub_keeps_to_its_rate()
    {
        var time = new InstantTime();
        var pace = new ScrubPace(time, bytesPerSecondMax: 1_000);
        for (var i = 0; i < 100; i++)
        {
            pace.Add(100);
            await pace.WaitAsync(Ct); // the clock moves at once
        }

        Assert.InRange(time.Waited.TotalSeconds, 9.9, 10.1);
    }

    private async Task ChangeDatabaseAsync(string sql)
    {
        await Store.DisposeAsync();
        using (var db = SqliteConnection.Open(Path.Combine(StorePath, EmbeddedBackend.DatabaseFileName), readOnly: false))
            db.ExecuteScript(sql);
        await ReopenAsync();
    }

    /// <summary>A clock whose timers fire at once and move it.</summary>
    private sealed class InstantTime : TimeProvider
    {
        public TimeSpan Waited { get; private set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Waited.Ticks;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime > TimeSpan.Zero)
            {
                Waited += dueTime;
                callback(state);
            }

            return new Timer();
        }

        private sealed class Timer : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
