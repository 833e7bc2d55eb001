using Microsoft.AspNetCore.Http;

namespace Skep.S3.Requests;

/// <summary>
/// A request's body that must go on arriving: a client that sends nothing for a while is given up, whatever it has sent before
/// (the web server's own limit is an average, which a fast beginning stretches). Asynchronous only, one reader at a time.
/// </summary>
internal sealed class PatientStream(Stream body, TimeSpan patience, TimeProvider time, CancellationToken aborted) : Stream
{
    private CancellationTokenSource? _timeout;
    private CancellationTokenRegistration _registration;

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException("A request's body has no length in advance.");

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException("A request's body is not counted here.");
        set => throw new NotSupportedException("A request's body cannot be read twice.");
    }

    /// <inheritdoc/>
    /// <exception cref="BadHttpRequestException">408: nothing came in time.</exception>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_timeout is null)
        {
            _timeout = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
            _registration = aborted.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), _timeout);
        }

        var read = body.ReadAsync(buffer, _timeout.Token);
        return read.IsCompletedSuccessfully ? read : AwaitAsync(read.AsTask(), _timeout, cancellationToken);
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Read asynchronously.");

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException("A request's body cannot be read twice.");

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException("A request's body is not written.");

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("A request's body is not written.");

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _registration.Dispose();
            _timeout?.Dispose();
        }

        base.Dispose(disposing);
    }

    private async ValueTask<int> AwaitAsync(Task<int> read, CancellationTokenSource timeout, CancellationToken ct)
    {
        timeout.CancelAfter(patience);
        try
        {
            var count = await read;
            timeout.CancelAfter(Timeout.InfiniteTimeSpan);
            return count;
        }
        catch (OperationCanceledException ex) when (timeout.IsCancellationRequested && !aborted.IsCancellationRequested)
        {
            ct.ThrowIfCancellationRequested();
            throw new BadHttpRequestException($"nothing of the body came within {patience.TotalSeconds:F0} s", StatusCodes.Status408RequestTimeout, ex);
        }
    }
}
