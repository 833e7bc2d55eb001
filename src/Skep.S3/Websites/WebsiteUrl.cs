using System.Text;

namespace Skep.S3.Websites;

/// <summary>
/// Addresses that websites redirect to. They always name scheme and host: a key that begins with a slash would otherwise name
/// another host. Whatever could end a header or an attribute is percent-encoded.
/// </summary>
internal static class WebsiteUrl
{
    private const string Kept = "-._~/!$&'()*+,;=:@?#%";

    /// <summary>An address on a host.</summary>
    /// <param name="scheme">http or https.</param>
    /// <param name="host">The host, with a port where it has one.</param>
    /// <param name="path">The encoded path, without its first slash.</param>
    public static string Absolute(string scheme, string host, string path) => $"{scheme}://{Encode(host)}/{path}";

    /// <summary>Percent-encodes what no address may have; what has a meaning in addresses keeps it.</summary>
    public static string Encode(string text)
    {
        var encoded = new StringBuilder(text.Length);
        foreach (var octet in Encoding.UTF8.GetBytes(text))
        {
            if (char.IsAsciiLetterOrDigit((char)octet) || Kept.Contains((char)octet, StringComparison.Ordinal))
                encoded.Append((char)octet);
            else
                encoded.Append('%').Append(octet.ToString("X2", System.Globalization.CultureInfo.InvariantCulture));
        }

        return encoded.ToString();
    }

    /// <summary>Percent-encodes a key, so that it means itself: question marks and percent signs too.</summary>
    public static string EncodeKey(string key) => Uri.EscapeDataString(key).Replace("%2F", "/", StringComparison.Ordinal);
}
