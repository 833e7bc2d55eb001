using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Skep.Aws.Kinds;
using Skep.Aws.Protocol;
using Skep.Core.Resources;

namespace Skep.Aws.Dispatch;

/// <summary>Remembers the answers to client tokens in the store, in the transaction of the request itself.</summary>
internal static class Idempotency
{
    /// <summary>Characters a token may have, unless the service's model says.</summary>
    private const int TokenLengthMax = 64;

    /// <summary>Hex digits of the name's hash.</summary>
    private const int NameLength = 40;

    /// <summary>How long an answer is kept at least.</summary>
    private static readonly TimeSpan _lifetime = TimeSpan.FromHours(24);

    /// <summary>The token of a request, if it has a usable one.</summary>
    /// <exception cref="AwsException">InvalidParameterValue.</exception>
    public static string? Token(Structure request)
    {
        if (RequestMembers.ClientToken(request) is not { Length: > 0 } token)
            return null;
        var lengthMax = request.Shape.Find("ClientToken")?.Shape.Max ?? TokenLengthMax;
        if (token.Length > lengthMax || token.Any(c => c is < '!' or > '~'))
            throw new AwsException("InvalidParameterValue", 400, $"Invalid value for ClientToken: at most {lengthMax} printable ASCII characters are allowed.");
        return token;
    }

    /// <summary>The inside of the answer given before, or null when the token is new.</summary>
    /// <exception cref="AwsException">IdempotentParameterMismatch, or what the operation says of its subjects.</exception>
    public static byte[]? Replay(ServedOperation operation, string token, Structure request, AwsCall call)
    {
        if (call.View.Get(AwsKinds.IdempotencyRecord, call.Namespace, Name(operation, token, call)) is not { Spec: var spec })
            return null;
        if (spec.RequestSha256 != RequestHash(request))
            throw new AwsException("IdempotentParameterMismatch", 400, $"Arguments on this idempotent request are inconsistent with arguments used in previous request(s) with the client token '{token}'.");
        operation.Handler.CheckReplay(spec.InstanceIds ?? [], call);
        return Decompress(spec.Response);
    }

    /// <summary>Adds the record of an answer to the call's transaction.</summary>
    public static void Remember(ServedOperation operation, string token, Structure request, Structure? response, ReadOnlySpan<byte> body, AwsCall call)
    {
        var subjects = response is null ? [] : operation.Handler.Subjects(response);
        call.Transaction.Create(AwsKinds.IdempotencyRecord, new IdempotencyRecord
        {
            Metadata = call.NewMetadata(Name(operation, token, call)),
            Spec =
            {
                Operation = operation.Name,
                RequestSha256 = RequestHash(request),
                Response = Compress(body),
                InstanceIds = subjects.Count > 0 ? [.. subjects] : null,
                Expires = call.Now + _lifetime,
            },
        });
    }

    private static string Name(ServedOperation operation, string token, AwsCall call) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{call.Region}\n{operation.Name}\n{token}")))[..NameLength];

    private static string RequestHash(Structure request) =>
        Convert.ToHexStringLower(RequestMembers.Hash(request, "ClientToken", "DryRun"));

    private static byte[] Compress(ReadOnlySpan<byte> bytes)
    {
        using var target = new MemoryStream();
        using (var deflate = new DeflateStream(target, CompressionLevel.Fastest))
            deflate.Write(bytes);
        return target.ToArray();
    }

    private static byte[] Decompress(byte[] bytes)
    {
        using var target = new MemoryStream();
        using var deflate = new DeflateStream(new MemoryStream(bytes), CompressionMode.Decompress);
        deflate.CopyTo(target);
        return target.ToArray();
    }
}
