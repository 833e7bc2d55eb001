using System.Buffers;
using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Xml;
using Skep.Blocks.Stores;
using Skep.Core.Identity;
using Skep.Core.S3Client;

namespace Skep.Storage.Stores;

/// <summary>
/// A bucket of any S3 server, or a part of one (REST API 2006-03-01, signature version 4). Every failed call says what
/// the server said; nothing is tried again here (see <see cref="RetryingObjectStore"/>). Thread-safe.
/// </summary>
/// <param name="location">Where.</param>
/// <param name="credentials">The access key, asked for at every request, so that a new one takes effect at once; null for requests without signature.</param>
/// <param name="time">Signs and times out.</param>
public sealed partial class S3ObjectStore(S3Location location, Func<SigV4Credentials>? credentials, TimeProvider time) : IObjectStore, IDisposable
{
    private const int PageBytesMax = 16 * 1024 * 1024;
    private const int CopyBytes = 65_536;

    /// <summary>What any answer may take, and the slowest transfer that is waited for beyond that.</summary>
    private static readonly TimeSpan _answerTimeout = TimeSpan.FromSeconds(30);
    private const long BytesPerSecondMin = 256 * 1024;

    private readonly S3Connections _connections = new(location);
    private readonly string _origin = location.IsVirtualStyle
        ? $"{location.Endpoint.Scheme}://{location.Bucket}.{location.Endpoint.Authority}"
        : $"{location.Endpoint.Scheme}://{location.Endpoint.Authority}";

    private readonly string _bucketPath = location.IsVirtualStyle ? "/" : $"/{location.Bucket}";

    /// <inheritdoc/>
    public string Name { get; } = $"s3://{location.Bucket}/{location.Prefix} at {location.Endpoint.Authority}";

    /// <inheritdoc/>
    public async ValueTask<bool> PutAsync(string key, IReadOnlyList<ReadOnlyMemory<byte>> parts, PutCondition condition, CancellationToken ct)
    {
        ObjectKeys.Check(Name, key);
        var length = ObjectKeys.LengthOf(parts);
        using var content = new PartsContent(parts, length);
        KeyValuePair<string, string>[] conditional = condition == PutCondition.IfAbsent ? [new("If-None-Match", "*")] : [];
        using var call = NewCall(HttpMethod.Put, PathOf(key), "", conditional, HashOf(parts), content, length, ct);
        return await RunAsync($"PUT {key}", call, async response =>
        {
            if (response.IsSuccessStatusCode)
                return true;
            if (condition != PutCondition.IfAbsent)
                throw await FailureAsync($"PUT {key}", response, call.Token);
            if (response.StatusCode == HttpStatusCode.PreconditionFailed)
                return false;
            // 409: another PUT of the key is under way. Who has won is known once the object is there.
            if (response.StatusCode == HttpStatusCode.Conflict && await FindAsync(key, ct) is not null)
                return false;
            throw await FailureAsync($"PUT {key}", response, call.Token);
        });
    }

    /// <inheritdoc/>
    public async ValueTask GetAsync(string key, long offset, Memory<byte> destination, CancellationToken ct)
    {
        ObjectKeys.Check(Name, key);
        if (destination.IsEmpty)
        {
            // A range of no bytes cannot be asked for; that the object is there and long enough can.
            if (await FindAsync(key, ct) is not { } length)
                throw ObjectKeys.NotFound(Name, key);
            if (offset > length)
                throw ObjectKeys.Short(Name, key, length, offset, wanted: 0);
            return;
        }

        var last = offset + destination.Length - 1;
        var range = string.Create(CultureInfo.InvariantCulture, $"bytes={offset}-{last}");
        using var call = NewCall(HttpMethod.Get, PathOf(key), "", [new("Range", range)], SigV4Request.EmptyPayloadHash, content: null, destination.Length, ct);
        await RunAsync($"GET {key}", call, async response =>
        {
            if (response.StatusCode is not (HttpStatusCode.OK or HttpStatusCode.PartialContent))
                throw await FailureAsync($"GET {key}, bytes {offset} to {last}", response, call.Token);
            var isPart = response.StatusCode == HttpStatusCode.PartialContent;
            if (isPart && response.Content.Headers.ContentRange?.From is { } from && from != offset)
                throw new ObjectStoreException(ObjectStoreError.Refused, $"{Name}: GET {key}: bytes from {offset} on were asked for, and bytes from {from} on answered");
            await using var body = await response.Content.ReadAsStreamAsync(call.Token);
            // 200 instead of 206: the server does not know ranges and sends everything.
            var skipped = isPart ? 0 : await SkipAsync(body, offset, call.Token);
            var read = skipped < (isPart ? 0 : offset) ? 0 : await body.ReadAtLeastAsync(destination, destination.Length, throwOnEndOfStream: false, call.Token);
            if (read < destination.Length)
                throw ObjectKeys.Short(Name, key, (isPart ? offset : skipped) + read, offset, destination.Length);
            return true;
        });
    }

    /// <inheritdoc/>
    public async ValueTask<long?> FindAsync(string key, CancellationToken ct)
    {
        ObjectKeys.Check(Name, key);
        using var call = NewCall(HttpMethod.Head, PathOf(key), "", [], SigV4Request.EmptyPayloadHash, content: null, bytes: 0, ct);
        var isMissing = false;
        var length = await RunAsync($"HEAD {key}", call, async response =>
        {
            isMissing = response.StatusCode == HttpStatusCode.NotFound;
            if (isMissing)
                return null;
            return response.IsSuccessStatusCode ? response.Content.Headers.ContentLength : throw await FailureAsync($"HEAD {key}", response, call.Token);
        });
        // An answer to HEAD has no document, so a missing bucket looks like a missing object: a GET tells them apart.
        return isMissing ? await FindByGetAsync(key, ct) : length;
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<StoredObject> ListAsync(string prefix, string? after, [EnumeratorCancellation] CancellationToken ct)
    {
        string? token = null;
        var last = "";
        while (true)
        {
            var page = await GetPageAsync(prefix, token is null ? after : null, token, ct);
            foreach (var item in page.Objects)
            {
                if (!item.Key.StartsWith(location.Prefix, StringComparison.Ordinal))
                    throw new ObjectStoreException(ObjectStoreError.Refused, $"{Name}: the list of \"{prefix}\" has {item.Key}, which does not begin with {location.Prefix}");
                // Keys that do not grow would make a list that never ends.
                if (string.CompareOrdinal(item.Key, last) <= 0)
                    throw new ObjectStoreException(ObjectStoreError.Refused, $"{Name}: the list of \"{prefix}\" is not in order: {item.Key} follows {last}");
                last = item.Key;
                yield return item with { Key = item.Key[location.Prefix.Length..] };
            }

            if (!page.IsTruncated)
                yield break;
            if (page.Next is null || page.Objects.Count == 0)
                throw new ObjectStoreException(ObjectStoreError.Refused, $"{Name}: the list of \"{prefix}\" is cut after \"{last}\" and does not say how it goes on");
            token = page.Next;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DeleteAsync(string key, CancellationToken ct)
    {
        ObjectKeys.Check(Name, key);
        using var call = NewCall(HttpMethod.Delete, PathOf(key), "", [], SigV4Request.EmptyPayloadHash, content: null, bytes: 0, ct);
        await RunAsync($"DELETE {key}", call, async response =>
        {
            if (response.IsSuccessStatusCode)
                return true;
            var failure = await S3Failure.ReadAsync(response, call.Token);
            return S3Failures.ErrorOf(failure) == ObjectStoreError.NotFound ? true : throw Failed($"DELETE {key}", failure);
        });
    }

    /// <inheritdoc/>
    public void Dispose() => _connections.Dispose();

    private string PathOf(string key) => location.IsVirtualStyle ? $"/{location.Prefix}{key}" : $"{_bucketPath}/{location.Prefix}{key}";

    private async ValueTask<long?> FindByGetAsync(string key, CancellationToken ct)
    {
        using var call = NewCall(HttpMethod.Get, PathOf(key), "", [new("Range", "bytes=0-0")], SigV4Request.EmptyPayloadHash, content: null, bytes: 0, ct);
        return await RunAsync<long?>($"GET {key}", call, async response =>
        {
            if (response.IsSuccessStatusCode)
                return response.Content.Headers.ContentRange?.Length ?? response.Content.Headers.ContentLength;
            var failure = await S3Failure.ReadAsync(response, call.Token);
            return S3Failures.ErrorOf(failure) switch
            {
                ObjectStoreError.NotFound => null,
                ObjectStoreError.Short => 0, // there, and empty
                _ => throw Failed($"GET {key}", failure),
            };
        });
    }

    private async Task<S3Page> GetPageAsync(string prefix, string? after, string? token, CancellationToken ct)
    {
        var query = $"list-type=2&prefix={Encode(location.Prefix + prefix)}";
        if (after is not null)
            query += $"&start-after={Encode(location.Prefix + after)}";
        if (token is not null)
            query += $"&continuation-token={Encode(token)}";
        using var call = NewCall(HttpMethod.Get, _bucketPath, query, [], SigV4Request.EmptyPayloadHash, content: null, bytes: 0, ct);
        return await RunAsync($"list of \"{prefix}\"", call, async response =>
        {
            if (!response.IsSuccessStatusCode)
                throw await FailureAsync($"list of \"{prefix}\"", response, call.Token);
            var document = new ArrayBufferWriter<byte>();
            await using var body = await response.Content.ReadAsStreamAsync(call.Token);
            while (await body.ReadAsync(document.GetMemory(CopyBytes), call.Token) is > 0 and var read)
            {
                document.Advance(read);
                if (document.WrittenCount > PageBytesMax)
                    throw new ObjectStoreException(ObjectStoreError.Refused, $"{Name}: a page of the list of \"{prefix}\" has more than {PageBytesMax} bytes");
            }

            try
            {
                return S3Xml.ReadPage(document.WrittenMemory);
            }
            catch (XmlException ex)
            {
                throw new ObjectStoreException(ObjectStoreError.Refused, $"{Name}: the list of \"{prefix}\" cannot be read: {ex.Message}", ex);
            }
        });
    }

    private static async Task<long> SkipAsync(Stream body, long count, CancellationToken ct)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(CopyBytes);
        try
        {
            var left = count;
            while (left > 0 && await body.ReadAsync(buffer.AsMemory(0, (int)Math.Min(left, buffer.Length)), ct) is > 0 and var read)
                left -= read;
            return count - left;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static string HashOf(IReadOnlyList<ReadOnlyMemory<byte>> parts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var part in parts)
            hash.AppendData(part.Span);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static string Encode(string text) => SigV4.Encode(System.Text.Encoding.UTF8.GetBytes(text));
}
