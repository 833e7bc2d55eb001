using System.Diagnostics;
using Skep.Blocks.SystemTests.Nbd;

namespace Skep.Blocks.SystemTests.LogVolumes;

/// <summary>A running <c>skep blocks replica serve</c>.</summary>
internal sealed class ReplicaServe : IAsyncDisposable
{
    private readonly Process _process;

    private ReplicaServe(Process process, string address) => (_process, Address) = (process, address);

    /// <summary>What --replica is given.</summary>
    public string Address { get; }

    /// <summary>Starts it and waits until it listens.</summary>
    public static async Task<ReplicaServe> StartAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(NbdServe.ProgramPath(), ["blocks", "replica", "serve", .. arguments]) { RedirectStandardOutput = true };
        var process = Process.Start(start)!;
        var line = await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
        Assert.StartsWith("keeping logs", line, StringComparison.Ordinal);
        return new ReplicaServe(process, line![(line!.LastIndexOf(' ') + 1)..]);
    }

    /// <summary>Ends it as kill -9 does.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await KillAsync();
        _process.Dispose();
    }
}
