using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;

namespace Skep.Compute.Images;

/// <summary>
/// Downloads an image and proves that it is the publisher's: resumes where an earlier attempt broke off, follows a few
/// redirects, and gives up a file whose digest is not in the publisher's list.
/// </summary>
public sealed class ImageDownloader(HttpMessageInvoker http, TimeProvider time)
{
    private const int RedirectsMax = 5;
    private const int AttemptsMax = 5;
    private const int ChecksumsLengthMax = 1 << 20;
    private const int BufferSize = 1 << 17;

    /// <summary>The largest image taken: 64 GiB.</summary>
    private const long SizeMax = 64L << 30;

    /// <summary>A server that sends nothing for so long is given up, and the download resumed.</summary>
    private static readonly TimeSpan _stallTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan _retryPause = TimeSpan.FromSeconds(2);

    /// <summary>Downloads into <paramref name="path"/>; what is there already is taken as the beginning.</summary>
    /// <exception cref="ImageBuildException">The server refuses, keeps breaking off, or sends something else.</exception>
    public async Task DownloadAsync(CatalogImage image, string path, IProgress<ImageBuildProgress> progress, CancellationToken ct)
    {
        var name = Path.GetFileName(image.Url.AbsolutePath);
        progress.Report(new($"reading the checksum of {name}", 0));
        var list = await ReadTextAsync(image.ChecksumsUrl, ct);
        var expected = Checksums.Find(list, name, image.Digest)
            ?? throw new ImageBuildException($"{image.ChecksumsUrl} lists no {image.Digest} of {name}: the download cannot be verified");
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await ReadFileAsync(image.Url, path, name, progress, ct);
                break;
            }
            catch (Exception ex) when (ex is HttpRequestException or HttpIOException or TimeoutException && !ct.IsCancellationRequested)
            {
                if (attempt == AttemptsMax)
                    throw new ImageBuildException($"{image.Url} broke off {AttemptsMax} times; the last time: {ex.Message}", ex);
                await Task.Delay(_retryPause, time, ct);
            }
        }

        progress.Report(new($"verifying {name}", 0.98));
        var actual = await DigestAsync(path, image.Digest, ct);
        if (actual == expected)
            return;
        File.Delete(path);
        throw new ImageBuildException($"{image.Url} has {image.Digest} {actual}, but its publisher's list says {expected}: the file was thrown away");
    }

    private static async Task<string> DigestAsync(string path, DigestAlgorithm algorithm, CancellationToken ct)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20, FileOptions.SequentialScan);
        var digest = algorithm is DigestAlgorithm.Sha256 ? await SHA256.HashDataAsync(file, ct) : await SHA512.HashDataAsync(file, ct);
        return Convert.ToHexStringLower(digest);
    }

    private async Task<string> ReadTextAsync(Uri url, CancellationToken ct)
    {
        try
        {
            using var stall = new Stall(time, ct);
            using var response = await SendAsync(url, from: 0, stall.Token);
            RequireSuccess(response, url);
            await using var body = await response.Content.ReadAsStreamAsync(stall.Token);
            var buffer = new byte[ChecksumsLengthMax + 1];
            var count = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, stall.Token);
            if (count > ChecksumsLengthMax)
                throw new ImageBuildException($"{url} is longer than {ChecksumsLengthMax} bytes: no list of checksums");
            return System.Text.Encoding.UTF8.GetString(buffer, 0, count);
        }
        catch (HttpRequestException ex)
        {
            throw new ImageBuildException($"{url} cannot be read: {ex.Message}", ex);
        }
        catch (OperationCanceledException ex) when (!ct.IsCancellationRequested)
        {
            throw new ImageBuildException($"{url} did not answer within {_stallTimeout.TotalSeconds} s", ex);
        }
    }

    private async Task ReadFileAsync(Uri url, string path, string name, IProgress<ImageBuildProgress> progress, CancellationToken ct)
    {
        await using var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, 1);
        using var stall = new Stall(time, ct);
        try
        {
            using var response = await SendAsync(url, file.Length, stall.Token);
            if (response.StatusCode is HttpStatusCode.RequestedRangeNotSatisfiable && file.Length > 0)
                return; // nothing is left to send: the digest decides whether what we have is it
            RequireSuccess(response, url);
            if (response.StatusCode is not HttpStatusCode.PartialContent)
                file.SetLength(0); // the server does not resume
            file.Position = file.Length;
            var total = file.Length + response.Content.Headers.ContentLength;
            if (total > SizeMax)
                throw new ImageBuildException($"{url} has {total} bytes; at most {SizeMax} are taken");
            await using var body = await response.Content.ReadAsStreamAsync(stall.Token);
            var buffer = new byte[BufferSize];
            int count;
            while ((count = await body.ReadAsync(buffer, stall.Token)) > 0)
            {
                stall.Reset();
                await file.WriteAsync(buffer.AsMemory(0, count), ct);
                if (file.Position > SizeMax)
                    throw new ImageBuildException($"{url} sends more than {SizeMax} bytes");
                progress.Report(new($"downloading {name}: {file.Position >> 20} of {(total is { } t ? (t >> 20).ToString() : "?")} MiB", total is > 0 ? 0.97 * file.Position / total.Value : 0));
            }

            if (total is { } wanted && file.Position < wanted)
                throw new HttpRequestException($"{file.Position} of {wanted} bytes came");
        }
        catch (OperationCanceledException ex) when (!ct.IsCancellationRequested)
        {
            throw new TimeoutException($"nothing came for {_stallTimeout.TotalSeconds} s", ex);
        }
    }

    /// <summary>Sends a request and follows redirects; never from https to http.</summary>
    private async Task<HttpResponseMessage> SendAsync(Uri url, long from, CancellationToken ct)
    {
        var at = url;
        for (var hop = 0; hop <= RedirectsMax; hop++)
        {
            var request = new HttpRequestMessage(HttpMethod.Get, at);
            if (from > 0)
                request.Headers.Range = new RangeHeaderValue(from, null);
            var response = await http.SendAsync(request, ct);
            if ((int)response.StatusCode is not (301 or 302 or 303 or 307 or 308) || response.Headers.Location is not { } location)
                return response;
            response.Dispose();
            var next = new Uri(at, location);
            if (next.Scheme != Uri.UriSchemeHttps && next.Scheme != at.Scheme)
                throw new ImageBuildException($"{at} redirects to {next}: a download is not moved from {at.Scheme} to {next.Scheme}");
            at = next;
        }

        throw new ImageBuildException($"{url} redirects more than {RedirectsMax} times");
    }

    private static void RequireSuccess(HttpResponseMessage response, Uri url)
    {
        if (response.IsSuccessStatusCode)
            return;
        // 4xx will not change by asking again; 5xx may.
        if ((int)response.StatusCode < 500)
            throw new ImageBuildException($"{url} answers {(int)response.StatusCode} {response.ReasonPhrase}");
        throw new HttpRequestException($"{url} answers {(int)response.StatusCode} {response.ReasonPhrase}");
    }

    /// <summary>A token that is cancelled when nothing happens for too long.</summary>
    private sealed class Stall : IDisposable
    {
        private readonly CancellationTokenSource _timeout;
        private readonly CancellationTokenSource _either;

        public Stall(TimeProvider time, CancellationToken ct)
        {
            _timeout = new CancellationTokenSource(_stallTimeout, time);
            _either = CancellationTokenSource.CreateLinkedTokenSource(_timeout.Token, ct);
        }

        public CancellationToken Token => _either.Token;

        public void Reset() => _timeout.CancelAfter(_stallTimeout);

        public void Dispose()
        {
            _either.Dispose();
            _timeout.Dispose();
        }
    }
}
