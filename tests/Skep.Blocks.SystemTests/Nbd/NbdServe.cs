using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Skep.Blocks.SystemTests.Nbd;

/// <summary>A running <c>skep nbd serve</c>: of the published file that SKEP_PROGRAM names, else of the debug build.</summary>
internal sealed partial class NbdServe : IAsyncDisposable
{
    private const int SignalTerminate = 15;

    private readonly Process _process;
    private readonly Lock _gate = new();
    private readonly List<string> _errors = [];
    private readonly Task _errorsRead;
    private int _isDisposed;
    private TaskCompletionSource _errorCame = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private NbdServe(Process process)
    {
        _process = process;
        // A pipe that nobody empties would stop the server one day.
        _errorsRead = ReadErrorsAsync();
    }

    /// <summary>The address that it printed for each file.</summary>
    public List<string> Uris { get; } = [];

    public string Uri => Uris[0];

    public int ProcessId => _process.Id;

    /// <summary>Starts it and waits until it has said where each file is.</summary>
    public static async Task<NbdServe> StartAsync(int fileCount, params string[] arguments)
    {
        var start = new ProcessStartInfo(ProgramPath(), ["nbd", "serve", .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        var serve = new NbdServe(Process.Start(start)!);
        for (var i = 0; i < fileCount; i++)
        {
            var line = await serve._process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
            var match = ServingLine().Match(line ?? "");
            if (!match.Success)
            {
                await serve._errorsRead.WaitAsync(TestContext.Current.CancellationToken);
                await serve.DisposeAsync();
                Assert.Fail($"skep nbd serve printed {line}\n{serve.Errors}");
            }

            serve.Uris.Add(match.Groups["uri"].Value);
        }

        return serve;
    }

    /// <summary>Ends it as systemd would.</summary>
    /// <returns>Its exit code, and what it said on standard error.</returns>
    public async Task<(int Code, string Error)> StopAsync()
    {
        _ = Kill(_process.Id, SignalTerminate);
        await _errorsRead.WaitAsync(TestContext.Current.CancellationToken);
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (_process.ExitCode, Errors);
    }

    /// <summary>Everything that it said on standard error so far.</summary>
    public string Errors
    {
        get
        {
            lock (_gate)
                return string.Concat(_errors.Select(line => line + "\n"));
        }
    }

    /// <summary>Ends it as kill -9 does.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Waits until it has said something on standard error, now or before.</summary>
    public async Task WaitForErrorAsync(string text)
    {
        while (true)
        {
            Task more;
            lock (_gate)
            {
                if (_errors.Exists(line => line.Contains(text, StringComparison.Ordinal)))
                    return;
                more = _errorCame.Task;
            }
            Assert.False(_errorsRead.IsCompleted, $"skep nbd serve ended without a word of \"{text}\":\n{Errors}");
            await more.WaitAsync(TestContext.Current.CancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
            return;
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync(CancellationToken.None);
        }

        _process.Dispose();
    }

    private async Task ReadErrorsAsync()
    {
        while (await _process.StandardError.ReadLineAsync(CancellationToken.None) is { } line)
        {
            TaskCompletionSource came;
            lock (_gate)
            {
                _errors.Add(line);
                came = _errorCame;
                _errorCame = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
            came.SetResult();
        }
    }

    public static string ProgramPath([CallerFilePath] string here = "") => Environment.GetEnvironmentVariable("SKEP_PROGRAM")
        ?? Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../src/Skep/bin/Debug/net10.0/skep"));

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int processId, int signal);

    [GeneratedRegex(@"^serving .* \(\d+ bytes\) at (?<uri>\S+)$")]
    private static partial Regex ServingLine();
}
