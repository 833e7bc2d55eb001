using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Skep.Objects.Checksums;

/// <summary>Computes a checksum while bytes pass by. Not thread-safe.</summary>
public abstract class ChecksumHasher : IDisposable
{
    private protected ChecksumHasher()
    {
    }

    /// <summary>A hasher for an algorithm.</summary>
    public static ChecksumHasher Create(ChecksumAlgorithm algorithm) => algorithm switch
    {
        ChecksumAlgorithm.Sha1 => new HashHasher(HashAlgorithmName.SHA1),
        ChecksumAlgorithm.Sha256 => new HashHasher(HashAlgorithmName.SHA256),
        _ => new CrcHasher(CrcOf(algorithm) ?? throw new ArgumentOutOfRangeException(nameof(algorithm), algorithm, "not a checksum algorithm")),
    };

    /// <summary>Bytes of an algorithm's digest.</summary>
    public static int SizeBytes(ChecksumAlgorithm algorithm) => algorithm switch
    {
        ChecksumAlgorithm.Sha1 => SHA1.HashSizeInBytes,
        ChecksumAlgorithm.Sha256 => SHA256.HashSizeInBytes,
        _ => CrcOf(algorithm)?.SizeBytes ?? throw new ArgumentOutOfRangeException(nameof(algorithm), algorithm, "not a checksum algorithm"),
    };

    /// <summary>Whether digests of runs of bytes can be put together to that of all.</summary>
    public static bool CanCombine(ChecksumAlgorithm algorithm) => CrcOf(algorithm) is not null;

    /// <summary>The digest of two runs of bytes from the digest of each.</summary>
    public static byte[] Combine(ChecksumAlgorithm algorithm, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, long secondLengthBytes)
    {
        var crc = CrcOf(algorithm) ?? throw new ArgumentOutOfRangeException(nameof(algorithm), algorithm, "only CRCs can be combined");
        return ToBytes(crc, crc.Combine(FromBytes(first), FromBytes(second), secondLengthBytes));
    }

    /// <summary>Takes the next bytes.</summary>
    public abstract void Append(ReadOnlySpan<byte> bytes);

    /// <summary>The digest of all bytes so far; CRCs most significant byte first.</summary>
    public abstract byte[] Finish();

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees what the hasher holds.</summary>
    protected virtual void Dispose(bool disposing)
    {
    }

    private static Crc? CrcOf(ChecksumAlgorithm algorithm) => algorithm switch
    {
        ChecksumAlgorithm.Crc32 => Crc.Crc32,
        ChecksumAlgorithm.Crc32C => Crc.Crc32C,
        ChecksumAlgorithm.Crc64Nvme => Crc.Crc64Nvme,
        _ => null,
    };

    private static byte[] ToBytes(Crc crc, ulong value)
    {
        Span<byte> all = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(all, value);
        return all[(8 - crc.SizeBytes)..].ToArray();
    }

    private static ulong FromBytes(ReadOnlySpan<byte> digest)
    {
        var value = 0UL;
        foreach (var part in digest)
            value = (value << 8) | part;
        return value;
    }

    private sealed class CrcHasher(Crc crc) : ChecksumHasher
    {
        private ulong _value;

        public override void Append(ReadOnlySpan<byte> bytes) => _value = crc.Append(_value, bytes);

        public override byte[] Finish() => ToBytes(crc, _value);
    }

    private sealed class HashHasher(HashAlgorithmName name) : ChecksumHasher
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(name);

        public override void Append(ReadOnlySpan<byte> bytes) => _hash.AppendData(bytes);

        public override byte[] Finish() => _hash.GetCurrentHash();

        protected override void Dispose(bool disposing)
        {
            _hash.Dispose();
            base.Dispose(disposing);
        }
    }
}
