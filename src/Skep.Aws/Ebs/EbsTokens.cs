using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Skep.Aws.Dispatch;
using Skep.Aws.Protocol;
using Skep.Core.Resources;
using Skep.Core.Store;

namespace Skep.Aws.Ebs;

/// <summary>
/// Tokens of blocks and pages: what they stand for is signed with a key of the account's, so that they cannot be made up,
/// and they expire. Version, expiry and position are in the clear before the signature. Thread-safe.
/// </summary>
internal sealed class EbsTokens(ResourceClient resources)
{
    /// <summary>How long a block token is good for (EBS: seven days).</summary>
    public static readonly TimeSpan BlockLifetime = TimeSpan.FromDays(7);

    /// <summary>How long a page token is good for (EBS: an hour).</summary>
    private static readonly TimeSpan _pageLifetime = TimeSpan.FromHours(1);

    private const string SecretName = "ebs-block-tokens";
    private const string KeyName = "key";
    private const int KeyLength = 32;
    private const byte Version = 1;
    private const int HeadLength = 17; // version, expiry in seconds, position
    private const int Length = HeadLength + HMACSHA256.HashSizeInBytes;

    /// <summary>Makes the account's key if there is none.</summary>
    public async Task EnsureKeyAsync(AwsCall call, CancellationToken ct)
    {
        if (resources.View.Get(CoreKinds.Secret, call.Namespace, SecretName) is not null)
            return;
        var transaction = resources.Begin();
        transaction.Create(CoreKinds.Secret, new Secret
        {
            Metadata = { Name = SecretName, Namespace = call.Namespace },
            Type = "Opaque",
            Data = new(StringComparer.Ordinal) { [KeyName] = RandomNumberGenerator.GetBytes(KeyLength) },
        });
        try
        {
            await transaction.CommitAsync(ct);
        }
        catch (ResourceException ex) when (ex.Reason is ResourceError.AlreadyExists or ResourceError.Conflict)
        {
            // Somebody else made it at the same time.
        }
    }

    /// <summary>Signs many tokens of one snapshot.</summary>
    public static Signer Open(AwsCall call) => new(KeyOf(call), call.Now);

    private static byte[] KeyOf(AwsCall call)
    {
        // The view of the call may be older than the key that was just made; the next attempt has it.
        var secret = call.View.Get(CoreKinds.Secret, call.Namespace, SecretName);
        return secret?.Data?.GetValueOrDefault(KeyName) is { Length: KeyLength } key
            ? key
            : throw new AwsException("InternalServerException", 500, $"The secret {call.Namespace}/{SecretName} has no {KeyName} of {KeyLength} bytes; delete it, and a new one is made.");
    }

    /// <summary>Signs and checks with one key at one time.</summary>
    internal sealed class Signer(byte[] key, DateTimeOffset now)
    {
        /// <summary>When the block tokens made now expire.</summary>
        public DateTimeOffset BlockExpiry { get; } = now + BlockLifetime;

        /// <summary>The token of a block.</summary>
        public string Block(string snapshotId, long block) => Write($"block {snapshotId}", block, BlockExpiry);

        /// <exception cref="AwsException">ValidationException, INVALID_BLOCK_TOKEN.</exception>
        public void CheckBlock(string token, string snapshotId, long block)
        {
            if (Read($"block {snapshotId}", token, out var signed, out var isExpired) && signed == block)
                return;
            throw EbsErrors.BlockToken(isExpired ? "has expired" : $"is not of block {block} of snapshot '{snapshotId}'");
        }

        /// <summary>The token of the page that begins with a block.</summary>
        public string Page(string list, long firstBlock) => Write($"page {list}", firstBlock, now + _pageLifetime);

        /// <summary>The block that a page begins with.</summary>
        /// <exception cref="AwsException">ValidationException, INVALID_PAGE_TOKEN.</exception>
        public long ReadPage(string list, string token) => Read($"page {list}", token, out var block, out _) ? block : throw EbsErrors.PageToken();

        private string Write(string subject, long position, DateTimeOffset expiry)
        {
            Span<byte> token = stackalloc byte[Length];
            token[0] = Version;
            BinaryPrimitives.WriteInt64BigEndian(token[1..], expiry.ToUnixTimeSeconds());
            BinaryPrimitives.WriteInt64BigEndian(token[9..], position);
            Sign(subject, token[..HeadLength], token[HeadLength..]);
            return Convert.ToBase64String(token);
        }

        private bool Read(string subject, string text, out long position, out bool isExpired)
        {
            Span<byte> token = stackalloc byte[Length];
            Span<byte> expected = stackalloc byte[HMACSHA256.HashSizeInBytes];
            (position, isExpired) = (-1, false);
            if (!Convert.TryFromBase64String(text, token, out var length) || length != Length || token[0] != Version)
                return false;
            Sign(subject, token[..HeadLength], expected);
            if (!CryptographicOperations.FixedTimeEquals(expected, token[HeadLength..]))
                return false;
            isExpired = BinaryPrimitives.ReadInt64BigEndian(token[1..]) < now.ToUnixTimeSeconds();
            position = BinaryPrimitives.ReadInt64BigEndian(token[9..]);
            return !isExpired;
        }

        private void Sign(string subject, ReadOnlySpan<byte> head, Span<byte> signature)
        {
            const int SubjectLengthMax = 256;
            Span<byte> signed = stackalloc byte[HeadLength + SubjectLengthMax];
            head.CopyTo(signed);
            var length = HeadLength + Encoding.UTF8.GetBytes(subject, signed[HeadLength..]);
            HMACSHA256.HashData(key, signed[..length], signature);
        }
    }
}
