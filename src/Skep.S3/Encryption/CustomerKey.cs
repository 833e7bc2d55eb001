using System.Net;
using System.Security.Cryptography;
using Skep.Objects;
using Skep.S3.Errors;
using Skep.S3.Requests;

namespace Skep.S3.Encryption;

/// <summary>
/// A key that a customer sends with every request (SSE-C). It lives as long as the request; what is kept of it is a salted
/// check, so that another key is told from it.
/// </summary>
internal sealed class CustomerKey
{
    private const int KeyBytes = 32;
    private const int SaltBytes = 16;

    private readonly byte[] _key;

    private CustomerKey(byte[] key, string md5)
    {
        _key = key;
        Md5 = md5;
    }

    /// <summary>The key.</summary>
    public ReadOnlyMemory<byte> Key => _key;

    /// <summary>Its MD5 in base64, which answers name it by.</summary>
    public string Md5 { get; }

    /// <summary>The key that a request sends; null when it sends none.</summary>
    /// <param name="call">The request.</param>
    /// <param name="prefix">The beginning of the headers' names.</param>
    /// <exception cref="S3Exception">Something is missing or wrong, or others could have read the key on its way.</exception>
    public static CustomerKey? Read(S3Call call, string prefix)
    {
        var (algorithm, text, md5) = (call.Header(prefix + "algorithm"), call.Header(prefix + "key"), call.Header(prefix + "key-md5") ?? call.Header(prefix + "key-MD5"));
        if (algorithm is null && text is null && md5 is null)
            return null;
        if (!IsPrivate(call))
            throw S3Errors.InvalidRequest("Requests specifying Server Side Encryption with Customer provided keys must be made over a secure connection.");
        return Parse(algorithm, text, md5, prefix);
    }

    /// <summary>Reads a key from its three headers.</summary>
    /// <exception cref="S3Exception">One is missing or wrong. The key is in no message.</exception>
    public static CustomerKey Parse(string? algorithm, string? text, string? md5, string prefix)
    {
        if (algorithm is null)
            throw S3Errors.InvalidArgument(prefix + "algorithm", "", "Requests specifying Server Side Encryption with Customer provided keys must provide a valid encryption algorithm.");
        if (algorithm != ObjectEncryption.S3)
            throw S3Errors.Of("InvalidEncryptionAlgorithmError", 400, $"The encryption request you specified is not valid. The valid value is {ObjectEncryption.S3}.");
        if (text is null)
            throw S3Errors.InvalidArgument(prefix + "key", "", "Requests specifying Server Side Encryption with Customer provided keys must provide an appropriate secret key.");
        if (md5 is null)
            throw S3Errors.InvalidArgument(prefix + "key-MD5", "", "Requests specifying Server Side Encryption with Customer provided keys must provide the client calculated MD5 of the secret key.");
        var key = new byte[KeyBytes];
        if (!Convert.TryFromBase64String(text, key, out var length) || length != KeyBytes)
            throw S3Errors.InvalidArgument(prefix + "key", "", "The secret key was invalid for the specified algorithm.");
        var digest = new byte[MD5.HashSizeInBytes];
        if (!Convert.TryFromBase64String(md5, digest, out length) || length != digest.Length || !digest.AsSpan().SequenceEqual(MD5.HashData(key)))
            throw S3Errors.InvalidArgument(prefix + "key-MD5", "", "The calculated MD5 hash of the key did not match the hash that was provided.");
        return new CustomerKey(key, Convert.ToBase64String(digest));
    }

    /// <summary>What is kept of an object that is encrypted with it.</summary>
    // The salt is not from an injected source: one that a seed repeats would tell equal keys.
    public ObjectEncryption Describe()
    {
        var salt = RandomNumberGenerator.GetBytes(SaltBytes);
        return new ObjectEncryption { Algorithm = ObjectEncryption.Customer, CustomerKeySalt = salt, CustomerKeyCheck = HMACSHA256.HashData(_key, salt) };
    }

    /// <summary>Requires that an object was encrypted with it.</summary>
    /// <exception cref="S3Exception">It was with another.</exception>
    public void RequireFor(ObjectEncryption encryption)
    {
        if (!CryptographicOperations.FixedTimeEquals(HMACSHA256.HashData(_key, encryption.CustomerKeySalt ?? []), encryption.CustomerKeyCheck ?? []))
            throw S3Errors.InvalidRequest("The provided encryption parameters did not match the ones used originally.");
    }

    /// <summary>A connection that does not leave the machine is as good as TLS.</summary>
    private static bool IsPrivate(S3Call call) =>
        call.Http.Request.IsHttps
        || (call.Http.Connection.RemoteIpAddress is { } address && IPAddress.IsLoopback(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address));
}
