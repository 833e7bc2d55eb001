using Skep.Blocks.Stores;

namespace Skep.Blocks.Tests.Stores;

/// <summary>What every store must do; derived classes say which.</summary>
public abstract class ObjectStoreContract
{
    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    protected abstract IObjectStore Store { get; }

    [Fact]
    public async Task What_was_put_can_be_read_in_pieces()
    {
        Assert.True(await PutAsync("a/b.c", "hello ", "world"));
        Assert.Equal(11, await Store.FindAsync("a/b.c", Ct));
        Assert.Equal("hello world", await GetAsync("a/b.c", 0, 11));
        Assert.Equal("o w", await GetAsync("a/b.c", 4, 3));
        Assert.Equal("", await GetAsync("a/b.c", 11, 0));
    }

    [Fact]
    public async Task An_empty_object_exists()
    {
        Assert.True(await PutAsync("empty", ""));
        Assert.Equal(0, await Store.FindAsync("empty", Ct));
    }

    [Fact]
    public async Task A_put_replaces_the_whole_object()
    {
        await PutAsync("k", "a long content");
        Assert.True(await PutAsync("k", "short"));
        Assert.Equal(5, await Store.FindAsync("k", Ct));
    }

    [Fact]
    public async Task Of_many_puts_of_what_must_not_exist_exactly_one_wins()
    {
        var winners = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => Task.Run(async () => (Index: i, Won: await PutAsync(PutCondition.IfAbsent, "lock", $"{i:00}")), Ct)));
        var winner = Assert.Single(winners, w => w.Won);
        Assert.Equal($"{winner.Index:00}", await GetAsync("lock", 0, 2));
    }

    [Theory]
    [InlineData(0, 4)]
    [InlineData(3, 1)]
    [InlineData(9, 1)]
    public async Task Reading_beyond_the_end_is_an_error_and_never_zeroes(long offset, int length)
    {
        await PutAsync("k", "abc");
        await FailsAsync(ObjectStoreError.Short, async () => await Store.GetAsync("k", offset, new byte[length], Ct));
    }

    [Fact]
    public async Task What_does_not_exist_is_not_found()
    {
        Assert.Null(await Store.FindAsync("no/such", Ct));
        await FailsAsync(ObjectStoreError.NotFound, async () => await Store.GetAsync("no/such", 0, new byte[1], Ct));
        await Store.DeleteAsync("no/such", Ct);
    }

    [Fact]
    public async Task A_deleted_object_is_gone()
    {
        await PutAsync("d/k", "x");
        await Store.DeleteAsync("d/k", Ct);
        Assert.Null(await Store.FindAsync("d/k", Ct));
        Assert.Empty(await ListAsync("", null));
    }

    [Fact]
    public async Task Lists_are_in_ordinal_order_of_whole_keys()
    {
        // "-" and "." come before "/", digits and letters after it: directories must not be listed by their bare name.
        string[] keys = ["a-b", "a.b", "a/b", "a/c/d", "a0", "aB/x", "b", "Z"];
        foreach (var key in keys)
            await PutAsync(key, key);
        var ordered = keys.Order(StringComparer.Ordinal).ToList();
        Assert.Equal(ordered, await ListAsync("", null));
        for (var i = 0; i < ordered.Count; i++)
            Assert.Equal(ordered.Skip(i + 1), await ListAsync("", ordered[i]));
        Assert.Equal(["a/b", "a/c/d"], await ListAsync("a/", null));
        Assert.Equal(["a/c/d"], await ListAsync("a/c", null));
        Assert.Equal(["a/c/d"], await ListAsync("a/", "a/b"));
        Assert.Empty(await ListAsync("c", null));
    }

    [Theory]
    [InlineData("")]
    [InlineData("ü")]
    [InlineData("a b")]
    [InlineData("a\0b")]
    public async Task A_key_that_not_every_store_can_hold_is_refused(string key) =>
        await FailsAsync(ObjectStoreError.Refused, async () => await PutAsync(key, "x"));

    [Fact]
    public async Task A_random_walk_ends_as_a_dictionary_does()
    {
        const int Seed = 20261;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {Seed}");
        var random = new Random(Seed);
        var expected = new SortedDictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < 300; i++)
        {
            var key = $"{(char)('a' + random.Next(3))}/{random.Next(10)}";
            var content = $"{i}";
            switch (random.Next(3))
            {
                case 0:
                    await PutAsync(key, content);
                    expected[key] = content;
                    break;
                case 1:
                    Assert.Equal(expected.TryAdd(key, content), await PutAsync(PutCondition.IfAbsent, key, content));
                    break;
                default:
                    await Store.DeleteAsync(key, Ct);
                    expected.Remove(key);
                    break;
            }
        }

        Assert.Equal(expected.Keys, await ListAsync("", null));
        foreach (var (key, content) in expected)
            Assert.Equal(content, await GetAsync(key, 0, content.Length));
    }

    protected async Task<bool> PutAsync(string key, params string[] parts) => await PutAsync(PutCondition.None, key, parts);

    protected async Task<bool> PutAsync(PutCondition condition, string key, params string[] parts) =>
        await Store.PutAsync(key, [.. parts.Select(p => (ReadOnlyMemory<byte>)System.Text.Encoding.UTF8.GetBytes(p))], condition, Ct);

    protected async Task<string> GetAsync(string key, long offset, int length)
    {
        var bytes = new byte[length];
        await Store.GetAsync(key, offset, bytes, Ct);
        return System.Text.Encoding.UTF8.GetString(bytes);
    }

    protected async Task<List<string>> ListAsync(string prefix, string? after)
    {
        var keys = new List<string>();
        await foreach (var item in Store.ListAsync(prefix, after, Ct))
            keys.Add(item.Key);
        return keys;
    }

    protected static async Task FailsAsync(ObjectStoreError error, Func<Task> action)
    {
        var ex = await Assert.ThrowsAsync<ObjectStoreException>(action);
        Assert.True(error == ex.Error, $"expected {error}, not {ex.Error}: {ex.Message}");
    }
}
