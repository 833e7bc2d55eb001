using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Skep.Core.Identity;
using Skep.SystemTests;

namespace Skep.S3.SystemTests;

/// <summary>A simulating daemon with S3 on a port of its own, and clients of it. All goes with the test.</summary>
internal sealed class S3Daemon : IAsyncDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("skep-s3-").FullName;
    private readonly Dictionary<string, string> _environment = new(StringComparer.Ordinal);
    // Below those that the kernel hands out.
    private static int _lastPort = 20_000 + (Environment.ProcessId % 1_000 * 10);

    private readonly bool _isTls;
    private readonly int _port = TakePort();
    private readonly string[] _options;
    private IAsyncDisposable? _disk;

    private S3Daemon(bool isTls, string[] options) => (_isTls, _options) = (isTls, options);

    /// <summary>The URL of S3's port.</summary>
    public string Endpoint { get; private set; } = "";

    /// <summary>The URL of the port of every API.</summary>
    public string ApiEndpoint { get; private set; } = "";

    /// <summary>Address and port of S3.</summary>
    public IPEndPoint EndPoint => IPEndPoint.Parse(new Uri(Endpoint).Authority);

    /// <summary>The admin's key.</summary>
    public SigV4Credentials Credentials { get; private set; } = new("", "", SessionToken: null);

    /// <summary>The daemon's process.</summary>
    public int ProcessId { get; private set; }

    /// <summary>The daemon's data directory.</summary>
    public string DataDirectory => Path.Combine(_root, "data");

    /// <summary>The certificate that clients must trust.</summary>
    public string Authority => Path.Combine(DataDirectory, "pki", "ca.crt");

    /// <summary>A directory for the test's files.</summary>
    public string Files => Directory.CreateDirectory(Path.Combine(_root, "files")).FullName;

    /// <summary>Starts one.</summary>
    /// <param name="ct">Cancels.</param>
    /// <param name="options">What <c>skep up</c> is told beside.</param>
    public static Task<S3Daemon> StartAsync(CancellationToken ct, params string[] options) => StartAsync(ct, isTls: false, mount: null, options);

    /// <summary>Starts one.</summary>
    /// <param name="ct">Cancels.</param>
    /// <param name="isTls">Whether S3's port speaks TLS, as it does unless told otherwise.</param>
    /// <param name="mount">Mounts something on the data directory; unmounted when the daemon has ended.</param>
    /// <param name="options">What <c>skep up</c> is told beside.</param>
    public static async Task<S3Daemon> StartAsync(CancellationToken ct, bool isTls = false, Func<string, Task<IAsyncDisposable>>? mount = null, params string[] options)
    {
        var daemon = new S3Daemon(isTls, options);
        try
        {
            if (mount is not null)
                daemon._disk = await mount(Directory.CreateDirectory(daemon.DataDirectory).FullName);
            await daemon.UpAsync(ct);
            return daemon;
        }
        catch
        {
            await daemon.DisposeAsync();
            throw;
        }
    }

    /// <summary>A port that nobody is given who asks for any: it is this daemon's while it is down too.</summary>
    private static int TakePort()
    {
        while (true)
        {
            var port = Interlocked.Increment(ref _lastPort);
            try
            {
                using var probe = new TcpListener(IPAddress.Loopback, port);
                probe.Start();
                return port;
            }
            catch (SocketException)
            {
                // Somebody has it.
            }
        }
    }

    /// <summary>Starts the daemon, again after it was stopped: where it was then.</summary>
    public async Task UpAsync(CancellationToken ct)
    {
        var result = await SkepAsync(ct, ["up", "--simulate", "--detach", "--listen", "127.0.0.1:0", "--s3-listen", $"{(_isTls ? "" : "http://")}127.0.0.1:{_port}", .. _options]);
        Assert.True(result.ExitCode == 0, result.Error);
        var status = JsonNode.Parse((await SkepAsync(ct, "status", "-o", "json")).Output)!;
        Endpoint = (string)status["s3Endpoint"]!;
        ApiEndpoint = (string)status["endpoint"]!;
        ProcessId = (int)status["pid"]!;
        var credentials = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(DataDirectory, "credentials.json"), ct))!;
        Credentials = new SigV4Credentials((string)credentials["accessKeyId"]!, (string)credentials["secretAccessKey"]!, SessionToken: null);
        _environment["AWS_ACCESS_KEY_ID"] = Credentials.AccessKeyId;
        _environment["AWS_SECRET_ACCESS_KEY"] = Credentials.SecretAccessKey;
        _environment["AWS_DEFAULT_REGION"] = "us-east-1";
        _environment["AWS_CA_BUNDLE"] = Authority;
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

    /// <summary>Disposes of a disk under the data directory when the daemon has ended.</summary>
    public void KeepOn(IAsyncDisposable disk) => _disk = disk;

    /// <summary>Starts any client, which the caller ends.</summary>
    public Process StartClient(string program, params string[] arguments) => SkepProgram.Start(program, arguments, _environment);

    /// <summary>For an HTTP client that trusts the daemon's authority alone.</summary>
    public SocketsHttpHandler MakeHandler() => new()
    {
        SslOptions =
        {
            CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                CustomTrustStore = { X509Certificate2.CreateFromPem(File.ReadAllText(Authority)) },
                RevocationMode = X509RevocationMode.NoCheck,
            },
        },
    };

    /// <summary>Sets a variable of the clients' environment.</summary>
    public void SetVariable(string name, string value) => _environment[name] = value;

    /// <summary>Ends the daemon, and waits until its process holds no file any more.</summary>
    public async Task DownAsync()
    {
        var result = await SkepAsync(CancellationToken.None, "down");
        Assert.True(result.ExitCode == 0, result.Error);
        try
        {
            using var process = Process.GetProcessById(ProcessId);
            await process.WaitForExitAsync();
        }
        catch (ArgumentException)
        {
            // It is gone already.
        }
    }

    /// <summary>Ends the daemon as a power cut would.</summary>
    public async Task KillAsync()
    {
        using var process = Process.GetProcessById(ProcessId);
        process.Kill();
        await process.WaitForExitAsync();
    }

    /// <summary>A field of the process's status in KiB: VmRSS, VmHWM.</summary>
    public long MemoryKib(string field) =>
        long.Parse(File.ReadLines($"/proc/{ProcessId}/status").First(l => l.StartsWith(field + ":", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture);

    public async ValueTask DisposeAsync()
    {
        if (ProcessId != 0)
            await DownAsync();
        if (_disk is not null)
            await _disk.DisposeAsync();
        Directory.Delete(_root, recursive: true);
    }
}
