using System.Buffers.Text;
using System.Text;
using Skep.S3.Errors;

namespace Skep.S3.Requests;

/// <summary>Where a listing goes on: the last name of the page before, in a form that clients take as it is.</summary>
internal static class ContinuationToken
{
    /// <summary>Makes a token.</summary>
    public static string Encode(string last) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(last));

    /// <summary>Reads a token.</summary>
    /// <exception cref="S3Exception">It was not made here.</exception>
    public static string Decode(string token)
    {
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(Base64Url.DecodeFromChars(token));
        }
        catch (Exception ex) when (ex is FormatException or DecoderFallbackException)
        {
            throw S3Errors.InvalidArgument("continuation-token", token, "The continuation token provided is incorrect");
        }
    }
}
