using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Skep.Compute.Tests.Qmp;

/// <summary>Speaks QEMU's side of QMP over a real Unix socket, to one client at a time.</summary>
internal sealed class FakeQmp : IAsyncDisposable
{
    private const string Greeting = """{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": ""}, "capabilities": ["oob"]}}""";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("skep-qmp-");
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly Task _serving;
    private readonly TaskCompletionSource<Socket> _client = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public FakeQmp(string greeting = Greeting)
    {
        Path = System.IO.Path.Combine(_directory.FullName, "qmp.sock");
        _listener.Bind(new UnixDomainSocketEndPoint(Path));
        _listener.Listen(1);
        _serving = ServeAsync(greeting);
    }

    public string Path { get; }

    /// <summary>Commands as they came, without their ids.</summary>
    public List<string> Commands { get; } = [];

    /// <summary>Answers a command; null says nothing, "{...}" is sent as it is with the command's id added.</summary>
    public Func<string, JsonObject?> Answer { get; set; } = _ => new JsonObject { ["return"] = new JsonObject() };

    /// <summary>Sends a line as it is.</summary>
    public async Task SendAsync(string line)
    {
        var client = await _client.Task;
        await client.SendAsync(Encoding.UTF8.GetBytes(line + "\r\n"), SocketFlags.None);
    }

    public async Task HangUpAsync() => (await _client.Task).Dispose();

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        if (_client.Task.IsCompletedSuccessfully)
            (await _client.Task).Dispose();
        await _serving;
        _directory.Delete(recursive: true);
    }

    private async Task ServeAsync(string greeting)
    {
        try
        {
            var client = await _listener.AcceptAsync();
            _client.SetResult(client);
            await SendAsync(greeting);
            using var reader = new StreamReader(new NetworkStream(client));
            while (await reader.ReadLineAsync() is { } line)
            {
                var command = JsonNode.Parse(line)!.AsObject();
                var name = (string)command["execute"]!;
                lock (Commands)
                    Commands.Add(name);
                var answer = name == "qmp_capabilities" ? new JsonObject { ["return"] = new JsonObject() } : Answer(name);
                if (answer is null)
                    continue;
                answer["id"] = command["id"]!.DeepClone();
                await SendAsync(answer.ToJsonString());
            }
        }
        catch (Exception ex) when (ex is SocketException or IOException or ObjectDisposedException)
        {
            // The client or the test has gone.
        }
    }
}
