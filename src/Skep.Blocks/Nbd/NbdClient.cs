using System.Buffers.Binary;
using System.Net.Security;
using System.Net.Sockets;
using static Skep.Blocks.Nbd.NbdProtocol;

namespace Skep.Blocks.Nbd;

/// <summary>
/// A client of the NBD protocol: one connection to one export. Calls may overlap and are answered in any order. What the
/// server refuses is a <see cref="BlockDeviceException"/>; when the connection breaks, every call fails with an
/// <see cref="NbdException"/>, and only a new client helps.
/// </summary>
public sealed partial class NbdClient : IAsyncDisposable
{
    /// <summary>Payloads up to this size leave together with their header.</summary>
    private const int CoalescedMax = 64 << 10;

    private static readonly TimeSpan _goodbyeTimeout = TimeSpan.FromSeconds(2);

    private readonly NbdClientOptions _options;
    private readonly TimeProvider _time;
    private readonly Socket _socket;
    private readonly SemaphoreSlim _slots;
    private readonly SemaphoreSlim _sendLock = new(1, 1);
    private readonly Lock _lock = new();
    private readonly Dictionary<ulong, NbdClientRequest> _pending = [];
    private readonly List<string> _contexts = [];
    private readonly Dictionary<string, uint> _contextIds = new(StringComparer.Ordinal);
    private readonly byte[] _sendBuffer = new byte[ExtendedRequestSize + CoalescedMax];
    private Stream _stream;
    private Task _receiving = Task.CompletedTask;
    private NbdException? _broken;
    private ulong _lastCookie;
    private ushort _flags;
    private bool _isStructured;
    private bool _isExtended;

    private NbdClient(NbdClientOptions options, Socket socket, TimeProvider time)
    {
        _options = options;
        _time = time;
        _socket = socket;
        _stream = new NetworkStream(socket, ownsSocket: false);
        _slots = new SemaphoreSlim(options.RequestsMax, options.RequestsMax);
    }

    /// <summary>Size of the export in bytes, as it was when it was opened.</summary>
    public long SizeBytes { get; private set; }

    /// <summary>The server lets nobody write.</summary>
    public bool IsReadOnly => (_flags & NBD_FLAG_READ_ONLY) != 0;

    /// <summary>The server has trims.</summary>
    public bool CanTrim => (_flags & NBD_FLAG_SEND_TRIM) != 0;

    /// <summary>The server writes zeroes without being sent them.</summary>
    public bool CanWriteZeroes => (_flags & NBD_FLAG_SEND_WRITE_ZEROES) != 0;

    /// <summary>The server says whether writing zeroes is quick.</summary>
    public bool CanFastZero => (_flags & NBD_FLAG_SEND_FAST_ZERO) != 0;

    /// <summary>The server flushes.</summary>
    public bool CanFlush => (_flags & NBD_FLAG_SEND_FLUSH) != 0;

    /// <summary>The server makes single writes durable.</summary>
    public bool CanFua => (_flags & NBD_FLAG_SEND_FUA) != 0;

    /// <summary>The server fetches ahead when asked.</summary>
    public bool CanCache => (_flags & NBD_FLAG_SEND_CACHE) != 0;

    /// <summary>The server changes the size when asked.</summary>
    public bool CanResize => (_flags & NBD_FLAG_SEND_RESIZE) != 0;

    /// <summary>A flush covers the writes of all connections.</summary>
    public bool CanMultiConn => (_flags & NBD_FLAG_CAN_MULTI_CONN) != 0;

    /// <summary>The alignment that the server asks for, in bytes.</summary>
    public int BlockSizeMin { get; private set; } = 1;

    /// <summary>The unit in bytes that costs the server least.</summary>
    public int BlockSizePreferred { get; private set; } = 4096;

    /// <summary>Longer reads and writes are cut into pieces of so many bytes.</summary>
    public int PayloadMax { get; private set; } = PayloadSizeMax;

    /// <summary>The metadata contexts that were asked for and that the server has.</summary>
    public IReadOnlyList<string> MetaContexts => _contexts;

    /// <summary>Extended headers were agreed on.</summary>
    public bool IsExtended => _isExtended;

    private int HeaderSize => _isExtended ? ExtendedRequestSize : RequestSize;

    /// <summary>Connects and opens the export.</summary>
    /// <exception cref="NbdException">There is nobody, no such export, no TLS, or no answer in time.</exception>
    public static async Task<NbdClient> ConnectAsync(NbdClientOptions options, TimeProvider time, CancellationToken ct)
    {
        var client = await GreetAsync(options, time, (c, token) => c.NegotiateAsync(token), ct);
        client._receiving = client.ReceiveAllAsync();
        return client;
    }

    /// <summary>The exports that a server tells of.</summary>
    /// <exception cref="NbdException">There is nobody, or the server does not tell.</exception>
    public static async Task<IReadOnlyList<NbdExportName>> ListAsync(NbdClientOptions options, TimeProvider time, CancellationToken ct)
    {
        List<NbdExportName> names = [];
        await using var client = await GreetAsync(options, time, async (c, token) => names = await c.ListAsync(token), ct);
        return names;
    }

    /// <summary>Fills the buffer from the export.</summary>
    /// <exception cref="BlockDeviceException">The server refused or failed.</exception>
    /// <exception cref="NbdException">The connection broke.</exception>
    public async ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken ct)
    {
        while (destination.Length > PayloadMax)
        {
            await CallAsync(new NbdClientRequest(NBD_CMD_READ, offset, PayloadMax) { Destination = destination[..PayloadMax] }, 0, default, ct);
            offset += PayloadMax;
            destination = destination[PayloadMax..];
        }

        if (destination.Length > 0)
            await CallAsync(new NbdClientRequest(NBD_CMD_READ, offset, destination.Length) { Destination = destination }, 0, default, ct);
    }

    /// <summary>Writes; durable on return if asked, else after the next flush.</summary>
    /// <inheritdoc cref="ReadAsync"/>
    public async ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> source, bool isDurable, CancellationToken ct)
    {
        var flags = isDurable && CanFua ? NBD_CMD_FLAG_FUA : (ushort)0;
        while (source.Length > 0)
        {
            var part = source[..Math.Min(source.Length, PayloadMax)];
            await CallAsync(new NbdClientRequest(NBD_CMD_WRITE, offset, part.Length), flags, part, ct);
            offset += part.Length;
            source = source[part.Length..];
        }

        if (isDurable && !CanFua)
            await FlushAsync(ct);
    }

    /// <summary>Everything whose write had completed when this was called is durable when it returns.</summary>
    /// <inheritdoc cref="ReadAsync"/>
    public ValueTask FlushAsync(CancellationToken ct) =>
        CanFlush ? CallAsync(new NbdClientRequest(NBD_CMD_FLUSH, 0, 0), 0, default, ct) : ValueTask.CompletedTask;

    /// <summary>The server may forget the range; what is read from it afterwards is not known.</summary>
    /// <inheritdoc cref="ReadAsync"/>
    public ValueTask TrimAsync(long offset, long length, bool isDurable, CancellationToken ct) =>
        CallInPartsAsync(NBD_CMD_TRIM, offset, length, isDurable ? NBD_CMD_FLAG_FUA : (ushort)0, ct);

    /// <summary>The range reads as zeroes afterwards.</summary>
    /// <inheritdoc cref="ReadAsync"/>
    public ValueTask WriteZeroesAsync(long offset, long length, ZeroOptions options, CancellationToken ct)
    {
        var flags = ((options & ZeroOptions.KeepAllocated) != ZeroOptions.None ? NBD_CMD_FLAG_NO_HOLE : 0)
            | ((options & ZeroOptions.Fast) != ZeroOptions.None ? NBD_CMD_FLAG_FAST_ZERO : 0)
            | ((options & ZeroOptions.Durable) != ZeroOptions.None ? NBD_CMD_FLAG_FUA : 0);
        return CallInPartsAsync(NBD_CMD_WRITE_ZEROES, offset, length, (ushort)flags, ct);
    }

    /// <summary>Asks the server to fetch a range ahead.</summary>
    /// <inheritdoc cref="ReadAsync"/>
    public ValueTask CacheAsync(long offset, long length, CancellationToken ct) =>
        CanCache ? CallInPartsAsync(NBD_CMD_CACHE, offset, length, 0, ct) : ValueTask.CompletedTask;

    /// <summary>Changes the export's size.</summary>
    /// <inheritdoc cref="ReadAsync"/>
    public async ValueTask ResizeAsync(long sizeBytes, CancellationToken ct)
    {
        await CallAsync(new NbdClientRequest(NBD_CMD_RESIZE, sizeBytes, 0), 0, default, ct);
        SizeBytes = sizeBytes;
    }

    /// <summary>
    /// Describes a range in one context: extents that follow each other from <paramref name="offset"/>. The server may
    /// describe less than was asked (ask on from there) or more.
    /// </summary>
    /// <returns>How many extents were written, at least 1.</returns>
    /// <exception cref="ArgumentException">The context is not among <see cref="MetaContexts"/>.</exception>
    /// <exception cref="BlockDeviceException">The server refused or failed.</exception>
    /// <exception cref="NbdException">The connection broke.</exception>
    public async ValueTask<int> DescribeAsync(string context, long offset, long length, Memory<NbdExtent> extents, CancellationToken ct)
    {
        if (!_contextIds.TryGetValue(context, out var id))
            throw new ArgumentException($"context {context} is not open, only: {string.Join(", ", _contexts)}", nameof(context));
        // Room for one is asked for as such, so that the server need not look at more.
        var flags = extents.Length == 1 ? NBD_CMD_FLAG_REQ_ONE : (ushort)0;
        var request = new NbdClientRequest(NBD_CMD_BLOCK_STATUS, offset, Math.Min(length, StatusLengthMax)) { ContextId = id, Extents = extents };
        await CallAsync(request, flags, default, ct);
        return request.ExtentCount;
    }

    /// <summary>Says goodbye and closes. Calls under way fail.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_broken is null && _receiving != Task.CompletedTask)
            await SayGoodbyeAsync();
        Break(new NbdException(NbdFailure.Disconnected, "the client was closed"));
        await _receiving;
        await _stream.DisposeAsync();
        _socket.Dispose();
    }

    private const long CompactLengthMax = 0xffff_0000;

    /// <summary>
    /// The longest range whose status is asked for at a time. QEMU 7.2 takes 2^31 - 1 bytes for a number of whole sectors when an
    /// encrypted qcow2 disk is of one kind for longer than that, and ends with a failed assertion (bdrv_co_block_status).
    /// </summary>
    private const long StatusLengthMax = 1 << 30;

    private async ValueTask CallInPartsAsync(ushort command, long offset, long length, ushort flags, CancellationToken ct)
    {
        while (length > 0)
        {
            var part = _isExtended ? length : Math.Min(length, CompactLengthMax);
            await CallAsync(new NbdClientRequest(command, offset, part), flags, default, ct);
            offset += part;
            length -= part;
        }
    }

    private async ValueTask CallAsync(NbdClientRequest request, ushort flags, ReadOnlyMemory<byte> payload, CancellationToken ct)
    {
        // The slot is given back when the reply has come, or the connection is broken.
        await _slots.WaitAsync(ct);
        ulong cookie;
        lock (_lock)
        {
            if (_broken is not null)
            {
                _slots.Release();
                throw new NbdException(_broken.Failure, _broken.Message, _broken);
            }

            cookie = ++_lastCookie;
            _pending.Add(cookie, request);
        }

        try
        {
            await SendAsync(request, cookie, flags, payload);
        }
        catch (Exception ex) when (ex is IOException or SocketException or ObjectDisposedException)
        {
            Break(new NbdException(NbdFailure.Disconnected, $"the connection to {_options.EndPoint} broke: {ex.Message}", ex));
        }

        await using var registration = ct.UnsafeRegister(static (state, token) => ((NbdClientRequest)state!).Abandon(token), request);
        await request.Task;
    }

    private async Task SendAsync(NbdClientRequest request, ulong cookie, ushort flags, ReadOnlyMemory<byte> payload)
    {
        // Not cancelled: half a request would be the end of the connection.
        await _sendLock.WaitAsync(CancellationToken.None);
        try
        {
            if (_isExtended && request.Command == NBD_CMD_WRITE)
                flags |= NBD_CMD_FLAG_PAYLOAD_LEN;
            WriteHeader(request, cookie, flags);
            if (payload.Length > CoalescedMax)
            {
                await _stream.WriteAsync(_sendBuffer.AsMemory(0, HeaderSize), CancellationToken.None);
                await _stream.WriteAsync(payload, CancellationToken.None);
                return;
            }

            payload.CopyTo(_sendBuffer.AsMemory(HeaderSize));
            await _stream.WriteAsync(_sendBuffer.AsMemory(0, HeaderSize + payload.Length), CancellationToken.None);
        }
        finally
        {
            _sendLock.Release();
        }
    }

    private void WriteHeader(NbdClientRequest request, ulong cookie, ushort flags)
    {
        var header = _sendBuffer.AsSpan(0, HeaderSize);
        BinaryPrimitives.WriteUInt32BigEndian(header, _isExtended ? NBD_EXTENDED_REQUEST_MAGIC : NBD_REQUEST_MAGIC);
        BinaryPrimitives.WriteUInt16BigEndian(header[4..], flags);
        BinaryPrimitives.WriteUInt16BigEndian(header[6..], request.Command);
        BinaryPrimitives.WriteUInt64BigEndian(header[8..], cookie);
        BinaryPrimitives.WriteInt64BigEndian(header[16..], request.Offset);
        if (_isExtended)
            BinaryPrimitives.WriteInt64BigEndian(header[24..], request.Length);
        else
            BinaryPrimitives.WriteUInt32BigEndian(header[24..], (uint)request.Length);
    }

    private async Task SayGoodbyeAsync()
    {
        try
        {
            await SendAsync(new NbdClientRequest(NBD_CMD_DISC, 0, 0), 0, 0, default).WaitAsync(_goodbyeTimeout, _time);
            if (_stream is SslStream secure)
                await secure.ShutdownAsync().WaitAsync(_goodbyeTimeout, _time);
        }
        catch (Exception ex) when (ex is IOException or SocketException or ObjectDisposedException or TimeoutException)
        {
            // The server is gone, or reads no more: it will notice.
        }
    }
}
