using Skep.Blocks.Files;

namespace Skep.Blocks.Tests.Files;

/// <summary>What every directory does, real or simulated, so that the simulation tells the truth.</summary>
public abstract class BlockDirectoryContract
{
    private protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    private protected abstract Task RunAsync(Func<IBlockDirectory, Task> test);

    [Fact]
    public Task A_file_that_must_exist_and_does_not_is_not_found() => RunAsync(async directory =>
    {
        await Assert.ThrowsAsync<FileNotFoundException>(async () => await directory.OpenAsync("a", BlockFileMode.Open, Ct));
        Assert.Empty(await directory.ListAsync(Ct));
    });

    [Fact]
    public Task A_file_that_must_be_new_and_is_not_is_refused_and_unharmed() => RunAsync(async directory =>
    {
        await using (var file = await directory.OpenAsync("a", BlockFileMode.CreateNew, Ct))
            await file.WriteAsync(0, "hello"u8.ToArray(), Ct);
        await Assert.ThrowsAsync<IOException>(async () => await directory.OpenAsync("a", BlockFileMode.CreateNew, Ct));
        Assert.Equal("hello", await ReadAsync(directory, "a"));
    });

    [Fact]
    public Task Opening_or_creating_keeps_what_is_there() => RunAsync(async directory =>
    {
        await using (var file = await directory.OpenAsync("a", BlockFileMode.OpenOrCreate, Ct))
            await file.WriteAsync(0, "hello"u8.ToArray(), Ct);
        await using (var file = await directory.OpenAsync("a", BlockFileMode.OpenOrCreate, Ct))
            Assert.Equal(5, file.LengthBytes);
    });

    [Fact]
    public Task Writing_beyond_the_end_leaves_zeroes_between_and_reading_stops_at_the_end() => RunAsync(async directory =>
    {
        await using var file = await directory.OpenAsync("a", BlockFileMode.CreateNew, Ct);
        await file.WriteAsync(3, "x"u8.ToArray(), Ct);
        var buffer = new byte[8];
        Assert.Equal(4, await file.ReadAsync(0, buffer, Ct));
        Assert.Equal("\0\0\0x"u8.ToArray(), buffer[..4]);
        Assert.Equal(0, await file.ReadAsync(4, buffer, Ct));
        Assert.Equal(0, await file.ReadAsync(400, buffer, Ct));
    });

    [Fact]
    public Task A_gathered_write_is_the_buffers_one_after_the_other() => RunAsync(async directory =>
    {
        await using var file = await directory.OpenAsync("a", BlockFileMode.CreateNew, Ct);
        await file.WriteAsync(1, [new byte[] { 1, 2 }, Array.Empty<byte>(), new byte[] { 3 }], Ct);
        await file.SyncAsync(Ct);
        var buffer = new byte[4];
        Assert.Equal(4, await file.ReadAsync(0, buffer, Ct));
        Assert.Equal([0, 1, 2, 3], buffer);
    });

    [Fact]
    public Task A_file_that_was_cut_and_grown_reads_as_zeroes_where_it_is_new() => RunAsync(async directory =>
    {
        await using var file = await directory.OpenAsync("a", BlockFileMode.CreateNew, Ct);
        await file.WriteAsync(0, new byte[] { 1, 2, 3, 4 }, Ct);
        await file.SetLengthAsync(2, Ct);
        await file.SetLengthAsync(4, Ct);
        var buffer = new byte[4];
        Assert.Equal(4, await file.ReadAsync(0, buffer, Ct));
        Assert.Equal([1, 2, 0, 0], buffer);
    });

    [Fact]
    public Task A_punched_range_reads_as_zeroes_and_the_length_stays() => RunAsync(async directory =>
    {
        await using var file = await directory.OpenAsync("a", BlockFileMode.CreateNew, Ct);
        await file.WriteAsync(0, Enumerable.Repeat((byte)7, 3 * 4096).ToArray(), Ct);
        await file.PunchAsync(4096 - 10, 4096 + 20, Ct);
        await file.PunchAsync(0, 0, Ct);
        var buffer = new byte[3 * 4096];
        Assert.Equal(buffer.Length, await file.ReadAsync(0, buffer, Ct));
        Assert.Equal(4096 + 20, buffer.Count(b => b == 0));
        Assert.Equal(7, buffer[4096 - 11]);
        Assert.Equal(7, buffer[(2 * 4096) + 10]);
    });

    [Fact]
    public Task Renaming_replaces_and_an_open_file_keeps_its_content() => RunAsync(async directory =>
    {
        await using var old = await directory.OpenAsync("b", BlockFileMode.CreateNew, Ct);
        await old.WriteAsync(0, "old"u8.ToArray(), Ct);
        await using (var file = await directory.OpenAsync("a", BlockFileMode.CreateNew, Ct))
            await file.WriteAsync(0, "new"u8.ToArray(), Ct);
        await directory.RenameAsync("a", "b", Ct);
        await directory.SyncAsync(Ct);
        Assert.Equal(["b"], await directory.ListAsync(Ct));
        Assert.Equal("new", await ReadAsync(directory, "b"));
        var buffer = new byte[3];
        await old.ReadAsync(0, buffer, Ct);
        Assert.Equal("old"u8.ToArray(), buffer);
    });

    [Fact]
    public Task Renaming_what_is_not_there_fails_and_deleting_it_does_not() => RunAsync(async directory =>
    {
        await Assert.ThrowsAnyAsync<IOException>(async () => await directory.RenameAsync("a", "b", Ct));
        await directory.DeleteAsync("a", Ct);
        await (await directory.OpenAsync("a", BlockFileMode.CreateNew, Ct)).DisposeAsync();
        await directory.DeleteAsync("a", Ct);
        Assert.Empty(await directory.ListAsync(Ct));
    });

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("/etc/passwd")]
    [InlineData("a\0b")]
    public Task Names_that_leave_the_directory_are_refused(string name) => RunAsync(async directory =>
    {
        await Assert.ThrowsAsync<ArgumentException>(async () => await directory.OpenAsync(name, BlockFileMode.OpenOrCreate, Ct));
        await Assert.ThrowsAsync<ArgumentException>(async () => await directory.DeleteAsync(name, Ct));
        await Assert.ThrowsAsync<ArgumentException>(async () => await directory.RenameAsync("a", name, Ct));
        await Assert.ThrowsAsync<ArgumentException>(async () => await directory.RenameAsync(name, "a", Ct));
    });

    [Fact]
    public Task Names_are_at_most_255_bytes() => RunAsync(async directory =>
    {
        await (await directory.OpenAsync(new string('a', 255), BlockFileMode.CreateNew, Ct)).DisposeAsync();
        await Assert.ThrowsAsync<ArgumentException>(async () => await directory.OpenAsync(new string('a', 256), BlockFileMode.OpenOrCreate, Ct));
        await Assert.ThrowsAsync<ArgumentException>(async () => await directory.OpenAsync(new string('ä', 128), BlockFileMode.OpenOrCreate, Ct));
    });

    [Fact]
    public Task A_second_locker_is_refused_until_the_first_lets_go() => RunAsync(async directory =>
    {
        var first = await directory.LockAsync(Ct);
        var ex = await Assert.ThrowsAsync<IOException>(async () => await directory.LockAsync(Ct));
        Assert.Contains("in use", ex.Message, StringComparison.Ordinal);
        first.Dispose();
        (await directory.LockAsync(Ct)).Dispose();
    });

    private static async Task<string> ReadAsync(IBlockDirectory directory, string name)
    {
        await using var file = await directory.OpenAsync(name, BlockFileMode.Open, Ct);
        var buffer = new byte[file.LengthBytes];
        Assert.Equal(buffer.Length, await file.ReadAsync(0, buffer, Ct));
        return System.Text.Encoding.UTF8.GetString(buffer);
    }
}
