using System.Text.Json.Nodes;
using Skep.SystemTests;

namespace Skep.S3.SystemTests;

/// <summary>A simulating daemon with S3 on a port of its own, without TLS, and clients of it. All goes with the test.</summary>
internal sealed class S3Daemon : IAsyncDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("skep-s3-").FullName;
    private readonly Dictionary<string, string> _environment = new(StringComparer.Ordinal);

    private readonly string[] _options;

    private S3Daemon(string[] options) => _options = options;

    /// <summary>The URL of S3's port.</summary>
    public string Endpoint { get; private set; } = "";

    /// <summary>The URL of the port of every API.</summary>
    public string ApiEndpoint { get; private set; } = "";

    /// <summary>The daemon's data directory.</summary>
    public string DataDirectory => Path.Combine(_root, "data");

    /// <summary>A directory for the test's files.</summary>
    public string Files => Directory.CreateDirectory(Path.Combine(_root, "files")).FullName;

    /// <summary>The daemon's process.</summary>
    public int ProcessId { get; private set; }

    /// <summary>The daemon's access key.</summary>
    public (string Id, string Secret) AccessKey => (_environment["AWS_ACCESS_KEY_ID"], _environment["AWS_SECRET_ACCESS_KEY"]);

    /// <summary>Starts one.</summary>
    /// <param name="ct">Cancels.</param>
    /// <param name="options">What <c>skep up</c> is told beside.</param>
    public static async Task<S3Daemon> StartAsync(CancellationToken ct, params string[] options)
    {
        var daemon = new S3Daemon(options);
        try
        {
            await daemon.UpAsync(ct);
            return daemon;
        }
        catch
        {
            await daemon.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the daemon, again after it was stopped: where it was then.</summary>
    public async Task UpAsync(CancellationToken ct)
    {
        var result = await SkepAsync(ct, ["up", "--simulate", "--detach", "--listen", "127.0.0.1:0", "--s3-listen", Endpoint.Length > 0 ? Endpoint : "http://127.0.0.1:0", .. _options]);
        Assert.True(result.ExitCode == 0, result.Error);
        var status = JsonNode.Parse((await SkepAsync(ct, "status", "-o", "json")).Output)!;
        Endpoint = (string)status["s3Endpoint"]!;
        ApiEndpoint = (string)status["endpoint"]!;
        ProcessId = (int)status["pid"]!;
        var credentials = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(DataDirectory, "credentials.json"), ct))!;
        _environment["AWS_ACCESS_KEY_ID"] = (string)credentials["accessKeyId"]!;
        _environment["AWS_SECRET_ACCESS_KEY"] = (string)credentials["secretAccessKey"]!;
        _environment["AWS_DEFAULT_REGION"] = "us-east-1";
        _environment["AWS_CA_BUNDLE"] = Path.Combine(DataDirectory, "pki", "ca.crt");
        _environment["AWS_CONFIG_FILE"] = "/dev/null";
        _environment["AWS_SHARED_CREDENTIALS_FILE"] = "/dev/null";
        _environment["AWS_MAX_ATTEMPTS"] = "1";
        _environment["AWS_PAGER"] = "";
        _environment["SKEP_S3"] = Endpoint;
        _environment["SKEP_API"] = ApiEndpoint;
        _environment["SKEP"] = SkepProgram.Path;
        _environment["SKEP_DATA"] = DataDirectory;
    }

    /// <summary>Runs a verb of the program on this daemon.</summary>
    public Task<ProgramResult> SkepAsync(CancellationToken ct, params string[] arguments) =>
        SkepProgram.RunAsync(ct, [.. arguments, "--data", DataDirectory]);

    /// <summary>Runs Debian's AWS command line against S3's port.</summary>
    public Task<ProgramResult> AwsAsync(CancellationToken ct, params string[] arguments) =>
        RunAsync("/usr/bin/aws", ["--endpoint-url", Endpoint, .. arguments], ct);

    /// <summary>Runs any client with the admin's credentials in its environment.</summary>
    public Task<ProgramResult> RunAsync(string program, string[] arguments, CancellationToken ct) =>
        SkepProgram.RunAsync(program, arguments, _environment, ct);

    /// <summary>A number of the daemon's /proc/PID/status, in bytes: VmRSS, VmHWM.</summary>
    public long MemoryBytes(string name)
    {
        var line = File.ReadLines($"/proc/{ProcessId}/status").First(l => l.StartsWith(name + ":", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1].Trim(), System.Globalization.CultureInfo.InvariantCulture) * 1_024;
    }

    public async ValueTask DisposeAsync()
    {
        await SkepAsync(CancellationToken.None, "down");
        Directory.Delete(_root, recursive: true);
    }
}
