using System.Net;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Skep.Core.Identity.Bootstrap;

namespace Skep.Daemon;

/// <summary>Looks once a day whether the server's certificate still fits, so that a daemon may run for years.</summary>
internal sealed partial class CertificateRenewal(Certificates certificates, IPAddress listen, TimeProvider time, ILogger<CertificateRenewal> logger)
    : BackgroundService
{
    private static readonly TimeSpan _period = TimeSpan.FromDays(1);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(_period, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                var before = certificates.Server;
                certificates.EnsureServer(LocalNames.Find(listen));
                if (!ReferenceEquals(before, certificates.Server))
                    LogRenewed(certificates.Server.NotAfter);
            }
            catch (IOException ex)
            {
                LogFailed(ex); // a full disk, say: the certificate in use still has weeks left
            }
        }
    }

    [LoggerMessage(EventId = 110, Level = LogLevel.Information, Message = "the server's certificate was renewed; it ends {NotAfter}")]
    private partial void LogRenewed(DateTime notAfter);

    [LoggerMessage(EventId = 111, Level = LogLevel.Warning, Message = "the server's certificate could not be renewed; again tomorrow")]
    private partial void LogFailed(Exception exception);
}
