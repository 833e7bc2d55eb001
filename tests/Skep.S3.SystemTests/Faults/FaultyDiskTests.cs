namespace Skep.S3.SystemTests.Faults;

/// <summary>A disk that returns errors. Needs root.</summary>
[Trait("needs", "root")]
public sealed class FaultyDiskTests
{
    private const string Bucket = "faulty";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(10_000)]
    [InlineData(3_000_000)]
    public async Task Nothing_is_acknowledged_that_the_disk_did_not_take(int size)
    {
        if (FaultyDisk.Missing is { } reason)
            Assert.Skip(reason);
        await using var daemon = await S3Daemon.StartAsync(Ct);
        await daemon.DownAsync();
        var disk = new FaultyDisk(Path.Combine(daemon.DataDirectory, "objects"));
        daemon.KeepOn(disk);
        await disk.MountAsync();
        await daemon.UpAsync(Ct);
        var s3 = new RawS3(daemon);
        Assert.Equal(200, (await s3.SendAsync("PUT", $"/{Bucket}")).Status);
        var stored = new List<int>();
        for (var number = 0; number < 8; number++)
        {
            Assert.Equal(200, (await PutAsync(number)).Status);
            stored.Add(number);
        }

        disk.Break();
        var refused = 0;
        for (var number = 8; number < 16; number++)
        {
            var answer = await PutAsync(number);
            if (answer.Status == 200)
            {
                stored.Add(number);
                continue;
            }

            refused++;
            Assert.True(answer is { Status: 500, Code: "InternalError" } or { Status: 507 }, $"{answer.Status} {answer.Text}");
        }

        Assert.Equal(8, refused);
        // The daemon lives, and says what is wrong with the rest of its requests only.
        Assert.Equal("NoSuchBucket", (await s3.SendAsync("GET", "/no-such-bucket")).Code);

        await daemon.DownAsync();
        await disk.RepairAsync();
        await daemon.UpAsync(Ct);
        foreach (var number in stored)
            Assert.Equal(BodyOf(number), (await s3.SendAsync("GET", $"/{Bucket}/k{number}")).Body);
        for (var number = 8; number < 16; number++)
        {
            // What was refused may have happened, but then as a whole.
            var answer = await s3.SendAsync("GET", $"/{Bucket}/k{number}");
            Assert.True(answer.Code == "NoSuchKey" || answer.Body.AsSpan().SequenceEqual(BodyOf(number)), $"k{number}: {answer.Status} with {answer.Body.Length} bytes");
        }

        Assert.Equal(200, (await PutAsync(100)).Status);

        Task<S3Answer> PutAsync(int number) => s3.SendAsync("PUT", $"/{Bucket}/k{number}", BodyOf(number));

        byte[] BodyOf(int number)
        {
            var body = new byte[size + number];
            new Random(number).NextBytes(body);
            return body;
        }
    }
}
