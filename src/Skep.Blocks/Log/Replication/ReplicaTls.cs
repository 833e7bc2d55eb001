using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Skep.Blocks.Log.Replication;

/// <summary>
/// How both ends show each other who they are: each has a certificate of one authority, which is trusted for nothing else, and a
/// keeper's is for the name by which it is called (TLS 1.2 or 1.3).
/// </summary>
public sealed class ReplicaTls
{
    private readonly SslStreamCertificateContext _certificate;
    private readonly X509Certificate2Collection _authorities = [];

    private ReplicaTls(SslStreamCertificateContext certificate) => _certificate = certificate;

    /// <summary>Reads the files.</summary>
    /// <param name="certificatePath">This end's certificate with its chain, in PEM.</param>
    /// <param name="keyPath">Its private key, in PEM.</param>
    /// <param name="authorityPath">The authority of both ends, in PEM.</param>
    /// <exception cref="System.Security.Cryptography.CryptographicException">A file has not what it should.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static ReplicaTls Read(string certificatePath, string keyPath, string authorityPath)
    {
        var chain = new X509Certificate2Collection();
        chain.ImportFromPemFile(certificatePath);
        var certificate = X509Certificate2.CreateFromPemFile(certificatePath, keyPath);
        var tls = new ReplicaTls(SslStreamCertificateContext.Create(certificate, chain, offline: true));
        tls._authorities.ImportFromPemFile(authorityPath);
        return tls;
    }

    internal async Task<Stream> AuthenticateAsClientAsync(Stream stream, string host, CancellationToken ct)
    {
        var secured = new SslStream(stream);
        await secured.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = host,
                ClientCertificateContext = _certificate,
                EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                CertificateChainPolicy = Policy(),
            },
            ct);
        return secured;
    }

    internal async Task<Stream> AuthenticateAsServerAsync(Stream stream, CancellationToken ct)
    {
        var secured = new SslStream(stream);
        await secured.AuthenticateAsServerAsync(
            new SslServerAuthenticationOptions
            {
                ServerCertificateContext = _certificate,
                ClientCertificateRequired = true,
                EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                CertificateChainPolicy = Policy(),
                RemoteCertificateValidationCallback = static (_, certificate, _, errors) => certificate is not null && errors == SslPolicyErrors.None,
            },
            ct);
        return secured;
    }

    private X509ChainPolicy Policy()
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(_authorities);
        return policy;
    }
}
