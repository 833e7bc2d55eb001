using System.Security.Cryptography;
using System.Text;
using Skep.Core.Resources;

namespace Skep.Core.Store.Sqlite;

/// <summary>
/// Encrypts documents at rest with AES-256-GCM. A record is: format (1 byte, 1), key id (8), nonce (12), ciphertext,
/// tag (16). The resource's key is associated data, so a record moved to another resource does not decrypt. A JSON
/// document begins with a brace, so the first byte tells both apart. Thread-safe.
/// </summary>
internal sealed class DocumentCipher(SecretsKey key) : IDisposable
{
    private const byte Format = 1;
    private const int NonceSize = 12;
    private const int TagSize = 16;
    private const int HeaderSize = 1 + SecretsKey.IdSize + NonceSize;

    private readonly Lock _lock = new();
    private readonly AesGcm _aes = new(key.Key, TagSize);

    /// <summary>Whether stored bytes are a record rather than a plain document.</summary>
    public static bool IsEncrypted(ReadOnlySpan<byte> stored) => stored.Length > 0 && stored[0] == Format;

    /// <summary>The record of a document.</summary>
    public byte[] Encrypt(ResourceKey resource, ReadOnlySpan<byte> document)
    {
        var record = new byte[HeaderSize + document.Length + TagSize];
        record[0] = Format;
        key.Id.CopyTo(record.AsSpan(1));
        var nonce = record.AsSpan(1 + SecretsKey.IdSize, NonceSize);
        // Not from the injected id source: a nonce that a seed repeats would give the documents away.
        RandomNumberGenerator.Fill(nonce);
        lock (_lock)
            _aes.Encrypt(nonce, document, record.AsSpan(HeaderSize, document.Length), record.AsSpan(^TagSize..), AssociatedData(resource));
        return record;
    }

    /// <summary>The document of a record.</summary>
    /// <exception cref="IOException">It was encrypted with another key, or was changed.</exception>
    public byte[] Decrypt(ResourceKey resource, ReadOnlySpan<byte> record)
    {
        if (record.Length < HeaderSize + TagSize)
            throw new IOException($"the encrypted document of {resource} is damaged: {record.Length} bytes are too few");
        if (!record.Slice(1, SecretsKey.IdSize).SequenceEqual(key.Id))
            throw new IOException($"the document of {resource} is encrypted with key {Convert.ToHexStringLower(record.Slice(1, SecretsKey.IdSize))}, but secrets.key is key {Convert.ToHexStringLower(key.Id)}");
        var document = new byte[record.Length - HeaderSize - TagSize];
        try
        {
            lock (_lock)
                _aes.Decrypt(record.Slice(1 + SecretsKey.IdSize, NonceSize), record[HeaderSize..^TagSize], record[^TagSize..], document, AssociatedData(resource));
        }
        catch (AuthenticationTagMismatchException ex)
        {
            throw new IOException($"the encrypted document of {resource} is damaged: it does not match its authentication tag", ex);
        }

        return document;
    }

    /// <inheritdoc/>
    public void Dispose() => _aes.Dispose();

    private static byte[] AssociatedData(ResourceKey resource) => Encoding.UTF8.GetBytes(resource.ToString());
}
