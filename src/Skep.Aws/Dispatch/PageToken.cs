using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Skep.Aws.Protocol;

namespace Skep.Aws.Dispatch;

/// <summary>
/// The opaque NextToken: the key of the last item shown, bound to account, region, operation and parameters by a hash.
/// It grants nothing (every page is authorized anew), so it needs no secret; and since it names a position, not a
/// page number, nothing is skipped or shown twice when items come and go.
/// </summary>
internal static class PageToken
{
    private const int BindingLength = 16;

    public static string Write(string key, OperationModel operation, Structure request, AwsCall call) =>
        Base64Url.EncodeToString([.. Binding(operation, request, call), .. Encoding.UTF8.GetBytes(key)]);

    /// <exception cref="AwsException">InvalidNextToken.</exception>
    public static string Read(string token, OperationModel operation, Structure request, AwsCall call)
    {
        if (Base64Url.IsValid(token) && Base64Url.DecodeFromChars(token) is { Length: > BindingLength } bytes
            && bytes.AsSpan(0, BindingLength).SequenceEqual(Binding(operation, request, call)))
            return Encoding.UTF8.GetString(bytes.AsSpan(BindingLength));
        throw new AwsException("InvalidNextToken", 400, "The token is not valid for this request; use it with the parameters of the request that returned it.");
    }

    private static byte[] Binding(OperationModel operation, Structure request, AwsCall call)
    {
        var hash = RequestMembers.Hash(request, "NextToken", "MaxResults", "DryRun");
        var text = Encoding.UTF8.GetBytes($"{call.AccountId}\n{call.Region}\n{operation.Name}\n");
        return SHA256.HashData([.. text, .. hash])[..BindingLength];
    }
}
