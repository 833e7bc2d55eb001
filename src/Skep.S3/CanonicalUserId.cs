using System.Security.Cryptography;
using System.Text;

namespace Skep.S3;

/// <summary>The name that S3 has for an account: 64 hexadecimal digits that follow from the account's number.</summary>
public static class CanonicalUserId
{
    /// <summary>What follows an account's name in the e-mail address that grants may name it by.</summary>
    public const string EmailSuffix = "@skep.internal";

    /// <summary>The canonical user id of an account.</summary>
    public static string Of(string accountId) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"skep canonical user of account {accountId}")));
}
