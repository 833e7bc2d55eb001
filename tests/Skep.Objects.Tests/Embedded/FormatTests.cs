using System.IO.Compression;
using Skep.Objects.Disk;
using Skep.Objects.Embedded;
using Skep.Sqlite;

namespace Skep.Objects.Tests.Embedded;

/// <summary>
/// Stores that earlier versions made are opened by this one. <c>SKEP_UPDATE_GOLDEN=1</c> makes the golden file of the newest format,
/// if there is none; one that was released is never made again.
/// </summary>
public sealed class FormatTests
{
    private static readonly byte[] _key = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static string GoldenDirectory =>
        Path.Combine(AppContext.BaseDirectory[..AppContext.BaseDirectory.LastIndexOf("/bin/", StringComparison.Ordinal)], "Embedded", "Golden");

    [Fact]
    public async Task Every_format_has_a_golden_store_and_it_opens()
    {
        await MakeNewestAsync();
        Assert.Equal(Enumerable.Range(1, StoreSchema.Migrations.Scripts.Count).Select(n => $"format-{n}.zip"), Directory.GetFiles(GoldenDirectory, "*.zip").Select(Path.GetFileName).Order(StringComparer.Ordinal));
        foreach (var golden in Directory.GetFiles(GoldenDirectory, "*.zip"))
        {
            using var directory = new TempDirectory();
            await ZipFile.ExtractToDirectoryAsync(golden, directory.Path, Ct);
            await using var store = await OpenAsync(directory.Path);
            await CheckAsync(store);
        }
    }

    [Fact]
    public void A_data_file_is_written_as_it_was()
    {
        // docs/object-format.md: nine bytes in one block, whose CRC-32C is 0xe3069283.
        var disk = new Simulation.SimulatedDisk(new Random(1));
        using (var writer = new DataFileWriter(disk.Create(0x1234), 0x1234, cipher: null))
        {
            writer.Append("123456789"u8);
            writer.Finish();
        }

        disk.Publish(0x1234);
        using var file = disk.Open(0x1234);
        var bytes = new byte[file.LengthBytes];
        file.Read(0, bytes);
        Assert.Equal(
            "313233343536373839" + "839206e3" + "536b4f6244617431" + "3412000000000000" + "0900000000000000" + "00000200",
            Convert.ToHexStringLower(bytes[..^4]));
        Assert.Null(DataFooter.Check(bytes.AsSpan(9), 0x1234, 9));
    }

    [Fact]
    public void The_schema_is_the_same_however_it_was_reached()
    {
        using var directory = new TempDirectory();
        using var db = SqliteConnection.Open(Path.Combine(directory.Path, "x.db"), readOnly: false);
        StoreSchema.Migrations.Apply(db);
        var before = Schema(db);
        StoreSchema.Migrations.Apply(db);
        Assert.Equal(before, Schema(db));
        Assert.Contains("CREATE TABLE contents", before, StringComparison.Ordinal);
    }

    private static string Schema(SqliteConnection db) =>
        string.Join('\n', db.Statement("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name").All(static r => r.Text(0)));

    private static async Task MakeNewestAsync()
    {
        var path = Path.Combine(GoldenDirectory, $"format-{StoreSchema.Migrations.Scripts.Count}.zip");
        if (Environment.GetEnvironmentVariable("SKEP_UPDATE_GOLDEN") != "1" || File.Exists(path))
            return;
        using var directory = new TempDirectory();
        await using (var store = await OpenAsync(directory.Path))
        {
            await store.CreateBucketAsync("b", "me", Ct);
            await store.PutDocumentAsync("b", "cors", "<cors/>"u8.ToArray(), Ct);
            await store.SetVersioningAsync("b", VersioningState.Enabled, Ct);
            await PutAsync(store, "inline", "first"u8.ToArray(), BodyClaims.None);
            await PutAsync(store, "inline", "second"u8.ToArray(), new BodyClaims { Checksum = ChecksumAlgorithm.Crc64Nvme });
            await PutAsync(store, "file", Body(100), BodyClaims.None);
            await PutAsync(store, "sealed", Body(200), new BodyClaims { EncryptionKey = _key });
            await store.DeleteAsync("b", new DeleteRequest { Key = "deleted" }, Ct);
            var upload = new UploadAddress("b", "parts", (await store.CreateUploadAsync(new CreateUploadRequest { Bucket = "b", Key = "parts", Checksum = ChecksumAlgorithm.Sha256, ChecksumType = ChecksumType.Composite }, Ct)).UploadId);
            var parts = new List<CompletedPart>();
            for (var number = 1; number <= 2; number++)
                parts.Add(new CompletedPart(number, (await store.UploadPartAsync(upload, number, BodyClaims.None, new MemoryStream(Body(50 * number)), Ct)).ETag));
            await store.CompleteUploadAsync(new CompleteUploadRequest { Upload = upload, Parts = parts }, Ct);
            await store.CreateUploadAsync(new CreateUploadRequest { Bucket = "b", Key = "begun" }, Ct);
        }

        Directory.CreateDirectory(GoldenDirectory);
        File.Delete(Path.Combine(directory.Path, "lock"));
        await ZipFile.CreateFromDirectoryAsync(directory.Path, path, CompressionLevel.SmallestSize, includeBaseDirectory: false, Ct);
    }

    private static async Task CheckAsync(EmbeddedBackend store)
    {
        Assert.Equal("<cors/>"u8.ToArray(), (await store.FindDocumentAsync("b", "cors", Ct))!.Value.ToArray());
        Assert.Equal("second"u8.ToArray(), await ReadAsync(store, "inline"));
        Assert.Equal(Body(100), await ReadAsync(store, "file"));
        Assert.Equal(Body(200), await ReadAsync(store, "sealed"));
        Assert.Equal(Body(50).Concat(Body(100)), await ReadAsync(store, "parts"));
        var head = await store.HeadAsync(new ObjectAddress("b", "inline"), Ct);
        Assert.Equal((ChecksumAlgorithm.Crc64Nvme, "text/plain", "v", "owner"), (head.Checksum!.Algorithm, head.Metadata.Headers[0].Value, head.Metadata.Tags[0].Value, head.Metadata.Owner));
        Assert.Equal(new Retention(RetentionMode.Governance, new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero)), head.Metadata.Retention);
        Assert.Equal(ChecksumType.Composite, (await store.HeadAsync(new ObjectAddress("b", "parts"), Ct)).Checksum!.Type);
        Assert.Equal(6, (await store.ListVersionsAsync(new ListVersionsRequest { Bucket = "b" }, Ct)).Versions.Count);
        Assert.Equal(["begun"], (await store.ListUploadsAsync(new ListUploadsRequest { Bucket = "b" }, Ct)).Uploads.Select(u => u.Key));
        Assert.Equal(0, (await store.ScrubAsync(long.MaxValue, d => Assert.Fail(d.Reason), Ct)).Damaged);
    }

    private static byte[] Body(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)(i * 7))];

    private static Task<EmbeddedBackend> OpenAsync(string directory) =>
        EmbeddedBackend.OpenAsync(new EmbeddedOptions { Directory = directory, InlineBytesMax = 20, ReserveBytes = 0, HasBackground = false }, new ManualTime(), Ct);

    private static async Task PutAsync(EmbeddedBackend store, string key, byte[] body, BodyClaims claims)
    {
        var metadata = new ObjectMetadata
        {
            Headers = [new("content-type", "text/plain")], Tags = [new("t", "v")], Owner = "owner",
            Retention = new Retention(RetentionMode.Governance, new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero)),
        };
        await store.PutAsync(new PutRequest { Bucket = "b", Key = key, Metadata = metadata, Body = claims }, new MemoryStream(body), Ct);
    }

    private static async Task<byte[]> ReadAsync(EmbeddedBackend store, string key)
    {
        await using var reader = await store.OpenAsync(new ObjectAddress("b", key), Ct);
        if (reader.NeedsKey)
            reader.UseKey(_key);
        var body = new byte[reader.Version.LengthBytes];
        Assert.Equal(body.Length, await reader.ReadAsync(0, body, Ct));
        return body;
    }
}
