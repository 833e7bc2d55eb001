using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Skep.Core.Resources;
using Skep.Linux;

namespace Skep.Core.Identity.Bootstrap;

/// <summary>
/// The certificates of one data directory, in <c>pki/</c>: the authority, the server's and the admin's. Each file holds
/// a certificate together with its key, so that no crash can leave two that do not match.
/// </summary>
public sealed class Certificates : IDisposable
{
    /// <summary>Certificates with less time left than this are replaced.</summary>
    private static readonly TimeSpan _renewBefore = TimeSpan.FromDays(60);

    private readonly string _directory;
    private readonly TimeProvider _time;
    private X509Certificate2? _server;

    private Certificates(string directory, CertificateAuthority authority, TimeProvider time)
    {
        _directory = directory;
        Authority = authority;
        _time = time;
    }

    /// <summary>The cluster's authority.</summary>
    public CertificateAuthority Authority { get; }

    /// <summary>Where the authority's certificate is.</summary>
    public string AuthorityPath => Path.Combine(_directory, "ca.crt");

    /// <summary>The server's certificate, with its key.</summary>
    public X509Certificate2 Server => _server ?? throw new InvalidOperationException("EnsureServer comes first");

    /// <summary>Opens the directory, and makes the authority on first start.</summary>
    public static Certificates Open(string directory, TimeProvider time, IIdSource ids)
    {
        Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return new Certificates(directory, CertificateAuthority.Open(directory, time, ids), time);
    }

    /// <summary>
    /// Loads the server's certificate; makes a new one when there is none, when it lacks one of the names, or when it
    /// nears its end. Called again while the daemon runs, it replaces the certificate for new connections.
    /// </summary>
    public void EnsureServer(ServerNames names)
    {
        var path = Path.Combine(_directory, "server.pem");
        var known = _server ?? Load(path);
        if (known is null || !Authority.IsValidServer(known, _time.GetUtcNow() + _renewBefore) || !names.AreIn(known))
        {
            known = Authority.IssueServer(names.CommonName, names.DnsNames, names.Addresses);
            Save(path, known);
        }

        // The one before is left to the collector: a handshake may be using it.
        _server = known;
    }

    /// <summary>Loads the admin's client certificate or makes one; returns certificate and key as PEM.</summary>
    public (string CertificatePem, string KeyPem) EnsureAdmin()
    {
        var path = Path.Combine(_directory, "admin.pem");
        var known = Load(path);
        if (known is null || known.NotAfter.ToUniversalTime() < (_time.GetUtcNow() + _renewBefore).UtcDateTime || !Authority.IsValidClient(known))
        {
            known = Authority.IssueClient(BootstrapResources.AdminName, [Principal.MastersGroup]);
            Save(path, known);
        }

        using (known)
            return (known.ExportCertificatePem(), KeyPemOf(known));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _server?.Dispose();
        Authority.Dispose();
    }

    private static X509Certificate2? Load(string path)
    {
        if (!File.Exists(path))
            return null;
        try
        {
            var pem = File.ReadAllText(path);
            return X509Certificate2.CreateFromPem(pem, pem);
        }
        catch (Exception ex) when (ex is CryptographicException or ArgumentException)
        {
            return null; // not what was written: the authority can make another
        }
    }

    private static void Save(string path, X509Certificate2 certificate) =>
        AtomicFile.Write(path, Encoding.ASCII.GetBytes($"{certificate.ExportCertificatePem()}\n{KeyPemOf(certificate)}\n"), AtomicFile.OwnerOnly);

    private static string KeyPemOf(X509Certificate2 certificate)
    {
        using var key = certificate.GetECDsaPrivateKey()!;
        return key.ExportPkcs8PrivateKeyPem();
    }
}

/// <summary>The names and addresses by which clients reach a server.</summary>
public sealed record ServerNames(string CommonName, IReadOnlyCollection<string> DnsNames, IReadOnlyCollection<IPAddress> Addresses)
{
    /// <summary>Whether a certificate carries all of them (it may carry more: addresses that have gone do no harm).</summary>
    public bool AreIn(X509Certificate2 certificate)
    {
        if (certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().FirstOrDefault() is not { } extension)
            return false;
        var dnsNames = extension.EnumerateDnsNames().ToHashSet(StringComparer.OrdinalIgnoreCase);
        var addresses = extension.EnumerateIPAddresses().ToHashSet();
        return dnsNames.IsSupersetOf(DnsNames) && addresses.IsSupersetOf(Addresses);
    }
}
