using Skep.Objects.Embedded;

namespace Skep.Objects.Tests.Embedded;

/// <summary>More uploads at once than there are large buffers.</summary>
public sealed class ManyUploadsTests : StoreTest
{
    [Theory]
    [InlineData(17_000)]
    [InlineData(200_000)]
    public async Task All_are_stored_as_they_were_sent_whatever_stood_still_meanwhile(int sentAtFirst)
    {
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var bodies = Enumerable.Range(0, BodyBuffers.PairsMax + 4).Select(i => new HaltingStream(Bytes(1_500_000 + i, seed: i), sentAtFirst, goOn.Task)).ToList();
        var uploads = bodies.Select((body, i) => Store.PutAsync(new PutRequest { Bucket = Bucket, Key = $"k{i}", Body = new BodyClaims { LengthBytes = body.Bytes.Length } }, body, Ct).AsTask()).ToList();
        await Task.WhenAll(bodies.Select(b => b.Halted));
        Assert.All(uploads, u => Assert.False(u.IsCompleted));
        // Others are not kept waiting.
        await PutAsync("other", Bytes(1_000_000, seed: 99));
        Assert.Equal(Bytes(1_000_000, seed: 99), await ReadAsync("other"));
        goOn.SetResult();
        await Task.WhenAll(uploads);
        for (var i = 0; i < bodies.Count; i++)
            Assert.Equal(bodies[i].Bytes, await ReadAsync($"k{i}"));
    }

    /// <summary>Gives so many bytes, and the rest when it is told.</summary>
    private sealed class HaltingStream(byte[] bytes, int before, Task goOn) : MemoryStream(bytes, writable: false)
    {
        private readonly TaskCompletionSource _halted = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public byte[] Bytes => ToArray();

        public Task Halted => _halted.Task;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (Position < before)
                return await base.ReadAsync(buffer[..(int)Math.Min(buffer.Length, before - Position)], cancellationToken);
            _halted.TrySetResult();
            await goOn;
            return await base.ReadAsync(buffer, cancellationToken);
        }
    }
}
