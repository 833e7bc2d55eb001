using System.Text;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Core.Store.Sqlite;
using Skep.Sqlite;

namespace Skep.Core.Tests.Store.Sqlite;

public sealed class SqliteLogTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task State_and_entries_survive_a_restart()
    {
        using var directory = new TempDirectory();
        await using (var log = LogData.Log(directory))
        {
            var empty = await log.OpenAsync(Ct);
            Assert.Equal((0, 0, 0), (empty.Revision, empty.CompactedRevision, empty.Resources.Count()));
            await log.AppendAsync([LogData.ConfigMap(1, ChangeType.Create, "a", "1"), LogData.ConfigMap(2, ChangeType.Create, "b", "1")], Ct);
            await log.AppendAsync([LogData.ConfigMap(3, ChangeType.Update, "a", "2"), LogData.ConfigMap(4, ChangeType.Delete, "b", "1")], Ct);
        }

        await using var again = LogData.Log(directory);
        var state = await again.OpenAsync(Ct);
        Assert.Equal(4, state.Revision);
        var only = Assert.Single(state.Resources);
        Assert.Equal((CoreKinds.ConfigMap.Key("default", "a"), 3L), (only.Key, only.Revision));
        Assert.Equal("""{"data":{"k":"2"}}""", LogData.Text(only.Json));
        var entries = await again.ReadAsync(0, 100, Ct);
        Assert.Equal([1L, 2, 3, 4], entries.Select(e => e.Revision));
        Assert.Equal([ChangeType.Create, ChangeType.Create, ChangeType.Update, ChangeType.Delete], entries.Select(e => e.Type));
    }

    [Fact]
    public async Task Only_the_last_of_several_changes_of_one_resource_is_its_state()
    {
        using var directory = new TempDirectory();
        await using (var log = LogData.Log(directory))
        {
            await log.OpenAsync(Ct);
            await log.AppendAsync(
            [
                LogData.ConfigMap(1, ChangeType.Create, "a", "1"), LogData.ConfigMap(2, ChangeType.Delete, "a"),
                LogData.ConfigMap(3, ChangeType.Create, "a", "2"), LogData.ConfigMap(4, ChangeType.Create, "b"), LogData.ConfigMap(5, ChangeType.Delete, "b"),
            ], Ct);
        }

        await using var again = LogData.Log(directory);
        var state = await again.OpenAsync(Ct);
        Assert.Equal(3, Assert.Single(state.Resources).Revision);
    }

    [Fact]
    public async Task Reads_start_after_a_revision_and_stop_at_the_limit()
    {
        using var directory = new TempDirectory();
        await using var log = LogData.Log(directory);
        await log.OpenAsync(Ct);
        await log.AppendAsync([.. Enumerable.Range(1, 50).Select(i => LogData.ConfigMap(i, ChangeType.Create, $"c{i}"))], Ct);
        var entries = await log.ReadAsync(10, 5, Ct);
        Assert.Equal([11L, 12, 13, 14, 15], entries.Select(e => e.Revision));
        Assert.Empty(await log.ReadAsync(50, 5, Ct));
    }

    [Fact]
    public async Task Compaction_forgets_entries_and_keeps_the_state_across_a_restart()
    {
        using var directory = new TempDirectory();
        await using (var log = LogData.Log(directory))
        {
            await log.OpenAsync(Ct);
            await log.AppendAsync([.. Enumerable.Range(1, 2_500).Select(i => LogData.ConfigMap(i, ChangeType.Create, $"c{i}"))], Ct);
            await log.CompactAsync(2_400, Ct);
            await log.CompactAsync(5, Ct);
            var expired = await Assert.ThrowsAsync<ResourceException>(() => log.ReadAsync(2_399, 1, Ct));
            Assert.Equal(ResourceError.Expired, expired.Reason);
            Assert.Equal(2_401, (await log.ReadAsync(2_400, 1, Ct))[0].Revision);
        }

        await using var again = LogData.Log(directory);
        var state = await again.OpenAsync(Ct);
        Assert.Equal((2_500, 2_400, 2_500), (state.Revision, state.CompactedRevision, state.Resources.Count()));
    }

    [Fact]
    public async Task A_log_compacted_to_its_end_keeps_counting()
    {
        using var directory = new TempDirectory();
        await using (var log = LogData.Log(directory))
        {
            await log.OpenAsync(Ct);
            await log.AppendAsync([LogData.ConfigMap(1, ChangeType.Create, "a"), LogData.ConfigMap(2, ChangeType.Delete, "a")], Ct);
            await log.CompactAsync(1_000_000, Ct);
        }

        await using var again = LogData.Log(directory);
        Assert.Equal(2, (await again.OpenAsync(Ct)).Revision);
        await again.AppendAsync([LogData.ConfigMap(3, ChangeType.Create, "a")], Ct);
    }

    [Fact]
    public async Task Refuses_entries_that_do_not_follow_the_newest()
    {
        using var directory = new TempDirectory();
        await using var log = LogData.Log(directory);
        await log.OpenAsync(Ct);
        await Assert.ThrowsAsync<InvalidOperationException>(() => log.AppendAsync([LogData.ConfigMap(2, ChangeType.Create, "a")], Ct));
    }

    [Fact]
    public async Task A_second_opener_is_told_which_process_has_the_database()
    {
        using var directory = new TempDirectory();
        await using var log = LogData.Log(directory);
        await log.OpenAsync(Ct);
        await using var second = LogData.Log(directory);
        var ex = await Assert.ThrowsAsync<IOException>(() => second.OpenAsync(Ct));
        Assert.Contains($"{directory["skep.db"]} is in use by another process (process {Environment.ProcessId})", ex.Message, StringComparison.Ordinal);
        await log.AppendAsync([LogData.ConfigMap(1, ChangeType.Create, "a")], Ct);
    }

    [Fact]
    public async Task A_full_database_refuses_a_batch_whole_and_takes_the_next_once_there_is_space()
    {
        using var directory = new TempDirectory();
        await using (var log = LogData.Log(directory))
        {
            await log.OpenAsync(Ct);
            await log.AppendAsync([LogData.ConfigMap(1, ChangeType.Create, "a")], Ct);
            var pages = log.Writer.QueryInt64("PRAGMA page_count");
            log.Writer.QueryInt64($"PRAGMA max_page_count = {pages}");
            var large = new string('x', 100_000);
            var ex = await Assert.ThrowsAsync<SqliteException>(
                () => log.AppendAsync([LogData.ConfigMap(2, ChangeType.Create, "b"), LogData.ConfigMap(3, ChangeType.Create, "c", large)], Ct));
            Assert.Contains($"{directory["skep.db"]}: the disk is full", ex.Message, StringComparison.Ordinal);
            Assert.Equal(1, Assert.Single(await log.ReadAsync(0, 10, Ct)).Revision);

            log.Writer.QueryInt64($"PRAGMA max_page_count = {pages + 1_000}");
            await log.AppendAsync([LogData.ConfigMap(2, ChangeType.Create, "c", large)], Ct);
        }

        await using var again = LogData.Log(directory);
        Assert.Equal(["a", "c"], (await again.OpenAsync(Ct)).Resources.Select(r => r.Key.Name));
    }

    [Fact]
    public async Task A_database_of_a_newer_version_is_refused_and_left_alone()
    {
        using var directory = new TempDirectory();
        await using (var log = LogData.Log(directory))
        {
            await log.OpenAsync(Ct);
            log.Writer.ExecuteScript("PRAGMA user_version = 99");
        }

        var before = File.ReadAllBytes(directory["skep.db"]);
        await using var again = LogData.Log(directory);
        var ex = await Assert.ThrowsAsync<IOException>(() => again.OpenAsync(Ct));
        Assert.Contains($"schema version 99, and this Skep knows versions up to {LogSchema.Migrations.Version}", ex.Message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(directory["skep.db"]));
    }

    [Fact]
    public async Task A_database_of_another_program_is_refused()
    {
        using var directory = new TempDirectory();
        using (var other = SqliteConnection.Open(directory["skep.db"], readOnly: false))
            other.ExecuteScript("CREATE TABLE t (x); PRAGMA user_version = 1");
        await using var log = LogData.Log(directory);
        var ex = await Assert.ThrowsAsync<IOException>(() => log.OpenAsync(Ct));
        Assert.Contains("is a database of another program", ex.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_file_is_named_with_what_to_do()
    {
        using var directory = new TempDirectory();
        await File.WriteAllBytesAsync(directory["skep.db"], Encoding.ASCII.GetBytes(new string('?', 8_192)), Ct);
        await using var log = LogData.Log(directory);
        var ex = await Assert.ThrowsAsync<SqliteException>(() => log.OpenAsync(Ct));
        Assert.True(ex.IsCorruption);
        Assert.Contains(directory["skep.db"], ex.Message, StringComparison.Ordinal);
        Assert.Contains("restore the data directory from a backup", ex.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Damaged_pages_are_found_when_the_state_is_read()
    {
        using var directory = new TempDirectory();
        await using (var log = LogData.Log(directory))
        {
            await log.OpenAsync(Ct);
            await log.AppendAsync([.. Enumerable.Range(1, 500).Select(i => LogData.ConfigMap(i, ChangeType.Create, $"c{i}"))], Ct);
        }

        using (var file = File.OpenWrite(directory["skep.db"]))
        {
            // Everything behind the schema's page.
            file.Position = 4_096;
            file.Write(Enumerable.Repeat((byte)0x5a, (int)file.Length - 4_096).ToArray());
        }

        await using var again = LogData.Log(directory);
        var ex = await Assert.ThrowsAsync<SqliteException>(() => again.OpenAsync(Ct));
        Assert.True(ex.IsCorruption);
    }

    [Fact]
    public async Task Files_are_readable_by_their_owner_alone()
    {
        using var directory = new TempDirectory();
        await using var log = LogData.Log(directory);
        await log.OpenAsync(Ct);
        await log.AppendAsync([LogData.ConfigMap(1, ChangeType.Create, "a")], Ct);
        foreach (var name in (string[])["skep.db", "skep.db-wal", "secrets.key"])
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(directory[name]));
    }
}
