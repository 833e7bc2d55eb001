using Skep.Blocks.Stores;
using Skep.Core.Identity;
using Skep.Core.S3Client;

namespace Skep.Storage.Stores;

public sealed partial class S3ObjectStore
{
    /// <summary>A signed request and how long it may take. The time covers the answer's body too.</summary>
    private sealed class Call(HttpRequestMessage request, long bytes, TimeSpan timeout, CancellationTokenSource end, CancellationTokenSource both) : IDisposable
    {
        public HttpRequestMessage Request => request;
        public long Bytes => bytes;
        public TimeSpan Timeout => timeout;
        public bool HasTimedOut => end.IsCancellationRequested;

        /// <summary>Ends with the caller's patience or with the time.</summary>
        public CancellationToken Token => both.Token;

        public void Dispose()
        {
            request.Dispose();
            both.Dispose();
            end.Dispose();
        }
    }

    private Call NewCall(
        HttpMethod method,
        string path,
        string query,
        KeyValuePair<string, string>[] headers,
        string payloadHash,
        HttpContent? content,
        long bytes,
        CancellationToken ct)
    {
        var request = S3Requests.Create(method, _origin, path, query, headers, payloadHash, content, Credentials(), location.Region, time.GetUtcNow());
        var timeout = _answerTimeout + TimeSpan.FromSeconds((double)bytes / BytesPerSecondMin);
        var end = new CancellationTokenSource(timeout, time);
        return new Call(request, bytes, timeout, end, CancellationTokenSource.CreateLinkedTokenSource(ct, end.Token));
    }

    /// <summary>Sends a request and reads its answer; failures of the way there and back become the store's.</summary>
    private async Task<T> RunAsync<T>(string what, Call call, Func<HttpResponseMessage, Task<T>> read)
    {
        try
        {
            using var response = await _connections.SendAsync(call.Request, call.Bytes, call.Token);
            return await read(response);
        }
        catch (HttpRequestException ex) when (ex.HttpRequestError == HttpRequestError.SecureConnectionError)
        {
            throw new ObjectStoreException(ObjectStoreError.Refused, $"{Name}: {what}: no secure connection: {Innermost(ex)}", ex);
        }
        catch (Exception ex) when (ex is HttpRequestException or IOException)
        {
            throw new ObjectStoreException(ObjectStoreError.Unavailable, $"{Name}: {what}: {Innermost(ex)}", ex);
        }
        catch (OperationCanceledException ex) when (call.HasTimedOut)
        {
            throw new ObjectStoreException(ObjectStoreError.Unavailable, $"{Name}: {what}: not done within {call.Timeout.TotalSeconds:0} s", ex);
        }
    }

    private async Task<ObjectStoreException> FailureAsync(string what, HttpResponseMessage response, CancellationToken ct) =>
        Failed(what, await S3Failure.ReadAsync(response, ct));

    private ObjectStoreException Failed(string what, S3Failure failure) => new(S3Failures.ErrorOf(failure), $"{Name}: {what}: {failure.Text}");

    private SigV4Credentials? Credentials()
    {
        try
        {
            return credentials?.Invoke();
        }
        catch (S3ConfigurationException ex)
        {
            throw new ObjectStoreException(ObjectStoreError.Refused, ex.Message, ex);
        }
    }

    private static string Innermost(Exception ex) => ex.InnerException is { } inner ? Innermost(inner) : ex.Message;
}
