namespace Skep.S3.SystemTests.Faults;

/// <summary>A data directory without room. Needs root for the mount.</summary>
[Trait("needs", "root")]
public sealed class FullDiskTests
{
    private const string Bucket = "full";
    private const int DiskMegabytes = 256;
    private const int SmallFrom = 1_000;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Uploads_are_refused_reads_and_deletes_go_on_and_uploads_come_back()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root to mount a small file system");
        await using var daemon = await S3Daemon.StartAsync(Ct, mount: directory => SmallDisk.MountAsync(directory, DiskMegabytes));
        var s3 = new RawS3(daemon);
        Assert.Equal(200, (await s3.SendAsync("PUT", $"/{Bucket}")).Status);
        var upload = (await s3.SendAsync("POST", $"/{Bucket}/parts?uploads=")).Text.Split("<UploadId>")[1].Split("</UploadId>")[0];
        var stored = new List<int>();
        // Large ones, and then small ones into what was too little for a large one.
        foreach (var first in (int[])[0, SmallFrom])
        {
            var number = first;
            S3Answer answer;
            for (; (answer = await PutAsync(s3, number)).Status == 200; number++)
            {
                stored.Add(number);
                Assert.True(stored.Count < DiskMegabytes * 10, "the disk does not fill up");
            }

            AssertFull(answer);
        }

        Assert.True(stored.Count > 50, $"only {stored.Count} objects fit");
        AssertFull(await s3.SendAsync("PUT", $"/{Bucket}/parts?partNumber=1&uploadId={upload}", BodyOf(1)));
        AssertFull(await s3.SendAsync("PUT", $"/{Bucket}/tiny", "x"u8.ToArray()));
        AssertFull(await s3.SendAsync("PUT", "/another-bucket"));
        await AllAreThereAsync(s3, stored);

        // Somebody else takes what the store keeps for itself.
        var filler = Path.Combine(daemon.DataDirectory, "filler");
        SmallDisk.Fill(filler);
        AssertFull(await PutAsync(s3, 800));
        await AllAreThereAsync(s3, stored);
        foreach (var number in stored.Where(n => n % 2 == 0).ToList())
        {
            Assert.Equal(204, (await s3.SendAsync("DELETE", $"/{Bucket}/k{number}")).Status);
            stored.Remove(number);
        }

        await AllAreThereAsync(s3, stored);
        File.Delete(filler);
        // Freed files go in the background.
        await EventuallyStoresAsync(s3, 801);
        stored.Add(801);
        await AllAreThereAsync(s3, stored);

        await daemon.KillAsync();
        await daemon.UpAsync(Ct);
        await AllAreThereAsync(s3, stored);
        Assert.Equal(200, (await PutAsync(s3, 802)).Status);
    }

    private static void AssertFull(S3Answer answer) =>
        Assert.True(answer is { Status: 507, Code: "InsufficientStorage" } && answer.Header("Content-Type") == "application/xml", $"{answer.Status} {answer.Text}");

    private static byte[] BodyOf(int number)
    {
        var body = new byte[number >= SmallFrom ? 10_000 : 2_000_000 + number];
        new Random(number).NextBytes(body);
        return body;
    }

    private static Task<S3Answer> PutAsync(RawS3 s3, int number) => s3.SendAsync("PUT", $"/{Bucket}/k{number}", BodyOf(number));

    private static async Task EventuallyStoresAsync(RawS3 s3, int number)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200), TimeProvider.System);
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1), TimeProvider.System);
        while ((await PutAsync(s3, number)).Status != 200)
            await timer.WaitForNextTickAsync(limit.Token);
    }

    private static async Task AllAreThereAsync(RawS3 s3, IReadOnlyList<int> stored)
    {
        foreach (var number in stored)
        {
            var got = await s3.SendAsync("GET", $"/{Bucket}/k{number}");
            Assert.True(got.Status == 200 && got.Body.AsSpan().SequenceEqual(BodyOf(number)), $"k{number}: {got.Status} with {got.Body.Length} bytes");
        }

        Assert.Equal(stored.Count, (await s3.SendAsync("GET", $"/{Bucket}?list-type=2")).Text.Split("<Key>").Length - 1);
    }
}
