using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Skep.Core.Hosting;
using Skep.Core.Identity;

namespace Skep.Gateway;

/// <summary>
/// Finds who the connection's client certificate or the request's bearer token names. Signatures (SigV4) are the
/// dialects' own business. Thread-safe.
/// </summary>
public sealed class Authenticator(CertificateAuthority authority, IdentityDirectory directory, TimeProvider time, SkepOptions options)
{
    private const string CommonNameOid = "2.5.4.3";
    private const string OrganizationOid = "2.5.4.10";
    private const string BearerPrefix = "Bearer ";
    private static readonly object _itemKey = new();

    /// <summary>Who it is; null when the request brings nothing, or nothing valid.</summary>
    public Principal? Authenticate(HttpContext context) => FromCertificate(context) ?? FromToken(context);

    private Principal? FromCertificate(HttpContext context)
    {
        // The signature is checked once a connection; who the name belongs to, at every request.
        var items = context.Features.Get<IConnectionItemsFeature>()?.Items;
        if (items is not null && items.TryGetValue(_itemKey, out var known))
            return (known as Subject)?.NotAfter > time.GetUtcNow() ? ToPrincipal((Subject)known) : null;
        var subject = context.Connection.ClientCertificate is { } certificate && TryRead(certificate, out var read) ? read : null;
        items?.Add(_itemKey, subject);
        return subject is null ? null : ToPrincipal(subject);
    }

    private Principal? FromToken(HttpContext context)
    {
        var header = context.Request.Headers.Authorization;
        return header is [{ } value] && value.StartsWith(BearerPrefix, StringComparison.OrdinalIgnoreCase)
            ? directory.FindToken(value[BearerPrefix.Length..].Trim())
            : null;
    }

    private bool TryRead(X509Certificate2 certificate, [NotNullWhen(true)] out Subject? subject)
    {
        subject = null;
        if (!authority.IsValidClient(certificate))
            return false;
        try
        {
            string? name = null;
            var groups = new List<string>();
            foreach (var part in certificate.SubjectName.EnumerateRelativeDistinguishedNames())
            {
                if (part.HasMultipleElements)
                    return false;
                if (part.GetSingleElementType().Value == CommonNameOid)
                    name = part.GetSingleElementValue();
                else if (part.GetSingleElementType().Value == OrganizationOid && part.GetSingleElementValue() is { } group)
                    groups.Add(group);
            }

            if (string.IsNullOrEmpty(name))
                return false;
            subject = new Subject(name, groups, new DateTimeOffset(certificate.NotAfter));
            return true;
        }
        catch (CryptographicException)
        {
            return false; // issued by us, yet with a name that cannot be read: nobody
        }
    }

    /// <summary>A user of the default account has that user's ids; other names (nodes) stand for themselves.</summary>
    private Principal ToPrincipal(Subject subject)
    {
        if (directory.FindUser(ns: "default", subject.Name) is { } user)
            return user with { Groups = [.. user.Groups.Union(subject.Groups)] };
        return new Principal(subject.Name, options.AccountId, "default", $"arn:aws:iam::{options.AccountId}:user/{subject.Name}", subject.Name, subject.Groups);
    }

    private sealed record Subject(string Name, IReadOnlyList<string> Groups, DateTimeOffset NotAfter);
}
