using Skep.Objects.Embedded;

namespace Skep.Objects.Tests.Embedded;

/// <summary>A store in a directory of its own, with one bucket, that can be opened again.</summary>
public abstract class StoreTest : IAsyncLifetime
{
    protected const string Bucket = "b";

    private readonly TempDirectory _directory = new();

    protected string StorePath => _directory.Path;

    protected EmbeddedBackend Store { get; private set; } = null!;

    protected ManualTime Time { get; } = new();

    protected List<string> Problems { get; } = [];

    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    protected virtual int InlineBytesMax => 1_000;

    public async ValueTask InitializeAsync()
    {
        await ReopenAsync();
        await Store.CreateBucketAsync(Bucket, "me", Ct);
    }

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        _directory.Dispose();
        GC.SuppressFinalize(this);
    }

    protected static byte[] Bytes(int length, int seed = 1)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    protected async Task ReopenAsync()
    {
        if (Store is not null)
            await Store.DisposeAsync();
        Store = await EmbeddedBackend.OpenAsync(new EmbeddedOptions { Directory = StorePath, InlineBytesMax = InlineBytesMax, ReserveBytes = 0, HasBackground = false, OnProblem = Problems.Add }, Time, Ct);
    }

    protected ValueTask<ObjectVersion> PutAsync(string key, byte[] body, BodyClaims? claims = null) =>
        Store.PutAsync(new PutRequest { Bucket = Bucket, Key = key, Body = claims ?? BodyClaims.None }, new MemoryStream(body), Ct);

    protected async Task<byte[]> ReadAsync(string key, long offset = 0, long length = int.MaxValue, byte[]? decryptionKey = null)
    {
        await using var reader = await Store.OpenAsync(new ObjectAddress(Bucket, key), Ct);
        if (decryptionKey is not null)
            reader.UseKey(decryptionKey);
        using var all = new MemoryStream();
        await reader.CopyToAsync(all, offset, length, Ct);
        return all.ToArray();
    }

    protected string[] DataFiles() => Directory.GetFiles(Path.Combine(StorePath, "data"), "*", SearchOption.AllDirectories);

    protected static void Flip(string file, long offset)
    {
        using var handle = File.OpenHandle(file, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        Span<byte> one = stackalloc byte[1];
        RandomAccess.Read(handle, one, offset);
        one[0] ^= 0x10;
        RandomAccess.Write(handle, one, offset);
    }

    protected async Task<ObjectException> FailsAsync(ObjectError error, Func<Task> call)
    {
        var failure = await Assert.ThrowsAsync<ObjectException>(call);
        Assert.True(error == failure.Error, $"expected {error}, got {failure.Error}: {failure.Message}");
        return failure;
    }
}
