using System.Text;
using Microsoft.AspNetCore.Http;
using Skep.Blocks.Stores;
using Skep.Storage.Stores;
using Skep.Testing;

namespace Skep.Storage.Tests.Stores;

/// <summary>Against an S3 on the loopback.</summary>
public sealed class S3ObjectStoreTests : IAsyncLifetime
{
    private readonly TestClock _clock = new();
    private FakeS3 _server = null!;
    private S3ObjectStore _store = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await FakeS3.StartAsync(Ct);
        _store = ObjectStores.OpenS3(_server.Url("pool/a"), () => FakeS3.Credentials, _clock);
    }

    public async ValueTask DisposeAsync()
    {
        _store.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Stores_parts_as_one_object_under_the_prefix()
    {
        Assert.True(await _store.PutAsync("x/1", [Bytes("ab"), Bytes("cde")], PutCondition.None, Ct));
        Assert.Equal("abcde", Encoding.ASCII.GetString(_server.Objects["pool/a/x/1"]));
        Assert.Equal(5, await _store.FindAsync("x/1", Ct));
        var read = new byte[3];
        await _store.GetAsync("x/1", 1, read, Ct);
        Assert.Equal("bcd", Encoding.ASCII.GetString(read));
    }

    [Fact]
    public async Task Stores_a_large_object()
    {
        var content = new byte[20_000_000];
        new Random(4).NextBytes(content);
        Assert.True(await _store.PutAsync("big", [content.AsMemory(0, 5_000_001), content.AsMemory(5_000_001)], PutCondition.IfAbsent, Ct));
        var read = new byte[content.Length];
        await _store.GetAsync("big", 0, read, Ct);
        Assert.True(content.AsSpan().SequenceEqual(read));
    }

    [Fact]
    public async Task A_conditional_put_has_one_winner()
    {
        var stored = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => _store.PutAsync("x", [Bytes($"{i}")], PutCondition.IfAbsent, Ct).AsTask()));
        Assert.Single(stored, s => s);
        Assert.Equal(Array.IndexOf(stored, true).ToString(System.Globalization.CultureInfo.InvariantCulture), Encoding.ASCII.GetString(_server.Objects["pool/a/x"]));
    }

    [Fact]
    public async Task A_conflict_is_lost_when_the_object_is_there_and_uncertain_when_not()
    {
        _server.Intercept = async context =>
        {
            if (context.Request.Method != "PUT")
                return false;
            await FakeS3.FailAsync(context, 409, "ConditionalRequestConflict", "a conflicting operation is under way");
            return true;
        };
        await FailsAsync(ObjectStoreError.Unavailable, "409 ConditionalRequestConflict", () => PutAsync("x", PutCondition.IfAbsent));
        _server.Objects["pool/a/x"] = [1];
        Assert.False(await _store.PutAsync("x", [Bytes("b")], PutCondition.IfAbsent, Ct));
    }

    [Fact]
    public async Task A_read_beyond_the_end_is_short()
    {
        await PutAsync("x", PutCondition.None);
        await FailsAsync(ObjectStoreError.Short, "x has 1 bytes", () => GetAsync("x", 0, 2));
        await FailsAsync(ObjectStoreError.Short, "416 InvalidRange", () => GetAsync("x", 5, 2));
    }

    [Theory]
    [InlineData("bytes 0-99/100", 50)] // 206 with fewer bytes than the header says: the connection is cut
    [InlineData("bytes 0-49/100", 50)] // 206 with fewer bytes than asked for
    public async Task A_cut_answer_is_never_filled_up(string range, int sent)
    {
        _server.Intercept = async context =>
        {
            context.Response.StatusCode = 206;
            context.Response.Headers.ContentRange = range;
            context.Response.ContentLength = range.StartsWith("bytes 0-99", StringComparison.Ordinal) ? 100 : 50;
            await context.Response.Body.WriteAsync(new byte[sent], context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            context.Abort();
            return true;
        };
        var failure = await Assert.ThrowsAsync<ObjectStoreException>(() => GetAsync("x", 0, 100));
        Assert.Contains(failure.Error, new[] { ObjectStoreError.Short, ObjectStoreError.Unavailable });
    }

    [Fact]
    public async Task A_server_that_does_not_know_ranges_is_read_from_the_right_place()
    {
        _server.Objects["pool/a/x"] = [1, 2, 3, 4, 5];
        _server.IgnoresRanges = true;
        var read = new byte[2];
        await _store.GetAsync("x", 3, read, Ct);
        Assert.Equal([4, 5], read);
        await FailsAsync(ObjectStoreError.Short, "x has 5 bytes", () => GetAsync("x", 4, 2));
        await FailsAsync(ObjectStoreError.Short, "x has 5 bytes", () => GetAsync("x", 9, 2));
    }

    [Fact]
    public async Task An_answer_with_another_range_is_refused()
    {
        _server.Intercept = async context =>
        {
            context.Response.StatusCode = 206;
            context.Response.Headers.ContentRange = "bytes 0-1/10";
            await context.Response.Body.WriteAsync(new byte[2], context.RequestAborted);
            return true;
        };
        await FailsAsync(ObjectStoreError.Refused, "bytes from 4 on were asked for, and bytes from 0 on answered", () => GetAsync("x", 4, 2));
    }

    [Fact]
    public async Task What_does_not_exist_is_not_found()
    {
        Assert.Null(await _store.FindAsync("x", Ct));
        await FailsAsync(ObjectStoreError.NotFound, "GET x", () => GetAsync("x", 0, 1));
        await FailsAsync(ObjectStoreError.NotFound, "x does not exist", () => GetAsync("x", 0, 0));
        await _store.DeleteAsync("x", Ct);
    }

    [Fact]
    public async Task A_bucket_that_does_not_exist_is_no_missing_object()
    {
        using var store = ObjectStores.OpenS3(_server.Url().Replace("s3://blocks", "s3://other", StringComparison.Ordinal), () => FakeS3.Credentials, _clock);
        await FailsAsync(ObjectStoreError.Refused, "404 NoSuchBucket: The specified bucket does not exist", async () => await store.FindAsync("x", Ct));
        await FailsAsync(ObjectStoreError.Refused, "NoSuchBucket", async () => await store.GetAsync("x", 0, new byte[1], Ct));
        await FailsAsync(ObjectStoreError.Refused, "NoSuchBucket", async () => await store.DeleteAsync("x", Ct));
    }

    [Fact]
    public async Task A_wrong_key_is_refused_in_the_servers_words()
    {
        using var store = ObjectStores.OpenS3(_server.Url(), () => FakeS3.Credentials with { SecretAccessKey = "wrong" }, _clock);
        await FailsAsync(ObjectStoreError.Refused, "403 SignatureDoesNotMatch", async () => await store.PutAsync("x", [], PutCondition.None, Ct));
    }

    [Theory]
    [InlineData(503, "SlowDown", ObjectStoreError.Unavailable)]
    [InlineData(500, "InternalError", ObjectStoreError.Unavailable)]
    [InlineData(502, "", ObjectStoreError.Unavailable)]
    [InlineData(429, "", ObjectStoreError.Unavailable)]
    [InlineData(400, "RequestTimeout", ObjectStoreError.Unavailable)]
    [InlineData(400, "BadDigest", ObjectStoreError.Unavailable)]
    [InlineData(507, "", ObjectStoreError.Full)]
    [InlineData(507, "XMinioStorageFull", ObjectStoreError.Full)]
    [InlineData(403, "QuotaExceeded", ObjectStoreError.Full)]
    [InlineData(403, "AccessDenied", ObjectStoreError.Refused)]
    [InlineData(400, "InvalidArgument", ObjectStoreError.Refused)]
    [InlineData(501, "NotImplemented", ObjectStoreError.Refused)]
    [InlineData(301, "PermanentRedirect", ObjectStoreError.Refused)]
    public async Task Failures_say_what_can_be_done(int status, string code, ObjectStoreError expected)
    {
        _server.Intercept = async context =>
        {
            if (code.Length > 0)
                await FakeS3.FailAsync(context, status, code, "why");
            else
                context.Response.StatusCode = status;
            return true;
        };
        var text = code.Length > 0 ? $"{status} {code}: why" : $"{status}";
        await FailsAsync(expected, text, () => PutAsync("x", PutCondition.IfAbsent));
        await FailsAsync(expected, text, () => GetAsync("x", 0, 1));
        await FailsAsync(expected, $"{status}", async () => await _store.DeleteAsync("x", Ct));
        await FailsAsync(expected, text, async () => await ListAsync("", null));
    }

    [Theory]
    [InlineData("<html><body>nginx</body></html>")]
    [InlineData("<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><Error><Code>&a;</Code></Error>")]
    [InlineData("no xml")]
    public async Task A_failure_without_an_error_document_is_told_by_its_status(string document)
    {
        _server.Intercept = async context =>
        {
            context.Response.StatusCode = 503;
            await context.Response.WriteAsync(document, Ct);
            return true;
        };
        await FailsAsync(ObjectStoreError.Unavailable, "503", () => GetAsync("x", 0, 1));
    }

    [Fact]
    public async Task A_broken_connection_is_unavailable()
    {
        _server.Intercept = context =>
        {
            context.Abort();
            return Task.FromResult(true);
        };
        await FailsAsync(ObjectStoreError.Unavailable, "GET x", () => GetAsync("x", 0, 1));
        await _server.DisposeAsync();
        await FailsAsync(ObjectStoreError.Unavailable, "refused", () => GetAsync("x", 0, 1));
    }

    [Fact]
    public async Task A_silent_server_is_given_up()
    {
        var arrived = new TaskCompletionSource();
        _server.Intercept = async context =>
        {
            arrived.TrySetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
            return true;
        };
        var asked = FailsAsync(ObjectStoreError.Unavailable, "not done within 30 s", () => GetAsync("x", 0, 1));
        await arrived.Task.WaitAsync(Ct);
        _clock.Advance(TimeSpan.FromSeconds(31));
        await asked;
    }

    [Fact]
    public async Task A_caller_who_gives_up_sees_his_own_cancellation()
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        _server.Intercept = async context =>
        {
            await patience.CancelAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
            return true;
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await _store.GetAsync("x", 0, new byte[1], patience.Token));
    }

    [Fact]
    public async Task Lists_page_by_page_in_order()
    {
        _server.PageSize = 3;
        string[] keys = ["a/1", "a/10", "a/2", "b/1", "b/2", "b/3", "c"];
        foreach (var key in keys)
            await PutAsync(key, PutCondition.None);
        _server.Objects["elsewhere"] = [];
        Assert.Equal(keys, await ListAsync("", null));
        Assert.Equal(["a/10", "a/2"], await ListAsync("a/", "a/1"));
        Assert.Empty(await ListAsync("d", null));
    }

    [Theory]
    [InlineData("<ListBucketResult><IsTruncated>true</IsTruncated><Contents><Key>pool/a/x</Key><Size>1</Size><LastModified>2026-01-02T03:04:05Z</LastModified></Contents></ListBucketResult>", "does not say how it goes on")]
    [InlineData("<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken><Contents><Key>pool/a/x</Key></Contents></ListBucketResult>", "is not in order")]
    [InlineData("<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken></ListBucketResult>", "does not say how it goes on")]
    [InlineData("<ListBucketResult><Contents><Key>other/x</Key></Contents></ListBucketResult>", "does not begin with pool/a/")]
    [InlineData("<ListBucketResult><Contents><Key>pool/a/x</Key><Size>many</Size></Contents></ListBucketResult>", "the size of pool/a/x is no number")]
    [InlineData("<Other/>", "a ListBucketResult was expected")]
    [InlineData("<ListBucketResult><Contents>", "cannot be read")]
    public async Task A_list_that_makes_no_sense_is_refused(string document, string expected)
    {
        _server.Intercept = async context =>
        {
            await context.Response.WriteAsync(document, Ct);
            return true;
        };
        await FailsAsync(ObjectStoreError.Refused, expected, async () => await ListAsync("", null));
    }

    [Fact]
    public async Task A_small_read_does_not_wait_for_a_large_write()
    {
        _server.Objects["pool/a/small"] = [7];
        var isPutting = new TaskCompletionSource();
        var goOn = new TaskCompletionSource();
        _server.Intercept = async context =>
        {
            if (context.Request.Method != "PUT")
                return false;
            isPutting.TrySetResult();
            await goOn.Task.WaitAsync(context.RequestAborted);
            return false;
        };
        // More writes at a time than there are connections for them.
        var content = new byte[1_000_000];
        var writes = Enumerable.Range(0, 40).Select(i => _store.PutAsync($"big{i}", [content], PutCondition.None, Ct).AsTask()).ToList();
        await isPutting.Task.WaitAsync(Ct);
        await GetAsync("small", 0, 1);
        Assert.DoesNotContain(writes, w => w.IsCompleted);
        goOn.SetResult();
        await Task.WhenAll(writes);
    }

    [Fact]
    public async Task The_probe_passes_a_store_that_keeps_its_promises()
    {
        Assert.Empty(await _store.ProbeAsync(new Random(1), Ct));
        Assert.Empty(_server.Objects);
    }

    [Fact]
    public async Task The_probe_names_conditions_that_are_ignored()
    {
        _server.IgnoresConditions = true;
        var problems = await _store.ProbeAsync(new Random(1), Ct);
        Assert.Contains(problems, p => p.Contains("conditional PUTs (If-None-Match: *) are not honoured", StringComparison.Ordinal));
        Assert.Empty(_server.Objects);
    }

    [Fact]
    public async Task Keys_that_a_url_would_shorten_stay_as_they_are()
    {
        await PutAsync("a/./b/../c", PutCondition.None);
        Assert.Equal(["a/./b/../c"], await ListAsync("", null));
    }

    private static ReadOnlyMemory<byte> Bytes(string text) => Encoding.ASCII.GetBytes(text);

    private async Task PutAsync(string key, PutCondition condition) => await _store.PutAsync(key, [Bytes("a")], condition, Ct);

    private async Task GetAsync(string key, long offset, int length) => await _store.GetAsync(key, offset, new byte[length], Ct);

    private async Task<List<string>> ListAsync(string prefix, string? after)
    {
        var keys = new List<string>();
        await foreach (var item in _store.ListAsync(prefix, after, Ct))
            keys.Add(item.Key);
        return keys;
    }

    private static async Task FailsAsync(ObjectStoreError error, string message, Func<Task> act)
    {
        var failure = await Assert.ThrowsAsync<ObjectStoreException>(act);
        Assert.Equal(error, failure.Error);
        Assert.Contains(message, failure.Message, StringComparison.Ordinal);
    }
}
