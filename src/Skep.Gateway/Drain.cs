using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;

namespace Skep.Gateway;

/// <summary>
/// Lets a stopping daemon end soon: requests that run when the stop begins may finish within a time, then they are
/// aborted (watches and consoles would go on for ever).
/// </summary>
public sealed class Drain : IDisposable
{
    private readonly CancellationTokenSource _over = new();
    private readonly CancellationTokenRegistration _stopping;
    private ITimer? _timer;

    /// <summary>Waits for the host to begin stopping.</summary>
    public Drain(IHostApplicationLifetime lifetime, Readiness readiness, GatewayOptions options, TimeProvider time)
    {
        _stopping = lifetime.ApplicationStopping.Register(() =>
        {
            readiness.Unset();
            _timer = time.CreateTimer(_ => _over.Cancel(), null, options.DrainTimeout, Timeout.InfiniteTimeSpan);
        });
    }

    /// <summary>Aborts the request when the time is over, until disposed.</summary>
    public CancellationTokenRegistration AbortWhenOver(HttpContext context) =>
        _over.Token.UnsafeRegister(static state => ((HttpContext)state!).Abort(), context);

    /// <inheritdoc/>
    public void Dispose()
    {
        _stopping.Dispose();
        _timer?.Dispose();
        _over.Dispose();
    }
}
