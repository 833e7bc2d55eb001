using Skep.Objects.Embedded;
using Skep.Objects.Tests.Simulation;

namespace Skep.Objects.Tests.Embedded;

public sealed class FullDiskTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(10)]
    [InlineData(5_000)]
    public async Task Data_is_refused_below_the_reserve_and_reading_and_deleting_go_on(int size)
    {
        using var directory = new TempDirectory();
        var disk = new SimulatedDisk(new Random(1)) { FreeBytes = 1_000 };
        var options = new EmbeddedOptions { Directory = directory.Path, InlineBytesMax = 100, ReserveBytes = 1_000, HasBackground = false };
        await using var store = await EmbeddedBackend.OpenAsync(options, disk, new ManualTime(), Ct);
        await store.CreateBucketAsync("b", "me", Ct);
        await store.PutAsync(new PutRequest { Bucket = "b", Key = "k" }, new MemoryStream(new byte[size]), Ct);
        disk.FreeBytes = 999;
        var failure = await Assert.ThrowsAsync<ObjectException>(() => store.PutAsync(new PutRequest { Bucket = "b", Key = "n" }, new MemoryStream(new byte[size]), Ct).AsTask());
        Assert.Equal(ObjectError.NoSpace, failure.Error);
        Assert.Contains("999 bytes are free", failure.Message, StringComparison.Ordinal);
        await using (var reader = await store.OpenAsync(new ObjectAddress("b", "k"), Ct))
            Assert.Equal(size, await reader.ReadAsync(0, new byte[size], Ct));
        await store.DeleteAsync("b", new DeleteRequest { Key = "k" }, Ct);
        Assert.Equal(0, disk.FileCount);
        disk.FreeBytes = 1_000;
        await store.PutAsync(new PutRequest { Bucket = "b", Key = "n" }, new MemoryStream(new byte[size]), Ct);
    }
}
