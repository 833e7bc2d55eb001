using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Skep.Core.Identity;

namespace Skep.Bench;

/// <summary>The peer: moto's server, which keeps everything in the memory of one Python process and checks no signatures.</summary>
internal sealed class MotoServer : IAsyncDisposable
{
    private static readonly TimeSpan _startTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan _pollPeriod = TimeSpan.FromMilliseconds(200);

    private readonly Process _process;
    private readonly IPEndPoint _endPoint;

    private MotoServer(Process process, IPEndPoint endPoint) => (_process, _endPoint) = (process, endPoint);

    public Ec2Requests Requests => new(_endPoint, new SigV4Credentials("AKIAIOSFODNN7EXAMPLE", "bench", SessionToken: null), "us-east-1");

    public TimeSpan CpuTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    public ApiConnection Connect() => new(_endPoint, authority: null);

    /// <summary>Starts it; null when it is not installed.</summary>
    public static async Task<MotoServer?> StartAsync(CancellationToken ct)
    {
        var endPoint = new IPEndPoint(IPAddress.Loopback, FreePort());
        var start = new ProcessStartInfo("python3", ["-m", "moto.server", "-H", "127.0.0.1", "-p", endPoint.Port.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        var process = Process.Start(start)!;
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        using var timeout = new CancellationTokenSource(_startTimeout, TimeProvider.System);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, timeout.Token);
        using var timer = new PeriodicTimer(_pollPeriod, TimeProvider.System);
        while (!process.HasExited)
        {
            try
            {
                using var probe = new Socket(SocketType.Stream, ProtocolType.Tcp);
                await probe.ConnectAsync(endPoint, either.Token);
                return new MotoServer(process, endPoint);
            }
            catch (SocketException)
            {
                await timer.WaitForNextTickAsync(either.Token);
            }
        }

        process.Dispose();
        return null;
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static int FreePort()
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
