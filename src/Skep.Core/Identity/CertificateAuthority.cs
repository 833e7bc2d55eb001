using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Skep.Core.Resources;
using Skep.Linux;

namespace Skep.Core.Identity;

/// <summary>
/// The cluster's certificate authority: an ECDSA P-256 key and a self-signed certificate, in <c>ca.key</c> (readable by
/// the owner alone) and <c>ca.crt</c>. Thread-safe.
/// </summary>
public sealed class CertificateAuthority : IDisposable
{
    private const string ServerAuthOid = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthOid = "1.3.6.1.5.5.7.3.2";

    /// <summary>The largest serial number that RFC 5280 section 4.1.2.2 allows is 20 bytes; 16 random ones do not repeat.</summary>
    private const int SerialNumberLength = 16;

    private static readonly TimeSpan _authorityLifetime = TimeSpan.FromDays(3650);
    private static readonly TimeSpan _leafLifetime = TimeSpan.FromDays(730);

    /// <summary>Certificates are valid from this long before they are made, for clients whose clock is behind.</summary>
    private static readonly TimeSpan _clockSkewMax = TimeSpan.FromHours(1);

    private readonly X509Certificate2 _certificate;
    private readonly TimeProvider _time;
    private readonly IIdSource _ids;

    private CertificateAuthority(X509Certificate2 certificate, TimeProvider time, IIdSource ids)
    {
        _certificate = certificate;
        _time = time;
        _ids = ids;
    }

    /// <summary>The certificate that clients trust.</summary>
    public string CertificatePem => _certificate.ExportCertificatePem();

    /// <summary>
    /// Loads the authority from a directory, or makes it on first start. A crash between the two files leaves the key,
    /// from which the next start makes the certificate.
    /// </summary>
    /// <exception cref="IdentityException">The files do not belong together or cannot be read.</exception>
    public static CertificateAuthority Open(string directory, TimeProvider time, IIdSource ids)
    {
        var keyPath = Path.Combine(directory, "ca.key");
        var certificatePath = Path.Combine(directory, "ca.crt");
        if (!File.Exists(keyPath))
        {
            if (File.Exists(certificatePath))
                throw new IdentityException($"{certificatePath} is there but {keyPath} is not: restore the key, or remove the certificate to have a new authority made (clients must then trust it anew)");
            using var made = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            AtomicFile.Write(keyPath, Encoding.ASCII.GetBytes(made.ExportPkcs8PrivateKeyPem() + "\n"), AtomicFile.OwnerOnly);
        }

        try
        {
            using var key = ECDsa.Create();
            key.ImportFromPem(File.ReadAllText(keyPath));
            if (!File.Exists(certificatePath))
            {
                using var made = SelfSign(key, time, ids);
                AtomicFile.Write(certificatePath, Encoding.ASCII.GetBytes(made.ExportCertificatePem() + "\n"), AtomicFile.Public);
            }

            using var certificate = X509Certificate2.CreateFromPem(File.ReadAllText(certificatePath));
            return new CertificateAuthority(certificate.CopyWithPrivateKey(key), time, ids);
        }
        catch (Exception ex) when (ex is ArgumentException or CryptographicException)
        {
            throw new IdentityException($"{keyPath} and {certificatePath} cannot be used: {ex.Message}");
        }
    }

    /// <summary>Makes a server's certificate with its key, for TLS servers that answer to these names and addresses.</summary>
    public X509Certificate2 IssueServer(string commonName, IReadOnlyCollection<string> dnsNames, IReadOnlyCollection<IPAddress> addresses)
    {
        var names = new SubjectAlternativeNameBuilder();
        foreach (var name in dnsNames)
            names.AddDnsName(name);
        foreach (var address in addresses)
            names.AddIpAddress(address);
        var subject = new X500DistinguishedNameBuilder();
        subject.AddCommonName(commonName);
        return Issue(subject.Build(), ServerAuthOid, names.Build());
    }

    /// <summary>Makes a client's certificate with its key; the user is the common name, groups are organizations.</summary>
    public X509Certificate2 IssueClient(string user, IEnumerable<string> groups)
    {
        var subject = new X500DistinguishedNameBuilder();
        subject.AddCommonName(user);
        foreach (var group in groups)
            subject.AddOrganizationName(group);
        return Issue(subject.Build(), ClientAuthOid, null);
    }

    /// <summary>Whether a certificate was issued by this authority for clients and is valid now.</summary>
    public bool IsValidClient(X509Certificate2 certificate) => IsValid(certificate, ClientAuthOid, _time.GetUtcNow());

    /// <summary>Whether a certificate was issued by this authority for servers and is valid at a time.</summary>
    public bool IsValidServer(X509Certificate2 certificate, DateTimeOffset at) => IsValid(certificate, ServerAuthOid, at);

    /// <inheritdoc/>
    public void Dispose() => _certificate.Dispose();

    private static X509Certificate2 SelfSign(ECDsa key, TimeProvider time, IIdSource ids)
    {
        // The suffix tells the authorities of two clusters apart in a list of certificates.
        var subject = new X500DistinguishedNameBuilder();
        subject.AddCommonName($"Skep CA {ids.NewSuffix(6)}");
        var request = new CertificateRequest(subject.Build(), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        var now = time.GetUtcNow();
        return request.CreateSelfSigned(now - _clockSkewMax, now + _authorityLifetime);
    }

    private X509Certificate2 Issue(X500DistinguishedName subject, string usageOid, X509Extension? names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usageOid)], critical: false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_certificate, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        if (names is not null)
            request.CertificateExtensions.Add(names);

        Span<byte> serial = stackalloc byte[SerialNumberLength];
        _ids.Fill(serial);
        serial[0] &= 0x7f; // serial numbers are positive
        var now = _time.GetUtcNow();
        var end = now + _leafLifetime;
        var authorityEnd = new DateTimeOffset(_certificate.NotAfter);
        using var issued = request.Create(_certificate, now - _clockSkewMax, end < authorityEnd ? end : authorityEnd, serial);
        return issued.CopyWithPrivateKey(key);
    }

    private bool IsValid(X509Certificate2 certificate, string usageOid, DateTimeOffset at)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(_certificate);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(usageOid));
        chain.ChainPolicy.VerificationTime = at.UtcDateTime;
        // A stranger's certificate must not make this machine fetch what it names.
        chain.ChainPolicy.DisableCertificateDownloads = true;
        var isValid = chain.Build(certificate);
        foreach (var element in chain.ChainElements)
            element.Certificate.Dispose();
        return isValid;
    }
}
