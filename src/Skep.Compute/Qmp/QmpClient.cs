using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;

namespace Skep.Compute.Qmp;

/// <summary>
/// A connection to a QEMU monitor (docs/interop/qmp-spec.rst of QEMU): commands with ids, many at a time, and events.
/// Thread-safe. Disposing disconnects; the virtual machine goes on.
/// </summary>
public sealed class QmpClient : IAsyncDisposable
{
    /// <summary>Longest line accepted, in bytes; QEMU's longest answers (query-qmp-schema) are a third of it.</summary>
    public const int LineMax = 1024 * 1024;

    /// <summary>Events kept for a slow reader; older ones are dropped, because the reader asks for the state anyway.</summary>
    private const int EventsMax = 256;

    /// <summary>Time a command gets when the caller does not say.</summary>
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(10);

    private readonly Socket _socket;
    private readonly NetworkStream _stream;
    private readonly TimeProvider _time;
    private readonly PipeReader _reader;
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly ConcurrentDictionary<string, TaskCompletionSource<JsonElement>> _pending = new();
    private readonly Channel<QmpEvent> _events = Channel.CreateBounded<QmpEvent>(new BoundedChannelOptions(EventsMax) { FullMode = BoundedChannelFullMode.DropOldest });
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource<JsonElement> _greeting = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _reading = Task.CompletedTask;
    private long _lastId;

    private QmpClient(Socket socket, TimeProvider time)
    {
        _socket = socket;
        _stream = new NetworkStream(socket, ownsSocket: true);
        _reader = PipeReader.Create(_stream);
        _time = time;
    }

    /// <summary>Events in the order they came; completes when the connection ends.</summary>
    public ChannelReader<QmpEvent> Events => _events.Reader;

    /// <summary>Completes when the connection has ended, whoever ended it.</summary>
    public Task Closed => _reading;

    /// <summary>"7.2.22".</summary>
    public string Version { get; private set; } = "";

    /// <summary>
    /// Connects to a monitor's Unix socket and negotiates. QEMU serves one client a monitor: while another one is
    /// connected, the greeting does not come and the time runs out.
    /// </summary>
    /// <exception cref="QmpException">Nobody listens, no greeting came in time, or the negotiation failed.</exception>
    public static async Task<QmpClient> ConnectAsync(string path, TimeSpan timeout, TimeProvider time, CancellationToken ct)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), ct);
        }
        catch (SocketException ex)
        {
            socket.Dispose();
            throw new QmpException(QmpFailure.Disconnected, $"{path}: {ex.Message}");
        }

        var client = new QmpClient(socket, time);
        client._reading = client.ReadAsync();
        try
        {
            var greeting = await client.WithTimeoutAsync(client._greeting.Task, "the greeting", timeout, ct);
            client.Version = ReadVersion(greeting);
            await client.ExecuteAsync("qmp_capabilities", arguments: null, timeout, ct);
            return client;
        }
        catch
        {
            await client.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs a command with the default timeout; returns its "return" member.</summary>
    public Task<JsonElement> ExecuteAsync(string command, CancellationToken ct) => ExecuteAsync(command, arguments: null, DefaultTimeout, ct);

    /// <summary>Runs a command; <paramref name="arguments"/> writes the members of its arguments object.</summary>
    /// <exception cref="QmpException">Refused, timed out or disconnected.</exception>
    public async Task<JsonElement> ExecuteAsync(string command, Action<Utf8JsonWriter>? arguments, TimeSpan timeout, CancellationToken ct)
    {
        var id = Interlocked.Increment(ref _lastId).ToString(CultureInfo.InvariantCulture);
        var answer = new TaskCompletionSource<JsonElement>(TaskCreationOptions.RunContinuationsAsynchronously);
        _pending[id] = answer;
        try
        {
            // The reader fails what is pending when it ends; what was added later would wait in vain.
            if (_reading.IsCompleted)
                throw Disconnected();
            await WriteAsync(Encode(id, command, arguments), ct);
            return await WithTimeoutAsync(answer.Task, command, timeout, ct);
        }
        finally
        {
            _pending.TryRemove(id, out _);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested)
            return;
        await _stop.CancelAsync();
        await _reading;
        await _stream.DisposeAsync();
        _socket.Dispose();
        _writing.Dispose();
        _stop.Dispose();
    }

    private static QmpException Disconnected() => new(QmpFailure.Disconnected, "QEMU's monitor has disconnected");

    private static byte[] Encode(string id, string command, Action<Utf8JsonWriter>? arguments)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("execute", command);
            if (arguments is not null)
            {
                writer.WriteStartObject("arguments");
                arguments(writer);
                writer.WriteEndObject();
            }

            writer.WriteString("id", id);
            writer.WriteEndObject();
        }

        buffer.Write("\r\n"u8);
        return buffer.WrittenSpan.ToArray();
    }

    private static string ReadVersion(JsonElement greeting)
    {
        var version = Object(greeting, "version");
        var qemu = Object(version, "qemu");
        if (Member(qemu, "major") is not { } major || Member(qemu, "minor") is not { } minor || Member(qemu, "micro") is not { } micro)
            throw new QmpException(QmpFailure.BadProtocol, "QEMU's greeting carries no version");
        return $"{major}.{minor}.{micro}";
    }

    private async Task WriteAsync(byte[] line, CancellationToken ct)
    {
        await _writing.WaitAsync(ct);
        try
        {
            await _stream.WriteAsync(line, _stop.Token);
        }
        catch (Exception ex) when (ex is IOException or OperationCanceledException or ObjectDisposedException)
        {
            throw Disconnected();
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task<JsonElement> WithTimeoutAsync(Task<JsonElement> answer, string what, TimeSpan timeout, CancellationToken ct)
    {
        try
        {
            return await answer.WaitAsync(timeout, _time, ct);
        }
        catch (TimeoutException)
        {
            throw new QmpException(QmpFailure.TimedOut, $"QEMU's monitor did not answer {what} within {timeout.TotalSeconds:0.###} s");
        }
    }

    private async Task ReadAsync()
    {
        await Task.Yield();
        var failure = Disconnected();
        try
        {
            while (true)
            {
                var result = await _reader.ReadAsync(_stop.Token);
                var buffer = result.Buffer;
                while (TryTakeLine(ref buffer, out var line))
                    Take(line);
                if (buffer.Length > LineMax)
                    throw new QmpException(QmpFailure.BadProtocol, $"QEMU's monitor sent a line of more than {LineMax} bytes");
                _reader.AdvanceTo(buffer.Start, buffer.End);
                if (result.IsCompleted)
                    break;
            }
        }
        catch (QmpException ex)
        {
            failure = ex;
        }
        catch (InvalidOperationException ex) when (ex is not ObjectDisposedException)
        {
            failure = new QmpException(QmpFailure.BadProtocol, "QEMU's monitor sent a member of the wrong type");
        }
        catch (Exception ex) when (ex is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // Whoever waits is told below that the connection has ended.
        }

        await _reader.CompleteAsync();
        await _stream.DisposeAsync();
        _greeting.TrySetException(failure);
        _events.Writer.TryComplete();
        foreach (var pending in _pending.Values)
            pending.TrySetException(failure);
        _ = _greeting.Task.Exception; // seen: nobody may be waiting for it any more
    }

    private static bool TryTakeLine(ref ReadOnlySequence<byte> buffer, out ReadOnlySequence<byte> line)
    {
        if (buffer.PositionOf((byte)'\n') is not { } end)
        {
            line = default;
            return false;
        }

        line = buffer.Slice(0, end);
        buffer = buffer.Slice(buffer.GetPosition(1, end));
        return true;
    }

    private void Take(ReadOnlySequence<byte> line)
    {
        if (line.Length > LineMax)
            throw new QmpException(QmpFailure.BadProtocol, $"QEMU's monitor sent a line of {line.Length} bytes; the longest accepted has {LineMax}");
        JsonElement message;
        try
        {
            var reader = new Utf8JsonReader(line);
            message = JsonElement.ParseValue(ref reader);
        }
        catch (JsonException)
        {
            throw new QmpException(QmpFailure.BadProtocol, $"QEMU's monitor sent \"{Excerpt(line)}\"; expected a line of JSON");
        }

        if (message.ValueKind != JsonValueKind.Object)
            throw new QmpException(QmpFailure.BadProtocol, $"QEMU's monitor sent \"{Excerpt(line)}\"; expected a JSON object");
        if (message.TryGetProperty("QMP", out var greeting))
            _greeting.TrySetResult(greeting);
        else if (message.TryGetProperty("event", out var name))
            TakeEvent(name.GetString() ?? "", message);
        else if (message.TryGetProperty("id", out var id) && id.ValueKind == JsonValueKind.String && _pending.TryRemove(id.GetString()!, out var pending))
            TakeAnswer(pending, message);
    }

    private void TakeEvent(string name, JsonElement message)
    {
        if (QmpEvent.IsDelivered(name))
            _events.Writer.TryWrite(new QmpEvent(name, message.TryGetProperty("data", out var data) ? data : default));
    }

    private static void TakeAnswer(TaskCompletionSource<JsonElement> pending, JsonElement message)
    {
        if (message.TryGetProperty("return", out var value))
        {
            pending.TrySetResult(value);
            return;
        }

        var error = message.TryGetProperty("error", out var e) ? e : default;
        pending.TrySetException(new QmpException(QmpFailure.Refused, Member(error, "desc") ?? "QEMU's monitor refused the command") { ErrorClass = Member(error, "class") });
    }

    private static JsonElement Object(JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.Object && value.TryGetProperty(name, out var member) ? member : default;

    private static string? Member(JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.Object && value.TryGetProperty(name, out var member) ? member.ToString() : null;

    private static string Excerpt(ReadOnlySequence<byte> line)
    {
        const int ExcerptMax = 80;
        return Encoding.UTF8.GetString(line.Slice(0, Math.Min(line.Length, ExcerptMax))).TrimEnd();
    }
}
