using System.Globalization;
using Skep.Objects;
using Skep.Objects.Checksums;

namespace Skep.S3.Upstream;

/// <summary>
/// An open version of the server behind. What is read next comes in one ranged GET of just this version (its ETag is a
/// condition); where that breaks off it is asked for again from there. A checksum of the whole object that the server keeps
/// is verified while the object is read from its beginning to its end.
/// </summary>
internal sealed class UpstreamReader : IObjectReader
{
    private const int AttemptsMax = 4;

    /// <summary>How long the server may give nothing.</summary>
    private static readonly TimeSpan _readTimeout = TimeSpan.FromSeconds(60);

    private readonly UpstreamClient _client;
    private readonly ObjectAddress _address;
    private readonly Func<int, CancellationToken, Task<ObjectPart?>> _findPart;
    private ChecksumHasher? _hasher;
    private long _hashed;
    private long _plannedFrom;
    private long _plannedTo;
    private UpstreamAnswer? _answer;
    private Stream? _body;
    private long _position;
    private long _bodyEnd;

    /// <param name="client">The server.</param>
    /// <param name="address">What is read, with its version where the bucket has versions.</param>
    /// <param name="version">The version.</param>
    /// <param name="findPart">Finds a part by its place.</param>
    public UpstreamReader(UpstreamClient client, ObjectAddress address, ObjectVersion version, Func<int, CancellationToken, Task<ObjectPart?>> findPart)
    {
        _client = client;
        _address = address;
        _findPart = findPart;
        Version = version;
        _hasher = version.Checksum is { Type: ChecksumType.FullObject } checksum ? ChecksumHasher.Create(checksum.Algorithm) : null;
    }

    /// <inheritdoc/>
    public ObjectVersion Version { get; }

    /// <inheritdoc/>
    public bool NeedsKey => false;

    /// <inheritdoc/>
    public void UseKey(ReadOnlyMemory<byte> key) => throw UpstreamMetadata.Encryption();

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<ObjectPart>> ListPartsAsync(CancellationToken ct)
    {
        var parts = new List<ObjectPart>();
        for (var place = 1; place <= Version.PartCount && await _findPart(place, ct) is { } part; place++)
            parts.Add(part);
        return parts;
    }

    /// <inheritdoc/>
    public async ValueTask<ObjectPart?> FindPartAsync(int place, CancellationToken ct) => place <= Version.PartCount ? await _findPart(place, ct) : null;

    /// <inheritdoc/>
    public void Plan(long offset, long length) => (_plannedFrom, _plannedTo) = (offset, Math.Min(Version.LengthBytes, offset + length));

    /// <inheritdoc/>
    public async ValueTask<int> ReadAsync(long offset, Memory<byte> destination, CancellationToken ct)
    {
        var size = (int)Math.Min(destination.Length, Version.LengthBytes - offset);
        if (size <= 0)
            return 0;
        if (_body is null || _position != offset || _bodyEnd <= offset)
            await OpenAsync(offset, Math.Max(size, offset >= _plannedFrom && offset < _plannedTo ? _plannedTo - offset : 0), ct);
        var done = 0;
        for (var attempt = 1; done < size; attempt++)
        {
            var (from, why) = (done, "the answer ended early");
            try
            {
                if (_body is null || _bodyEnd <= _position)
                    await OpenAsync(offset + done, Math.Max(size - done, _plannedTo - offset - done), ct);
                done += await FillAsync(destination[done..size], ct);
            }
            catch (Exception ex) when (ex is IOException or HttpRequestException || (ex is OperationCanceledException && !ct.IsCancellationRequested))
            {
                why = ex.Message;
            }

            if (done == size)
                break;
            Close();
            // What came counts: only a server that gives nothing is given up.
            if (done > from)
                attempt = 0;
            if (attempt >= AttemptsMax)
                throw new ObjectException(ObjectError.Unavailable, $"{_address}: reading from {_client.Name} ended at byte {offset + done} of {Version.LengthBytes}: {why}");
        }

        Verify(offset, destination.Span[..size]);
        return size;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Close();
        _hasher?.Dispose();
        return ValueTask.CompletedTask;
    }

    private async ValueTask<int> FillAsync(Memory<byte> destination, CancellationToken ct)
    {
        var done = 0;
        try
        {
            while (done < destination.Length)
            {
                _answer!.Await(_readTimeout);
                var count = await _body!.ReadAsync(destination[done..], _answer.Token);
                if (count == 0)
                    break;
                done += count;
            }

            // A client that takes its time is not the server's fault.
            _answer!.Await(Timeout.InfiniteTimeSpan);
        }
        catch (Exception ex) when (done > 0 && (ex is IOException or HttpRequestException || (ex is OperationCanceledException && !ct.IsCancellationRequested)))
        {
            // What came is good; the rest is asked for again.
            Close();
        }

        _position += done;
        return done;
    }

    private async Task OpenAsync(long offset, long length, CancellationToken ct)
    {
        Close();
        var end = offset + length;
        var isWhole = offset == 0 && end >= Version.LengthBytes;
        List<KeyValuePair<string, string>> headers = [new("If-Match", $"\"{Version.ETag}\"")];
        if (!isWhole)
            headers.Add(new("Range", string.Create(CultureInfo.InvariantCulture, $"bytes={offset}-{end - 1}")));
        var request = new UpstreamRequest(HttpMethod.Get)
        {
            About = _address,
            Query = UpstreamBackend.VersionQuery(_address),
            Headers = headers,
            IsIdempotent = true,
            AnswerBytes = length,
        };
        try
        {
            _answer = await _client.SendAsync(request, ct);
        }
        catch (ObjectException ex) when (ex.Error is ObjectError.PreconditionFailed or ObjectError.NoSuchKey or ObjectError.NoSuchVersion)
        {
            // Whoever asks again gets what is there now.
            throw new ObjectException(ObjectError.Unavailable, $"{_address}: it was replaced or deleted while it was read", ex);
        }

        if (!isWhole && _answer.Response.Content.Headers.ContentRange?.From != offset)
        {
            Close();
            throw new ObjectException(ObjectError.Io, $"{_address}: bytes from {offset} on were asked for, and {_client.Name} does not answer with them");
        }

        _body = await _answer.Response.Content.ReadAsStreamAsync(_answer.Token);
        (_position, _bodyEnd) = (offset, end);
    }

    private void Verify(long offset, ReadOnlySpan<byte> bytes)
    {
        if (_hasher is null || offset != _hashed)
            return;
        _hasher.Append(bytes);
        _hashed += bytes.Length;
        if (_hashed < Version.LengthBytes)
            return;
        if (!_hasher.Finish().AsSpan().SequenceEqual(Version.Checksum!.Value.Span))
            throw new ObjectException(ObjectError.Damaged, $"{_address}: what {_client.Name} sent is not what its {Version.Checksum.Algorithm} says");
        _hasher.Dispose();
        _hasher = null;
    }

    private void Close()
    {
        _body?.Dispose();
        _answer?.Dispose();
        (_body, _answer) = (null, null);
    }
}
