using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Skep.Objects;

namespace Skep.S3.Encryption;

/// <summary>
/// How an object is encrypted: what is kept beside it (<see cref="ObjectMetadata.Encryption"/>), as JSON. What it takes to
/// decrypt is either the node's key ring or the customer's key, of which nothing is kept but a salted check.
/// </summary>
internal sealed record ObjectEncryption
{
    /// <summary>SSE-S3, as headers name it.</summary>
    public const string S3 = "AES256";

    /// <summary>SSE-KMS, as headers name it.</summary>
    public const string Kms = "aws:kms";

    /// <summary>SSE-C; headers name it by another header.</summary>
    public const string Customer = "customer";

    /// <summary><see cref="S3"/>, <see cref="Kms"/> or <see cref="Customer"/>.</summary>
    public required string Algorithm { get; init; }

    /// <summary>The KMS key's ARN.</summary>
    public string? KmsKeyId { get; init; }

    /// <summary>Whether a bucket key was asked for. It is shown; what it saves in AWS, calls to KMS, do not exist here.</summary>
    public bool BucketKeyEnabled { get; init; }

    /// <summary>The encryption context, base64 of a JSON object, as it was given.</summary>
    public string? Context { get; init; }

    /// <summary>The key of the node's ring that the data key is wrapped with.</summary>
    public string? RingKeyId { get; init; }

    /// <summary>The data key, wrapped.</summary>
    public byte[]? WrappedKey { get; init; }

    /// <summary>The salt of <see cref="CustomerKeyCheck"/>.</summary>
    public byte[]? CustomerKeySalt { get; init; }

    /// <summary>HMAC-SHA256 of the salt under the customer's key.</summary>
    public byte[]? CustomerKeyCheck { get; init; }

    /// <summary>
    /// The key of ETags, which are not the MD5 of the bytes for SSE-C and SSE-KMS; null where they are. Objects of one customer's
    /// key have ETags of their own by the salt.
    /// </summary>
    /// <param name="key">The key that the bytes are encrypted with.</param>
    public ReadOnlyMemory<byte>? ETagKey(ReadOnlySpan<byte> key) =>
        Algorithm == S3 ? (ReadOnlyMemory<byte>?)null : HMACSHA256.HashData(key, [.. "skep s3 etag"u8, .. CustomerKeySalt ?? []]);

    /// <summary>The stored form.</summary>
    public byte[] Encode() => JsonSerializer.SerializeToUtf8Bytes(this, EncryptionJson.Default.ObjectEncryption);

    /// <summary>Reads the stored form; null for what is not encrypted.</summary>
    /// <exception cref="ObjectException"><see cref="ObjectError.Damaged"/>.</exception>
    public static ObjectEncryption? Decode(ReadOnlyMemory<byte> stored)
    {
        if (stored.IsEmpty)
            return null;
        try
        {
            return JsonSerializer.Deserialize(stored.Span, EncryptionJson.Default.ObjectEncryption);
        }
        catch (JsonException ex)
        {
            throw new ObjectException(ObjectError.Damaged, $"what is stored of an object's encryption cannot be read: {ex.Message}", ex);
        }
    }
}

/// <summary>Serializer metadata.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(ObjectEncryption))]
internal sealed partial class EncryptionJson : JsonSerializerContext;
