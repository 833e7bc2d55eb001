using System.CommandLine;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Skep.Blocks.Nbd;

namespace Skep.Cli.Nbd;

/// <summary>The options <c>--tls-…</c>.</summary>
internal sealed class NbdTlsOptions
{
    private readonly Option<string?> _certificate = new("--tls-cert") { Description = "The server's certificate with its chain, in PEM. Turns TLS on; clients without it are refused.", HelpName = "PEM" };
    private readonly Option<string?> _key = new("--tls-key") { Description = "The certificate's private key (default: it is in the same file).", HelpName = "PEM" };
    private readonly Option<string?> _clientAuthority = new("--tls-client-ca") { Description = "Let in only clients with a certificate of this authority.", HelpName = "PEM" };
    private readonly Option<bool> _optional = new("--tls-optional") { Description = "Let clients without TLS in too." };

    /// <summary>Adds them to a verb.</summary>
    public void AddTo(Command command)
    {
        command.Add(_certificate);
        command.Add(_key);
        command.Add(_clientAuthority);
        command.Add(_optional);
        command.Validators.Add(result =>
        {
            if (result.GetValue(_certificate) is null && (result.GetValue(_key) is not null || result.GetValue(_clientAuthority) is not null || result.GetValue(_optional)))
                result.AddError("TLS needs --tls-cert");
            if (result.GetValue(_optional) && result.GetValue(_clientAuthority) is not null)
                result.AddError("--tls-optional would let in clients that --tls-client-ca keeps out");
        });
    }

    /// <summary>What was asked for; null without TLS.</summary>
    /// <exception cref="CliException">A file cannot be read or is no certificate.</exception>
    public NbdServerTls? Read(ParseResult parsed)
    {
        if (parsed.GetValue(_certificate) is not { } certificatePath)
            return null;
        var keyPath = parsed.GetValue(_key);
        try
        {
            var chain = new X509Certificate2Collection();
            chain.ImportFromPemFile(certificatePath);
            var certificate = X509Certificate2.CreateFromPemFile(certificatePath, keyPath ?? certificatePath);
            var authentication = new SslServerAuthenticationOptions
            {
                ServerCertificateContext = SslStreamCertificateContext.Create(certificate, chain, offline: true),
                EnabledSslProtocols = System.Security.Authentication.SslProtocols.Tls12 | System.Security.Authentication.SslProtocols.Tls13,
            };
            if (parsed.GetValue(_clientAuthority) is { } authorityPath)
                RequireClient(authentication, authorityPath);
            return new NbdServerTls { Authentication = authentication, IsRequired = !parsed.GetValue(_optional) };
        }
        catch (Exception ex) when (ex is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new CliException($"TLS: {ex.Message}", ex is FileNotFoundException ? ExitCode.NotFound : ExitCode.Failure);
        }
    }

    private static void RequireClient(SslServerAuthenticationOptions authentication, string authorityPath)
    {
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPemFile(authorityPath);
        authentication.ClientCertificateRequired = true;
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(authorities);
        authentication.CertificateChainPolicy = policy;
        authentication.RemoteCertificateValidationCallback = (_, certificate, _, errors) => certificate is not null && errors == SslPolicyErrors.None;
    }
}
