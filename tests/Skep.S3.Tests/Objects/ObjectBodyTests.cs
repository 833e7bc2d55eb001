using System.Threading.Channels;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Skep.Objects;
using Skep.S3.Objects;

namespace Skep.S3.Tests.Objects;

public sealed class ObjectBodyTests : IAsyncDisposable
{
    private const int Small = ObjectBody.PieceBytes;
    private const int Large = LargePieces.PieceBytes;
    private const int Size = (2 * Large) + (3 * Small) + 1_000;
    private static readonly byte[] _body = CreateBody();

    private readonly LargePieces _large = new();
    private readonly SlowClient _client = new();
    private readonly PieceReader _reader = new(_body);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _reader.DisposeAsync();
    }

    [Theory]
    [InlineData(0, Size)]
    [InlineData(0, 0)]
    [InlineData(1_000, 10)]
    [InlineData(Large - 1, Small + 2)]
    [InlineData(Small, Large)]
    [InlineData(Size - 1, 1)]
    public async Task Sends_just_the_range_to_clients_that_are_quick_and_slow(int offset, int length)
    {
        _client.Takes(100);
        await SendAsync(offset, length);
        Assert.Equal(_body[offset..(offset + length)], _client.Taken);
        _client.IsQuick = true;
        await SendAsync(offset, length);
        Assert.Equal(_body[offset..(offset + length)], _client.Taken[length..]);
    }

    [Fact]
    public async Task Reads_one_piece_for_a_client_that_takes_nothing()
    {
        var sending = SendAsync(0, Size);
        Assert.Equal([Large], _reader.Sizes);
        Assert.False(sending.IsCompleted);
        _client.Takes(100);
        await sending;
        Assert.Equal([Large, Large, (3 * Small) + 1_000], _reader.Sizes);
        Assert.Equal(_body, _client.Taken);
    }

    [Fact]
    public async Task Pieces_are_small_while_others_have_all_that_are_large()
    {
        var others = new List<LargePieces.Turn>();
        while (_large.TryTake() is { IsTaken: true } turn)
            others.Add(turn);
        var sending = SendAsync(Small, Size - Small);
        Assert.Equal([Small], _reader.Sizes);
        // From here on they may be large again, up to the next multiple.
        others.ForEach(o => o.Dispose());
        _client.Takes(100);
        await sending;
        Assert.Equal([Small, 2 * Small, Large, (3 * Small) + 1_000], _reader.Sizes);
        Assert.Equal(_body[Small..], _client.Taken);
        for (var i = 0; i < others.Count; i++)
            Assert.True(_large.TryTake().IsTaken);
        Assert.False(_large.TryTake().IsTaken);
    }

    [Fact]
    public async Task What_comes_before_a_damaged_piece_is_sent()
    {
        _reader.DamagedFrom = Large;
        _client.IsQuick = true;
        Assert.Equal(ObjectError.Damaged, (await Assert.ThrowsAsync<ObjectException>(() => SendAsync(0, Size))).Error);
        Assert.Equal(_body[..Large], _client.Taken);
    }

    private static byte[] CreateBody()
    {
        var body = new byte[Size];
        new Random(1).NextBytes(body);
        return body;
    }

    private Task SendAsync(int offset, int length)
    {
        var http = new DefaultHttpContext();
        http.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(_client));
        return ObjectBody.SendAsync(http.Response, _reader, offset, length, _large, Ct);
    }

    private sealed class PieceReader(byte[] body) : IObjectReader
    {
        public List<int> Sizes { get; } = [];

        public long DamagedFrom { get; set; } = long.MaxValue;

        public ObjectVersion Version => throw new InvalidOperationException();

        public bool NeedsKey => false;

        public ValueTask<IReadOnlyList<ObjectPart>> ListPartsAsync(CancellationToken ct) => throw new InvalidOperationException();

        public void UseKey(ReadOnlyMemory<byte> key) => throw new InvalidOperationException();

        public ValueTask<int> ReadAsync(long offset, Memory<byte> destination, CancellationToken ct)
        {
            Sizes.Add(destination.Length);
            if (offset + destination.Length > DamagedFrom)
                throw new ObjectException(ObjectError.Damaged, "it is damaged");
            body.AsMemory((int)offset, destination.Length).CopyTo(destination);
            return new(destination.Length);
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    /// <summary>Takes a write when it is told to.</summary>
    private sealed class SlowClient : Stream
    {
        private readonly MemoryStream _taken = new();
        private readonly Channel<bool> _turns = Channel.CreateUnbounded<bool>();

        public bool IsQuick { get; set; }

        public byte[] Taken => _taken.ToArray();

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public void Takes(int count)
        {
            for (; count > 0; count--)
                _turns.Writer.TryWrite(true);
        }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (!IsQuick)
                await _turns.Reader.ReadAsync(cancellationToken);
            _taken.Write(buffer.Span);
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
