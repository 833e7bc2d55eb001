using System.Net.Sockets;
using System.Text;

namespace Skep.S3.SystemTests.Faults;

/// <summary>The daemon is killed in a storm of uploads: what was answered is there after the restart, nothing is there in part.</summary>
public sealed class KillTests
{
    private const string Bucket = "storm";
    private const int WriterCount = 16;
    private const int Rounds = 3;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_answered_upload_survives_and_none_is_there_in_part()
    {
        await using var daemon = await S3Daemon.StartAsync(Ct);
        var s3 = new RawS3(daemon);
        Assert.Equal(200, (await s3.SendAsync("PUT", $"/{Bucket}")).Status);
        var writers = Enumerable.Range(0, WriterCount).Select(i => new Writer(s3, i)).ToArray();
        for (var round = 0; round < Rounds; round++)
        {
            var wanted = writers.Sum(w => w.Acknowledged) + 150;
            var storm = Task.WhenAll(writers.Select(w => Task.Run(w.WriteUntilCutOffAsync)));
            await Eventually.HoldsAsync(() => writers.Sum(w => w.Acknowledged) >= wanted || storm.IsCompleted);
            Assert.False(storm.IsCompleted, "the writers ended before the kill");
            await daemon.KillAsync();
            await storm;
            await daemon.UpAsync(Ct);
            Assert.Empty(Directory.EnumerateFiles(Path.Combine(daemon.DataDirectory, "objects", "tmp")));
            var keys = new List<string>();
            foreach (var writer in writers)
            {
                if (await writer.CheckAsync())
                    keys.Add(writer.Key);
            }

            Assert.Equal(keys.Order(StringComparer.Ordinal), (await s3.SendAsync("GET", $"/{Bucket}?list-type=2")).Text.Split("<Key>")[1..].Select(k => k.Split("</Key>")[0]));
        }
    }

    /// <summary>Stores, replaces and deletes one key. A body follows from its operation's number; null is a deletion.</summary>
    private sealed class Writer(RawS3 s3, int index)
    {
        private readonly Random _random = new(index);
        private byte[]? _acknowledged;
        private (byte[]? Body, bool IsUnderWay) _begun;
        private int _count;

        public string Key => $"k{index:D2}";

        public int Acknowledged => Volatile.Read(ref _count);

        public async Task WriteUntilCutOffAsync()
        {
            while (true)
            {
                byte[]? body = null;
                if (_random.Next(8) != 0)
                {
                    body = new byte[_random.Next(4) == 0 ? _random.Next(2_000_000) : _random.Next(100_000)];
                    _random.NextBytes(body);
                }

                _begun = (body, IsUnderWay: true);
                if (!await SendAsync(body))
                    return;
                _acknowledged = body;
                _begun = default;
                Interlocked.Increment(ref _count);
            }
        }

        /// <summary>Looks at what is there after the restart, and whether anything is.</summary>
        public async Task<bool> CheckAsync()
        {
            var got = await s3.SendAsync("GET", $"/{Bucket}/{Key}");
            var found = got.Code == "NoSuchKey" ? null : got.Body;
            Assert.True(got.Status is 200 or 404, $"{Key}: {got.Status} {got.Text}");
            var isNew = _begun.IsUnderWay && IsSame(found, _begun.Body);
            Assert.True(isNew || IsSame(found, _acknowledged), $"{Key} has {found?.Length} bytes, acknowledged were {_acknowledged?.Length}, under way {_begun}");
            _acknowledged = found;
            _begun = default;
            return found is not null;
        }

        private static bool IsSame(byte[]? left, byte[]? right) => left is null ? right is null : right is not null && left.AsSpan().SequenceEqual(right);

        private async Task<bool> SendAsync(byte[]? body)
        {
            try
            {
                if (body is null)
                    return IsDone(await s3.SendAsync("DELETE", $"/{Bucket}/{Key}"), 204);
                return body.Length % 3 == 0 ? await UploadAsync(body) : IsDone(await s3.SendAsync("PUT", $"/{Bucket}/{Key}", body), 200);
            }
            catch (SocketException)
            {
                return false;
            }
        }

        private async Task<bool> UploadAsync(byte[] body)
        {
            var begun = await s3.SendAsync("POST", $"/{Bucket}/{Key}?uploads=");
            if (!IsDone(begun, 200))
                return false;
            var upload = begun.Text.Split("<UploadId>")[1].Split("</UploadId>")[0];
            var part = await s3.SendAsync("PUT", $"/{Bucket}/{Key}?partNumber=1&uploadId={upload}", body);
            return IsDone(part, 200)
                && IsDone(
                    await s3.SendAsync("POST", $"/{Bucket}/{Key}?uploadId={upload}", Encoding.ASCII.GetBytes($"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{part.Header("ETag")}</ETag></Part></CompleteMultipartUpload>")),
                    200);
        }

        /// <summary>False when the connection was cut; any answer but the expected one is wrong.</summary>
        private static bool IsDone(S3Answer answer, int expected)
        {
            Assert.True(answer.Status == expected || answer.Status == 0, $"{answer.Status} {answer.Text}");
            return answer.Status == expected;
        }
    }
}
