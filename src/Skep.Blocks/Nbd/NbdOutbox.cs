namespace Skep.Blocks.Nbd;

/// <summary>
/// The requests of a connection: those to be had, and those whose replies wait to be sent. Any thread may add a reply; one
/// at a time sends.
/// </summary>
internal sealed class NbdOutbox(Action<NbdRequest> completed)
{
    private readonly Lock _lock = new();
    private NbdRequest? _free;
    private NbdRequest? _head;
    private NbdRequest? _tail;
    private int _headSegment;
    private int _headSentBytes;
    private int _inFlight;
    private bool _isSending;

    /// <summary>Requests that were begun and whose replies have not been sent.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>A request to fill.</summary>
    public NbdRequest Rent()
    {
        NbdRequest? request;
        lock (_lock)
        {
            _inFlight++;
            request = _free;
            if (request is not null)
                _free = request.Next;
        }

        request ??= new NbdRequest(completed);
        request.Reset();
        return request;
    }

    /// <summary>Its reply is ready.</summary>
    public void Enqueue(NbdRequest request)
    {
        lock (_lock)
        {
            if (_tail is null)
                _head = request;
            else
                _tail.Next = request;
            _tail = request;
        }
    }

    /// <summary>A request that gets no reply.</summary>
    public void Drop(NbdRequest request)
    {
        lock (_lock)
            Release(request);
    }

    /// <summary>Makes the caller the sender, if there is something to send and nobody is.</summary>
    public bool TryBeginSend()
    {
        lock (_lock)
        {
            if (_isSending || _head is null)
                return false;
            return _isSending = true;
        }
    }

    /// <summary>The sender steps down.</summary>
    public void EndSend()
    {
        lock (_lock)
            _isSending = false;
    }

    /// <summary>For the sender: the next pieces. When there are none, the sender has stepped down.</summary>
    public int Gather(Span<NbdSegment> segments)
    {
        var count = 0;
        lock (_lock)
        {
            var first = _headSegment;
            var skip = _headSentBytes;
            for (var request = _head; request is not null && count < segments.Length; request = request.Next)
            {
                for (var i = first; i < request.SegmentCount && count < segments.Length; i++)
                {
                    var (address, length) = request.Segments[i];
                    segments[count++] = new NbdSegment(address + skip, length - skip);
                    skip = 0;
                }

                first = 0;
            }

            if (count == 0)
                _isSending = false;
        }

        return count;
    }

    /// <summary>For the sender: so many bytes have left. The result is a list of what is done with.</summary>
    public NbdRequest? Sent(long bytes)
    {
        NbdRequest? done = null;
        lock (_lock)
        {
            while (_head is { } request)
            {
                while (_headSegment < request.SegmentCount)
                {
                    var left = request.Segments[_headSegment].Length - _headSentBytes;
                    if (bytes < left)
                    {
                        _headSentBytes += (int)bytes;
                        return done;
                    }

                    bytes -= left;
                    _headSentBytes = 0;
                    _headSegment++;
                }

                _headSegment = 0;
                _head = request.Next;
                if (_head is null)
                    _tail = null;
                request.Next = done;
                done = request;
            }
        }

        return done;
    }

    /// <summary>What <see cref="Sent"/> gave, without its buffers, may be used again.</summary>
    public void Release(NbdRequest? sent, int count)
    {
        if (sent is null)
            return;
        lock (_lock)
        {
            while (sent is not null)
            {
                var next = sent.Next;
                sent.Next = _free;
                _free = sent;
                sent = next;
            }

            _inFlight -= count;
        }
    }

    /// <summary>Frees the memory of all requests; none may be under way.</summary>
    public void Free()
    {
        while (_free is { } request)
        {
            _free = request.Next;
            request.Free();
        }
    }

    private void Release(NbdRequest request)
    {
        request.Next = _free;
        _free = request;
        _inFlight--;
    }
}
