using System.Diagnostics;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;

namespace Skep.SystemTests;

/// <summary>A data directory with, most of the time, a simulating daemon on it. Both go with the test.</summary>
internal sealed class TestDaemon : IAsyncDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("skep-system-").FullName;

    public TestDaemon(string name = "data") => DataDirectory = Path.Combine(_root, name);

    public string DataDirectory { get; }

    /// <summary>What status says.</summary>
    public async Task<JsonNode> StatusAsync(CancellationToken ct) => JsonNode.Parse((await RunAsync(ct, "status", "-o", "json")).Output)!;

    /// <summary>Starts the daemon in the background.</summary>
    public async Task StartAsync(CancellationToken ct)
    {
        var result = await RunAsync(ct, "up", "--simulate", "--listen", "127.0.0.1:0", "--detach");
        Assert.True(result.ExitCode == 0, result.Error);
    }

    /// <summary>Runs a verb on this data directory.</summary>
    public Task<ProgramResult> RunAsync(CancellationToken ct, params string[] arguments) =>
        SkepProgram.RunAsync(ct, [.. arguments, "--data", DataDirectory]);

    /// <summary>The daemon's process id; null when none runs.</summary>
    public async Task<int?> PidAsync(CancellationToken ct) => (int?)(await StatusAsync(ct))["pid"];

    /// <summary>Ends the daemon as a power cut would.</summary>
    public async Task KillAsync(CancellationToken ct)
    {
        using var process = Process.GetProcessById((await PidAsync(ct))!.Value);
        process.Kill();
        await process.WaitForExitAsync(ct);
    }

    /// <summary>A client of the API that is signed in as the admin.</summary>
    public async Task<HttpClient> ConnectAsync(CancellationToken ct)
    {
        var endpoint = (string)(await StatusAsync(ct))["endpoint"]!;
        var credentials = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(DataDirectory, "credentials.json"), ct))!;
        var authority = X509Certificate2.CreateFromPem(await File.ReadAllTextAsync(Path.Combine(DataDirectory, "pki", "ca.crt"), ct));
        var handler = new SocketsHttpHandler();
        handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            CustomTrustStore = { authority },
            RevocationMode = X509RevocationMode.NoCheck,
        };
        return new HttpClient(handler)
        {
            BaseAddress = new Uri(endpoint),
            DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", (string)credentials["token"]!) },
        };
    }

    public async ValueTask DisposeAsync()
    {
        await RunAsync(CancellationToken.None, "down");
        Directory.Delete(_root, recursive: true);
    }
}
