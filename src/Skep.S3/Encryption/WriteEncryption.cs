using Microsoft.AspNetCore.Http;
using Skep.Objects;

namespace Skep.S3.Encryption;

/// <summary>How something that is being written is encrypted.</summary>
/// <param name="Encryption">What is kept beside it; null when it is not encrypted.</param>
/// <param name="Key">The key that its bytes are encrypted with.</param>
/// <param name="Customer">The customer's key, where it is that.</param>
internal sealed record WriteEncryption(ObjectEncryption? Encryption, ReadOnlyMemory<byte>? Key, CustomerKey? Customer)
{
    /// <summary>Not encrypted.</summary>
    public static WriteEncryption None { get; } = new(null, null, null);

    /// <summary>The stored form of what is kept.</summary>
    public ReadOnlyMemory<byte> Stored => Encryption?.Encode() ?? [];

    /// <summary>The claims of a body that is to be encrypted so.</summary>
    public BodyClaims Apply(BodyClaims claims) =>
        Encryption is { } encryption && Key is { } key ? claims with { EncryptionKey = key, ETagKey = encryption.ETagKey(key.Span) } : claims;

    /// <summary>Says so in the answer.</summary>
    public void WriteHeaders(IHeaderDictionary headers)
    {
        EncryptionHeaders.Write(headers, Encryption, Customer);
        if (Encryption?.Context is { } context)
            headers[EncryptionHeaders.Context] = context;
    }

    /// <summary>Whether something that is encrypted like that may keep its bytes as they are, and needs its data key wrapped anew at most.</summary>
    public bool CanShare(ObjectEncryption? source) =>
        Encryption is null
            ? source is null
            : source is not null
                && source.Algorithm != ObjectEncryption.Customer
                && (source.Algorithm, source.KmsKeyId, source.Context) == (Encryption.Algorithm, Encryption.KmsKeyId, Encryption.Context);
}
