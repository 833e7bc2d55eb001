using Skep.S3.Errors;
using Skep.S3.Requests;

namespace Skep.S3.Objects;

/// <summary>Server-side encryption, which this endpoint does not do yet: asked for, it is refused, so that nothing seems encrypted that is not.</summary>
internal static class EncryptionHeaders
{
    private const string Prefix = "x-amz-server-side-encryption";

    /// <summary>Refuses a request that asks for encryption.</summary>
    /// <exception cref="S3Exception">NotImplemented, naming the header.</exception>
    public static void Refuse(S3Call call)
    {
        foreach (var (name, _) in call.HeadersWith(Prefix))
            throw S3Errors.NotImplementedHeader(name);
    }
}
