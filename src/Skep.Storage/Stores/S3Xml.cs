using System.Globalization;
using System.Xml;
using Skep.Blocks.Stores;
using Skep.Core.S3Client;

namespace Skep.Storage.Stores;

/// <summary>Reads the lists of S3's REST API.</summary>
internal static class S3Xml
{
    /// <summary>Reads a ListBucketResult (ListObjectsV2).</summary>
    /// <exception cref="XmlException">It is none.</exception>
    public static S3Page ReadPage(ReadOnlyMemory<byte> document)
    {
        using var reader = S3Documents.Open(document);
        var objects = new List<StoredObject>();
        var isTruncated = false;
        string? next = null;
        reader.MoveToContent();
        if (reader.LocalName != "ListBucketResult")
            throw new XmlException($"a ListBucketResult was expected, not {reader.LocalName}");
        reader.Read();
        while (!reader.EOF && reader.NodeType != XmlNodeType.EndElement)
        {
            switch (reader.LocalName)
            {
                case "Contents":
                    objects.Add(ReadObject(reader));
                    break;
                case "IsTruncated":
                    isTruncated = reader.ReadElementContentAsString() == "true";
                    break;
                case "NextContinuationToken":
                    next = reader.ReadElementContentAsString();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return new S3Page(objects, isTruncated ? next : null, isTruncated);
    }

    private static StoredObject ReadObject(XmlReader reader)
    {
        var (key, length, modified) = ("", 0L, default(DateTimeOffset));
        reader.ReadStartElement();
        while (reader.NodeType != XmlNodeType.EndElement)
        {
            switch (reader.LocalName)
            {
                case "Key":
                    key = reader.ReadElementContentAsString();
                    break;
                case "Size":
                    if (!long.TryParse(reader.ReadElementContentAsString(), NumberStyles.None, CultureInfo.InvariantCulture, out length))
                        throw new XmlException($"the size of {key} is no number");
                    break;
                case "LastModified":
                    if (!DateTimeOffset.TryParse(reader.ReadElementContentAsString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out modified))
                        throw new XmlException($"the time of {key} is no time");
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        reader.ReadEndElement();
        return new StoredObject(key, length, modified);
    }
}

/// <summary>A page of a list.</summary>
/// <param name="Objects">Its objects, whose keys have the prefix.</param>
/// <param name="Next">What asks for the page after it; null for the last.</param>
/// <param name="IsTruncated">Whether the server says that there is one.</param>
internal sealed record S3Page(IReadOnlyList<StoredObject> Objects, string? Next, bool IsTruncated);
