using System.Text;
using Skep.S3.Errors;
using Skep.S3.Requests;
using Skep.S3.Xml;

namespace Skep.S3.Tagging;

/// <summary>Reads and writes tags.</summary>
internal static class TagSet
{
    /// <summary>Tags that an object may have.</summary>
    public const int ObjectTagsMax = 10;

    private const int KeyLengthMax = 128;
    private const int ValueLengthMax = 256;

    /// <summary>Reads a Tagging document.</summary>
    /// <exception cref="S3Exception">MalformedXML or InvalidTag.</exception>
    public static List<KeyValuePair<string, string>> FromXml(XmlElement root, int max)
    {
        if (root.Name != "Tagging" || root["TagSet"] is not { } set)
            throw S3Errors.MalformedXml("expected Tagging with a TagSet");
        return Check([.. set.All("Tag").Select(t => new KeyValuePair<string, string>(t.Value("Key") ?? throw S3Errors.MalformedXml("a Tag has no Key"), t.Value("Value") ?? throw S3Errors.MalformedXml("a Tag has no Value")))], max);
    }

    /// <summary>Reads x-amz-tagging, which has the form of a query, or the document in a form's field.</summary>
    /// <exception cref="S3Exception">InvalidTag.</exception>
    public static List<KeyValuePair<string, string>> FromHeader(S3Call call)
    {
        if (call.FormDocument("tagging") is { } document)
            return FromXml(XmlDocumentReader.Read(Encoding.UTF8.GetBytes(document)), ObjectTagsMax);
        if (call.Header("x-amz-tagging") is not { } text)
            return [];
        var tags = new List<KeyValuePair<string, string>>();
        foreach (var pair in text.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            var (key, value) = equals < 0 ? (pair, "") : (pair[..equals], pair[(equals + 1)..]);
            tags.Add(new(Decode(key), Decode(value)));
        }

        return Check(tags, ObjectTagsMax);
    }

    /// <summary>Writes a Tagging document.</summary>
    public static S3Xml ToXml(IEnumerable<KeyValuePair<string, string>> tags)
    {
        var xml = new S3Xml("Tagging").Open("TagSet");
        foreach (var (key, value) in tags.OrderBy(t => t.Key, StringComparer.Ordinal))
            xml.Open("Tag").Element("Key", key).Element("Value", value).Close();
        return xml;
    }

    /// <summary>Letters, digits and spaces of any script, and <c>_ . : / = + - @</c>, as S3 has it.</summary>
    private static bool IsText(string text)
    {
        foreach (var rune in text.EnumerateRunes())
        {
            if (!Rune.IsLetter(rune) && !Rune.IsNumber(rune) && !Rune.IsSeparator(rune) && !(rune.IsAscii && "_.:/=+-@".Contains((char)rune.Value, StringComparison.Ordinal)))
                return false;
        }

        return true;
    }

    private static string Decode(string text) => S3Target.Decode(text.Replace('+', ' '));

    private static List<KeyValuePair<string, string>> Check(List<KeyValuePair<string, string>> tags, int max)
    {
        if (tags.Count > max)
            throw S3Errors.InvalidTag($"Tags cannot be more than {max}");
        var keys = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (key, value) in tags)
        {
            if (key.Length is 0 or > KeyLengthMax || !IsText(key))
                throw S3Errors.InvalidTag("The TagKey you have provided is invalid", "TagKey", key);
            if (value.Length > ValueLengthMax || !IsText(value))
                throw S3Errors.InvalidTag("The TagValue you have provided is invalid", "TagValue", value);
            if (key.StartsWith("aws:", StringComparison.OrdinalIgnoreCase))
                throw S3Errors.InvalidTag("System tags cannot be added/updated by requester");
            if (!keys.Add(key))
                throw S3Errors.InvalidTag("Cannot provide multiple Tags with the same key");
        }

        return tags;
    }
}
