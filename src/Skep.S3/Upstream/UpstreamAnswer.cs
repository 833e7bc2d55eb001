using System.Net.Http.Headers;
using Skep.Core.S3Client;
using Skep.Objects;
using Skep.S3.Errors;
using Skep.S3.Xml;

namespace Skep.S3.Upstream;

/// <summary>An answer whose head has come. Disposing it before the body's end closes the connection.</summary>
internal sealed class UpstreamAnswer(string what, HttpResponseMessage response, CancellationTokenSource timeout, CancellationTokenSource both) : IDisposable
{
    private const int DocumentBytesMax = XmlDocumentReader.BytesMax;

    /// <summary>The answer.</summary>
    public HttpResponseMessage Response => response;

    /// <summary>Ends with the caller's patience, or when the server gives nothing for too long.</summary>
    public CancellationToken Token => both.Token;

    /// <summary>Gives the server time for what comes next.</summary>
    public void Await(TimeSpan time) => timeout.CancelAfter(time);

    /// <summary>A header of the answer or its content; null when it is not there.</summary>
    public string? Header(string name)
    {
        if (response.Headers.NonValidated.TryGetValues(name, out HeaderStringValues values) || response.Content.Headers.NonValidated.TryGetValues(name, out values))
            return values.ToString();
        return null;
    }

    /// <summary>All headers.</summary>
    public IEnumerable<(string Name, string Value)> Headers
    {
        get
        {
            foreach (var (name, values) in response.Headers.NonValidated)
                yield return (name, values.ToString());
            foreach (var (name, values) in response.Content.Headers.NonValidated)
                yield return (name, values.ToString());
        }
    }

    /// <summary>Reads the answer as XML.</summary>
    /// <exception cref="ObjectException">It cannot be read, or is an error in spite of its status (API reference, CompleteMultipartUpload).</exception>
    public async Task<XmlElement> ReadXmlAsync()
    {
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(Token);
            var document = new MemoryStream();
            var buffer = new byte[16_384];
            while (await body.ReadAsync(buffer, Token) is > 0 and var count)
            {
                if (document.Length + count > DocumentBytesMax)
                    throw new ObjectException(ObjectError.Io, $"{what}: the answer has more than {DocumentBytesMax} bytes");
                document.Write(buffer, 0, count);
            }

            return XmlDocumentReader.Read(document.GetBuffer().AsMemory(0, (int)document.Length));
        }
        catch (S3Exception ex)
        {
            throw new ObjectException(ObjectError.Io, $"{what}: the answer cannot be read: {ex.Message}", ex);
        }
        catch (Exception ex) when (ex is IOException or HttpRequestException || (ex is OperationCanceledException && timeout.IsCancellationRequested))
        {
            throw new ObjectException(ObjectError.Unavailable, $"{what}: the answer ended early: {ex.Message}", ex);
        }
    }

    /// <summary>What an error document in an answer says.</summary>
    public S3Failure FailureOf(XmlElement error) => new(response.StatusCode, error.Value("Code") ?? "", error.Value("Message") ?? "");

    /// <inheritdoc/>
    public void Dispose()
    {
        response.Dispose();
        both.Dispose();
        timeout.Dispose();
    }
}
