using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;
using Skep.S3.Errors;
using Skep.S3.Requests;

namespace Skep.S3.Forms;

/// <summary>
/// A browser's form (RFC 7578): its fields up to the file, and the file's bytes as they come. Fields after the file are
/// not read, as in S3.
/// </summary>
internal sealed class FormUpload
{
    /// <summary>The name of the file's field.</summary>
    public const string FileField = "file";

    private const int FieldsMax = 100;
    private const int FieldsBytesMax = 64 * 1024;
    private const int BoundaryLengthMax = 70;

    private FormUpload(IReadOnlyDictionary<string, string> fields, Stream? file)
    {
        Fields = fields;
        File = file;
    }

    /// <summary>The fields before the file, names as they came; the key has its ${filename}.</summary>
    public IReadOnlyDictionary<string, string> Fields { get; }

    /// <summary>The file's bytes; null when the form has none.</summary>
    public Stream? File { get; }

    /// <summary>Reads the fields.</summary>
    /// <exception cref="S3Exception">It is no such form, or has too much in it.</exception>
    public static async Task<FormUpload> ReadAsync(S3Call call, CancellationToken ct)
    {
        var reader = new MultipartReader(BoundaryOf(call), call.Http.Request.Body) { HeadersCountLimit = 16, HeadersLengthLimit = 8 * 1024 };
        var fields = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var left = FieldsBytesMax;
        try
        {
            while (await reader.ReadNextSectionAsync(ct) is { } section)
            {
                if (!ContentDispositionHeaderValue.TryParse(section.ContentDisposition, out var disposition) || !disposition.IsFormDisposition() && !disposition.IsFileDisposition())
                    throw Malformed();
                var name = HeaderUtilities.RemoveQuotes(disposition.Name).ToString();
                if (name.Equals(FileField, StringComparison.OrdinalIgnoreCase))
                {
                    ReplaceFileName(fields, HeaderUtilities.RemoveQuotes(disposition.FileName).ToString());
                    return new FormUpload(fields, section.Body);
                }

                var value = await ReadFieldAsync(section.Body, left, ct);
                left -= value.Length;
                if (fields.Count >= FieldsMax)
                    throw S3Errors.Of("MaxPostPreDataLengthExceededError", 400, "Your POST request fields preceding the upload file were too large.");
                if (!fields.TryAdd(name, value))
                    throw S3Errors.InvalidArgument(name, value, $"The form has the field {name} more than once");
            }
        }
        catch (Exception ex) when (ex is InvalidDataException or IOException && ex is not BadHttpRequestException)
        {
            throw Malformed();
        }

        return new FormUpload(fields, file: null);
    }

    private static string BoundaryOf(S3Call call)
    {
        if (!MediaTypeHeaderValue.TryParse(call.Http.Request.ContentType, out var type) || !type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase))
            throw S3Errors.Of("PreconditionFailed", 412, "Bucket POST must be of the enclosure-type multipart/form-data");
        var boundary = HeaderUtilities.RemoveQuotes(type.Boundary).ToString();
        return boundary.Length is > 0 and <= BoundaryLengthMax ? boundary : throw Malformed();
    }

    private static async Task<string> ReadFieldAsync(Stream body, int bytesMax, CancellationToken ct)
    {
        var bytes = new MemoryStream();
        var buffer = new byte[4_096];
        while (await body.ReadAsync(buffer, ct) is > 0 and var count)
        {
            if (bytes.Length + count > bytesMax)
                throw S3Errors.Of("MaxPostPreDataLengthExceededError", 400, "Your POST request fields preceding the upload file were too large.");
            bytes.Write(buffer, 0, count);
        }

        return Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
    }

    private static void ReplaceFileName(Dictionary<string, string> fields, string fileName)
    {
        if (fields.TryGetValue("key", out var key))
            fields["key"] = key.Replace("${filename}", fileName, StringComparison.Ordinal);
    }

    private static S3Exception Malformed() => S3Errors.Of("MalformedPOSTRequest", 400, "The body of your POST request is not well-formed multipart/form-data.");
}
