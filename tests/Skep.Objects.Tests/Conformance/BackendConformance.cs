using System.Security.Cryptography;
using System.Text;

namespace Skep.Objects.Tests.Conformance;

/// <summary>What every backend must do. One class a backend derives from it.</summary>
public abstract partial class BackendConformance : IAsyncLifetime
{
    protected const string Bucket = "bucket";

    /// <summary>Stands still; tests move it.</summary>
    protected ManualTime Time { get; } = new();

    /// <summary>The backend under test, with one bucket.</summary>
    protected IObjectBackend Backend { get; private set; } = null!;

    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Backend = await OpenAsync();
        await Backend.CreateBucketAsync(Bucket, "me", Ct);
    }

    public async ValueTask DisposeAsync()
    {
        await Backend.DisposeAsync();
        await CloseAsync();
        GC.SuppressFinalize(this);
    }

    protected abstract Task<IObjectBackend> OpenAsync();

    protected virtual Task CloseAsync() => Task.CompletedTask;

    /// <summary>Bytes that differ from place to place.</summary>
    protected static byte[] Bytes(int length, int seed = 1)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    protected static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>Compares as spans: quick for megabytes.</summary>
    protected static void AssertSame(IEnumerable<byte> expected, byte[] actual)
    {
        var bytes = expected as byte[] ?? [.. expected];
        Assert.True(bytes.AsSpan().SequenceEqual(actual), $"{actual.Length} bytes are not the {bytes.Length} expected: they differ at {bytes.AsSpan().CommonPrefixLength(actual)}");
    }

    protected static string Md5(byte[] bytes) => Convert.ToHexStringLower(MD5.HashData(bytes));

    protected ValueTask<ObjectVersion> PutAsync(string key, byte[] body, WriteConditions? conditions = null, ObjectMetadata? metadata = null, BodyClaims? claims = null, string bucket = Bucket) =>
        Backend.PutAsync(new PutRequest { Bucket = bucket, Key = key, Conditions = conditions ?? WriteConditions.None, Metadata = metadata ?? ObjectMetadata.Empty, Body = claims ?? BodyClaims.None }, new MemoryStream(body), Ct);

    protected ValueTask<ObjectVersion> PutAsync(string key, string body) => PutAsync(key, Text(body));

    protected async Task<byte[]> ReadAsync(string key, string? version = null, long offset = 0, long length = long.MaxValue / 2, byte[]? decryptionKey = null, string bucket = Bucket)
    {
        await using var reader = await Backend.OpenAsync(new ObjectAddress(bucket, key, version), Ct);
        if (decryptionKey is not null)
            reader.UseKey(decryptionKey);
        using var all = new MemoryStream();
        await reader.CopyToAsync(all, offset, length, Ct);
        return all.ToArray();
    }

    protected async Task<string> ReadTextAsync(string key, string? version = null) => Encoding.UTF8.GetString(await ReadAsync(key, version));

    protected ValueTask<ObjectVersion> HeadAsync(string key, string? version = null) => Backend.HeadAsync(new ObjectAddress(Bucket, key, version), Ct);

    protected ValueTask<DeleteResult> DeleteAsync(string key, string? version = null, WriteConditions? conditions = null, bool bypass = false) =>
        Backend.DeleteAsync(Bucket, new DeleteRequest { Key = key, VersionId = version, Conditions = conditions ?? WriteConditions.None, BypassesGovernance = bypass }, Ct);

    protected static async Task<ObjectException> FailsAsync(ObjectError error, Func<Task> call)
    {
        var failure = await Assert.ThrowsAsync<ObjectException>(call);
        Assert.True(error == failure.Error, $"expected {error}, got {failure.Error}: {failure.Message}");
        return failure;
    }

    /// <summary>Asserts what the bucket holds, where the backend counts it.</summary>
    protected async Task AssertUsageAsync(BucketUsage expected)
    {
        if (await Backend.HeadBucketAsync(Bucket, Ct) is { IsUsageKnown: true } info)
            Assert.Equal(expected, info.Usage);
    }

    /// <summary>Enables versions and, where the backend wants to be told, locks.</summary>
    protected virtual async Task AllowLocksAsync() => await VersioningAsync(VersioningState.Enabled);

    protected ValueTask VersioningAsync(VersioningState state) => Backend.SetVersioningAsync(Bucket, state, Ct);
}
