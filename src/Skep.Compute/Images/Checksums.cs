namespace Skep.Compute.Images;

/// <summary>Reads publishers' lists of digests: GNU coreutils' form ("digest  name") and BSD's ("SHA256 (name) = digest").</summary>
internal static class Checksums
{
    /// <summary>The digest of a file in lower-case hex, or null when the list does not have it.</summary>
    public static string? Find(string list, string fileName, DigestAlgorithm algorithm)
    {
        var length = algorithm is DigestAlgorithm.Sha256 ? 64 : 128;
        var bsdPrefix = $"{(algorithm is DigestAlgorithm.Sha256 ? "SHA256" : "SHA512")} ({fileName}) = ";
        foreach (var line in list.Split('\n', StringSplitOptions.TrimEntries))
        {
            string digest;
            if (line.StartsWith(bsdPrefix, StringComparison.Ordinal))
                digest = line[bsdPrefix.Length..];
            else if (line.Length > length + 2 && line[length] == ' ' && line[(length + 1)..].TrimStart(' ', '*') == fileName)
                digest = line[..length];
            else
                continue;
            if (digest.Length == length && digest.All(char.IsAsciiHexDigit))
                return digest.ToLowerInvariant();
        }

        return null;
    }
}
