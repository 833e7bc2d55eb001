using Skep.Objects;
using Skep.S3.Access;
using Skep.S3.Errors;
using Skep.S3.Objects;
using Skep.S3.Requests;
using Skep.S3.Xml;

namespace Skep.S3.Listing;

/// <summary>Elements of listings.</summary>
internal static class ListingElements
{
    /// <summary>Keys of a page at most.</summary>
    public const int KeysMax = 1_000;

    /// <summary>
    /// Checks Ceph's parameter allow-unordered (Ceph Object Gateway, "Bucket Operations"): keys may come in any order, which
    /// cannot be combined with a delimiter. Here they are in order all the same.
    /// </summary>
    /// <exception cref="S3Exception">InvalidArgument.</exception>
    public static void CheckOrder(S3Query query, string delimiter)
    {
        if (delimiter.Length > 0 && string.Equals(query["allow-unordered"], "true", StringComparison.OrdinalIgnoreCase))
            throw S3Errors.InvalidArgument("delimiter", delimiter, "allow-unordered cannot be combined with a delimiter");
    }

    /// <summary>The elements of an object that current and other versions share.</summary>
    public static S3Xml ObjectElements(this S3Xml xml, ObjectVersion version, KeyEncoding keys, S3Owner? owner)
    {
        xml.Element("Key", keys.Encode(version.Key)).Element("LastModified", version.LastModified).Element("ETag", $"\"{version.ETag}\"");
        if (version.Checksum is { } checksum)
            xml.Element("ChecksumAlgorithm", ChecksumHeaders.NameOf(checksum.Algorithm)).Element("ChecksumType", ChecksumHeaders.NameOf(checksum.Type));
        xml.Element("Size", version.LengthBytes).Element("StorageClass", UploadHeaders.StorageClassOf(version.Metadata));
        return owner is null ? xml : xml.Owner(owner);
    }

    /// <summary>Common prefixes, each in an element of its own.</summary>
    public static S3Xml CommonPrefixes(this S3Xml xml, IEnumerable<string> prefixes, KeyEncoding keys)
    {
        foreach (var prefix in prefixes)
            xml.Open("CommonPrefixes").Element("Prefix", keys.Encode(prefix)).Close();
        return xml;
    }
}
