using System.Text;

namespace Skep.Objects.Tests.Conformance;

public abstract partial class BackendConformance
{
    [Fact]
    public async Task Keys_are_listed_in_order_of_their_bytes()
    {
        // U+FF21 sorts after U+1F600 in UTF-16, before it in UTF-8.
        string[] keys = ["\U0001F600", "Ａ", "a", "B", "a/", "a0", "a/b", "ä", "~", " "];
        foreach (var key in keys)
            await PutAsync(key, "x");
        var found = (await Backend.ListAsync(new ListRequest { Bucket = Bucket }, Ct)).Objects.Select(o => o.Key).ToList();
        Assert.Equal(keys.OrderBy(k => Convert.ToHexString(Encoding.UTF8.GetBytes(k)), StringComparer.Ordinal), found);
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("", "/")]
    [InlineData("a", "/")]
    [InlineData("a/", "/")]
    [InlineData("a/b", "/")]
    [InlineData("", "b/")]
    [InlineData("zz", "/")]
    [InlineData("a/", "")]
    public async Task Every_page_size_lists_the_same(string prefix, string delimiter)
    {
        string[] keys = ["a", "a/", "a/b/1", "a/b/2", "a/b0", "a/c", "a0", "ab/", "ab/c/d", "b/a", "b/b/c", "z"];
        foreach (var key in keys)
            await PutAsync(key, "x");
        var expected = Model(keys, prefix, delimiter);
        for (var max = 1; max <= expected.Count + 1; max++)
        {
            var found = new List<string>();
            string? after = null;
            do
            {
                var page = await Backend.ListAsync(new ListRequest { Bucket = Bucket, Prefix = prefix, Delimiter = delimiter, StartAfter = after, Max = max }, Ct);
                var entries = page.Objects.Select(o => o.Key).Concat(page.CommonPrefixes).Order(StringComparer.Ordinal).ToList();
                Assert.True(entries.Count <= max);
                found.AddRange(entries);
                after = page.NextStartAfter;
            }
            while (after is not null);
            Assert.Equal(expected, found);
        }
    }

    [Fact]
    public async Task A_list_starts_after_any_text()
    {
        foreach (var key in (string[])["a/1", "a/2", "b", "c/1"])
            await PutAsync(key, "x");
        Assert.Equal(["b", "c/1"], await EntriesAsync(new ListRequest { Bucket = Bucket, StartAfter = "a/2" }));
        Assert.Equal(["a/2", "b", "c/1"], await EntriesAsync(new ListRequest { Bucket = Bucket, StartAfter = "a/1x" }));
        Assert.Equal(["b", "c/"], await EntriesAsync(new ListRequest { Bucket = Bucket, StartAfter = "a/", Delimiter = "/" }));
        Assert.Equal(["b", "c/"], await EntriesAsync(new ListRequest { Bucket = Bucket, StartAfter = "a/1", Delimiter = "/" }));
        Assert.Equal(["a/1", "a/2"], await EntriesAsync(new ListRequest { Bucket = Bucket, StartAfter = "A", Prefix = "a" }));
        Assert.Empty(await EntriesAsync(new ListRequest { Bucket = Bucket, StartAfter = "b", Prefix = "a" }));
        Assert.Empty(await EntriesAsync(new ListRequest { Bucket = Bucket, Max = 0 }));
        await FailsAsync(ObjectError.NoSuchBucket, () => EntriesAsync(new ListRequest { Bucket = "no" }));
    }

    [Fact]
    public async Task A_random_history_reads_and_lists_like_a_dictionary()
    {
        var seed = Environment.ProcessId;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var model = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        for (var i = 0; i < 300; i++)
        {
            var key = string.Concat(Enumerable.Range(0, random.Next(1, 5)).Select(_ => "ab/"[random.Next(3)]));
            if (random.Next(3) == 0)
            {
                await DeleteAsync(key);
                model.Remove(key);
            }
            else
            {
                model[key] = Bytes(random.Next(200), seed: i);
                await PutAsync(key, model[key]);
            }
        }

        foreach (var prefix in (string[])["", "a", "a/", "b/a"])
        {
            foreach (var delimiter in (string[])["", "/", "a"])
                Assert.Equal(Model(model.Keys, prefix, delimiter), await EntriesAsync(new ListRequest { Bucket = Bucket, Prefix = prefix, Delimiter = delimiter }));
        }

        foreach (var (key, body) in model)
            AssertSame(body, await ReadAsync(key));
    }

    private static List<string> Model(IEnumerable<string> keys, string prefix, string delimiter) =>
    [
        .. keys.Where(k => k.StartsWith(prefix, StringComparison.Ordinal)).Select(k =>
        {
            var at = delimiter.Length == 0 ? -1 : k.IndexOf(delimiter, prefix.Length, StringComparison.Ordinal);
            return at < 0 ? k : k[..(at + delimiter.Length)];
        }).Distinct().Order(StringComparer.Ordinal),
    ];

    private async Task<List<string>> EntriesAsync(ListRequest request)
    {
        var page = await Backend.ListAsync(request, Ct);
        return [.. page.Objects.Select(o => o.Key).Concat(page.CommonPrefixes).Order(StringComparer.Ordinal)];
    }
}
